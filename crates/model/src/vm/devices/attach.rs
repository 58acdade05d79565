//! Where a device goes: its controller, its unit number and the key that follows from them.

use vim25::{
    Obj,
    types::{VirtualController, VirtualDevice},
};

use super::{bench::Bench, class::Class, keys};
use crate::vm::Fault;

/// Unit number of a SCSI controller on its own bus.
const SCSI_SELF: i32 = 7;

/// Gives a new device its controller and unit number.
pub(crate) fn attach(
    bench: &Bench<'_>,
    index: usize,
    class: Class,
    device: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    if class.controllers().is_empty() {
        device.controller_key = None;
        device.unit_number = None;
        return Ok(());
    }
    // -1 leaves the choice to the server.
    let wanted = device.unit_number.filter(|u| *u != -1);
    let controller = match device.controller_key.filter(|k| *k != 0 && !class.is_controller()) {
        Some(key) => named_controller(bench, index, class, key)?,
        None => free_controller(bench, index, class, wanted)?,
    };
    // A controller's own place follows from its bus number; adapters are the ones that clients may place.
    let wanted = wanted.filter(|_| Class::of(controller) != Some(Class::Pci) || class == Class::Nic);
    let unit = match wanted {
        Some(unit) => named_unit(bench, index, class, controller, unit, None)?,
        None => free_unit(bench, class, controller)
            .ok_or_else(|| Fault::controller(index, controller.key, "the controller has no free unit"))?,
    };
    device.controller_key = Some(controller.key);
    device.unit_number = Some(unit);
    Ok(())
}

/// The controller that the spec names, if it is of a kind that fits.
pub(crate) fn named_controller<'b>(
    bench: &'b Bench<'_>,
    index: usize,
    class: Class,
    key: i32,
) -> Result<&'b Obj<VirtualDevice>, Fault> {
    let found = bench.controller(key);
    let found = found.ok_or_else(|| Fault::controller(index, key, format!("there is no controller {key}")))?;
    match Class::of(found) {
        Some(kind) if class.controllers().contains(&kind) => Ok(found),
        _ => Err(Fault::controller(index, key, format!("a device of kind '{}' does not fit there", class.name()))),
    }
}

/// The first fitting controller with room.
fn free_controller<'b>(
    bench: &'b Bench<'_>,
    index: usize,
    class: Class,
    wanted: Option<i32>,
) -> Result<&'b Obj<VirtualDevice>, Fault> {
    let fitting = || class.controllers().iter().flat_map(|kind| bench.of_class(*kind));
    let has_room = |c: &&Obj<VirtualDevice>| match wanted {
        Some(unit) => bench.units(class, c).contains(&unit) && bench.is_free(class, c.key, unit, None),
        None => free_unit(bench, class, c).is_some(),
    };
    let preferred = class.controllers().first();
    let first_kind = fitting().find(|c| Class::of(c).as_ref() == preferred && has_room(c));
    let found = first_kind.or_else(|| fitting().find(has_room)).or_else(|| fitting().next());
    found.ok_or_else(|| {
        let needed = class.controllers().first().map_or("fitting controller", |c| c.name());
        Fault::missing_controller(index, format!("add a {needed} for the {}", class.name()))
    })
}

/// A unit that the spec names, if the controller has it and it is free (but for the device with key `but`).
pub(crate) fn named_unit(
    bench: &Bench<'_>,
    index: usize,
    class: Class,
    controller: &Obj<VirtualDevice>,
    unit: i32,
    but: Option<i32>,
) -> Result<i32, Fault> {
    if Class::of(controller) == Some(Class::Scsi) && unit == SCSI_SELF {
        return Err(Fault::device_spec(index, "unitNumber", "unit 7 is the SCSI controller itself"));
    }
    if !bench.units(class, controller).contains(&unit) {
        let why = format!("controller {} has no unit {unit} for it", controller.key);
        return Err(Fault::device_spec(index, "unitNumber", why));
    }
    if !bench.is_free(class, controller.key, unit, but) {
        let why = format!("unit {unit} of controller {} is in use", controller.key);
        return Err(Fault::device_spec(index, "unitNumber", why));
    }
    Ok(unit)
}

fn free_unit(bench: &Bench<'_>, class: Class, controller: &Obj<VirtualDevice>) -> Option<i32> {
    let mut units = bench.units(class, controller).into_iter();
    units.find(|unit| bench.is_free(class, controller.key, *unit, None))
}

/// The key of a device that is attached.
pub(crate) fn key_of(bench: &Bench<'_>, class: Class, device: &Obj<VirtualDevice>) -> i32 {
    let unit = device.unit_number.unwrap_or(0);
    let controller = device.controller_key.and_then(|key| bench.find(key));
    let bus = controller.and_then(|c| c.cast::<VirtualController>()).map_or(0, |c| c.bus_number);
    let own_bus = device.cast::<VirtualController>().map_or(0, |c| c.bus_number);
    match (class, controller.and_then(Class::of)) {
        (_, Some(Class::Scsi)) => keys::scsi_device(bus, unit),
        (_, Some(Class::Ide)) => keys::ide_device(bus, unit),
        (_, Some(Class::Sata)) => keys::sata_device(bus, unit),
        (_, Some(Class::Nvme)) => keys::nvme_device(bus, unit),
        (Class::Scsi, _) => keys::FIRST_SCSI + own_bus,
        (Class::Sata, _) => keys::FIRST_SATA + own_bus,
        (Class::Nvme, _) => keys::FIRST_NVME + own_bus,
        (class, _) => next_key(bench, first_key(class)),
    }
}

fn first_key(class: Class) -> i32 {
    match class {
        Class::Nic => keys::FIRST_NIC,
        Class::Sound => keys::SOUND,
        Class::Usb => keys::USB,
        Class::Floppy => keys::FLOPPY,
        Class::Serial => keys::SERIAL,
        Class::Parallel => keys::PARALLEL,
        Class::Tpm => keys::TPM,
        Class::Passthrough => keys::PASSTHROUGH,
        Class::Xhci => keys::XHCI,
        Class::UsbDevice => keys::USB_DEVICE,
        Class::Watchdog => keys::WATCHDOG,
        Class::Clock => keys::CLOCK,
        Class::NvdimmController => keys::NVDIMM_CONTROLLER,
        _ => keys::NVDIMM,
    }
}

fn next_key(bench: &Bench<'_>, first: i32) -> i32 {
    (first..).find(|key| bench.find(*key).is_none()).unwrap_or(first)
}
