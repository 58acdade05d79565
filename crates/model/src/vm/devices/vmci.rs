//! The VMCI device: its switches, its context id and its filter rules.

use std::collections::HashSet;

use vim25::{
    EnumValue, Obj,
    types::{
        VirtualDevice, VirtualMachineVMCIDevice, VirtualMachineVMCIDeviceAction, VirtualMachineVMCIDeviceDirection,
        VirtualMachineVMCIDeviceFilterSpec, VirtualMachineVMCIDeviceProtocol,
    },
};

use super::bench::Scene;
use crate::vm::Fault;

/// Highest port or resource id that a rule can name: 0xFFFFFFFF stands for "any".
pub const MAX_PORT: i64 = 0xFFFF_FFFE;

/// The device after an edit: what the spec sets, checked. A context id is a wish for the next power-on; while the VM
/// runs it is ignored.
pub(crate) fn edit(
    scene: &Scene<'_>,
    index: usize,
    old: &Obj<VirtualDevice>,
    spec: &Obj<VirtualDevice>,
) -> Result<Obj<VirtualDevice>, Fault> {
    let Some(wish) = spec.cast::<VirtualMachineVMCIDevice>() else { return Ok(old.clone()) };
    let id = wish.id.filter(|_| !scene.on).map(|id| context_id(index, id)).transpose()?;
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
    Ok(new)
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
