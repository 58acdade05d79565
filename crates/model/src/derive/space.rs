//! Space on datastores and in storage pods.

use std::collections::BTreeSet;

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj,
    mo::{Datastore, StoragePod, VirtualMachine},
    types::*,
};

use super::totals::SpaceTotal;

/// Bytes of files that belong to no machine of the inventory any more: private state of a datastore.
#[derive(Clone, Copy, Default)]
struct LeftBehind(i64);

/// Keeps what a machine uses on its datastores taken: to be called before it leaves the inventory without its files.
/// Returns how many bytes that are.
pub fn leave_files(tx: &mut Tx<'_>, vm: &MoRef) -> Vec<(MoRef, i64)> {
    let storage = tx.get::<VirtualMachine>(vm).and_then(|vm| vm.storage.clone());
    let usage = storage.iter().flat_map(|s| s.per_datastore_usage.iter().flatten());
    let left: Vec<(MoRef, i64)> = usage.map(|usage| (usage.datastore.clone(), usage.unshared)).collect();
    add_left(tx, left.iter().cloned());
    left
}

/// Frees what [`leave_files`] kept taken: to be called when a machine of the inventory has the files again.
pub fn take_up_files(tx: &mut Tx<'_>, left: &[(MoRef, i64)]) {
    add_left(tx, left.iter().map(|(datastore, bytes)| (datastore.clone(), -bytes)));
}

fn add_left(tx: &mut Tx<'_>, bytes: impl Iterator<Item = (MoRef, i64)>) {
    for (datastore, more) in bytes {
        let before = tx.private::<LeftBehind>(&datastore.id).copied().unwrap_or_default();
        tx.set_private(&datastore.id, LeftBehind(before.0 + more));
    }
}

/// The rule.
pub(super) struct DatastoreSpace;

impl Derive for DatastoreSpace {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["Datastore", "StoragePod"])
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let mut pods = BTreeSet::new();
        for moref in touched {
            match moref.kind.as_str() {
                "Datastore" => {
                    let moved = tx.changed(moref).is_none_or(|changed| changed.contains(&"parent"));
                    let before = tx.was::<Datastore>(moref).filter(|_| moved);
                    let parents =
                        tx.get::<Datastore>(moref).into_iter().chain(before).filter_map(|d| d.parent.as_ref());
                    pods.extend(parents.filter(|p| p.kind == "StoragePod").cloned());
                    datastore(tx, moref);
                }
                "StoragePod" => {
                    pods.insert(moref.clone());
                }
                _ => {}
            }
        }
        for moref in &pods {
            pod(tx, moref);
        }
    }
}

/// What is free is what virtual machines have not used and no file left behind takes; never less than nothing.
fn datastore(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(datastore) = tx.get::<Datastore>(moref) else { return };
    let used = tx.private::<SpaceTotal>(&moref.id).copied().unwrap_or_default();
    let left = tx.private::<LeftBehind>(&moref.id).copied().unwrap_or_default();
    let (known, name) = (&datastore.summary, &datastore.name);
    let free = (known.capacity - used.committed - left.0).max(0);
    let uncommitted = Some(used.uncommitted);
    let same_summary = known.name == *name && known.free_space == free && known.uncommitted == uncommitted;
    let same_info = datastore.info.name == *name && datastore.info.free_space == free;
    let same_volume = volume(&datastore.info).is_none_or(|volume| volume.name == *name);
    if same_summary && same_info && same_volume {
        return;
    }
    let name = name.clone();
    let Some(datastore) = tx.edit::<Datastore>(moref) else { return };
    if !same_summary {
        let summary = &mut *datastore.summary;
        summary.name = name.clone();
        summary.free_space = free;
        summary.uncommitted = uncommitted;
    }
    if !same_info {
        let info = &mut *datastore.info;
        info.name = name.clone();
        info.free_space = free;
    }
    if !same_volume && let Some(info) = datastore.info.cast_mut::<VmfsDatastoreInfo>() {
        info.vmfs.iter_mut().for_each(|volume| volume.name = name.clone());
    }
}

fn volume(info: &Obj<DatastoreInfo>) -> Option<&HostVmfsVolume> {
    info.cast::<VmfsDatastoreInfo>()?.vmfs.as_deref()
}

/// A pod has what its datastores have.
fn pod(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(pod) = tx.get::<StoragePod>(moref) else { return };
    let members = pod.child_entity.iter().flatten().filter_map(|d| tx.get::<Datastore>(d));
    let mut summary = StoragePodSummary { name: pod.name.clone(), ..Default::default() };
    for member in members {
        summary.capacity += member.summary.capacity;
        summary.free_space += member.summary.free_space;
    }
    let summary = Some(summary.into());
    if pod.summary != summary
        && let Some(pod) = tx.edit::<StoragePod>(moref)
    {
        pod.summary = summary;
    }
}
