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

use crate::vm::{
    path::DatastorePath,
    surroundings::{DatastoreFacts, Lookup},
};

/// What is known of the datastores with files of the VM, its home first.
pub(super) fn homes(config: &VirtualMachineConfigInfo, lookup: &dyn Lookup) -> Vec<DatastoreFacts> {
    let (mut found, mut last) = (Vec::<DatastoreFacts>::with_capacity(1), None);
    // Files come in runs.
    for name in datastore_names(config).filter(|name| last.replace(*name) != Some(*name)) {
        let facts = lookup.datastore_named(name);
        found.extend(facts.filter(|facts| !found.iter().any(|known| known.datastore == facts.datastore)));
    }
    found
}

/// Name and URL of each of [`homes`].
pub(super) fn datastore_urls(
    config: &VirtualMachineConfigInfo,
    homes: &[DatastoreFacts],
) -> Option<Vec<Obj<VirtualMachineConfigInfoDatastoreUrlPair>>> {
    let known = config.datastore_url.as_deref().unwrap_or_default();
    let pair = |facts: &DatastoreFacts| {
        let url = facts.url.strip_prefix("ds://").unwrap_or(&facts.url).trim_end_matches('/');
        let same = known.iter().find(|pair| pair.name == facts.name && pair.url == url);
        let made = || VirtualMachineConfigInfoDatastoreUrlPair { name: facts.name.clone(), url: url.into() }.into();
        same.cloned().unwrap_or_else(made)
    };
    Some(homes.iter().map(pair).collect())
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
