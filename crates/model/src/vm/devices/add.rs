//! Adding a device.

use vim25::{
    Obj,
    types::{
        VirtualController, VirtualDevice, VirtualDeviceConfigSpec, VirtualDeviceConfigSpecOperation,
        VirtualDeviceConnectInfo,
    },
};

use super::{
    attach, bench::Bench, check_hot_plug, class::Class, controllers, disk, labels, nic, overlay, ports, removable, vmci,
};
use crate::vm::{Fault, power, version};

/// Adds the device of a spec.
pub(crate) fn add(bench: &mut Bench<'_>, index: usize, spec: &VirtualDeviceConfigSpec) -> Result<(), Fault> {
    let class = class_of(index, &spec.device)?;
    if class.is_fixed() {
        return adopt(bench, index, class, &spec.device);
    }
    check_file_operation(index, class, spec)?;
    check_version(bench, index, class, &spec.device)?;
    check_hot_plug(&bench.scene, index, class, false)?;
    bench.check_limit(index, class)?;

    let mut device = spec.device.clone();
    device.slot_info = None;
    device.device_info = None;
    if class.is_controller() {
        controllers::prepare(bench, index, class, &mut device)?;
    }
    attach::attach(bench, index, class, &mut device)?;
    check_hot_plug(&bench.scene, index, class, is_on_ide(bench, &device))?;
    device.key = attach::key_of(bench, class, &device);
    match class {
        Class::Disk => disk::create(bench, index, spec, &mut device)?,
        Class::Nic => nic::create(bench, index, &mut device)?,
        Class::Cdrom | Class::Floppy => removable::prepare(bench, index, class, &mut device)?,
        Class::Serial | Class::Parallel | Class::Sound | Class::UsbDevice => {
            ports::prepare(bench, index, class, &mut device)?;
        }
        _ => {}
    }
    device.device_info = Some(labels::describe(bench, class, &device, None));
    if class.is_controller() {
        bench.renamed.insert(spec.device.key, device.key);
    }
    bench.insert(device);
    if bench.scene.on {
        power::assign_slots(&mut bench.devices);
    }
    Ok(())
}

/// The class of a device in a spec.
pub(crate) fn class_of(index: usize, device: &Obj<VirtualDevice>) -> Result<Class, Fault> {
    Class::of(device).ok_or_else(|| {
        let name = device.shared().descriptor().name;
        Fault::device_spec(index, "", format!("a virtual machine cannot have a '{name}'; name a concrete type"))
    })
}

/// A device that every VM has: in a spec for a new VM it stands for the one that is there already.
fn adopt(bench: &mut Bench<'_>, index: usize, class: Class, device: &Obj<VirtualDevice>) -> Result<(), Fault> {
    let since = class.since();
    if bench.scene.version < since {
        return Err(Fault::device_version(index, &version::key(bench.scene.version), &version::key(since)));
    }
    if !bench.scene.creating {
        let what = format!("every virtual machine has its {} already", class.name());
        return Err(Fault::too_many_devices(index, what));
    }
    let bus = |d: &Obj<VirtualDevice>| d.cast::<VirtualController>().map_or(0, |c| c.bus_number);
    let wanted = bus(device);
    let own = bench.of_class(class).find(|d| bus(d) == wanted).map(|d| d.key);
    let Some(at) = own.and_then(|key| bench.position(key)) else {
        return Err(Fault::too_many_devices(index, format!("there is no room for another {}", class.name())));
    };
    if class == Class::Vmci {
        vmci::check_place(index, true, &bench.renamed, device)?;
        if std::mem::replace(&mut bench.vmci_named, true) {
            return Err(Fault::too_many_devices(index, "every virtual machine has one VMCI device"));
        }
    }
    let there = bench.devices[at].clone();
    if class.is_controller() {
        bench.renamed.insert(device.key, there.key);
    }
    let merged = match class {
        Class::Vmci => vmci::edit(&bench.scene, index, &there, device)?,
        Class::Video => overlay::overlay(&there, device),
        _ => there,
    };
    bench.devices[at] = merged;
    Ok(())
}

fn check_file_operation(index: usize, class: Class, spec: &VirtualDeviceConfigSpec) -> Result<(), Fault> {
    match &spec.file_operation {
        Some(operation) if class != Class::Disk => {
            let why = format!("a {} has no file of its own", class.name());
            Err(Fault::device_operation(index, VirtualDeviceConfigSpecOperation::Add, Some(operation.clone()), why))
        }
        _ => Ok(()),
    }
}

fn check_version(bench: &Bench<'_>, index: usize, class: Class, device: &Obj<VirtualDevice>) -> Result<(), Fault> {
    let needed = class.since().max(controllers::since(device)).max(nic::since(device));
    if bench.scene.version < needed {
        let (has, needs) = (version::key(bench.scene.version), version::key(needed));
        return Err(Fault::device_version(index, &has, &needs));
    }
    Ok(())
}

/// Whether a device is attached to an IDE controller, where nothing comes or goes while the VM runs.
pub(crate) fn is_on_ide(bench: &Bench<'_>, device: &VirtualDevice) -> bool {
    let controller = device.controller_key.and_then(|key| bench.find(key));
    controller.and_then(Class::of) == Some(Class::Ide)
}

/// How a new device is connected where the spec does not say.
pub(crate) fn connectable(given: Option<&VirtualDeviceConnectInfo>, start: bool, on: bool) -> VirtualDeviceConnectInfo {
    let mut info = given.cloned().unwrap_or(VirtualDeviceConnectInfo {
        start_connected: start,
        allow_guest_control: true,
        connected: start,
        ..Default::default()
    });
    info.connected = on && (info.connected || (given.is_none() && start));
    info.status = Some(if info.connected { "ok" } else { "untried" }.into());
    info.migrate_connect.get_or_insert_with(|| "unset".into());
    info
}
