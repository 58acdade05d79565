//! `TurnOffFaultToleranceForVM_Task`, `DisableSecondaryVM_Task` and `EnableSecondaryVM_Task`.

use driver::{Action, Order};
use inventory::Tx;
use model::vm::{
    activity::Operation,
    fault_tolerance::{self, Disabled},
};
use vim25::{
    Any, MoRef, args, mo,
    types::{
        SecondaryVmAlreadyDisabled, SecondaryVmAlreadyEnabled, VirtualMachinePowerState as Power,
        VmFaultToleranceTurnedOffEvent, VmSecondaryDisabledEvent, VmSecondaryEnabledEvent,
    },
};

use super::{
    super::{
        operation::{self, Begun},
        remove, story,
    },
    follow, hosts, instance_uuid, named_secondary, result, secondary_of,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// Removes the secondary with its files. What Fault Tolerance reserved for the primary stays reserved.
pub fn turn_off(call: &Call, _: args::TurnOffFaultToleranceForVM_Task) -> Result<MoRef, Fault> {
    task::stage(call, |work| async move {
        let primary = &work.this;
        let secondary = work.commit(|tx| {
            operation::check_free(tx, primary)?;
            secondary_of(tx, primary)
        })?;
        follow::stop(&work, &secondary).await?;
        operation::perform(
            &work,
            primary,
            |tx| begin_removal(tx, primary),
            |tx, secondary| end_removal(tx, &work, &secondary),
        )
        .await
        .map(|()| None)
    })
}

fn begin_removal(tx: &mut Tx<'_>, primary: &MoRef) -> Result<Begun<MoRef>, Fault> {
    let secondary = secondary_of(tx, primary)?;
    operation::check_free(tx, &secondary)?;
    let config = tx.get::<mo::VirtualMachine>(&secondary).and_then(|vm| vm.config.clone()).unwrap_or_default();
    let order = Order { vm: secondary.clone(), config, action: Action::Destroy };
    Ok(Begun { operation: Operation::Other, order: Some(order), with: secondary })
}

fn end_removal(tx: &mut Tx<'_>, work: &Work, secondary: &MoRef) -> Result<(), Fault> {
    remove(tx, secondary)?;
    tx.clear_private::<Disabled>(&work.this.id);
    let primary = tx.edit::<mo::VirtualMachine>(&work.this).ok_or_else(|| Fault::object_not_found(&work.this))?;
    if let Some(config) = &mut primary.config {
        fault_tolerance::untie(config);
    }
    let event = VmFaultToleranceTurnedOffEvent::default();
    story::tell(tx, work, &work.this, event, "has no Fault Tolerance any more");
    Ok(())
}

/// Stops the secondary and keeps it off.
pub fn disable(call: &Call, args: args::DisableSecondaryVM_Task) -> Result<MoRef, Fault> {
    task::stage(call, move |work| async move {
        let begin = |tx: &mut Tx<'_>| {
            let secondary = named_secondary(tx, &work.this, &args.vm)?;
            if tx.private::<Disabled>(&work.this.id).is_some() {
                let uuid = instance_uuid(tx, &secondary);
                let fault = SecondaryVmAlreadyDisabled { instance_uuid: uuid, ..Default::default() };
                return Err(Fault::new(fault, "The secondary is disabled already."));
            }
            Ok(Begun { operation: Operation::Other, order: None, with: secondary })
        };
        let end = |tx: &mut Tx<'_>, secondary| {
            tx.set_private(&work.this.id, Disabled);
            let event = VmSecondaryDisabledEvent::default();
            story::tell(tx, &work, &work.this, event, "has a disabled secondary");
            Ok(secondary)
        };
        let secondary = operation::perform(&work, &work.this, begin, end).await?;
        follow::stop(&work, &secondary).await.map(|()| None)
    })
}

/// Lets a disabled secondary run again, on a host that the client names or on its own.
pub fn enable(call: &Call, args: args::EnableSecondaryVM_Task) -> Result<MoRef, Fault> {
    task::stage(call, move |work| async move { perform_enable(&work, &args).await })
}

async fn perform_enable(work: &Work, args: &args::EnableSecondaryVM_Task) -> Result<Option<Any>, Fault> {
    let primary = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let secondary = named_secondary(tx, primary, &args.vm)?;
        if tx.private::<Disabled>(&primary.id).is_none() {
            let uuid = instance_uuid(tx, &secondary);
            let fault = SecondaryVmAlreadyEnabled { instance_uuid: uuid, ..Default::default() };
            return Err(Fault::new(fault, "The secondary is enabled already."));
        }
        if let Some(machine) = tx.get::<mo::VirtualMachine>(primary).filter(|_| args.host.is_some()) {
            hosts::choose(tx, primary, machine, args.host.as_ref())?;
        }
        Ok(Begun { operation: Operation::Other, order: None, with: secondary })
    };
    let end = |tx: &mut Tx<'_>, secondary: MoRef| {
        tx.clear_private::<Disabled>(&primary.id);
        if let (Some(host), Some(vm)) = (&args.host, tx.edit::<mo::VirtualMachine>(&secondary)) {
            vm.runtime.host = Some(host.clone());
        }
        story::tell(tx, work, primary, VmSecondaryEnabledEvent::default(), "has an enabled secondary");
        let on = tx.get::<mo::VirtualMachine>(primary).is_some_and(|vm| vm.runtime.power_state == Power::PoweredOn);
        Ok((secondary, on))
    };
    let (secondary, on) = operation::perform(work, primary, begin, end).await?;
    let started = if on { Some(follow::start(work, primary, &secondary).await) } else { None };
    Ok(result(work, &secondary, started))
}
