//! `RelocateVM_Task` and `MigrateVM_Task`: a machine goes to another host, pool, folder or datastore, running or not.

mod plan;
mod tale;

use driver::{Action, Order};
use inventory::Tx;
use model::vm::activity::Operation;
use vim25::{
    DataType, EnumValue, Method, MoRef, Obj, args, mo,
    types::{
        InvalidPowerState, VirtualMachineMovePriority, VirtualMachinePowerState as Power, VirtualMachineRelocateSpec,
    },
};

use super::operation::{self, Begun};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// What a client asks for.
struct Wish {
    spec: Obj<VirtualMachineRelocateSpec>,
    /// The machine goes only in this state.
    state: Option<Power>,
}

/// `RelocateVM_Task`
pub fn relocate(call: &Call, args: args::RelocateVM_Task) -> Result<MoRef, Fault> {
    check_priority(args.priority.as_ref())?;
    start(call, Wish { spec: args.spec, state: None })
}

/// `MigrateVM_Task`
pub fn migrate(call: &Call, args: args::MigrateVM_Task) -> Result<MoRef, Fault> {
    check_priority(Some(&args.priority))?;
    if args.host.is_none() && args.pool.is_none() {
        return Err(Fault::invalid_argument("host", "name a host, a resource pool or both"));
    }
    let machine = call.snapshot().get::<mo::VirtualMachine>(&call.this).and_then(|vm| vm.config.clone());
    if machine.is_some_and(|config| config.template) {
        return Err(Fault::not_supported("A template does not run, so that it cannot be migrated; relocate it."));
    }
    let spec = VirtualMachineRelocateSpec::with(|spec| {
        spec.host = args.host;
        spec.pool = args.pool;
    });
    start(call, Wish { spec: spec.into(), state: args.state })
}

/// Moves a machine to another host of its cluster as part of another task. Returns the task of the move.
pub fn move_to(parent: &Work, vm: &MoRef, host: MoRef) -> Result<MoRef, Fault> {
    let spec = VirtualMachineRelocateSpec::with(|spec| spec.host = Some(host));
    let wish = Wish { spec: spec.into(), state: None };
    let method = <args::RelocateVM_Task as Method>::METHOD;
    task::stage_under(parent, vm, method, |work| async move { perform(&work, &wish).await.map(|()| None) })
}

fn check_priority(priority: Option<&VirtualMachineMovePriority>) -> Result<(), Fault> {
    match priority {
        Some(VirtualMachineMovePriority::Other_(word)) => {
            Err(Fault::invalid_argument("priority", format!("'{word}' is no priority")))
        }
        _ => Ok(()),
    }
}

fn start(call: &Call, wish: Wish) -> Result<MoRef, Fault> {
    task::stage(call, |work| async move { perform(&work, &wish).await.map(|()| None) })
}

async fn perform(work: &Work, wish: &Wish) -> Result<(), Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let seed = tx.random();
        check_state(tx, vm, wish.state.as_ref())?;
        let plan = plan::plan(tx, vm, &wish.spec, seed)?;
        tale::begins(tx, work, vm, &plan);
        let order = Order { vm: vm.clone(), config: plan.after.config.unwrap_or_default(), action: Action::Move };
        Ok(Begun { operation: Operation::Migrate, order: Some(order), with: seed })
    };
    let end = |tx: &mut Tx<'_>, seed| {
        let plan = plan::plan(tx, vm, &wish.spec, seed)?;
        let before = plan::carry_out(tx, vm, &plan)?;
        tale::ends(tx, work, vm, &before, &plan);
        Ok(())
    };
    let fails = |tx: &mut Tx<'_>, fault: &Fault| tale::fails(tx, work, vm, &wish.spec, fault);
    operation::perform_or(work, vm, begin, end, fails).await
}

/// Whether a move could be made now.
pub fn check(
    tx: &mut Tx<'_>,
    vm: &MoRef,
    spec: &VirtualMachineRelocateSpec,
    state: Option<&Power>,
) -> Result<(), Fault> {
    check_state(tx, vm, state)?;
    let seed = tx.random();
    plan::plan(tx, vm, spec, seed).map(|_| ())
}

fn check_state(tx: &Tx<'_>, vm: &MoRef, state: Option<&Power>) -> Result<(), Fault> {
    let machine = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
    let now = &machine.runtime.power_state;
    match state.filter(|wanted| *wanted != now) {
        None => Ok(()),
        Some(wanted) => {
            let message = format!("'{}' is {} and not {}.", machine.name, now.as_str(), wanted.as_str());
            let fault = InvalidPowerState {
                requested_state: Some(wanted.clone()),
                existing_state: now.clone(),
                ..Default::default()
            };
            Err(Fault::new(fault, message))
        }
    }
}
