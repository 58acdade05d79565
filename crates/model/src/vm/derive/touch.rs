//! Tells a change that matters to a VM's derived state from one that does not.

use inventory::Tx;
use vim25::{DataObject, MoRef, mo::VirtualMachine};

use super::{AtRest, state};

/// What a transaction did to a VM.
#[derive(Clone, Copy)]
pub(super) enum Touch<'a> {
    /// Nothing that a derived property follows from.
    Nothing,
    /// Only `runtime.device`, which nothing but its copy in the summary follows from.
    Devices,
    /// It was made, with derived state that is true but for that copy.
    Made,
    /// Nothing but what [`state::refresh_state`] looks at, since it was at rest as that.
    State(&'a VirtualMachine),
    /// Anything else.
    Any,
}

/// What the transaction did to this VM so far. The VM before it was at rest: its derived state was true.
pub(super) fn of<'a>(tx: &mut Tx<'a>, this: &MoRef) -> Touch<'a> {
    let Some(changed) = tx.changed(this) else {
        return if AtRest::holds(tx, this) { Touch::Made } else { Touch::Any };
    };
    let only = |properties: &[&str]| changed.iter().all(|name| properties.contains(name));
    let (idle, devices, state) = (only(&["recentTask"]), only(&DEVICES), only(&state::STATE));
    match (tx.was::<VirtualMachine>(this), tx.get::<VirtualMachine>(this)) {
        _ if idle => Touch::Nothing,
        (Some(old), Some(new)) if devices && only_devices(old, new) => Touch::Devices,
        (Some(old), Some(new)) if state && state::suffices(old, new) => Touch::State(old),
        _ => Touch::Any,
    }
}

/// Properties from which nothing but themselves follows, as long as only some parts of them change.
const DEVICES: [&str; 3] = ["runtime", "summary", "recentTask"];

/// Whether run-time state and summary are the same but for `runtime.device`, where nothing else was changed but the list
/// of tasks.
fn only_devices(old: &VirtualMachine, new: &VirtualMachine) -> bool {
    let runtime = old.runtime.same(&new.runtime) || equal_but(&*old.runtime, &*new.runtime, &["device"]);
    runtime && (old.summary.same(&new.summary) || equal_but(&*old.summary, &*new.summary, &["runtime"]))
}

/// Whether two values of one type are equal in all other fields than these.
pub(super) fn equal_but(old: &dyn DataObject, new: &dyn DataObject, skipped: &[&str]) -> bool {
    let bases = match (old.base(), new.base()) {
        (Some(old), Some(new)) => equal_but(old, new, skipped),
        _ => true,
    };
    // Most fields are shared and seen to be equal at once: only of one that differs the name is looked at.
    let mut fields = old.descriptor().fields.iter().enumerate();
    bases && fields.all(|(index, field)| old.get(index) == new.get(index) || skipped.contains(&field.name))
}
