//! Power operations.

use driver::{Action, Order};
use inventory::{Revision, Tx};
use model::vm::{
    Surroundings,
    activity::{Operation, VmciInUse},
    admission::{self, Seat},
    power::{self, PowerOn},
};
use vim25::{
    Any, Method, MoRef, Obj, args, mo,
    types::{
        ClusterAttemptedVmInfo, ClusterNotAttemptedVmInfo, ClusterPowerOnVmResult, InsufficientResourcesFault,
        InvalidPowerState, ToolsUnavailable, VirtualMachineConfigInfo, VirtualMachinePowerState as Power,
    },
};

use super::{
    Around, fault_tolerance, guest,
    operation::{self, Begun},
    place, story,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// `PowerOnVM_Task`
pub fn on(call: &Call, args: args::PowerOnVM_Task) -> Result<MoRef, Fault> {
    start(call, Action::PowerOn, args.host)
}

/// `PowerOffVM_Task`
pub fn off(call: &Call, _: args::PowerOffVM_Task) -> Result<MoRef, Fault> {
    start(call, Action::PowerOff, None)
}

/// `ResetVM_Task`
pub fn reset(call: &Call, _: args::ResetVM_Task) -> Result<MoRef, Fault> {
    start(call, Action::Reset, None)
}

/// `SuspendVM_Task`
pub fn suspend(call: &Call, _: args::SuspendVM_Task) -> Result<MoRef, Fault> {
    start(call, Action::Suspend, None)
}

/// `ShutdownGuest`: asks the guest to stop, which a guest with running tools does.
pub fn shutdown_guest(call: &Call, _: args::ShutdownGuest) -> Result<(), Fault> {
    ask_guest(call, Action::PowerOff)
}

/// `RebootGuest`
pub fn reboot_guest(call: &Call, _: args::RebootGuest) -> Result<(), Fault> {
    ask_guest(call, Action::Reset)
}

/// `StandbyGuest`
pub fn standby_guest(call: &Call, _: args::StandbyGuest) -> Result<(), Fault> {
    ask_guest(call, Action::Suspend)
}

fn start(call: &Call, action: Action, host: Option<MoRef>) -> Result<MoRef, Fault> {
    task::stage(call, move |work| async move {
        let vm = work.this.clone();
        fault_tolerance::power(&work, &vm, action, host).await.map(|()| None)
    })
}

/// The guest does what it is asked to in its own time; the call does not wait for it.
fn ask_guest(call: &Call, action: Action) -> Result<(), Fault> {
    let world = call.snapshot();
    let vm = world.get::<mo::VirtualMachine>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    expect_power(vm, Some(wanted(action)), &[Power::PoweredOn])?;
    let tools = vm.guest.as_ref().and_then(|g| g.tools_running_status.as_deref());
    if tools != Some("guestToolsRunning") {
        let message = "Cannot complete operation because VMware Tools is not running in this virtual machine.";
        return Err(Fault::new(ToolsUnavailable::default(), message));
    }
    start(call, action, None).map(|_| ())
}

/// Does a power operation on a machine as part of a task.
pub async fn perform(work: &Work, vm: &MoRef, action: Action, host: Option<MoRef>) -> Result<(), Fault> {
    let begin = |tx: &mut Tx<'_>| {
        let after = transition(tx, vm, action, host.as_ref())?;
        story::begins(tx, work, vm, action);
        let order = Order { vm: vm.clone(), config: config(&after), action };
        Ok(Begun { operation: operation(action), order: Some(order), with: (tx.before().revision(), Box::new(after)) })
    };
    let end = |tx: &mut Tx<'_>, (then, after): (Revision, Box<mo::VirtualMachine>)| {
        let same = tx.before().revision() == then;
        let after = if same { *after } else { transition(tx, vm, action, host.as_ref())? };
        guest::remember(tx, vm);
        if let Some(vm) = tx.edit::<mo::VirtualMachine>(vm) {
            *vm = after;
        }
        if matches!(action, Action::PowerOff | Action::Reset) {
            tx.clear_private::<VmciInUse>(&vm.id);
        }
        story::ends(tx, work, vm, action);
        if matches!(action, Action::PowerOn | Action::Reset) {
            guest::boot(tx, vm);
        }
        Ok(())
    };
    let mut told = false;
    let fails = |tx: &mut Tx<'_>, fault: &Fault| {
        told = true;
        story::fails(tx, work, vm, action, fault);
    };
    let outcome = operation::perform_or(work, vm, begin, end, fails).await;
    if let Err(fault) = &outcome
        && !told
        && fault.fault.is::<InsufficientResourcesFault>()
    {
        work.commit(|tx| {
            story::fails(tx, work, vm, action, fault);
            Ok(())
        })?;
    }
    outcome
}

fn operation(action: Action) -> Operation {
    match action {
        Action::PowerOn => Operation::PowerOn,
        Action::PowerOff => Operation::PowerOff,
        Action::Reset => Operation::Reset,
        Action::Suspend => Operation::Suspend,
        _ => Operation::Other,
    }
}

fn config(vm: &mo::VirtualMachine) -> Obj<VirtualMachineConfigInfo> {
    vm.config.clone().unwrap_or_default()
}

/// The machine as it is after the operation, or why its state does not allow it.
fn transition(tx: &Tx<'_>, vm: &MoRef, action: Action, host: Option<&MoRef>) -> Result<mo::VirtualMachine, Fault> {
    let mut after = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?.clone();
    let now = tx.now();
    match action {
        Action::PowerOn => power_on(tx, vm, &mut after, host)?,
        Action::PowerOff => power::off(&mut after)?,
        Action::Reset => power::reset(&mut after, now)?,
        Action::Suspend => power::suspend(&mut after, now)?,
        _ => unreachable!("not a power operation"),
    }
    Ok(after)
}

fn power_on(tx: &Tx<'_>, vm: &MoRef, after: &mut mo::VirtualMachine, host: Option<&MoRef>) -> Result<(), Fault> {
    let host = place::to_start_on(tx, after, host)?;
    let facts = Around::new(tx.before(), host.clone()).host();
    let cid_taken = |id| cid_taken(tx, &host, vm, id);
    power::on(after, &PowerOn { now: tx.now(), host: &facts, cid_taken: &cid_taken })?;
    admission::run(tx, vm, after.config.as_deref().unwrap_or(&Default::default()), Seat::of(after))
}

/// Whether another machine that ran on the host when the transaction began has this VMCI context id.
pub(super) fn cid_taken(tx: &Tx<'_>, host: &MoRef, but: &MoRef, id: i32) -> bool {
    tx.before().index().by_context_id(host, id.into()).iter().any(|other| other != but)
}

fn wanted(action: Action) -> Power {
    match action {
        Action::PowerOff => Power::PoweredOff,
        Action::Suspend => Power::Suspended,
        _ => Power::PoweredOn,
    }
}

/// Faults unless the machine is in one of these states. `requested` is where the operation would lead, if anywhere.
pub fn expect_power(vm: &mo::VirtualMachine, requested: Option<Power>, allowed: &[Power]) -> Result<(), Fault> {
    let state = &vm.runtime.power_state;
    if allowed.contains(state) {
        return Ok(());
    }
    use vim25::EnumValue;
    let message = format!(
        "The attempted operation cannot be performed in the current state ({}) of '{}'.",
        state.as_str(),
        vm.name
    );
    let fault = InvalidPowerState { requested_state: requested, existing_state: state.clone(), ..Default::default() };
    Err(Fault::new(fault, message))
}

/// `Datacenter.PowerOnMultiVM_Task`: a task of its own for each machine; what does not belong to the datacenter is not
/// attempted.
pub fn on_many(call: &Call, args: args::PowerOnMultiVM_Task) -> Result<MoRef, Fault> {
    let world = call.snapshot();
    let mut result = ClusterPowerOnVmResult::default();
    for vm in args.vm {
        if world.get::<mo::VirtualMachine>(&vm).is_none() {
            let fault = Fault::object_not_found(&vm).localized();
            result.not_attempted.get_or_insert_default().push(ClusterNotAttemptedVmInfo { vm, fault }.into());
            continue;
        }
        let method = <args::PowerOnVM_Task as Method>::METHOD;
        let task = task::stage_on(call, &vm, method, |work| async move {
            let vm = work.this.clone();
            fault_tolerance::power(&work, &vm, Action::PowerOn, None).await.map(|()| None)
        })?;
        result.attempted.get_or_insert_default().push(ClusterAttemptedVmInfo { vm, task: Some(task) }.into());
    }
    task::start(call, |_| async move { Ok(Some(Any::object(result))) })
}
