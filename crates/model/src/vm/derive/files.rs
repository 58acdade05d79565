//! `layoutEx`: the files of a VM.

use vim25::{
    DateTime, Obj, Str,
    types::{
        VirtualDisk, VirtualDiskFlatVer2BackingInfo, VirtualMachineConfigInfo, VirtualMachineFileLayoutEx,
        VirtualMachineFileLayoutExDiskLayout, VirtualMachineFileLayoutExDiskUnit, VirtualMachineFileLayoutExFileInfo,
        VirtualMachineFileLayoutExFileInfoCommon, VirtualMachineFileLayoutExSnapshotLayout, VirtualMachinePowerState,
        VirtualMachineRuntimeInfo,
    },
};

use super::transient::{Transient, transient};
use crate::{
    kit::Recent,
    vm::{
        path::DatastorePath,
        snapshot::{SnapshotFacts, chain_of},
    },
};

thread_local! {
    static KINDS: Recent<VirtualMachineFileLayoutExFileInfoCommon> = const { Recent::new() };
}

/// What follows the stem of a disk in the name of the file with its data.
pub const FLAT_SUFFIX: &str = "-flat.vmdk";
/// The same for a disk that lies above another one.
pub const DELTA_SUFFIX: &str = "-delta.vmdk";

const VMX_BYTES: i64 = 3_072;
const NVRAM_BIOS_BYTES: i64 = 8_684;
const NVRAM_EFI_BYTES: i64 = 270_840;
const VMSD_BYTES: i64 = 512;
const VMSN_BYTES: i64 = 28_672;
/// The key of a file that there is not.
const NO_FILE: i32 = -1;
const DESCRIPTOR_BYTES: i64 = 512;

/// Every file of the VM. Sizes that other functions do not determine (how much a thin disk has grown) and the keys of
/// files come from `before`.
pub fn layout_ex(
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
    before: Option<&VirtualMachineFileLayoutEx>,
    snapshots: &[SnapshotFacts],
) -> VirtualMachineFileLayoutEx {
    let vmx = config.files.vm_path_name.as_deref().and_then(DatastorePath::parse);
    let mut files = Files::new(before);
    if let Some(vmx) = &vmx {
        home_files(&mut files, vmx, config, runtime, !snapshots.is_empty());
    }
    let disk = disk_layouts(&mut files, config);
    let kept = snapshots.iter().filter_map(|s| Some(snapshot_layout(&mut files, vmx.as_ref()?, s).into())).collect();
    if let Some(vmx) = &vmx {
        mark_shared(&mut files.all, config, vmx.folder());
    }
    files.all.shrink_to_fit();
    VirtualMachineFileLayoutEx {
        file: Some(files.all),
        disk: Some(disk),
        snapshot: Some(kept).filter(|kept: &Vec<_>| !kept.is_empty()),
        timestamp: timestamp(config, runtime, before),
    }
}

/// When files were last made or changed: when the VM was configured or started, and never before it was known to be.
pub(super) fn timestamp(
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
    before: Option<&VirtualMachineFileLayoutEx>,
) -> DateTime {
    let now = runtime.boot_time.map_or(config.modified, |boot| boot.max(config.modified));
    before.map_or(now, |b| b.timestamp.max(now))
}

/// The files in the VM's own folder, disks aside.
fn home_files(
    files: &mut Files<'_>,
    vmx: &DatastorePath<'_>,
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
    snapshots: bool,
) {
    let stem = vmx.stem();
    let efi = config.firmware.as_deref() == Some("efi");
    files.add(config.files.vm_path_name.clone().unwrap_or_default(), "config", VMX_BYTES);
    if snapshots {
        files.add(vmx.sibling(&format!("{stem}.vmsd")), "snapshotList", VMSD_BYTES);
    }
    files.add(vmx.sibling(&format!("{stem}.nvram")), "nvram", if efi { NVRAM_EFI_BYTES } else { NVRAM_BIOS_BYTES });
    for file in transient(config, runtime) {
        files.add(file.name(vmx, config), file.kind, file.size);
    }
}

/// Bytes of the swap file: memory that is not reserved.
pub(super) fn swap_bytes(config: &VirtualMachineConfigInfo) -> i64 {
    let reserved = config.memory_allocation.as_ref().and_then(|a| a.reservation).unwrap_or(0);
    (i64::from(config.hardware.memory_mb) - reserved).max(0) << 20
}

fn disk_layouts(
    files: &mut Files<'_>,
    config: &VirtualMachineConfigInfo,
) -> Vec<Obj<VirtualMachineFileLayoutExDiskLayout>> {
    let disks = config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>());
    exact(disks.map(|disk| disk_layout(files, disk).into()))
}

/// The files of one snapshot: its state, the memory if that was saved, and the disks of its configuration.
fn snapshot_layout(
    files: &mut Files<'_>,
    vmx: &DatastorePath<'_>,
    snapshot: &SnapshotFacts,
) -> VirtualMachineFileLayoutExSnapshotLayout {
    let name = |extension| vmx.sibling(&format!("{}-Snapshot{}.{extension}", vmx.stem(), snapshot.id));
    let data_key = files.add(name("vmsn"), "snapshotData", VMSN_BYTES);
    let memory = i64::from(snapshot.config.hardware.memory_mb) << 20;
    let saved = snapshot.state != VirtualMachinePowerState::PoweredOff;
    let memory_key = if saved { files.add(name("vmem"), "snapshotMemory", memory) } else { NO_FILE };
    let disk = Some(disk_layouts(files, &snapshot.config));
    VirtualMachineFileLayoutExSnapshotLayout { key: snapshot.snapshot.clone(), data_key, memory_key, disk }
}

fn disk_layout(files: &mut Files<'_>, disk: &VirtualDisk) -> VirtualMachineFileLayoutExDiskLayout {
    let mut chain = Vec::new();
    let mut at = disk.backing.as_ref().and_then(|b| b.cast::<VirtualDiskFlatVer2BackingInfo>());
    while let Some(backing) = at {
        chain.push(disk_unit(files, disk, backing).into());
        at = backing.parent.as_deref();
    }
    chain.reverse();
    chain.shrink_to_fit();
    VirtualMachineFileLayoutExDiskLayout { key: disk.key, chain: Some(chain), ..Default::default() }
}

fn disk_unit(
    files: &mut Files<'_>,
    disk: &VirtualDisk,
    backing: &VirtualDiskFlatVer2BackingInfo,
) -> VirtualMachineFileLayoutExDiskUnit {
    let descriptor = files.add(backing.file_name.clone(), "diskDescriptor", DESCRIPTOR_BYTES);
    let capacity = disk.capacity_in_bytes.unwrap_or(disk.capacity_in_kb.saturating_mul(1024));
    let delta = backing.parent.is_some();
    let suffix = if delta { DELTA_SUFFIX } else { FLAT_SUFFIX };
    let stem = backing.file_name.strip_suffix(".vmdk").unwrap_or(&backing.file_name);
    let grows = delta || backing.thin_provisioned == Some(true);
    let name = Str::from(format!("{stem}{suffix}"));
    let extent =
        if grows { files.add_growing(name, "diskExtent", capacity) } else { files.add(name, "diskExtent", capacity) };
    VirtualMachineFileLayoutExDiskUnit { file_key: vec![descriptor, extent] }
}

/// Files below the disks of a linked clone are another VM's, in whose folder they lie: they take no room of their own.
fn mark_shared(files: &mut [Obj<VirtualMachineFileLayoutExFileInfo>], config: &VirtualMachineConfigInfo, home: &str) {
    let disks = config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>());
    let below: Vec<&str> = disks.flat_map(|d| chain_of(d).into_iter().skip(1)).map(|b| b.file_name.as_str()).collect();
    let foreign = |descriptor: &str| {
        below.contains(&descriptor) && DatastorePath::parse(descriptor).is_some_and(|p| p.folder() != home)
    };
    let extent_of = |name: &str| {
        let stem = [FLAT_SUFFIX, DELTA_SUFFIX].iter().find_map(|suffix| name.strip_suffix(suffix));
        stem.is_some_and(|stem| foreign(&format!("{stem}.vmdk")))
    };
    if !below.iter().any(|descriptor| foreign(descriptor)) {
        return;
    }
    for file in files.iter_mut().filter(|f| foreign(&f.name) || extent_of(&f.name)) {
        if file.unique_size != Some(0) {
            file.unique_size = Some(0);
        }
    }
}

/// The list of files under way.
struct Files<'a> {
    before: &'a [Obj<VirtualMachineFileLayoutExFileInfo>],
    next_key: i32,
    all: Vec<Obj<VirtualMachineFileLayoutExFileInfo>>,
}

impl<'a> Files<'a> {
    fn new(before: Option<&'a VirtualMachineFileLayoutEx>) -> Files<'a> {
        let before = before.and_then(|b| b.file.as_deref()).unwrap_or_default();
        let next_key = before.iter().map(|f| f.key + 1).max().unwrap_or(0);
        Files { before, next_key, all: Vec::with_capacity(8) }
    }

    /// A file of known size. Returns its key.
    fn add(&mut self, name: Str, kind: &'static str, size: i64) -> i32 {
        if let Some(key) = self.listed(&name) {
            return key;
        }
        match self.before.iter().find(|f| f.name == name) {
            Some(known) if known.size == size => self.keep(known),
            known => self.put(known.map(|f| f.key), name, kind, size),
        }
    }

    /// A file that grows up to `limit`: as large as it was, empty at first. Returns its key.
    fn add_growing(&mut self, name: Str, kind: &'static str, limit: i64) -> i32 {
        if let Some(key) = self.listed(&name) {
            return key;
        }
        match self.before.iter().find(|f| f.name == name) {
            Some(known) if known.size <= limit => self.keep(known),
            known => self.put(known.map(|f| f.key), name, kind, known.map_or(0, |_| limit)),
        }
    }

    /// The key of a file that is in the list already: snapshots share files of disks.
    fn listed(&self, name: &str) -> Option<i32> {
        self.all.iter().find(|f| f.name == name).map(|f| f.key)
    }

    fn keep(&mut self, known: &Obj<VirtualMachineFileLayoutExFileInfo>) -> i32 {
        self.all.push(known.clone());
        known.key
    }

    fn put(&mut self, key: Option<i32>, name: Str, kind: &'static str, size: i64) -> i32 {
        let key = key.unwrap_or_else(|| {
            self.next_key += 1;
            self.next_key - 1
        });
        self.all.push(file_info(key, name, &Transient { kind, size }));
        key
    }
}

/// A file that is nobody else's.
pub(super) fn file_info(key: i32, name: Str, file: &Transient) -> Obj<VirtualMachineFileLayoutExFileInfo> {
    let Transient { kind, size } = *file;
    let mut common = VirtualMachineFileLayoutExFileInfoCommon {
        type_: Str::new_static(kind),
        backing_object_id: None,
        accessible: Some(true),
    }
    .into();
    KINDS.with(|recent| recent.share(&mut common));
    VirtualMachineFileLayoutExFileInfo { key, name, size, unique_size: Some(size), common }.into()
}

/// A list without room for more: it stays as it is for as long as its machine does.
pub(super) fn exact<T>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<Box<[T]>>().into_vec()
}
