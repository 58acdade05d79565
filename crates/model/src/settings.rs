//! The knobs of the default datacenter: how much of everything, with the names that the command line gives them.

use vim25::ApiVersion;

use crate::HostProfile;

/// How much of everything a new world has, and what kind of server it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A single ESXi host instead of a vCenter; the counts of datacenters, hosts, clusters, pools, apps, pods, folders
    /// and distributed port groups do not apply then.
    pub esx: bool,
    /// Datacenters (`DC0`).
    pub datacenters: u32,
    /// Clusters in each datacenter (`DC0_C0`).
    pub clusters: u32,
    /// Hosts in each cluster (`DC0_C0_H0`).
    pub hosts: u32,
    /// Hosts of each datacenter outside clusters (`DC0_H0`).
    pub standalone_hosts: u32,
    /// Resource pools in each cluster below its root pool (`DC0_C0_RP1`). With any, the virtual machines of a cluster
    /// live in them instead of in the root pool.
    pub pools: u32,
    /// vApps in each cluster (`DC0_C0_APP0`).
    pub apps: u32,
    /// Datastores of each datacenter, mounted on all of its hosts (`LocalDS_0`).
    pub datastores: u32,
    /// Storage pods in each datacenter (`DC0_POD0`).
    pub pods: u32,
    /// Virtual machines in each pool or vApp, and on each standalone host (`DC0_C0_RP0_VM0`).
    pub vms: u32,
    /// Distributed port groups in each datacenter (`DC0_DVPG0`); the first one carries the virtual machines.
    pub portgroups: u32,
    /// NSX-backed distributed port groups in each datacenter (`DC0_NSXPG0`).
    pub nsx_portgroups: u32,
    /// Opaque (NSX) networks in each datacenter (`DC0_NSX0`), each with an NSX-backed port group.
    pub opaque_networks: u32,
    /// How many of the last datacenters lie in a folder of their own (`F0`), with everything in folders of that name.
    pub folders: u32,
    /// Whether virtual machines start powered on.
    pub autostart: bool,
    /// What all hosts are.
    pub host_profile: HostProfile,
    /// The version of the API that the server says it speaks.
    pub api_version: ApiVersion,
}

impl Settings {
    /// A vCenter with one datacenter, one cluster of three hosts, one host beside it and four virtual machines.
    pub fn vcenter() -> Settings {
        Settings {
            esx: false,
            datacenters: 1,
            clusters: 1,
            hosts: 3,
            standalone_hosts: 1,
            pools: 0,
            apps: 0,
            datastores: 1,
            pods: 0,
            vms: 2,
            portgroups: 1,
            nsx_portgroups: 0,
            opaque_networks: 0,
            folders: 0,
            autostart: true,
            host_profile: HostProfile::default(),
            api_version: ApiVersion::parse("8.0.3.0").expect("the schema knows the version that it was made for"),
        }
    }

    /// One ESXi host with two virtual machines.
    pub fn esx() -> Settings {
        Settings { esx: true, ..Settings::vcenter() }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::vcenter()
    }
}
