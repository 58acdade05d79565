//! An edit lays what the spec sets over what is there.

use vim25::{DataObject, Obj, Scalar, types::VirtualDevice};

/// Fields that an edit does not change by itself: the server gives them.
const KEPT: [&str; 7] = ["key", "deviceInfo", "slotInfo", "controllerKey", "unitNumber", "busNumber", "device"];

/// `old` with every field that `spec`, a device of the same type, sets.
pub(crate) fn overlay(old: &Obj<VirtualDevice>, spec: &Obj<VirtualDevice>) -> Obj<VirtualDevice> {
    let mut new = old.clone();
    if let Some(target) = new.inner_mut() {
        copy(target, &**spec.shared());
    }
    new
}

fn copy(target: &mut dyn DataObject, source: &dyn DataObject) {
    for (index, field) in source.descriptor().fields.iter().enumerate() {
        if KEPT.contains(&field.name) {
            continue;
        }
        if let (Some(value), Some(slot)) = (source.get(index).to_any(field.kind), target.slot(index)) {
            // Both are of one type, so that what one holds fits the other.
            let _ = slot.assign(value);
        }
    }
    if let (Some(target), Some(source)) = (target.base_mut(), source.base()) {
        copy(target, source);
    }
}
