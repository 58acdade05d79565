//! What is told of a machine's life: the events of its operations.

use driver::Action;
use inventory::Tx;
use vim25::{
    Extends, MoRef, Obj, Str, mo,
    types::{
        Event, VmCreatedEvent, VmPoweredOffEvent, VmPoweredOnEvent, VmReconfiguredEvent, VmRemovedEvent,
        VmRenamedEvent, VmResettingEvent, VmStartingEvent, VmStoppingEvent, VmSuspendedEvent, VmSuspendingEvent,
    },
};

use crate::{events, task::Work};

/// An operation begins.
pub fn begins(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, action: Action) {
    match action {
        Action::PowerOn => tell(tx, work, vm, VmStartingEvent::default(), "is starting"),
        Action::PowerOff => tell(tx, work, vm, VmStoppingEvent::default(), "is stopping"),
        Action::Suspend => tell(tx, work, vm, VmSuspendingEvent::default(), "is being suspended"),
        Action::Reset => tell(tx, work, vm, VmResettingEvent::default(), "is reset"),
        Action::Reconfigure | Action::Destroy => {}
    }
}

/// An operation has been done.
pub fn ends(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, action: Action) {
    match action {
        Action::PowerOn => tell(tx, work, vm, VmPoweredOnEvent::default(), "is powered on"),
        Action::PowerOff => tell(tx, work, vm, VmPoweredOffEvent::default(), "is powered off"),
        Action::Suspend => tell(tx, work, vm, VmSuspendedEvent::default(), "is suspended"),
        Action::Reset | Action::Reconfigure => {}
        Action::Destroy => tell(tx, work, vm, VmRemovedEvent::default(), "was removed"),
    }
}

/// A machine has been created.
pub fn created(tx: &mut Tx<'_>, work: &Work, vm: &MoRef) {
    tell(tx, work, vm, VmCreatedEvent::default(), "was created");
}

/// A machine has another configuration.
pub fn reconfigured(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, event: VmReconfiguredEvent) {
    tell(tx, work, vm, event, "was reconfigured");
}

/// A machine has another name.
pub fn renamed(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, old: Str, new: Str) {
    let what = format!("was {old}");
    tell(tx, work, vm, VmRenamedEvent { old_name: old, new_name: new, ..Default::default() }, &what);
}

/// Posts an event of the chain that the task began.
fn tell(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, event: impl Extends<Event>, what: &str) {
    let name = tx.get::<mo::VirtualMachine>(vm).map(|m| m.name.clone()).unwrap_or_default();
    let mut event: Obj<Event> = event.into();
    event.chain_id = tx.get::<mo::Task>(&work.task).map_or(0, |task| task.info.event_chain_id);
    events::post(tx, work.user.clone(), vm, event, format!("{name} {what}"));
}
