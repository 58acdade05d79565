//! Distributed switches of VMware.

use vim25::{DataType, DateTime, MoRef, MoRefs, Obj, Str, mo::VmwareDistributedVirtualSwitch, types::*};

use super::{policy, product::Version};
use crate::{
    entity::entity,
    host::network::SwitchMember,
    kit::{set, some, text},
};

/// Ports that one host may have on a switch.
const PORTS_OF_HOST: i32 = 512;
/// Nobody limits the ports of a switch by default.
const MAX_PORTS: i32 = i32::MAX;

/// A UUID in the notation of switches: `50 2f 11 …-… 9a`.
pub fn switch_uuid(uuid: &str) -> Str {
    let digits: Vec<char> = uuid.chars().filter(char::is_ascii_hexdigit).collect();
    let bytes: Vec<String> = digits.chunks(2).map(String::from_iter).collect();
    // Switches of vCenter start with these two bytes.
    let high = [&["50".to_string(), "2f".to_string()], &bytes[2..8]].concat();
    format!("{}-{}", high.join(" "), bytes[8..].join(" ")).into()
}

/// What makes one switch.
pub struct SwitchSpec {
    /// Its name.
    pub name: Str,
    /// Its UUID, in the notation of switches.
    pub uuid: Str,
    /// Its version.
    pub version: Version,
    /// The folder in which it lies.
    pub folder: MoRef,
    /// Names of its uplinks.
    pub uplink_names: Vec<Str>,
    /// The port group of its uplinks.
    pub uplinks: MoRef,
    /// Its port groups, that of the uplinks first.
    pub portgroups: Vec<MoRef>,
    /// The network offload that it is made for: id of a `DvsNetworkOffloadSpec`.
    pub offload: Option<Str>,
    /// Its members, as they are at the start of a world.
    pub(crate) members: Vec<(MoRef, SwitchMember)>,
}

impl SwitchSpec {
    /// A switch without members, with one port group.
    pub fn new(name: Str, uuid: Str, version: Version, folder: MoRef, uplink_names: Vec<Str>, uplinks: MoRef) -> Self {
        let portgroups = vec![uplinks.clone()];
        SwitchSpec { name, uuid, version, folder, uplink_names, uplinks, portgroups, offload: None, members: vec![] }
    }
}

/// The switch. What it repeats of others (port counts, machines, names of port groups) follows in the same commit.
pub fn switch(spec: &SwitchSpec, now: DateTime) -> VmwareDistributedVirtualSwitch {
    let product: Obj<DistributedVirtualSwitchProductSpec> = spec.version.spec().into();
    VmwareDistributedVirtualSwitch::with(|s| {
        s.base.base = entity(spec.name.clone(), Some(spec.folder.clone()));
        s.uuid = spec.uuid.clone();
        s.capability = spec.version.capability().into();
        s.summary = summary(spec, product.clone()).into();
        s.config = config(spec, product, now).into();
        s.network_resource_pool = Some(vec![]);
        s.portgroup = Some(spec.portgroups.clone().into());
        s.runtime = Some(runtime(spec).into());
    })
}

fn hosts(spec: &SwitchSpec) -> Vec<MoRef> {
    spec.members.iter().map(|(host, _)| host.clone()).collect()
}

fn summary(spec: &SwitchSpec, product: Obj<DistributedVirtualSwitchProductSpec>) -> DVSSummary {
    DVSSummary::with(|s| {
        s.name = spec.name.clone();
        s.uuid = spec.uuid.clone();
        s.product_info = Some(product);
        s.host_member = Some(hosts(spec).into());
        s.vm = Some(MoRefs::new());
        s.host = Some(MoRefs::new());
        s.portgroup_name = Some(vec![]);
        s.contact = Some(DVSContactInfo::default().into());
        s.num_hosts = Some(spec.members.len() as i32);
    })
}

fn runtime(spec: &SwitchSpec) -> DVSRuntimeInfo {
    let member = |host: MoRef| Obj::from(HostMemberRuntimeInfo { host, status: some("up"), ..Default::default() });
    let host_member_runtime = Some(hosts(spec).into_iter().map(member).collect());
    DVSRuntimeInfo { host_member_runtime, resource_runtime_info: None }
}

fn config(spec: &SwitchSpec, product: Obj<DistributedVirtualSwitchProductSpec>, now: DateTime) -> VMwareDVSConfigInfo {
    VMwareDVSConfigInfo::with(|c| {
        c.base = base_config(spec, product, now);
        c.vspan_session = Some(vec![]);
        c.pvlan_config = Some(vec![]);
        c.max_mtu = 1500;
        c.link_discovery_protocol_config =
            Some(LinkDiscoveryProtocolConfig { protocol: text("cdp"), operation: text("listen") }.into());
        c.ipfix_config = Some(
            VMwareIpfixConfig {
                active_flow_timeout: 60,
                idle_flow_timeout: Some(15),
                sampling_rate: 4096,
                ..Default::default()
            }
            .into(),
        );
        c.lacp_group_config = Some(vec![]);
        c.lacp_api_version = some("multipleLag");
        c.multicast_filtering_mode = some("snooping");
        c.network_offload_spec_id = spec.offload.clone();
    })
}

fn base_config(spec: &SwitchSpec, product: Obj<DistributedVirtualSwitchProductSpec>, now: DateTime) -> DVSConfigInfo {
    DVSConfigInfo::with(|c| {
        c.uuid = spec.uuid.clone();
        c.name = spec.name.clone();
        c.max_ports = MAX_PORTS;
        let uplinks =
            DVSNameArrayUplinkPortPolicy { uplink_port_name: spec.uplink_names.clone(), ..Default::default() };
        c.uplink_port_policy = uplinks.into();
        c.uplink_portgroup = Some([spec.uplinks.clone()].into());
        c.default_port_config = policy::port_setting(false, &spec.uplink_names).into();
        c.host = Some(spec.members.iter().map(|(host, member)| host_member(host, member).into()).collect());
        c.product_info = product;
        c.vendor_specific_config = Some(vec![]);
        c.policy = Some(
            DVSPolicy {
                auto_pre_install_allowed: Some(false),
                auto_upgrade_allowed: Some(false),
                partial_upgrade_allowed: Some(false),
            }
            .into(),
        );
        c.description = some("");
        c.config_version = text("1");
        c.create_time = now;
        c.network_resource_management_enabled = false;
        c.default_proxy_switch_max_num_ports = Some(PORTS_OF_HOST);
        c.health_check_config = Some(health_checks());
        c.infrastructure_traffic_resource_config = Some(TRAFFIC.iter().map(traffic).collect());
        c.net_resource_pool_traffic_resource_config = Some(vec![]);
        c.network_resource_control_version = some("version3");
        c.vm_vnic_network_resource_pool = Some(vec![]);
        c.pnic_capacity_ratio_for_reservation = Some(75);
    })
}

/// What one host is to the switch, as the switch tells it.
fn host_member(host: &MoRef, member: &SwitchMember) -> DistributedVirtualSwitchHostMember {
    DistributedVirtualSwitchHostMember {
        runtime_state: Some(
            DistributedVirtualSwitchHostMemberRuntimeState { current_max_proxy_switch_ports: PORTS_OF_HOST }.into(),
        ),
        config: DistributedVirtualSwitchHostMemberConfigInfo::with(|c| {
            c.host = Some(host.clone());
            c.max_proxy_switch_ports = PORTS_OF_HOST;
            c.vendor_specific_config = Some(vec![]);
            c.backing = member.backing();
            c.network_offloading_enabled = Some(member.offloading);
            set!(c, false, nsx_switch, ens_enabled, ens_interrupt_enabled);
        })
        .into(),
        product_info: None,
        uplink_port_key: Some(member.uplink_ports()),
        status: text("up"),
        status_detail: None,
    }
}

fn health_checks() -> Vec<Obj<DVSHealthCheckConfig>> {
    let off = || VMwareDVSHealthCheckConfig { base: DVSHealthCheckConfig { enable: Some(false), interval: Some(1) } };
    vec![
        VMwareDVSVlanMtuHealthCheckConfig { base: off() }.into(),
        VMwareDVSTeamingHealthCheckConfig { base: off() }.into(),
    ]
}

/// Kinds of traffic that hosts themselves cause, and their shares.
const TRAFFIC: [(&str, SharesLevel, i32); 9] = [
    ("management", SharesLevel::Normal, 50),
    ("faultTolerance", SharesLevel::Normal, 50),
    ("vmotion", SharesLevel::Normal, 50),
    ("virtualMachine", SharesLevel::High, 100),
    ("iSCSI", SharesLevel::Normal, 50),
    ("nfs", SharesLevel::Normal, 50),
    ("hbr", SharesLevel::Normal, 50),
    ("vsan", SharesLevel::Normal, 50),
    ("vdp", SharesLevel::Normal, 50),
];

fn traffic((key, level, shares): &(&'static str, SharesLevel, i32)) -> Obj<DvsHostInfrastructureTrafficResource> {
    let allocation = DvsHostInfrastructureTrafficResourceAllocation {
        limit: Some(-1),
        shares: Some(SharesInfo { shares: *shares, level: level.clone() }.into()),
        reservation: Some(0),
    };
    DvsHostInfrastructureTrafficResource { key: text(key), description: some(key), allocation_info: allocation.into() }
        .into()
}
