//! Distributed switches of VMware.

use vim25::{DataType, DateTime, MoRef, Obj, Str, mo::VmwareDistributedVirtualSwitch, types::*};

use super::policy;
use crate::{
    entity::entity,
    host::network::SwitchMember,
    kit::{set, some, text, texts},
};

/// Ports that one host may have on a switch.
const PORTS_OF_HOST: i32 = 512;
/// Nobody limits the ports of a switch by default.
const MAX_PORTS: i32 = i32::MAX;

/// A UUID in the notation of switches: `50 2f 11 …-… 9a`.
pub(crate) fn switch_uuid(uuid: &str) -> Str {
    let digits: Vec<char> = uuid.chars().filter(char::is_ascii_hexdigit).collect();
    let bytes: Vec<String> = digits.chunks(2).map(String::from_iter).collect();
    // Switches of vCenter start with these two bytes.
    let high = [&["50".to_string(), "2f".to_string()], &bytes[2..8]].concat();
    format!("{}-{}", high.join(" "), bytes[8..].join(" ")).into()
}

/// What makes one switch.
pub(crate) struct SwitchSpec {
    pub moref: MoRef,
    pub name: Str,
    pub uuid: Str,
    pub folder: MoRef,
    pub uplinks: MoRef,
    pub portgroups: Vec<MoRef>,
    pub portgroup_names: Vec<Str>,
    pub ports: i32,
    pub members: Vec<(MoRef, SwitchMember)>,
}

/// The switch. Its list of virtual machines is empty.
pub(crate) fn switch(spec: &SwitchSpec, now: DateTime) -> VmwareDistributedVirtualSwitch {
    let product: Obj<DistributedVirtualSwitchProductSpec> = product().into();
    VmwareDistributedVirtualSwitch::with(|s| {
        s.base.base = entity(spec.name.clone(), Some(spec.folder.clone()));
        s.uuid = spec.uuid.clone();
        s.capability = capability().into();
        s.summary = summary(spec, product.clone()).into();
        s.config = config(spec, product, now).into();
        s.network_resource_pool = Some(vec![]);
        s.portgroup = Some(spec.portgroups.clone());
        s.runtime = Some(runtime(spec).into());
    })
}

fn hosts(spec: &SwitchSpec) -> Vec<MoRef> {
    spec.members.iter().map(|(host, _)| host.clone()).collect()
}

fn product() -> DistributedVirtualSwitchProductSpec {
    DistributedVirtualSwitchProductSpec {
        name: some("DVS"),
        vendor: some("VMware, Inc."),
        version: some("8.0.3"),
        build: some("24022510"),
        forwarding_class: some("etherswitch"),
        bundle_id: None,
        bundle_url: None,
    }
}

fn summary(spec: &SwitchSpec, product: Obj<DistributedVirtualSwitchProductSpec>) -> DVSSummary {
    DVSSummary::with(|s| {
        s.name = spec.name.clone();
        s.uuid = spec.uuid.clone();
        s.num_ports = spec.ports;
        s.product_info = Some(product);
        s.host_member = Some(hosts(spec));
        s.vm = Some(vec![]);
        s.host = Some(vec![]);
        s.portgroup_name = Some(spec.portgroup_names.clone());
        s.contact = Some(DVSContactInfo::default().into());
        s.num_hosts = Some(spec.members.len() as i32);
    })
}

fn runtime(spec: &SwitchSpec) -> DVSRuntimeInfo {
    let member = |host: MoRef| Obj::from(HostMemberRuntimeInfo { host, status: some("up"), ..Default::default() });
    DVSRuntimeInfo {
        host_member_runtime: Some(hosts(spec).into_iter().map(member).collect()),
        resource_runtime_info: None,
    }
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
    })
}

fn base_config(spec: &SwitchSpec, product: Obj<DistributedVirtualSwitchProductSpec>, now: DateTime) -> DVSConfigInfo {
    DVSConfigInfo::with(|c| {
        c.uuid = spec.uuid.clone();
        c.name = spec.name.clone();
        c.num_ports = spec.ports;
        c.max_ports = MAX_PORTS;
        let uplinks = DVSNameArrayUplinkPortPolicy { uplink_port_name: policy::uplinks(), ..Default::default() };
        c.uplink_port_policy = uplinks.into();
        c.uplink_portgroup = Some(vec![spec.uplinks.clone()]);
        c.default_port_config = policy::port_setting(false).into();
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

fn capability() -> DVSCapability {
    let product = |line| {
        let (product_line_id, version) = (some(line), some("8.0.3"));
        Obj::from(DistributedVirtualSwitchHostProductSpec { product_line_id, version })
    };
    DVSCapability {
        dvs_operation_supported: Some(true),
        dv_port_group_operation_supported: Some(true),
        dv_port_operation_supported: Some(true),
        compatible_host_component_product_info: Some(vec![product("esx"), product("embeddedEsx")]),
        features_supported: Some(features().into()),
    }
}

fn features() -> VMwareDVSFeatureCapability {
    VMwareDVSFeatureCapability::with(|f| {
        f.base = base_features();
        set!(f, true, vspan_supported, lldp_supported, ipfix_supported, multicast_snooping_supported, nsx_supported);
        f.real_time_config_supported = Some(false);
        f.ipfix_capability = Some(
            VMwareDvsIpfixCapability {
                ipfix_supported: Some(true),
                ipv6_for_ipfix_supported: Some(true),
                observation_domain_id_supported: Some(true),
            }
            .into(),
        );
        f.vspan_capability = Some(
            VMwareDVSVspanCapability::with(|v| {
                set!(v, true, dvport_supported, remote_source_supported, remote_dest_supported);
                set!(v, true, encap_remote_source_supported, erspan_protocol_supported, mirror_netstack_supported);
            })
            .into(),
        );
        f.lacp_capability = Some(
            VMwareDvsLacpCapability {
                lacp_supported: Some(true),
                multi_lacp_group_supported: Some(true),
                lacp_fast_mode_supported: Some(true),
            }
            .into(),
        );
        f.dpu_capability = Some(
            VMwareDvsDpuCapability { network_offload_supported: Some(true), active_standby_mode_supported: Some(true) }
                .into(),
        );
        f.mtu_capability = Some(VMwareDvsMtuCapability { min_mtu_supported: 1280, max_mtu_supported: 9190 }.into());
    })
}

fn base_features() -> DVSFeatureCapability {
    const HIGH_SHARE: i32 = 100;
    DVSFeatureCapability::with(|f| {
        f.network_resource_management_supported = true;
        f.vm_direct_path_gen2_supported = Some(true);
        f.nic_teaming_policy = Some(texts([
            "loadbalance_ip",
            "loadbalance_srcmac",
            "loadbalance_srcid",
            "failover_explicit",
            "loadbalance_loadbased",
        ]));
        f.network_resource_pool_high_share_value = Some(HIGH_SHARE);
        f.network_resource_management_capability = Some(
            DVSNetworkResourceManagementCapability {
                network_resource_management_supported: true,
                network_resource_pool_high_share_value: HIGH_SHARE,
                qos_supported: true,
                user_defined_network_resource_pools_supported: true,
                network_resource_control_version3_supported: Some(true),
                user_defined_infra_traffic_pool_supported: Some(true),
            }
            .into(),
        );
        let health =
            VMwareDVSHealthCheckCapability { vlan_mtu_supported: true, teaming_supported: true, ..Default::default() };
        f.health_check_capability = Some(health.into());
        f.rollback_capability = Some(DVSRollbackCapability { rollback_supported: true }.into());
        f.backup_restore_capability = Some(DVSBackupRestoreCapability { backup_restore_supported: true }.into());
        f.network_filter_supported = Some(true);
        f.mac_learning_supported = Some(true);
    })
}
