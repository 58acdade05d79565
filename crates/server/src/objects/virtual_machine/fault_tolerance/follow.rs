//! A secondary does what its primary does.

use driver::Action;
use model::vm::fault_tolerance;
use vim25::{
    MoRef, mo,
    types::{
        VirtualMachinePowerState as Power, VmFailedStartingSecondaryEvent, VmSecondaryStartedEvent,
        VmStartingSecondaryEvent,
    },
};

use super::{
    super::{power, story},
    active_secondary, hosts,
};
use crate::{fault::Fault, task::Work};

/// A power operation on a machine that a client asked for, and what its secondary does then. On a secondary itself:
/// `InvalidOperationOnSecondaryVm`.
pub async fn power(work: &Work, vm: &MoRef, action: Action, host: Option<MoRef>) -> Result<(), Fault> {
    let world = work.core.inventory.snapshot();
    if let Some(config) = world.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.config.as_ref()) {
        fault_tolerance::refuse_secondary(config)?;
    }
    if active_secondary(&world, vm).is_none() {
        return power::perform(&work.last(), vm, action, host).await;
    }
    power::perform(work, vm, action, host).await?;
    let Some(secondary) = active_secondary(&work.core.inventory.snapshot(), vm) else { return Ok(()) };
    match action {
        Action::PowerOn => {
            // A primary runs without its secondary, and says so in its state.
            let _ = start(work, vm, &secondary).await;
        }
        Action::PowerOff | Action::Suspend => stop(work, &secondary).await?,
        _ => {}
    }
    Ok(())
}

/// Starts a secondary, on another host than its primary's.
pub async fn start(work: &Work, primary: &MoRef, secondary: &MoRef) -> Result<(), Fault> {
    let host = work.commit(|tx| {
        story::tell(tx, work, primary, VmStartingSecondaryEvent::default(), "starts its secondary");
        let machine = tx.get::<mo::VirtualMachine>(primary).ok_or_else(|| Fault::object_not_found(primary))?;
        let has = tx.get::<mo::VirtualMachine>(secondary).and_then(|vm| vm.runtime.host.clone());
        let stays = has.clone().filter(|host| hosts::choose(tx, primary, machine, Some(host)).is_ok());
        stays.map_or_else(|| hosts::choose(tx, primary, machine, None), Ok)
    });
    let started = match host {
        Ok(host) => power::perform(&work.at_once(), secondary, Action::PowerOn, Some(host)).await,
        Err(fault) => Err(fault),
    };
    work.commit(|tx| {
        match &started {
            Ok(()) => story::tell(tx, work, primary, VmSecondaryStartedEvent::default(), "has a running secondary"),
            Err(fault) => {
                let event = VmFailedStartingSecondaryEvent {
                    reason: Some(fault.message.as_str().into()),
                    ..Default::default()
                };
                story::tell(tx, work, primary, event, "could not start its secondary");
            }
        }
        Ok(())
    })?;
    started
}

/// Stops a secondary that runs.
pub async fn stop(work: &Work, secondary: &MoRef) -> Result<(), Fault> {
    let world = work.core.inventory.snapshot();
    let state = world.get::<mo::VirtualMachine>(secondary).map(|vm| vm.runtime.power_state.clone());
    match state {
        Some(Power::PoweredOn | Power::Suspended) => {
            power::perform(&work.at_once(), secondary, Action::PowerOff, None).await
        }
        _ => Ok(()),
    }
}
