//! Where a disk's data is: file names, datastores, space.

use vim25::{
    DataType, EnumValue, Obj, Str,
    types::{
        FileTooLarge, VirtualDevice, VirtualDiskFlatVer2BackingInfo, VirtualDiskMode, VirtualDiskModeNotSupported,
        VirtualDiskSharing,
    },
};

use super::{
    bench::{Bench, FileChange, FileEffect},
    disk::flat,
};
use crate::vm::{
    Fault, identity,
    path::{self, DatastorePath},
    surroundings::DatastoreFacts,
};

/// The id of a disk's present content: 32 hexadecimal digits.
pub fn content_id(seed: u64, vm: &str, file: &str) -> Str {
    identity::uuid(seed, vm, &format!("content {file}")).replace('-', "").into()
}

/// The backing of a disk whose file is made now.
pub(crate) fn new_file(
    bench: &mut Bench<'_>,
    index: usize,
    device: &Obj<VirtualDevice>,
    bytes: i64,
    replace: bool,
) -> Result<VirtualDiskFlatVer2BackingInfo, Fault> {
    let mut backing = given(index, device)?.cloned().unwrap_or_default();
    let (datastore, named) = place(bench, index, &backing)?;
    let file = match named {
        Some(file) => file,
        None => free_name(bench, &datastore),
    };
    let path = DatastorePath::parse(&file).ok_or_else(|| Fault::datastore_path(&file))?;
    let there = is_taken(bench, &datastore, &file);
    match there {
        Some(_) if !replace => return Err(Fault::file_exists(&file)),
        None if replace => return Err(Fault::file_not_found(&file)),
        _ => {}
    }
    backing.file_name = file.clone();
    backing.datastore = Some(datastore.datastore.clone());
    complete(bench, index, &mut backing)?;
    check_space(bench, &backing, bytes, bytes)?;
    let effect = |change| FileEffect { change, datastore: datastore.datastore.clone(), path: path.path.into() };
    if replace {
        bench.files.push(effect(FileChange::Delete));
    }
    bench.files.push(effect(FileChange::Create(bytes)));
    Ok(backing)
}

/// The backing of a disk whose file is there, and the file's capacity.
pub(crate) fn existing(
    bench: &Bench<'_>,
    index: usize,
    device: &Obj<VirtualDevice>,
) -> Result<(VirtualDiskFlatVer2BackingInfo, i64), Fault> {
    let mut backing = given(index, device)?.cloned();
    let backing = backing.as_mut().ok_or_else(|| Fault::device_spec(index, "backing", "a disk needs a backing"))?;
    let (datastore, named) = place(bench, index, backing)?;
    let Some(file) = named else {
        return Err(Fault::device_spec(index, "backing.fileName", "name the file of the disk, or ask to create one"));
    };
    if uses_file(bench, &file) {
        return Err(Fault::device_backing(index, "backing.fileName", format!("{file} is in use by this machine")));
    }
    let path = DatastorePath::parse(&file).ok_or_else(|| Fault::datastore_path(&file))?;
    let capacity = bench.scene.context.surroundings.disk_capacity(&datastore.datastore, path.path);
    let capacity = capacity.ok_or_else(|| Fault::file_not_found(&file))?;
    backing.file_name = file;
    backing.datastore = Some(datastore.datastore);
    complete(bench, index, backing)?;
    Ok((backing.clone(), capacity))
}

/// The backing after an edit: the file stays, its mode may change while the VM is off.
pub(crate) fn edited(
    bench: &Bench<'_>,
    index: usize,
    old: &Obj<VirtualDevice>,
    new: &Obj<VirtualDevice>,
) -> Result<VirtualDiskFlatVer2BackingInfo, Fault> {
    let before = given(index, old)?.cloned().unwrap_or_default();
    let Some(after) = given(index, new)? else { return Ok(before) };
    if !after.file_name.is_empty() && after.file_name != before.file_name && !is_prefix(after, &before) {
        let why = format!("the disk is in {}: remove it and add the other one", before.file_name);
        return Err(Fault::device_spec(index, "backing.fileName", why));
    }
    let mut merged = before.clone();
    if !after.disk_mode.is_empty() && after.disk_mode != before.disk_mode {
        if bench.scene.on {
            return Err(Fault::device_spec(index, "backing.diskMode", "power the virtual machine off to change it"));
        }
        merged.disk_mode = after.disk_mode.clone();
    }
    merged.write_through = after.write_through.or(before.write_through);
    merged.common.sharing = after.common.sharing.clone().or(before.common.sharing.clone());
    complete(bench, index, &mut merged)?;
    Ok(merged)
}

/// Whether an edit names only the datastore: the file stays where it is.
fn is_prefix(after: &VirtualDiskFlatVer2BackingInfo, before: &VirtualDiskFlatVer2BackingInfo) -> bool {
    DatastorePath::parse(&after.file_name).is_some_and(|p| p.path.is_empty())
        && DatastorePath::parse(&before.file_name).map(|p| p.datastore)
            == DatastorePath::parse(&after.file_name).map(|p| p.datastore)
}

/// The backing in a spec; kinds other than flat files need storage that no simulated host has.
fn given(index: usize, device: &Obj<VirtualDevice>) -> Result<Option<&VirtualDiskFlatVer2BackingInfo>, Fault> {
    match (&device.backing, flat(device)) {
        (Some(other), None) => {
            let name = other.shared().descriptor().name;
            let why = format!("'{name}' is not available here; use VirtualDiskFlatVer2BackingInfo");
            Err(Fault::device_backing(index, "backing", why))
        }
        (_, flat) => Ok(flat),
    }
}

/// The datastore and, if the backing names one, the file.
fn place(
    bench: &Bench<'_>,
    index: usize,
    backing: &VirtualDiskFlatVer2BackingInfo,
) -> Result<(DatastoreFacts, Option<Str>), Fault> {
    let surroundings = bench.scene.context.surroundings;
    let name = backing.file_name.trim();
    let facts = if name.is_empty() {
        match &backing.datastore {
            Some(datastore) => surroundings.datastore(datastore).ok_or_else(|| Fault::datastore(&datastore.id))?,
            None => {
                let home = bench.scene.home.datastore;
                surroundings.datastore_named(home).ok_or_else(|| Fault::datastore(home))?
            }
        }
    } else {
        let path = DatastorePath::parse(name).ok_or_else(|| Fault::datastore_path(name))?;
        surroundings.datastore_named(path.datastore).ok_or_else(|| Fault::datastore(path.datastore))?
    };
    if !facts.accessible {
        return Err(Fault::device_backing(index, "backing.datastore", format!("'{}' is not accessible", facts.name)));
    }
    let file = DatastorePath::parse(name).map(|p| p.path).filter(|p| !p.is_empty());
    match file {
        Some(path) if !path.ends_with(".vmdk") => Err(Fault::datastore_path(name)),
        Some(path) => Ok((facts.clone(), Some(path::join(&facts.name, "", path)))),
        None => Ok((facts, None)),
    }
}

/// `vm.vmdk`, `vm_1.vmdk`, …: the first that is free.
fn free_name(bench: &Bench<'_>, datastore: &DatastoreFacts) -> Str {
    let (folder, stem) = (bench.scene.home.folder(), bench.scene.home.stem());
    let first = format!("{stem}.vmdk");
    let names = std::iter::once(first).chain((1..).map(|n| format!("{stem}_{n}.vmdk")));
    let mut paths = names.map(|name| path::join(&datastore.name, folder, &name));
    paths.find(|p| is_taken(bench, datastore, p).is_none()).unwrap_or_default()
}

/// Something in the way of a new file, with its bytes.
fn is_taken(bench: &Bench<'_>, datastore: &DatastoreFacts, file: &str) -> Option<i64> {
    if uses_file(bench, file) {
        return Some(0);
    }
    let path = DatastorePath::parse(file)?.path;
    let change = bench.files.iter().rev().find(|f| f.datastore == datastore.datastore && f.path == path);
    match change.map(|f| f.change) {
        Some(FileChange::Delete) => None,
        Some(FileChange::Create(bytes) | FileChange::Leave(bytes)) => Some(bytes),
        None => bench.scene.context.surroundings.disk_capacity(&datastore.datastore, path),
    }
}

fn uses_file(bench: &Bench<'_>, file: &str) -> bool {
    bench.devices.iter().filter_map(flat).any(|b| b.file_name == file)
}

/// Checks the members that clients choose, and fills those that they left open.
fn complete(bench: &Bench<'_>, index: usize, backing: &mut VirtualDiskFlatVer2BackingInfo) -> Result<(), Fault> {
    check_mode(index, backing)?;
    if backing.thin_provisioned == Some(true) && backing.eagerly_scrub == Some(true) {
        let why = "a thin disk cannot be zeroed beforehand";
        return Err(Fault::device_spec(index, "backing.eagerlyScrub", why));
    }
    if let Some(sharing) = backing.common.sharing.as_deref()
        && !VirtualDiskSharing::TYPE.values.contains(&sharing)
    {
        return Err(Fault::device_spec(index, "backing.sharing", format!("'{sharing}' is no way of sharing")));
    }
    let (seed, vm) = (bench.scene.context.seed, &bench.scene.context.vm.id);
    backing.uuid = match backing.uuid.as_deref().filter(|u| !u.is_empty()) {
        None => Some(identity::disk_uuid(seed, vm, &backing.file_name)),
        Some(text) => match identity::parse_uuid(text) {
            Some(_) => Some(text.into()),
            None => return Err(Fault::device_spec(index, "backing.uuid", format!("'{text}' is no UUID"))),
        },
    };
    let file = backing.file_name.clone();
    backing.content_id.get_or_insert_with(|| content_id(seed, vm, &file));
    backing.backing_object_id.get_or_insert_default();
    backing.split.get_or_insert(false);
    backing.write_through.get_or_insert(false);
    backing.thin_provisioned.get_or_insert(false);
    backing.eagerly_scrub.get_or_insert(false);
    backing.common.digest_enabled.get_or_insert(false);
    backing.common.sharing.get_or_insert_with(|| "sharingNone".into());
    Ok(())
}

fn check_mode(index: usize, backing: &mut VirtualDiskFlatVer2BackingInfo) -> Result<(), Fault> {
    if backing.disk_mode.is_empty() {
        backing.disk_mode = "persistent".into();
    }
    let mode = backing.disk_mode.as_str();
    if !VirtualDiskMode::TYPE.values.contains(&mode) {
        return Err(Fault::device_spec(index, "backing.diskMode", format!("'{mode}' is no disk mode")));
    }
    if matches!(mode, "undoable" | "append") {
        let fault = VirtualDiskModeNotSupported::with(|f| {
            f.device = format!("deviceChange[{index}]").into();
            f.mode = mode.into();
        });
        return Err(Fault::new(fault, format!("The disk mode '{mode}' is not supported on ESXi.")));
    }
    Ok(())
}

/// A fault if the datastore has too little room for `more` bytes of a disk that then has `total`.
pub(crate) fn check_space(
    bench: &mut Bench<'_>,
    backing: &VirtualDiskFlatVer2BackingInfo,
    more: i64,
    total: i64,
) -> Result<(), Fault> {
    let name = DatastorePath::parse(&backing.file_name).map_or("", |p| p.datastore);
    let Some(facts) = bench.scene.context.surroundings.datastore_named(name) else { return Ok(()) };
    let thin = backing.thin_provisioned == Some(true);
    let taken = bench.taken.entry(facts.datastore.clone()).or_default();
    let too_large = total > facts.max_file;
    // A thin disk takes space as it fills, up to what a file can have at all.
    if (!thin || too_large) && more > facts.free.saturating_sub(*taken) {
        return Err(Fault::no_disk_space(&backing.file_name, &facts.name));
    }
    if too_large {
        let fault = FileTooLarge::with(|f| {
            f.file = backing.file_name.clone();
            f.datastore = facts.name.clone();
            f.file_size = total;
            f.max_file_size = Some(facts.max_file);
        });
        let message = format!("File {} is larger than the maximum of datastore '{}'.", backing.file_name, facts.name);
        return Err(Fault::new(fault, message));
    }
    if !thin {
        *taken = taken.saturating_add(more);
    }
    Ok(())
}
