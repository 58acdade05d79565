//! Machines whose files are there and that the inventory does not know: what `UnregisterVM` leaves and
//! `RegisterVM_Task` takes up again.

use std::{collections::BTreeMap, sync::Arc};

use inventory::{Snapshot, Tx};
use model::{
    derive,
    vm::{
        path::DatastorePath,
        snapshot::{self, Count, Leftover, Taken, chain_of},
    },
};
use vim25::{
    MoRef, Obj, Str, mo,
    types::{VirtualDisk, VirtualMachineConfigInfo, VirtualMachineFileLayoutEx, VirtualMachineSnapshotInfo},
};

/// The machines whose vmx files lie on a datastore, by path: private state of the datastore.
#[derive(Clone, Default)]
struct Shelf(BTreeMap<Str, Arc<Shelved>>);

/// What the files of one machine hold.
#[derive(Clone)]
pub struct Shelved {
    /// Its configuration.
    pub config: Obj<VirtualMachineConfigInfo>,
    /// What is known of its files.
    pub layout: Option<Obj<VirtualMachineFileLayoutEx>>,
    /// Its snapshots as a tree, and each of them.
    pub snapshots: Option<(Obj<VirtualMachineSnapshotInfo>, Vec<Kept>)>,
    /// How many snapshots it has had.
    pub count: Count,
    /// Files that wait to be merged.
    pub leftover: Leftover,
    /// Bytes that its files take, by datastore.
    used: Vec<(MoRef, i64)>,
}

/// One snapshot.
#[derive(Clone)]
pub struct Kept {
    /// The reference that it had.
    pub snapshot: MoRef,
    /// Its configuration.
    pub config: Obj<VirtualMachineConfigInfo>,
    /// What else it keeps.
    pub taken: Taken,
}

/// Remembers what the files of a machine hold, before it leaves the inventory.
pub fn put(tx: &mut Tx<'_>, vm: &MoRef) {
    let used = derive::leave_files(tx, vm);
    let Some((store, path, shelved)) = shelved(tx, vm, used) else { return };
    let mut shelf = tx.private::<Shelf>(&store.id).cloned().unwrap_or_default();
    shelf.0.insert(path, Arc::new(shelved));
    tx.set_private(&store.id, shelf);
}

fn shelved(tx: &Tx<'_>, vm: &MoRef, used: Vec<(MoRef, i64)>) -> Option<(MoRef, Str, Shelved)> {
    let machine = tx.get::<mo::VirtualMachine>(vm)?;
    let config = machine.config.clone()?;
    let vmx = config.files.vm_path_name.as_deref().and_then(DatastorePath::parse)?;
    let is_home = |d: &&MoRef| tx.get::<mo::Datastore>(d).is_some_and(|d| d.name == vmx.datastore);
    let store = machine.datastore.iter().flatten().find(is_home)?.clone();
    let kept = |info: &Obj<VirtualMachineSnapshotInfo>| {
        let each = snapshot::nodes(info).into_iter().filter_map(|node| {
            let config = tx.get::<mo::VirtualMachineSnapshot>(&node.snapshot)?.config.clone();
            let taken = tx.private::<Taken>(&node.snapshot.id).cloned().unwrap_or_default();
            Some(Kept { snapshot: node.snapshot.clone(), config, taken })
        });
        (info.clone(), each.collect())
    };
    let shelved = Shelved {
        layout: machine.layout_ex.clone(),
        snapshots: machine.snapshot.as_ref().map(kept),
        count: tx.private(&vm.id).copied().unwrap_or_default(),
        leftover: tx.private(&vm.id).cloned().unwrap_or_default(),
        config: config.clone(),
        used,
    };
    Some((store, vmx.path.into(), shelved))
}

/// What the files at a path hold.
pub fn find(tx: &Tx<'_>, datastore: &MoRef, path: &str) -> Option<Arc<Shelved>> {
    tx.private::<Shelf>(&datastore.id)?.0.get(path).cloned()
}

/// Forgets the files at a path: a machine of the inventory has them again.
pub fn take(tx: &mut Tx<'_>, datastore: &MoRef, path: &str) {
    let Some(mut shelf) = tx.private::<Shelf>(&datastore.id).cloned() else { return };
    if let Some(shelved) = shelf.0.remove(path) {
        derive::take_up_files(tx, &shelved.used);
        tx.set_private(&datastore.id, shelf);
    }
}

/// Whether a vmx file that no machine of the inventory has lies at this path.
pub fn has_vmx(world: &Snapshot, datastore: &MoRef, path: &str) -> bool {
    world.private::<Shelf>(&datastore.id).is_some_and(|shelf| shelf.0.contains_key(path))
}

/// Capacity in bytes of a disk of such a machine; `file` is its whole path.
pub fn disk_capacity(world: &Snapshot, datastore: &MoRef, file: &str) -> Option<i64> {
    let shelf = world.private::<Shelf>(&datastore.id)?;
    let devices = shelf.0.values().flat_map(|s| s.config.hardware.device.iter().flatten());
    let mut disks = devices.filter_map(|d| d.cast::<VirtualDisk>());
    let disk = disks.find(|disk| chain_of(disk).first().is_some_and(|top| top.file_name == file))?;
    disk.capacity_in_bytes.or(Some(disk.capacity_in_kb.saturating_mul(1024)))
}
