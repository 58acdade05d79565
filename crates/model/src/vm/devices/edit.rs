//! Editing a device.

use vim25::{
    Obj,
    types::{VirtualDevice, VirtualDeviceConfigSpec, VirtualDeviceConfigSpecOperation},
};

use super::{add, attach, bench::Bench, class::Class, disk, labels, nic, overlay, ports, removable, vmci};
use crate::vm::Fault;

/// Edits the device that has the key of the spec's device: what the spec sets is changed, the rest stays.
pub(crate) fn edit(bench: &mut Bench<'_>, index: usize, spec: &VirtualDeviceConfigSpec) -> Result<(), Fault> {
    let key = spec.device.key;
    let at = bench.position(key).ok_or_else(|| Fault::device_not_found(index, key))?;
    let old = bench.devices[at].clone();
    let class = add::class_of(index, &old)?;
    check_type(index, &old, &spec.device)?;
    if let Some(operation) = &spec.file_operation {
        let why = "an edit neither makes nor deletes files";
        return Err(Fault::device_operation(
            index,
            VirtualDeviceConfigSpecOperation::Edit,
            Some(operation.clone()),
            why,
        ));
    }
    let mut new = match class {
        Class::Vmci => {
            vmci::check_place(index, false, &bench.renamed, &spec.device)?;
            vmci::edit(&bench.scene, index, &old, &spec.device)?
        }
        _ => overlay::overlay(&old, &spec.device),
    };
    match class {
        Class::Disk => disk::edit(bench, index, &old, &mut new)?,
        Class::Nic => nic::edit(bench, index, &old, &mut new)?,
        Class::Cdrom | Class::Floppy => removable::prepare(bench, index, class, &mut new)?,
        Class::Serial | Class::Parallel => ports::prepare(bench, index, class, &mut new)?,
        Class::Vmci => {}
        _ if bench.scene.on && new != old => {
            let why = format!("a {} cannot be changed while the virtual machine runs", class.name());
            return Err(Fault::hot_plug(index, why));
        }
        _ => {}
    }
    move_to(bench, index, class, &mut new, &spec.device)?;
    new.device_info = Some(labels::describe(bench, class, &new, Some(&old)));
    bench.devices.remove(at);
    bench.insert(new);
    Ok(())
}

fn check_type(index: usize, old: &Obj<VirtualDevice>, new: &Obj<VirtualDevice>) -> Result<(), Fault> {
    let (has, asked) = (old.shared().descriptor(), new.shared().descriptor());
    if has == asked {
        return Ok(());
    }
    let why = format!("device {} is a '{}', not a '{}'; remove it and add another", old.key, has.name, asked.name);
    Err(Fault::device_spec(index, "", why))
}

/// Moves a disk or CD drive to another place, if the spec names one.
fn move_to(
    bench: &Bench<'_>,
    index: usize,
    class: Class,
    device: &mut Obj<VirtualDevice>,
    spec: &VirtualDevice,
) -> Result<(), Fault> {
    if !matches!(class, Class::Disk | Class::Cdrom) {
        return Ok(());
    }
    let now = device.controller_key.unwrap_or(0);
    let wanted = spec.controller_key.filter(|k| *k != 0).unwrap_or(now);
    let unit = spec.unit_number.filter(|u| *u >= 0);
    if wanted == now && unit.is_none_or(|u| Some(u) == device.unit_number) {
        return Ok(());
    }
    if bench.scene.on {
        let why = "it cannot be moved to another place while the virtual machine runs";
        return Err(Fault::hot_plug(index, why));
    }
    let controller = attach::named_controller(bench, index, class, wanted)?;
    let unit = unit.or(device.unit_number).unwrap_or(0);
    let unit = attach::named_unit(bench, index, class, controller, unit, Some(device.key))?;
    device.controller_key = Some(controller.key);
    device.unit_number = Some(unit);
    device.key = attach::key_of(bench, class, device);
    Ok(())
}
