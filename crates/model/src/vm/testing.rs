//! A small world for tests.

use std::{collections::HashMap, sync::LazyLock};

use vim25::{DateTime, MoRef, Str};

use super::surroundings::{
    Context, DatastoreFacts, HostFacts, Lookup, NetworkFacts, PortFacts, PortgroupFacts, Surroundings, Vacancy,
};

pub(crate) const SWITCH: &str = "50 1a 2b 3c 4d 5e 6f 70-81 92 a3 b4 c5 d6 e7 f8";
/// A port that another machine has.
pub(crate) const USED_PORT: i32 = 77;
pub(crate) const PORTGROUP: &str = "dvportgroup-12";

/// The switch's uuid, shared.
pub(crate) static SWITCH_UUID: LazyLock<Str> = LazyLock::new(|| SWITCH.into());

/// One host, datastores `LocalDS_0` (4 TB free) and `small` (1 GB free), `VM Network`, one switch.
pub(crate) struct World {
    pub vm: MoRef,
    pub files: HashMap<(Str, Str), i64>,
    pub macs: Vec<Str>,
    pub ports: i32,
    /// Whether the port group makes more ports when it is full.
    pub expands: bool,
    /// Newest virtual hardware of the host.
    pub newest_hardware: u32,
}

impl Default for World {
    fn default() -> World {
        World {
            vm: MoRef::new("VirtualMachine", "vm-40"),
            files: HashMap::new(),
            macs: vec![],
            ports: 100,
            expands: false,
            newest_hardware: 21,
        }
    }
}

pub(crate) fn now() -> DateTime {
    DateTime::parse("2026-01-02T03:04:05Z").unwrap()
}

impl World {
    pub fn context(&self) -> Context<'_> {
        Context { surroundings: self, now: now(), seed: 1, vm: &self.vm }
    }
}

pub(crate) fn host() -> HostFacts {
    HostFacts {
        host: MoRef::new("HostSystem", "host-9"),
        name: "esx1".into(),
        cpu_threads: 64,
        cpu_mhz: 2000,
        memory_mb: 1 << 20,
        newest_hardware: 21,
    }
}

pub(crate) fn datastore(name: &str) -> Option<DatastoreFacts> {
    let (id, free) = match name {
        "LocalDS_0" => ("datastore-5", 4 << 40),
        "small" => ("datastore-6", 1 << 30),
        _ => return None,
    };
    Some(DatastoreFacts {
        datastore: MoRef::new("Datastore", id),
        name: name.into(),
        url: format!("ds:///vmfs/volumes/{id}/").into(),
        free,
        max_file: 62 << 40,
        accessible: true,
    })
}

impl Lookup for World {
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts> {
        datastore(name)
    }

    fn datastore(&self, wanted: &MoRef) -> Option<DatastoreFacts> {
        ["LocalDS_0", "small"].into_iter().filter_map(datastore).find(|d| d.datastore == *wanted)
    }

    fn opaque_network(&self, id: &str, kind: &str) -> Option<NetworkFacts> {
        let known = id == "nsx-1" && kind == "nsx.LogicalSwitch";
        known.then(|| NetworkFacts { network: MoRef::new("OpaqueNetwork", "network-o8"), name: "nsx".into() })
    }
}

impl Surroundings for World {
    fn host(&self) -> HostFacts {
        HostFacts { newest_hardware: self.newest_hardware, ..host() }
    }

    fn network_named(&self, name: &str) -> Option<NetworkFacts> {
        let network = MoRef::new("Network", "network-7");
        (name == "VM Network").then(|| NetworkFacts { network, name: name.into() })
    }

    fn network(&self, network: &MoRef) -> Option<NetworkFacts> {
        self.network_named("VM Network").filter(|n| n.network == *network)
    }

    fn portgroup(&self, switch_uuid: &str, key: &str) -> Option<PortgroupFacts> {
        let known = switch_uuid == SWITCH && (key == PORTGROUP || key == "dvportgroup-11");
        let portgroup = MoRef::new("DistributedVirtualPortgroup", key);
        known.then(|| PortgroupFacts { portgroup, key: key.into(), uplink: key == "dvportgroup-11" })
    }

    fn port(&self, switch_uuid: &str, port: &str) -> Option<PortFacts> {
        let number: i32 = port.parse().ok()?;
        let portgroup = (number < self.ports).then(|| self.portgroup(switch_uuid, PORTGROUP)).flatten()?;
        let user = (number == USED_PORT).then(|| MoRef::new("VirtualMachine", "vm-41"));
        Some(PortFacts { portgroup, user })
    }

    fn vacancy(&self, _portgroup: &PortgroupFacts, held: &[Str]) -> Vacancy {
        let free = (0..self.ports).map(|n| Str::from(n.to_string())).find(|port| !held.contains(port));
        free.map_or(if self.expands { Vacancy::Later } else { Vacancy::Full }, Vacancy::Port)
    }

    fn disk_capacity(&self, datastore: &MoRef, path: &str) -> Option<i64> {
        self.files.get(&(datastore.id.clone(), path.into())).copied()
    }

    fn mac_in_use(&self, mac: &str) -> bool {
        self.macs.iter().any(|known| known == mac)
    }
}
