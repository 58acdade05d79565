//! `datastore`, `network` and `config.datastoreUrl`: what a VM's devices and files stand on.

use vim25::{
    MoRef, Obj, Str,
    types::{
        ResourceConfigSpec, VirtualDevice, VirtualDeviceFileBackingInfo, VirtualEthernetCard,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualEthernetCardNetworkBackingInfo,
        VirtualEthernetCardOpaqueNetworkBackingInfo, VirtualMachineConfigInfo,
        VirtualMachineConfigInfoDatastoreUrlPair,
    },
};

use crate::vm::{path::DatastorePath, surroundings::Lookup};

/// The datastores with files of the VM, its home first.
pub fn datastores(config: &VirtualMachineConfigInfo, lookup: &dyn Lookup) -> Vec<MoRef> {
    let mut found = Vec::with_capacity(1);
    for name in datastore_names(config) {
        if let Some(datastore) = lookup.datastore_named(name) {
            push_new(&mut found, datastore.datastore);
        }
    }
    found
}

/// Name and URL of each of [`datastores`].
pub fn datastore_urls(
    config: &VirtualMachineConfigInfo,
    lookup: &dyn Lookup,
) -> Option<Vec<Obj<VirtualMachineConfigInfoDatastoreUrlPair>>> {
    let known = config.datastore_url.as_deref().unwrap_or_default();
    let mut pairs: Vec<Obj<VirtualMachineConfigInfoDatastoreUrlPair>> = Vec::with_capacity(1);
    for name in datastore_names(config) {
        let Some(facts) = lookup.datastore_named(name) else { continue };
        if pairs.iter().any(|p| p.name == facts.name) {
            continue;
        }
        let url: Str = facts.url.strip_prefix("ds://").unwrap_or(&facts.url).trim_end_matches('/').into();
        let same = known.iter().find(|p| p.name == facts.name && p.url == url);
        let made = || VirtualMachineConfigInfoDatastoreUrlPair { name: facts.name.clone(), url }.into();
        pairs.push(same.cloned().unwrap_or_else(made));
    }
    Some(pairs)
}

/// The networks of the VM's adapters. The key of a distributed port group is also its object's id.
pub fn networks(config: &VirtualMachineConfigInfo, lookup: &dyn Lookup) -> Vec<MoRef> {
    let mut found = Vec::with_capacity(1);
    for card in config.hardware.device.iter().flatten().filter(|d| d.is::<VirtualEthernetCard>()) {
        if let Some(network) = network_of(card, lookup) {
            push_new(&mut found, network);
        }
    }
    found
}

/// The network of one adapter.
pub(crate) fn network_of(card: &VirtualDevice, lookup: &dyn Lookup) -> Option<MoRef> {
    let backing = card.backing.as_ref()?;
    if let Some(standard) = backing.cast::<VirtualEthernetCardNetworkBackingInfo>() {
        return standard.network.clone();
    }
    if let Some(opaque) = backing.cast::<VirtualEthernetCardOpaqueNetworkBackingInfo>() {
        let facts = lookup.opaque_network(&opaque.opaque_network_id, &opaque.opaque_network_type)?;
        return Some(facts.network);
    }
    let port = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
    let key = port.port.portgroup_key.clone()?;
    Some(MoRef::new(Str::new_static("DistributedVirtualPortgroup"), key))
}

/// `resourceConfig`: the allocation as resource pools see it.
pub(super) fn resource_config(
    config: &VirtualMachineConfigInfo,
    this: &MoRef,
    before: Option<&ResourceConfigSpec>,
) -> Option<Obj<ResourceConfigSpec>> {
    let spec = ResourceConfigSpec {
        entity: Some(this.clone()),
        change_version: before.map_or(Some(Str::default()), |b| b.change_version.clone()),
        last_modified: before.map_or(config.create_date, |b| b.last_modified),
        cpu_allocation: config.cpu_allocation.clone()?,
        memory_allocation: config.memory_allocation.clone()?,
        scale_descendants_shares: None,
    };
    Some(spec.into())
}

/// Names of datastores in the order of first use; the same name may come again.
fn datastore_names(config: &VirtualMachineConfigInfo) -> impl Iterator<Item = &str> {
    let home = config.files.vm_path_name.as_deref();
    let devices = config.hardware.device.iter().flatten();
    let files = devices.filter_map(|d| d.backing.as_ref()?.cast::<VirtualDeviceFileBackingInfo>());
    let paths = home.into_iter().chain(files.map(|b| b.file_name.as_str()));
    paths.filter_map(|p| DatastorePath::parse(p).map(|p| p.datastore))
}

fn push_new(list: &mut Vec<MoRef>, item: MoRef) {
    if !list.contains(&item) {
        list.push(item);
    }
}
