//! What is told of a machine's life: the events of its operations.

use driver::Action;
use inventory::Tx;
use model::content::extended::Extended;
use vim25::{
    Any, Extends, MoRef, Obj, Str, mo,
    types::{
        Event, EventEx, KeyAnyValue, VirtualMachinePowerState as Power, VmCreatedEvent, VmFailedToPowerOffEvent,
        VmFailedToPowerOnEvent, VmFailedToResetEvent, VmFailedToSuspendEvent, VmPoweredOffEvent, VmPoweredOnEvent,
        VmReconfiguredEvent, VmRemovedEvent, VmRenamedEvent, VmResettingEvent, VmStartingEvent, VmStoppingEvent,
        VmSuspendedEvent, VmSuspendingEvent,
    },
};

use crate::{events, fault::Fault, task::Work};

/// An operation begins.
pub fn begins(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, action: Action) {
    match action {
        Action::PowerOn => tell(tx, work, vm, VmStartingEvent::default(), "is starting"),
        Action::PowerOff => tell(tx, work, vm, VmStoppingEvent::default(), "is stopping"),
        Action::Suspend => tell(tx, work, vm, VmSuspendingEvent::default(), "is being suspended"),
        Action::Reset => tell(tx, work, vm, VmResettingEvent::default(), "is reset"),
        _ => {}
    }
}

/// An operation has been done.
pub fn ends(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, action: Action) {
    match action {
        Action::PowerOn => tell(tx, work, vm, VmPoweredOnEvent::default(), "is powered on"),
        Action::PowerOff => tell(tx, work, vm, VmPoweredOffEvent::default(), "is powered off"),
        Action::Suspend => tell(tx, work, vm, VmSuspendedEvent::default(), "is suspended"),
        Action::Destroy => tell(tx, work, vm, VmRemovedEvent::default(), "was removed"),
        _ => {}
    }
}

/// A power operation cannot be done, or has not come to its end.
pub fn fails(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, action: Action, fault: &Fault) {
    let (reason, why) = (fault.localized(), &fault.message);
    match action {
        Action::PowerOn => {
            let event = VmFailedToPowerOnEvent { reason, ..Default::default() };
            tell(tx, work, vm, event, &format!("could not be powered on: {why}"));
        }
        Action::PowerOff => {
            let event = VmFailedToPowerOffEvent { reason, ..Default::default() };
            tell(tx, work, vm, event, &format!("could not be powered off: {why}"));
        }
        Action::Suspend => {
            let event = VmFailedToSuspendEvent { reason, ..Default::default() };
            tell(tx, work, vm, event, &format!("could not be suspended: {why}"));
        }
        Action::Reset => {
            let event = VmFailedToResetEvent { reason, ..Default::default() };
            tell(tx, work, vm, event, &format!("could not be reset: {why}"));
        }
        _ => {}
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

/// A machine is in another power state without having been asked for that.
pub fn now_is(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, before: &Power, now: &Power) {
    match now {
        _ if now == before => {}
        Power::PoweredOn => ends(tx, work, vm, Action::PowerOn),
        Power::Suspended => ends(tx, work, vm, Action::Suspend),
        _ => ends(tx, work, vm, Action::PowerOff),
    }
}

/// An event that has no type of its own.
pub fn extended(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, kind: Extended, arguments: &[(&str, Str)], what: &str) {
    let pair = |(key, value): &(&str, Str)| KeyAnyValue { key: (*key).into(), value: Any::Str(value.clone()) };
    let name = tx.get::<mo::VirtualMachine>(vm).map(|m| m.name.clone());
    let event = EventEx {
        event_type_id: kind.id.into(),
        severity: Some(kind.severity.into()),
        message: Some(what.into()),
        arguments: Some(arguments.iter().map(|argument| pair(argument).into()).collect()),
        object_id: Some(vm.id.clone()),
        object_type: Some("VirtualMachine".into()),
        object_name: name,
        ..Default::default()
    };
    tell(tx, work, vm, event, what);
}

/// Posts an event of the chain that the task began.
pub fn tell(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, event: impl Extends<Event>, what: &str) {
    let name = tx.get::<mo::VirtualMachine>(vm).map(|m| m.name.clone()).unwrap_or_default();
    let mut event: Obj<Event> = event.into();
    event.chain_id = tx.get::<mo::Task>(&work.task()).map_or(0, |task| task.info.event_chain_id);
    events::post(tx, work.user.clone(), vm, event, [&name, " ", what].concat());
}
