//! The tree: which property of a parent names its children.

use inventory::Tx;
use vim25::{DataObject, MoRef, cast, mo};

/// The references by which an object names its children in the inventory tree.
pub fn child_lists(object: &dyn DataObject) -> Vec<MoRef> {
    if let Some(folder) = cast::<mo::Folder>(object) {
        return folder.child_entity.as_ref().unwrap_or_default().to_vec();
    }
    if let Some(dc) = cast::<mo::Datacenter>(object) {
        return [&dc.vm_folder, &dc.host_folder, &dc.datastore_folder, &dc.network_folder].map(MoRef::clone).to_vec();
    }
    if let Some(compute) = cast::<mo::ComputeResource>(object) {
        return compute.host.iter().flatten().chain(&compute.resource_pool).cloned().collect();
    }
    if let Some(pool) = cast::<mo::ResourcePool>(object) {
        return pool.resource_pool.as_ref().unwrap_or_default().to_vec();
    }
    vec![]
}

/// Names `child` in the folder or pool `parent`.
pub fn adopt(tx: &mut Tx<'_>, parent: &MoRef, child: &MoRef) {
    if let Some(folder) = tx.edit::<mo::Folder>(parent) {
        folder.child_entity.get_or_insert_default().push(child.clone());
    } else if let Some(pool) = tx.edit::<mo::ResourcePool>(parent) {
        pool.resource_pool.get_or_insert_default().push(child.clone());
    }
}

/// No longer names `child` in the folder or pool `parent`.
pub fn release(tx: &mut Tx<'_>, parent: &MoRef, child: &MoRef) {
    if let Some(folder) = tx.edit::<mo::Folder>(parent) {
        folder.child_entity.iter_mut().for_each(|list| list.retain(|c| c != child));
    } else if let Some(pool) = tx.edit::<mo::ResourcePool>(parent) {
        pool.resource_pool.iter_mut().for_each(|list| list.retain(|c| c != child));
    }
}
