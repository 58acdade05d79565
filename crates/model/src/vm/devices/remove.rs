//! Removing a device.

use vim25::{
    Obj,
    types::{
        VirtualDevice, VirtualDeviceConfigSpec, VirtualDeviceConfigSpecFileOperation, VirtualDeviceConfigSpecOperation,
        VirtualDisk, VirtualDiskFlatVer2BackingInfo,
    },
};

use super::{
    add,
    bench::{Bench, FileChange, FileEffect},
    check_hot_plug,
    class::Class,
};
use crate::vm::{Fault, path::DatastorePath};

/// Removes the device of a spec, found by its key.
pub(crate) fn remove(bench: &mut Bench<'_>, index: usize, spec: &VirtualDeviceConfigSpec) -> Result<(), Fault> {
    let key = spec.device.key;
    let at = bench.position(key).ok_or_else(|| Fault::device_not_found(index, key))?;
    let device = bench.devices[at].clone();
    let class = add::class_of(index, &device)?;
    let refuse = |why: String| {
        let file = spec.file_operation.clone();
        Err(Fault::device_operation(index, VirtualDeviceConfigSpecOperation::Remove, file, why))
    };
    if class.is_fixed() {
        return refuse(format!("the {} is part of every virtual machine and cannot be removed", class.name()));
    }
    match &spec.file_operation {
        None => {}
        Some(VirtualDeviceConfigSpecFileOperation::Destroy) if class == Class::Disk => {}
        Some(other) => return refuse(format!("'{}' does not go with a removal", word(other))),
    }
    check_hot_plug(&bench.scene, index, class, add::is_on_ide(bench, &device))?;
    if class == Class::Disk {
        let destroy = spec.file_operation.is_some();
        bench.files.extend(disk_effect(bench, &device, destroy));
    }
    bench.devices.remove(at);
    Ok(())
}

fn disk_effect(bench: &Bench<'_>, device: &Obj<VirtualDevice>, destroy: bool) -> Option<FileEffect> {
    let disk = device.cast::<VirtualDisk>()?;
    let backing = device.backing.as_ref()?.cast::<VirtualDiskFlatVer2BackingInfo>()?;
    let path = DatastorePath::parse(&backing.file_name)?;
    let datastore = backing.datastore.clone();
    let datastore =
        datastore.or_else(|| Some(bench.scene.context.surroundings.datastore_named(path.datastore)?.datastore))?;
    let change = if destroy { FileChange::Delete } else { FileChange::Leave(disk.capacity_in_kb.saturating_mul(1024)) };
    Some(FileEffect { change, datastore, path: path.path.into() })
}

/// A fault if a controller was removed and a device on it was not.
pub(crate) fn check_orphans(bench: &Bench<'_>, specs: &[Obj<VirtualDeviceConfigSpec>]) -> Result<(), Fault> {
    for device in &bench.devices {
        let Some(controller) = device.controller_key else { continue };
        if bench.find(controller).is_some() {
            continue;
        }
        let removal = |s: &Obj<VirtualDeviceConfigSpec>| {
            s.operation == Some(VirtualDeviceConfigSpecOperation::Remove) && s.device.key == controller
        };
        let index = specs.iter().position(removal).unwrap_or(0);
        let why = format!("device {} is attached to controller {controller}: remove it too", device.key);
        return Err(Fault::device_operation(index, VirtualDeviceConfigSpecOperation::Remove, None, why));
    }
    Ok(())
}

fn word(operation: &VirtualDeviceConfigSpecFileOperation) -> &str {
    vim25::EnumValue::as_str(operation)
}
