//! An edit lays what the spec sets over what is there.

use vim25::{Obj, Scalar, types::VirtualDevice};

use crate::vm::merge;

/// Members that an edit does not change by itself: the server gives them.
const KEPT: [&str; 7] = ["key", "deviceInfo", "slotInfo", "controllerKey", "unitNumber", "busNumber", "device"];

/// `old` with every member that `spec`, a device of the same type, sets.
pub(crate) fn overlay(old: &Obj<VirtualDevice>, spec: &Obj<VirtualDevice>) -> Obj<VirtualDevice> {
    let mut new = old.clone();
    if let Some(target) = new.inner_mut() {
        merge::copy(target, &**spec.shared(), &KEPT);
    }
    new
}
