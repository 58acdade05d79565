//! `layout`: the older form of what `layoutEx` says.

use vim25::{
    Obj, Str,
    types::{
        VirtualDisk, VirtualDiskFlatVer2BackingInfo, VirtualMachineConfigInfo, VirtualMachineFileLayout,
        VirtualMachineFileLayoutDiskLayout, VirtualMachineFileLayoutEx, VirtualMachineFileLayoutExFileInfo,
        VirtualMachineFileLayoutExSnapshotLayout, VirtualMachineFileLayoutSnapshotLayout,
    },
};

use super::{
    files::exact,
    transient::{LOG, SWAP},
};
use crate::vm::path::DatastorePath;

/// The names of the files that `layoutEx` lists.
pub fn layout(config: &VirtualMachineConfigInfo, files: &VirtualMachineFileLayoutEx) -> VirtualMachineFileLayout {
    let all = files.file.as_deref().unwrap_or_default();
    let disks = config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>());
    VirtualMachineFileLayout {
        config_file: Some([of_kind(all, "nvram"), of_kind(all, "snapshotList")].concat()),
        log_file: Some(of_kind(all, LOG)),
        disk: Some(exact(disks.map(|d| disk_files(d).into()))),
        snapshot: files.snapshot.as_ref().map(|all| all.iter().map(|s| old_snapshot_layout(s, files).into()).collect()),
        swap_file: swap_file(all),
    }
}

/// [`layout`] where only the files of a state are others.
pub(super) fn layout_in_state(
    known: &VirtualMachineFileLayout,
    files: &[Obj<VirtualMachineFileLayoutExFileInfo>],
) -> VirtualMachineFileLayout {
    VirtualMachineFileLayout {
        config_file: known.config_file.clone(),
        log_file: Some(of_kind(files, LOG)),
        disk: known.disk.clone(),
        snapshot: known.snapshot.clone(),
        swap_file: swap_file(files),
    }
}

/// The names of all files of a kind.
fn of_kind(files: &[Obj<VirtualMachineFileLayoutExFileInfo>], kind: &str) -> Vec<Str> {
    exact(files.iter().filter(|file| file.type_ == kind).map(|file| short(&file.name)))
}

fn swap_file(files: &[Obj<VirtualMachineFileLayoutExFileInfo>]) -> Option<Str> {
    files.iter().find(|file| file.type_ == SWAP).map(|file| file.name.clone())
}

fn old_snapshot_layout(
    snapshot: &VirtualMachineFileLayoutExSnapshotLayout,
    files: &VirtualMachineFileLayoutEx,
) -> VirtualMachineFileLayoutSnapshotLayout {
    let named = files.file.iter().flatten().filter(|f| f.key == snapshot.data_key || f.key == snapshot.memory_key);
    let snapshot_file = named.map(|f| short(&f.name)).collect();
    VirtualMachineFileLayoutSnapshotLayout { key: snapshot.key.clone(), snapshot_file }
}

fn disk_files(disk: &VirtualDisk) -> VirtualMachineFileLayoutDiskLayout {
    let mut names = Vec::new();
    let mut at = disk.backing.as_ref().and_then(|b| b.cast::<VirtualDiskFlatVer2BackingInfo>());
    while let Some(backing) = at {
        names.push(backing.file_name.clone());
        at = backing.parent.as_deref();
    }
    names.reverse();
    names.shrink_to_fit();
    VirtualMachineFileLayoutDiskLayout { key: disk.key, disk_file: names }
}

fn short(name: &str) -> Str {
    DatastorePath::parse(name).map_or_else(|| name.into(), |p| p.file().into())
}
