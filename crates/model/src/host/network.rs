//! Networking of a host: network ports, one on `vSwitch0` and the others on the distributed switch, and `vmk0` for
//! management.
//!
//! Links from one part to another (the ports of a switch, the selected interface of a service) hold keys.

use vim25::{DataType, Obj, Str, types::*};

use super::{HostProfile, HostSpec, ports::Port};
use crate::kit::{set, some, text, texts};

/// The port group of virtual machines on `vSwitch0`.
pub(crate) const VM_NETWORK: &str = "VM Network";
const MANAGEMENT: &str = "Management Network";
const SWITCH: &str = "vSwitch0";
const SWITCH_KEY: &str = "key-vim.host.VirtualSwitch-vSwitch0";
const VNIC_KEY: &str = "key-vim.host.VirtualNic-vmk0";
const MTU: i32 = 1500;

/// What all hosts have in common.
pub(crate) struct SharedNetwork {
    vswitch: Obj<HostVirtualSwitch>,
    portgroups: Vec<Obj<HostPortGroup>>,
    routes: Obj<HostIpRouteConfig>,
    route_table: Obj<HostIpRouteTableInfo>,
    ports: &'static [Port],
}

pub(crate) fn shared_network(profile: HostProfile) -> SharedNetwork {
    let policy: Obj<HostNetworkPolicy> = policy().into();
    let portgroup = |name| portgroup(name, policy.clone()).into();
    let vswitch = HostVirtualSwitch::with(|s| {
        s.name = text(SWITCH);
        s.key = text(SWITCH_KEY);
        s.num_ports = 7680;
        s.num_ports_available = 7670;
        s.mtu = Some(MTU);
        s.portgroup = Some(vec![portgroup_key(VM_NETWORK), portgroup_key(MANAGEMENT)]);
        s.pnic = Some(vec![pnic_key("vmnic0")]);
        s.spec = HostVirtualSwitchSpec {
            num_ports: 128,
            bridge: Some(bond().into()),
            policy: Some(policy.clone()),
            mtu: Some(MTU),
        }
        .into();
    });
    SharedNetwork {
        vswitch: vswitch.into(),
        portgroups: vec![portgroup(VM_NETWORK), portgroup(MANAGEMENT)],
        routes: routes().into(),
        route_table: route_table().into(),
        ports: profile.ports(),
    }
}

fn portgroup_key(name: &str) -> Str {
    format!("key-vim.host.PortGroup-{name}").into()
}

fn pnic_key(device: &str) -> Str {
    format!("key-vim.host.PhysicalNic-{device}").into()
}

fn bond() -> HostVirtualSwitchBondBridge {
    HostVirtualSwitchBondBridge::with(|b| {
        b.nic_device = texts(["vmnic0"]);
        b.beacon = Some(HostVirtualSwitchBeaconConfig { interval: 1 }.into());
        b.link_discovery_protocol_config =
            Some(LinkDiscoveryProtocolConfig { protocol: text("cdp"), operation: text("listen") }.into());
    })
}

fn policy() -> HostNetworkPolicy {
    HostNetworkPolicy {
        security: Some(
            HostNetworkSecurityPolicy {
                allow_promiscuous: Some(false),
                mac_changes: Some(false),
                forged_transmits: Some(false),
            }
            .into(),
        ),
        nic_teaming: Some(teaming().into()),
        offload_policy: Some(offload().into()),
        shaping_policy: Some(HostNetworkTrafficShapingPolicy { enabled: Some(false), ..Default::default() }.into()),
    }
}

fn teaming() -> HostNicTeamingPolicy {
    HostNicTeamingPolicy::with(|t| {
        t.policy = some("loadbalance_srcid");
        t.reverse_policy = Some(true);
        t.notify_switches = Some(true);
        t.rolling_order = Some(false);
        t.failure_criteria = Some(
            HostNicFailureCriteria::with(|f| {
                f.check_speed = some("minimum");
                f.speed = Some(10);
                f.percentage = Some(0);
                set!(f, false, check_duplex, full_duplex, check_error_percent, check_beacon);
            })
            .into(),
        );
        t.nic_order =
            Some(HostNicOrderPolicy { active_nic: Some(texts(["vmnic0"])), standby_nic: Some(vec![]) }.into());
    })
}

/// What ports offload.
pub(crate) fn offload() -> HostNetOffloadCapabilities {
    HostNetOffloadCapabilities { csum_offload: Some(true), tcp_segmentation: Some(true), zero_copy_xmit: Some(true) }
}

fn portgroup(name: &'static str, policy: Obj<HostNetworkPolicy>) -> HostPortGroup {
    HostPortGroup::with(|p| {
        p.key = Some(portgroup_key(name));
        p.vswitch = some(SWITCH_KEY);
        p.computed_policy = policy;
        // What the port group itself says: nothing, it inherits from the switch.
        let policy = HostNetworkPolicy {
            security: Some(HostNetworkSecurityPolicy::default().into()),
            nic_teaming: Some(HostNicTeamingPolicy::default().into()),
            offload_policy: Some(HostNetOffloadCapabilities::default().into()),
            shaping_policy: Some(HostNetworkTrafficShapingPolicy::default().into()),
        };
        p.spec = HostPortGroupSpec { name: text(name), vlan_id: 0, vswitch_name: text(SWITCH), policy: policy.into() }
            .into();
    })
}

fn routes() -> HostIpRouteConfig {
    HostIpRouteConfig { default_gateway: some("10.0.0.1"), gateway_device: some("vmk0"), ..Default::default() }
}

fn route_table() -> HostIpRouteTableInfo {
    let route = |network, prefix_length, gateway| {
        let device_name = some("vmk0");
        Obj::from(HostIpRouteEntry { network: text(network), prefix_length, gateway: text(gateway), device_name })
    };
    HostIpRouteTableInfo {
        ip_route: Some(vec![route("0.0.0.0", 0, "10.0.0.1"), route("10.0.0.0", 8, "0.0.0.0")]),
        ipv6_route: None,
    }
}

fn link(speed_mb: i32) -> Obj<PhysicalNicLinkInfo> {
    PhysicalNicLinkInfo { speed_mb, duplex: true }.into()
}

/// The networking of one host.
pub(crate) fn network(shared: &SharedNetwork, host: &HostSpec) -> HostNetworkInfo {
    let dns: Obj<HostDnsConfig> = dns(host).into();
    HostNetworkInfo::with(|n| {
        n.vswitch = Some(vec![shared.vswitch.clone()]);
        n.proxy_switch = Some(host.switch.iter().map(|member| proxy_switch(member).into()).collect());
        n.portgroup = Some(shared.portgroups.clone());
        n.pnic =
            Some(shared.ports.iter().enumerate().map(|(index, port)| pnic(port, host.mac(index)).into()).collect());
        n.vnic = Some(vec![vmk0(host)]);
        n.console_vnic = Some(vec![]);
        n.rdma_device = Some(vec![]);
        n.dns_config = Some(dns.clone());
        n.ip_route_config = Some(shared.routes.clone());
        n.route_table_info = Some(shared.route_table.clone());
        n.ip_v6_enabled = Some(false);
        n.at_boot_ip_v6_enabled = Some(false);
        n.net_stack_instance = Some(vec![stack("defaultTcpipStack", Some(dns), Some(shared.routes.clone()))]);
        n.opaque_switch = Some(vec![]);
        n.opaque_network = Some(vec![]);
        n.nvds_to_vds_migration_required = Some(false);
    })
}

/// The host's name up to the first dot, and the rest.
fn dns(host: &HostSpec) -> HostDnsConfig {
    let (name, domain) = host.name.split_once('.').unwrap_or((&host.name, ""));
    HostDnsConfig {
        dhcp: false,
        virtual_nic_device: some("vmk0"),
        ipv6_virtual_nic_device: None,
        host_name: name.into(),
        domain_name: domain.into(),
        address: Some(texts(["10.0.0.1"])),
        search_domain: Some(vec![]),
    }
}

fn stack(
    key: &'static str,
    dns_config: Option<Obj<HostDnsConfig>>,
    ip_route_config: Option<Obj<HostIpRouteConfig>>,
) -> Obj<HostNetStackInstance> {
    HostNetStackInstance {
        key: some(key),
        name: some(key),
        dns_config,
        ip_route_config,
        requested_max_number_of_connections: Some(11_000),
        congestion_control_algorithm: some("newreno"),
        ip_v6_enabled: Some(false),
        ..Default::default()
    }
    .into()
}

/// A network port; whether it supports VMDirectPath Gen 2 is derived.
fn pnic(port: &Port, mac: Str) -> PhysicalNic {
    let link_modes: Vec<_> = port.speeds.iter().map(|mb| link(*mb)).collect();
    PhysicalNic::with(|p| {
        p.key = Some(pnic_key(port.device));
        p.device = text(port.device);
        p.pci = port.pci.id().into();
        p.driver = some(port.driver);
        p.driver_version = some(port.driver_version);
        p.firmware_version = some(port.firmware);
        p.link_speed = link_modes.last().cloned();
        p.valid_link_specification = Some(link_modes);
        p.spec = PhysicalNicSpec { ip: Some(HostIpConfig::default().into()), ..Default::default() }.into();
        p.mac = mac;
        set!(p, false, wake_on_lan_supported, ens_interrupt_supported);
        set!(p, true, resource_pool_scheduler_allowed, auto_negotiate_supported, enhanced_networking_stack_supported);
        p.resource_pool_scheduler_disallowed_reason = Some(vec![]);
        p.dpu_id = port.dpu.map(text);
    })
}

/// The management interface.
pub(crate) fn vmk0(host: &HostSpec) -> Obj<HostVirtualNic> {
    HostVirtualNic::with(|v| {
        v.device = text("vmk0");
        v.key = text(VNIC_KEY);
        v.portgroup = text(MANAGEMENT);
        v.spec = HostVirtualNicSpec::with(|s| {
            s.ip = Some(ip(host).into());
            s.mac = Some(host.mac(0));
            s.portgroup = some(MANAGEMENT);
            s.mtu = Some(MTU);
            s.tso_enabled = Some(true);
            s.net_stack_instance_key = some("defaultTcpipStack");
            s.system_owned = Some(false);
        })
        .into();
    })
    .into()
}

/// The address of the management interface.
pub(crate) fn ip(host: &HostSpec) -> HostIpConfig {
    HostIpConfig {
        dhcp: false,
        ip_address: Some(host.address.to_string().into()),
        subnet_mask: some("255.0.0.0"),
        ip_v6_config: None,
    }
}

/// What one host is to a distributed switch.
#[derive(Debug, Clone)]
pub(crate) struct SwitchMember {
    /// Name of the switch.
    pub name: Str,
    /// Its UUID, in its own notation.
    pub uuid: Str,
    /// Key of its uplink port group.
    pub uplink_portgroup: Str,
    /// Its ports of the switch, with the network ports that are connected to them.
    pub uplinks: Vec<Uplink>,
    /// Whether the host's data processing unit does the switch's work.
    pub offloading: bool,
}

/// A port of a distributed switch with the network port of a host behind it.
#[derive(Debug, Clone)]
pub(crate) struct Uplink {
    /// The host's network port, for example `vmnic1`; none if nothing is plugged in.
    pub pnic: Option<Str>,
    /// Name of the uplink, for example `dvUplink1`.
    pub name: Str,
    /// Key of the switch's port.
    pub port: Str,
}

/// The uplinks of a host on a switch: one for each of these `names`, whose ports count from `first_port`. The first ones
/// have the network ports that the host's profile has for it.
pub(crate) fn uplinks(profile: HostProfile, names: &[Str], first_port: usize) -> Vec<Uplink> {
    let devices = profile.uplinks().map(|port: &Port| Some(text(port.device))).chain(std::iter::repeat(None));
    let uplink = |((name, key), pnic): ((&Str, usize), Option<Str>)| Uplink {
        pnic,
        name: name.clone(),
        port: key.to_string().into(),
    };
    names.iter().zip(first_port..).zip(devices).map(uplink).collect()
}

impl SwitchMember {
    /// Keys of the host's ports of the switch.
    pub(crate) fn uplink_ports(&self) -> Vec<Str> {
        self.uplinks.iter().map(|uplink| uplink.port.clone()).collect()
    }

    /// The connection of the host's network ports to the switch.
    pub(crate) fn backing(&self) -> Obj<DistributedVirtualSwitchHostMemberBacking> {
        let pnic = |uplink: &Uplink| {
            Some(Obj::from(DistributedVirtualSwitchHostMemberPnicSpec {
                pnic_device: uplink.pnic.clone()?,
                uplink_port_key: Some(uplink.port.clone()),
                uplink_portgroup_key: Some(self.uplink_portgroup.clone()),
                connection_cookie: Some(0),
            }))
        };
        let pnic_spec = Some(self.uplinks.iter().filter_map(pnic).collect());
        DistributedVirtualSwitchHostMemberPnicBacking { pnic_spec, ..Default::default() }.into()
    }
}

pub(crate) fn proxy_switch(member: &SwitchMember) -> HostProxySwitch {
    let port = |uplink: &Uplink| Obj::from(KeyValue { key: uplink.port.clone(), value: uplink.name.clone() });
    HostProxySwitch::with(|p| {
        p.dvs_uuid = member.uuid.clone();
        p.dvs_name = member.name.clone();
        p.key = text("DvsPortset-0");
        p.num_ports = 7680;
        p.config_num_ports = Some(512);
        p.num_ports_available = 7668;
        p.uplink_port = Some(member.uplinks.iter().map(port).collect());
        p.mtu = Some(MTU);
        p.pnic = Some(member.uplinks.iter().filter_map(|uplink| uplink.pnic.as_deref()).map(pnic_key).collect());
        p.spec = HostProxySwitchSpec { backing: Some(member.backing()) }.into();
        p.host_lag = Some(vec![]);
        p.network_reservation_supported = Some(true);
        p.network_offloading_enabled = Some(member.offloading);
        set!(p, false, nsxt_enabled, ens_enabled, ens_interrupt_enabled);
    })
}

/// What can be configured on every host.
pub(crate) fn capabilities() -> HostNetCapabilities {
    HostNetCapabilities::with(|c| {
        set!(c, true, can_set_physical_nic_link_speed, supports_nic_teaming, supports_vlan, supports_network_hints);
        set!(c, true, vswitch_config_supported, vnic_config_supported, ip_route_config_supported, dns_config_supported);
        set!(c, true, dhcp_on_vnic_supported, ip_v6_supported, backup_nfc_nioc_supported);
        c.nic_teaming_policy =
            Some(texts(["loadbalance_ip", "loadbalance_srcmac", "loadbalance_srcid", "failover_explicit"]));
        c.max_port_groups_per_vswitch = Some(512);
    })
}

/// The services that `vmk0` may carry; it carries management. Each service has its own key for it.
pub(crate) fn virtual_nic_manager(vnic: &Obj<HostVirtualNic>) -> HostVirtualNicManagerInfo {
    let config = |service: &&'static str| {
        let mut candidate = vnic.clone();
        let key: Str = format!("{service}.{VNIC_KEY}").into();
        candidate.key = key.clone();
        let selected_vnic = (*service == "management").then(|| vec![key]);
        Obj::from(VirtualNicManagerNetConfig {
            nic_type: text(service),
            multi_select_allowed: true,
            candidate_vnic: Some(vec![candidate]),
            selected_vnic,
        })
    };
    HostVirtualNicManagerInfo { net_config: Some(SERVICES_OF_VNICS.iter().map(config).collect()) }
}

const SERVICES_OF_VNICS: &[&str] = &[
    "faultToleranceLogging",
    "management",
    "nvmeRdma",
    "nvmeTcp",
    "ptp",
    "vSphereBackupNFC",
    "vSphereProvisioning",
    "vSphereReplication",
    "vSphereReplicationNFC",
    "vmotion",
    "vsan",
    "vsanWitness",
];
