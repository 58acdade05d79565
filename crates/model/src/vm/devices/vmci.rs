//! The VMCI device: its switches, its context id and its filter rules.

use std::collections::{HashMap, HashSet};

use vim25::{
    EnumValue, Obj,
    types::{
        VirtualDevice, VirtualMachineVMCIDevice, VirtualMachineVMCIDeviceAction, VirtualMachineVMCIDeviceDirection,
        VirtualMachineVMCIDeviceFilterSpec, VirtualMachineVMCIDeviceProtocol,
    },
};

use super::bench::Scene;
use crate::vm::{
    Fault,
    hardware::{PCI, VMCI_UNIT},
    version,
};

/// Highest port or resource id that a rule can name: 0xFFFFFFFF stands for "any".
pub const MAX_PORT: i64 = 0xFFFF_FFFE;

/// Most filter rules of a device. Real limits are unknown; this one is far above what anyone writes by hand.
pub const MAX_RULES: usize = 1024;

/// First hardware version with filters: that of ESXi 6.0.
const FILTERS_SINCE: u32 = 11;

/// The device after an edit: what the spec sets, checked. A context id is a wish for the next power-on; while the VM
/// runs it is ignored.
pub(crate) fn edit(
    scene: &Scene<'_>,
    index: usize,
    old: &Obj<VirtualDevice>,
    spec: &Obj<VirtualDevice>,
) -> Result<Obj<VirtualDevice>, Fault> {
    let Some(wish) = spec.cast::<VirtualMachineVMCIDevice>() else { return Ok(old.clone()) };
    let id = wish.id.map(|id| context_id(index, id)).transpose()?.filter(|_| !scene.on);
    let filters = wish.filter_info.as_ref().map(|info| info.filters.as_deref().unwrap_or_default());
    check_filters(index, filters.unwrap_or_default())?;

    let mut new = old.clone();
    let Some(device) = new.cast_mut::<VirtualMachineVMCIDevice>() else { return Ok(new) };
    device.id = id.or(device.id);
    device.allow_unrestricted_communication =
        wish.allow_unrestricted_communication.or(device.allow_unrestricted_communication);
    device.filter_enable = wish.filter_enable.or(device.filter_enable);
    match filters {
        None => {}
        Some([]) => device.filter_info = None,
        Some(_) => device.filter_info = wish.filter_info.clone(),
    }
    check_version(scene, index, old, device)?;
    Ok(new)
}

/// A fault if the filters change and the hardware is older than they are.
fn check_version(
    scene: &Scene<'_>,
    index: usize,
    old: &Obj<VirtualDevice>,
    new: &VirtualMachineVMCIDevice,
) -> Result<(), Fault> {
    let Some(old) = old.cast::<VirtualMachineVMCIDevice>().filter(|_| scene.version < FILTERS_SINCE) else {
        return Ok(());
    };
    let changed = match () {
        () if old.filter_enable != new.filter_enable => "filterEnable",
        () if old.filter_info != new.filter_info => "filterInfo",
        () => return Ok(()),
    };
    let (has, needs) = (version::key(scene.version), version::key(FILTERS_SINCE));
    Err(Fault::device_member_version(index, changed, &has, &needs))
}

/// A fault if a spec names another place for the device than the one that it always has. In a spec for a new machine
/// keys below 1 stand for "wherever it belongs", and `renamed` says which controller a key of the spec stands for.
pub(crate) fn check_place(
    index: usize,
    creating: bool,
    renamed: &HashMap<i32, i32>,
    spec: &VirtualDevice,
) -> Result<(), Fault> {
    let controller = spec.controller_key.map(|key| renamed.get(&key).copied().unwrap_or(key));
    let (controller, unit) = match creating {
        true => (controller.filter(|key| *key > 0), spec.unit_number.filter(|unit| *unit > 0)),
        false => (controller, spec.unit_number),
    };
    if let Some(key) = controller.filter(|key| *key != PCI) {
        let why = format!("the VMCI device stays on controller {PCI}, it cannot be moved to {key}");
        return Err(Fault::device_spec(index, "controllerKey", why));
    }
    if let Some(unit) = unit.filter(|unit| *unit != VMCI_UNIT) {
        let why = format!("the VMCI device stays at unit {VMCI_UNIT}, it cannot be moved to {unit}");
        return Err(Fault::device_spec(index, "unitNumber", why));
    }
    Ok(())
}

/// An id in the API's form, a sign-extended 32-bit number; -1 for none.
fn context_id(index: usize, id: i64) -> Result<i64, Fault> {
    let number = match id {
        -1 => return Ok(-1),
        _ => i32::try_from(id).map(|n| n as u32).ok().or_else(|| u32::try_from(id).ok()),
    };
    match number {
        Some(n) if n > 15 => Ok(i64::from(n as i32)),
        Some(_) => Err(Fault::device_spec(index, "id", "context ids 0 to 15 are reserved")),
        None => Err(Fault::device_spec(index, "id", "a context id has 32 bits")),
    }
}

fn check_filters(index: usize, filters: &[Obj<VirtualMachineVMCIDeviceFilterSpec>]) -> Result<(), Fault> {
    if filters.len() > MAX_RULES {
        let why = format!("{} rules are more than the {MAX_RULES} that the device can have", filters.len());
        return Err(Fault::device_spec(index, "filterInfo.filters", why));
    }
    let mut ranks = HashSet::new();
    for filter in filters {
        check_filter(index, filter)?;
        if !ranks.insert(filter.rank) {
            let why = format!("rank {} stands in two rules", filter.rank);
            return Err(Fault::device_spec(index, "filterInfo.filters.rank", why));
        }
    }
    Ok(())
}

fn check_filter(index: usize, filter: &VirtualMachineVMCIDeviceFilterSpec) -> Result<(), Fault> {
    let wrong = |field: &str, why: String| Err(Fault::device_spec(index, &format!("filterInfo.filters.{field}"), why));
    if filter.rank < 0 {
        return wrong("rank", format!("{} is negative", filter.rank));
    }
    let words: [(&str, &str, &[&str]); 3] = [
        ("action", &filter.action, VirtualMachineVMCIDeviceAction::TYPE.values),
        ("protocol", &filter.protocol, VirtualMachineVMCIDeviceProtocol::TYPE.values),
        ("direction", &filter.direction, VirtualMachineVMCIDeviceDirection::TYPE.values),
    ];
    for (field, word, known) in words {
        if !known.contains(&word) {
            return wrong(field, format!("'{word}' is none of {}", known.join(", ")));
        }
    }
    let (lower, upper) = (filter.lower_dst_port_boundary, filter.upper_dst_port_boundary);
    for (field, port) in [("lowerDstPortBoundary", lower), ("upperDstPortBoundary", upper)] {
        if port.is_some_and(|p| !(0..=MAX_PORT).contains(&p)) {
            return wrong(field, format!("ports are 0 to {MAX_PORT}"));
        }
    }
    match (lower, upper) {
        (Some(low), Some(high)) if low > high => {
            wrong("lowerDstPortBoundary", format!("the lowest port {low} is above the highest one {high}"))
        }
        _ => Ok(()),
    }
}
