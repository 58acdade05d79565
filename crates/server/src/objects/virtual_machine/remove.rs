//! `Destroy_Task` and `UnregisterVM`.

use driver::{Action, Order};
use inventory::Tx;
use model::vm::activity::Operation;
use vim25::{MoRef, args, mo, types::VirtualMachinePowerState as Power};

use super::{
    expect_power, fault_tolerance,
    operation::{self, Begun},
    place, shelf, snapshot, story,
};
use crate::{
    dispatch::Call,
    events,
    fault::Fault,
    task::{self, Work},
};

/// `Destroy_Task`: removes a machine that does not run, with its files.
pub fn destroy(call: &Call, _: args::Destroy_Task) -> Result<MoRef, Fault> {
    task::stage(call, |work| async move { perform(&work).await.map(|()| None) })
}

async fn perform(work: &Work) -> Result<(), Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        fault_tolerance::refuse_secondary(tx, vm)?;
        let machine = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
        expect_power(machine, Some(Power::PoweredOff), &[Power::PoweredOff, Power::Suspended])?;
        let config = machine.config.clone().unwrap_or_default();
        let order = Order { vm: vm.clone(), config, action: Action::Destroy };
        Ok(Begun { operation: Operation::Other, order: Some(order), with: () })
    };
    let end = |tx: &mut Tx<'_>, ()| {
        story::ends(tx, work, vm, Action::Destroy);
        remove(tx, vm)
    };
    operation::perform(work, vm, begin, end).await
}

/// `UnregisterVM`: removes a machine that does not run from the inventory; its files stay.
pub fn unregister(call: &Call, _: args::UnregisterVM) -> Result<(), Fault> {
    call.commit(|tx| {
        operation::check_free(tx, &call.this)?;
        fault_tolerance::refuse_secondary(tx, &call.this)?;
        let machine = call.this_in::<mo::VirtualMachine>(tx)?;
        expect_power(machine, Some(Power::PoweredOff), &[Power::PoweredOff, Power::Suspended])?;
        let text = format!("Removed {} from the inventory", machine.name);
        events::post(tx, call.user(), &call.this, vim25::types::VmRemovedEvent::default(), text);
        shelf::put(tx, &call.this);
        remove(tx, &call.this)
    })
}

/// Takes a machine and all that names it out of the world, with its secondary if it has one.
pub fn remove(tx: &mut Tx<'_>, vm: &MoRef) -> Result<(), Fault> {
    for secondary in fault_tolerance::secondaries(tx, vm) {
        remove(tx, &secondary)?;
    }
    place::delist(tx, vm);
    snapshot::forget_all(tx, vm);
    match tx.remove(vm) {
        true => Ok(()),
        false => Err(Fault::object_not_found(vm)),
    }
}
