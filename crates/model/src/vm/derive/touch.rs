//! Tells a change that matters to a VM's derived state from one that does not.

use std::sync::Arc;

use inventory::Tx;
use vim25::{DataObject, MoRef, cast, mo::VirtualMachine};

use super::AtRest;

/// What a transaction did to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// Nothing that a derived property follows from.
    Nothing,
    /// Only `runtime.device`, which nothing but its copy in the summary follows from.
    Devices,
    /// It was made, with derived state that is true but for that copy.
    Made,
    /// Anything else.
    Any,
}

/// What the transaction did to this VM so far. The VM before it was at rest: its derived state was true.
pub(super) fn of(tx: &Tx<'_>, this: &MoRef) -> Touch {
    if AtRest::holds(tx, this) {
        return Touch::Made;
    }
    let (Some(old), Some(new)) = (tx.before().find(&this.id), tx.find(&this.id)) else { return Touch::Any };
    if Arc::ptr_eq(&old.content, &new.content) {
        return Touch::Nothing;
    }
    match (cast::<VirtualMachine>(&*old.content), cast::<VirtualMachine>(&*new.content)) {
        (Some(old), Some(new)) if equal_but(old, new, &["runtime", "summary", "recentTask"]) => in_state(old, new),
        _ => Touch::Any,
    }
}

/// What was done to run-time state and summary, where nothing else was changed but the list of tasks.
fn in_state(old: &VirtualMachine, new: &VirtualMachine) -> Touch {
    let (runtime, summary) = (old.runtime.same(&new.runtime), old.summary.same(&new.summary));
    if runtime && summary {
        return Touch::Nothing;
    }
    let only_devices = runtime || equal_but(&*old.runtime, &*new.runtime, &["device"]);
    let only_runtime = summary || equal_but(&*old.summary, &*new.summary, &["runtime"]);
    if only_devices && only_runtime { Touch::Devices } else { Touch::Any }
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
