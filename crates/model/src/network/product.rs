//! Products: the versions that a distributed switch can have, and what each can do.

use std::fmt;

use vim25::{DataType, Obj, Str, types::*};

use crate::host::HostProfile;
use crate::kit::{set, some, text, texts};

/// The version of a distributed switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    number: (u32, u32, u32),
    name: &'static str,
    build: &'static str,
}

const fn version(major: u32, minor: u32, patch: u32, name: &'static str, build: &'static str) -> Version {
    Version { number: (major, minor, patch), name, build }
}

/// Every version, newest first.
pub const ALL: [Version; 13] = [
    version(8, 0, 3, "8.0.3", "24022510"),
    version(8, 0, 0, "8.0.0", "20519528"),
    version(7, 0, 3, "7.0.3", "18778458"),
    version(7, 0, 2, "7.0.2", "17694817"),
    version(7, 0, 0, "7.0.0", "15952498"),
    version(6, 6, 0, "6.6.0", "8217866"),
    version(6, 5, 0, "6.5.0", "4602587"),
    version(6, 0, 0, "6.0.0", "2494585"),
    version(5, 5, 0, "5.5.0", "1331820"),
    version(5, 1, 0, "5.1.0", "799733"),
    version(5, 0, 0, "5.0.0", "469512"),
    version(4, 1, 0, "4.1.0", "258902"),
    version(4, 0, 0, "4.0", "162856"),
];

/// The version that a switch gets if nobody says otherwise.
pub const NEWEST: Version = ALL[0];

const VENDOR: &str = "VMware, Inc.";

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Version {
    /// The version with this name: `4.0`, `4.1.0`, …, `8.0.3`.
    pub fn parse(name: &str) -> Option<Version> {
        ALL.into_iter().find(|version| version.name == name || parts(name) == Some(version.number))
    }

    /// The newest version that a host of this version (`7.0.3`) can be a member of.
    pub fn of_host(version: &str) -> Option<Version> {
        let host = parts(version)?;
        // The switch of vSphere 6.7 is called 6.6.0.
        ALL.into_iter().find(|version| version.number <= host)
    }

    /// Whether a host of this version can be a member of such a switch.
    pub fn admits(self, host: &str) -> bool {
        Version::of_host(host).is_some_and(|newest| newest >= self)
    }

    /// The product as clients see it.
    pub fn spec(self) -> DistributedVirtualSwitchProductSpec {
        DistributedVirtualSwitchProductSpec {
            name: some("DVS"),
            vendor: some(VENDOR),
            version: some(self.name),
            build: some(self.build),
            forwarding_class: some("etherswitch"),
            bundle_id: None,
            bundle_url: None,
        }
    }

    /// The product that a client asks for: what it does not say does not matter.
    pub fn of_spec(spec: Option<&DistributedVirtualSwitchProductSpec>) -> Option<Version> {
        let Some(spec) = spec else { return Some(NEWEST) };
        let known = NEWEST.spec();
        let fits =
            |asked: &Option<Str>, known: &Option<Str>| asked.as_deref().is_none_or(|a| Some(a) == known.as_deref());
        let ours = fits(&spec.vendor, &known.vendor) && fits(&spec.forwarding_class, &known.forwarding_class);
        match spec.version.as_deref().filter(|version| !version.is_empty()) {
            _ if !ours => None,
            None => Some(NEWEST),
            Some(version) => Version::parse(version),
        }
    }

    /// The hosts that can be members: each of this version or newer.
    pub fn host_products(self) -> Vec<Obj<DistributedVirtualSwitchHostProductSpec>> {
        let versions = || ALL.into_iter().filter(move |version| *version >= self);
        let product = |line| {
            versions().map(move |version| {
                let host = DistributedVirtualSwitchHostProductSpec {
                    product_line_id: some(line),
                    version: Some(host_version(version)),
                };
                Obj::from(host)
            })
        };
        ["embeddedEsx", "esx"].into_iter().flat_map(product).collect()
    }

    /// What a switch of this version is able to do, as its property says it.
    pub fn capability(self) -> DVSCapability {
        DVSCapability {
            dvs_operation_supported: Some(true),
            dv_port_group_operation_supported: Some(true),
            dv_port_operation_supported: Some(true),
            compatible_host_component_product_info: Some(self.host_products()),
            features_supported: Some(self.features().into()),
        }
    }

    fn since(self, major: u32, minor: u32) -> bool {
        self.number >= (major, minor, 0)
    }

    /// The features of a switch of this version.
    pub fn features(self) -> VMwareDVSFeatureCapability {
        VMwareDVSFeatureCapability::with(|f| {
            f.base = self.base_features();
            let five = self.since(5, 0);
            set!(f, Some(five), vspan_supported, lldp_supported, ipfix_supported);
            f.multicast_snooping_supported = Some(self.since(6, 0));
            f.nsx_supported = Some(self.since(7, 0));
            f.real_time_config_supported = Some(false);
            f.ipfix_capability = five.then(|| self.ipfix().into());
            f.vspan_capability = five.then(|| self.vspan().into());
            f.lacp_capability = self.since(5, 1).then(|| self.lacp().into());
            f.dpu_capability = self.since(8, 0).then(|| self.dpu().into());
            let mtu = VMwareDvsMtuCapability { min_mtu_supported: 1280, max_mtu_supported: 9190 };
            f.mtu_capability = (self.number >= (7, 0, 2)).then(|| mtu.into());
        })
    }

    fn ipfix(self) -> VMwareDvsIpfixCapability {
        VMwareDvsIpfixCapability {
            ipfix_supported: Some(true),
            ipv6_for_ipfix_supported: Some(self.since(6, 0)),
            observation_domain_id_supported: Some(self.since(6, 0)),
        }
    }

    fn vspan(self) -> VMwareDVSVspanCapability {
        VMwareDVSVspanCapability::with(|v| {
            v.mixed_dest_supported = !self.since(5, 1);
            let new = self.since(5, 1);
            set!(v, new, dvport_supported, remote_source_supported, remote_dest_supported);
            set!(v, new, encap_remote_source_supported);
            set!(v, Some(self.since(6, 5)), erspan_protocol_supported, mirror_netstack_supported);
        })
    }

    fn lacp(self) -> VMwareDvsLacpCapability {
        VMwareDvsLacpCapability {
            lacp_supported: Some(true),
            multi_lacp_group_supported: Some(self.since(5, 5)),
            lacp_fast_mode_supported: Some(self.number >= (7, 0, 2)),
        }
    }

    fn dpu(self) -> VMwareDvsDpuCapability {
        VMwareDvsDpuCapability {
            network_offload_supported: Some(true),
            active_standby_mode_supported: Some(self.number >= (8, 0, 3)),
        }
    }

    fn base_features(self) -> DVSFeatureCapability {
        const HIGH_SHARE: i32 = 100;
        let managed = self.since(4, 1);
        let mut teaming = texts(["loadbalance_ip", "loadbalance_srcmac", "loadbalance_srcid", "failover_explicit"]);
        teaming.extend(managed.then(|| text("loadbalance_loadbased")));
        DVSFeatureCapability::with(|f| {
            f.network_resource_management_supported = managed;
            f.vm_direct_path_gen2_supported = Some(managed);
            f.nic_teaming_policy = Some(teaming);
            f.network_resource_pool_high_share_value = managed.then_some(HIGH_SHARE);
            let resources = DVSNetworkResourceManagementCapability {
                network_resource_management_supported: managed,
                network_resource_pool_high_share_value: HIGH_SHARE,
                qos_supported: self.since(5, 0),
                user_defined_network_resource_pools_supported: self.since(5, 0),
                network_resource_control_version3_supported: Some(self.since(6, 0)),
                user_defined_infra_traffic_pool_supported: Some(self.since(6, 5)),
            };
            f.network_resource_management_capability = managed.then(|| resources.into());
            let new = self.since(5, 1);
            let health = VMwareDVSHealthCheckCapability {
                vlan_mtu_supported: new,
                teaming_supported: new,
                ..Default::default()
            };
            f.health_check_capability = Some(health.into());
            f.rollback_capability = Some(DVSRollbackCapability { rollback_supported: new }.into());
            f.backup_restore_capability = Some(DVSBackupRestoreCapability { backup_restore_supported: new }.into());
            f.network_filter_supported = Some(self.since(5, 5));
            f.mac_learning_supported = Some(self.since(6, 6));
        })
    }
}

/// The network offloads that a switch of this version can be made for.
pub fn offload_specs(version: Version) -> Vec<DistributedVirtualSwitchNetworkOffloadSpec> {
    let spec = |id: &'static str, types: Vec<Str>| DistributedVirtualSwitchNetworkOffloadSpec {
        id: text(id),
        name: some(id),
        types: Some(types),
        ..Default::default()
    };
    let none = spec("None", vec![]);
    let offloads =
        ["Pensando"].into_iter().chain(HostProfile::Esxi80Dpu.network_offload()).map(|id| spec(id, vec![text(id)]));
    if version.since(8, 0) { std::iter::once(none).chain(offloads).collect() } else { vec![none] }
}

/// The version of the host software that a switch version came with.
fn host_version(version: Version) -> Str {
    match version.number {
        (6, 6, _) => text("6.7.0"),
        (4, 0, _) => text("4.0.0"),
        _ => text(version.name),
    }
}

/// `8.0.3` as numbers; what is missing is 0.
fn parts(version: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let mut next = || numbers.next().map_or(Ok(0), |n| n).ok();
    let parts = (next()?, next()?, next()?);
    (!version.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_by_their_names() {
        for version in ALL {
            assert_eq!(Version::parse(&version.to_string()), Some(version));
        }
        assert_eq!(Version::parse("4.0.0"), Some(ALL[12]));
        for unknown in ["", "9.9.9", "x.y.z", "8.0.2"] {
            assert_eq!(Version::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_host_joins_switches_that_are_not_newer() {
        let joins = |host, switch| Version::parse(switch).unwrap().admits(host);
        assert!(joins("8.0.3", "8.0.3") && joins("8.0.3", "4.0") && joins("6.7.0", "6.6.0"));
        assert!(!joins("7.0.0", "8.0.0") && !joins("7.0.0", "7.0.2") && !joins("5.0.0", "5.1.0"));
    }

    #[test]
    fn features_belong_to_their_version() {
        let features = |name| Version::parse(name).unwrap().features();
        assert_eq!(features("4.0").vm_direct_path_gen2_supported, Some(false));
        assert_eq!(features("4.1.0").vm_direct_path_gen2_supported, Some(true));
        assert_eq!((features("4.1.0").vspan_supported, features("5.0.0").vspan_supported), (Some(false), Some(true)));
        assert!(features("7.0.3").dpu_capability.is_none() && features("8.0.0").dpu_capability.is_some());
    }

    #[test]
    fn a_product_of_another_vendor_or_version_is_not_ours() {
        let spec = |vendor: Option<&'static str>, version: Option<&'static str>| DistributedVirtualSwitchProductSpec {
            vendor: vendor.map(text),
            version: version.map(text),
            ..Default::default()
        };
        assert_eq!(Version::of_spec(None), Some(NEWEST));
        assert_eq!(Version::of_spec(Some(&spec(None, None))), Some(NEWEST));
        assert_eq!(Version::of_spec(Some(&spec(Some(VENDOR), Some("7.0.0")))).unwrap().to_string(), "7.0.0");
        assert_eq!(Version::of_spec(Some(&spec(Some("Cisco"), None))), None);
        assert_eq!(Version::of_spec(Some(&spec(None, Some("3.5")))), None);
    }
}
