//! The inventory as a tree: what stands above an object, in a snapshot or in a transaction.

use std::collections::HashSet;

use inventory::{Object, Snapshot, Tx};
use vim25::{DataType, MoRef, mo};

/// Something that objects can be read from.
pub trait Reader {
    /// The object with this id.
    fn object(&self, id: &str) -> Option<&Object>;

    /// The properties of the object that a reference names, as a `T`.
    fn read<T: DataType>(&self, moref: &MoRef) -> Option<&T> {
        self.object(&moref.id).filter(|object| object.is_kind(&moref.kind)).and_then(|o| vim25::cast(&*o.content))
    }
}

impl Reader for Snapshot {
    fn object(&self, id: &str) -> Option<&Object> {
        self.find(id)
    }
}

impl Reader for Tx<'_> {
    fn object(&self, id: &str) -> Option<&Object> {
        self.find(id)
    }
}

/// How deep an inventory may be before a walk gives up: far deeper than a real one, so that a loop of parents ends.
const DEPTH: usize = 512;

/// The next object on the way to the root: the parent, or the vApp of a VM that lies in one.
pub fn parent<'w>(world: &'w impl Reader, of: &MoRef) -> Option<&'w MoRef> {
    above(world.object(&of.id)?)
}

fn above(object: &Object) -> Option<&MoRef> {
    let entity = vim25::cast::<mo::ManagedEntity>(&*object.content)?;
    let in_app = || vim25::cast::<mo::VirtualMachine>(&*object.content)?.parent_v_app.as_ref();
    entity.parent.as_ref().or_else(in_app)
}

/// The objects on the way to the root, nearest first.
pub fn ancestors<'w>(world: &'w impl Reader, of: &MoRef) -> impl Iterator<Item = &'w MoRef> {
    std::iter::successors(parent(world, of), |at| parent(world, at)).take(DEPTH)
}

/// The object itself if it is a `T`, or the nearest one above it that is.
pub fn nearest<'w, T: DataType>(world: &'w impl Reader, of: &MoRef) -> Option<(&'w MoRef, &'w T)> {
    upward(world, of).find_map(|object| Some((&object.moref, vim25::cast::<T>(&*object.content)?)))
}

/// The object itself, and those on the way to the root, nearest first.
pub fn upward<'w>(world: &'w impl Reader, of: &MoRef) -> impl Iterator<Item = &'w Object> {
    std::iter::successors(world.object(&of.id), |at| world.object(&above(at)?.id)).take(DEPTH)
}

/// The datacenter in which an object lies.
pub fn datacenter(world: &impl Reader, of: &MoRef) -> Option<MoRef> {
    nearest::<mo::Datacenter>(world, of).map(|(moref, _)| moref.clone())
}

/// Whether `object` lies below `container`, by any way: a VM lies in its folder, in its pool and on its host.
pub fn is_below(world: &impl Reader, object: &MoRef, container: &MoRef) -> bool {
    let mut seen: HashSet<MoRef> = HashSet::new();
    let mut next = ways_up(world, object);
    while let Some(at) = next.pop() {
        if at.id == container.id {
            return true;
        }
        if seen.len() < DEPTH && seen.insert(at.clone()) {
            next.extend(ways_up(world, &at));
        }
    }
    false
}

/// The objects right above one: its folder, and those of which a VM or vApp is a child in another way.
pub fn ways_up(world: &impl Reader, of: &MoRef) -> Vec<MoRef> {
    let Some(object) = world.object(&of.id) else { return Vec::new() };
    let mut up: Vec<MoRef> = parent(world, of).cloned().into_iter().collect();
    if let Some(vm) = vim25::cast::<mo::VirtualMachine>(&*object.content) {
        up.extend(vm.resource_pool.clone());
        up.extend(vm.runtime.host.clone());
    }
    if let Some(app) = vim25::cast::<mo::VirtualApp>(&*object.content) {
        up.extend(app.parent_folder.clone());
    }
    up
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, moref};

    #[test]
    fn every_vm_lies_in_its_datacenter_also_in_a_vapp() {
        let snapshot = World::new().core.inventory.snapshot();
        for id in ["vm-20", "vm-22", "vm-31", "host-10", "resgroup-v30", "datacenter-2"] {
            let found = datacenter(&snapshot, &snapshot.find(id).unwrap().moref);
            assert_eq!(found, Some(moref("Datacenter", "datacenter-2")), "{id}");
        }
        assert_eq!(datacenter(&snapshot, &moref("Folder", "group-d1")), None);
    }

    #[test]
    fn a_vm_lies_below_its_folder_its_pool_and_its_host_but_not_below_another_host() {
        let snapshot = World::new().core.inventory.snapshot();
        let vm = moref("VirtualMachine", "vm-22");
        for above in ["group-v9", "group-v3", "resgroup-8", "domain-c7", "host-10", "group-h4", "group-d1"] {
            assert!(is_below(&snapshot, &vm, &snapshot.find(above).unwrap().moref), "{above}");
        }
        for beside in ["host-11", "vm-22", "vm-20", "datastore-12", "resgroup-v30"] {
            assert!(!is_below(&snapshot, &vm, &snapshot.find(beside).unwrap().moref), "{beside}");
        }
    }
}
