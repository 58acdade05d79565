//! What a VM's configuration depends on outside the VM: hosts, datastores and networks, as facts.

use vim25::{DateTime, MoRef, Obj, Str, types::VirtualMachineConfigInfo};

/// What derived state needs to know: which objects names and ids stand for.
pub trait Lookup {
    /// The datastore with this name, if the VM's host can reach it.
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts>;
    /// The datastore with this reference, if the VM's host can reach it.
    fn datastore(&self, datastore: &MoRef) -> Option<DatastoreFacts>;
    /// The opaque network with this id and type, if the VM's host has it.
    fn opaque_network(&self, id: &str, kind: &str) -> Option<NetworkFacts>;
    /// The configuration that a snapshot keeps. By default none is known: a new VM has no snapshots.
    fn snapshot_config(&self, _snapshot: &MoRef) -> Option<Obj<VirtualMachineConfigInfo>> {
        None
    }
}

/// The world around a VM: implemented over a snapshot of the inventory, and by fixtures in tests.
pub trait Surroundings: Lookup {
    /// The host on which the VM runs or will run.
    fn host(&self) -> HostFacts;
    /// The standard network with this name, if the host has it.
    fn network_named(&self, name: &str) -> Option<NetworkFacts>;
    /// The standard network with this reference, if the host has it.
    fn network(&self, network: &MoRef) -> Option<NetworkFacts>;
    /// The distributed port group with this key on the switch with this uuid, if the host is a member of the switch.
    fn portgroup(&self, switch_uuid: &str, key: &str) -> Option<PortgroupFacts>;
    /// A port of the distributed switch with this uuid, if the host is a member of the switch.
    fn port(&self, switch_uuid: &str, port: &str) -> Option<PortFacts>;
    /// How an adapter gets a port of this port group that nobody uses and that is not in `held`.
    fn vacancy(&self, portgroup: &PortgroupFacts, held: &[Str]) -> Vacancy;
    /// The size of a virtual disk file in bytes of capacity, if `path` (within the datastore) is one.
    fn disk_capacity(&self, datastore: &MoRef, path: &str) -> Option<i64>;
    /// Whether there is a file at `path` within the datastore. By default only disks are known.
    fn file_exists(&self, datastore: &MoRef, path: &str) -> bool {
        self.disk_capacity(datastore, path).is_some()
    }
    /// Whether another VM's adapter has this MAC address.
    fn mac_in_use(&self, mac: &str) -> bool;
}

/// Facts about a host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostFacts {
    /// The host.
    pub host: MoRef,
    /// Its name.
    pub name: Str,
    /// Logical CPUs: a VM cannot have more.
    pub cpu_threads: i32,
    /// Speed of one CPU in MHz.
    pub cpu_mhz: i32,
    /// Memory in MB.
    pub memory_mb: i64,
    /// Newest virtual hardware that it runs, for example 21 for `vmx-21`.
    pub newest_hardware: u32,
}

/// Facts about a datastore.
#[derive(Clone, Debug, PartialEq)]
pub struct DatastoreFacts {
    /// The datastore.
    pub datastore: MoRef,
    /// Its name.
    pub name: Str,
    /// Its URL: `ds:///vmfs/volumes/…/`.
    pub url: Str,
    /// Free bytes.
    pub free: i64,
    /// Largest file in bytes.
    pub max_file: i64,
    /// Whether VMs can use it now.
    pub accessible: bool,
}

/// Facts about a standard or opaque network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkFacts {
    /// The network.
    pub network: MoRef,
    /// Its name.
    pub name: Str,
}

/// Facts about a distributed port group.
#[derive(Clone, Debug, PartialEq)]
pub struct PortgroupFacts {
    /// The port group.
    pub portgroup: MoRef,
    /// Its key.
    pub key: Str,
    /// Whether its ports are the uplinks of the switch, which no VM may use.
    pub uplink: bool,
}

/// Facts about a port of a distributed switch.
#[derive(Clone, Debug, PartialEq)]
pub struct PortFacts {
    /// Its port group.
    pub portgroup: PortgroupFacts,
    /// The VM or host that is connected to it.
    pub user: Option<MoRef>,
}

/// How an adapter gets a port of a port group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vacancy {
    /// This one is free.
    Port(Str),
    /// One is chosen, or made, when the adapter is connected.
    Later,
    /// Every port is in use, and there will be no more.
    Full,
}

/// What goes into an operation beside the spec.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The world.
    pub surroundings: &'a dyn Surroundings,
    /// The moment of the operation.
    pub now: DateTime,
    /// Seed of everything drawn: UUIDs, MAC addresses.
    pub seed: u64,
    /// The VM.
    pub vm: &'a MoRef,
}
