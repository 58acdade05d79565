//! Datacenters.

use vim25::{DataType, MoRef, MoRefs, Str, mo::Datacenter, types::DatacenterConfigInfo};

use crate::entity::entity;

/// The four folders that every datacenter has.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Holds virtual machines.
    pub vm: MoRef,
    /// Holds hosts and clusters.
    pub host: MoRef,
    /// Holds datastores.
    pub datastore: MoRef,
    /// Holds networks.
    pub network: MoRef,
}

/// A datacenter with its folders, without datastores or networks.
pub fn datacenter(name: impl Into<Str>, parent: MoRef, folders: &Folders) -> Datacenter {
    Datacenter::with(|dc| {
        dc.base = entity(name, Some(parent));
        dc.vm_folder = folders.vm.clone();
        dc.host_folder = folders.host.clone();
        dc.datastore_folder = folders.datastore.clone();
        dc.network_folder = folders.network.clone();
        dc.datastore = Some(MoRefs::new());
        dc.network = Some(MoRefs::new());
        dc.configuration = DatacenterConfigInfo::default().into();
    })
}
