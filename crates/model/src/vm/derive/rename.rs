//! A datastore's new name in the paths of a VM.

use vim25::{
    Obj, Str,
    mo::VirtualMachine,
    types::{
        VirtualDevice, VirtualDeviceFileBackingInfo, VirtualDisk, VirtualDiskFlatVer2BackingInfo,
        VirtualMachineFileInfo,
    },
};

/// Rewrites every path on the datastore `old` to one on `new`.
pub(super) fn rename_datastore(vm: &mut VirtualMachine, old: &str, new: &str) {
    let moved = |path: &str| path.strip_prefix(&format!("[{old}]")).map(|rest| Str::from(format!("[{new}]{rest}")));
    if let Some(config) = &mut vm.config {
        let mut files = (*config.files).clone();
        for path in folders(&mut files) {
            if let Some(renamed) = path.as_deref().and_then(moved) {
                *path = Some(renamed);
            }
        }
        if files != *config.files {
            config.files = files.into();
        }
        let listed = config.hardware.device.as_deref().unwrap_or_default();
        let devices: Vec<Obj<VirtualDevice>> = listed.iter().map(|d| device(d, &moved)).collect();
        if devices != listed {
            config.hardware.device = Some(devices);
        }
    }
    let Some(layout) = vm.layout_ex.as_ref().filter(|l| l.file.iter().flatten().any(|f| moved(&f.name).is_some()))
    else {
        return;
    };
    let mut layout = layout.clone();
    for file in layout.file.iter_mut().flatten() {
        if let Some(renamed) = moved(&file.name) {
            file.name = renamed;
        }
    }
    vm.layout_ex = Some(layout);
}

fn folders(files: &mut VirtualMachineFileInfo) -> [&mut Option<Str>; 5] {
    [
        &mut files.vm_path_name,
        &mut files.snapshot_directory,
        &mut files.suspend_directory,
        &mut files.log_directory,
        &mut files.ft_metadata_directory,
    ]
}

fn device(device: &Obj<VirtualDevice>, moved: &impl Fn(&str) -> Option<Str>) -> Obj<VirtualDevice> {
    let file = device.backing.as_ref().and_then(|b| b.cast::<VirtualDeviceFileBackingInfo>());
    let Some(renamed) = file.and_then(|f| moved(&f.file_name)) else { return device.clone() };
    let mut device = device.clone();
    let is_disk = device.is::<VirtualDisk>();
    let Some(backing) = &mut device.backing else { return device };
    if let Some(file) = backing.cast_mut::<VirtualDeviceFileBackingInfo>() {
        file.file_name = renamed;
    }
    if is_disk && let Some(flat) = backing.cast_mut::<VirtualDiskFlatVer2BackingInfo>() {
        parents(flat, moved);
    }
    device
}

fn parents(disk: &mut VirtualDiskFlatVer2BackingInfo, moved: &impl Fn(&str) -> Option<Str>) {
    if let Some(parent) = &mut disk.parent {
        if let Some(renamed) = moved(&parent.file_name) {
            parent.file_name = renamed;
        }
        parents(parent, moved);
    }
}
