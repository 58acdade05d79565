//! Fault Tolerance: a machine and its secondary on another host.
//!
//! The secondary is a machine of its own in the inventory; it does what its primary does ([`power`]) and refuses
//! everything else. The state that both show is derived ([`States`]).

mod create;
mod failover;
mod follow;
mod hosts;
mod rule;
mod switch;

use inventory::{Snapshot, Tx};
use model::vm::fault_tolerance::{self, Role};
use vim25::{
    Any, MoRef, Obj, args, mo,
    types::{
        ClusterAttemptedVmInfo, ClusterNotAttemptedVmInfo, ClusterPowerOnVmResult, FaultToleranceSecondaryOpResult,
        InvalidState, LocalizedMethodFault, SecondaryVmNotRegistered, VirtualMachineConfigInfo,
    },
};

pub use follow::power;
pub use rule::States;

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    task::Work,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::VirtualMachine, args::CreateSecondaryVM_Task>(create::plain)?;
    registry.on::<mo::VirtualMachine, args::CreateSecondaryVMEx_Task>(create::with_spec)?;
    registry.on::<mo::VirtualMachine, args::TurnOffFaultToleranceForVM_Task>(switch::turn_off)?;
    registry.on::<mo::VirtualMachine, args::DisableSecondaryVM_Task>(switch::disable)?;
    registry.on::<mo::VirtualMachine, args::EnableSecondaryVM_Task>(switch::enable)?;
    registry.on::<mo::VirtualMachine, args::MakePrimaryVM_Task>(failover::make_primary)?;
    registry.on::<mo::VirtualMachine, args::TerminateFaultTolerantVM_Task>(failover::terminate)?;
    registry.on::<mo::VirtualMachine, args::QueryFaultToleranceCompatibility>(compatibility)?;
    registry.on::<mo::VirtualMachine, args::QueryFaultToleranceCompatibilityEx>(compatibility_ex)
}

/// What a query of compatibility answers.
type Issues = Result<Option<Vec<Obj<LocalizedMethodFault>>>, Fault>;

/// `QueryFaultToleranceCompatibility`: what keeps the machine from Fault Tolerance.
fn compatibility(call: &Call, _: args::QueryFaultToleranceCompatibility) -> Issues {
    issues(call)
}

/// `QueryFaultToleranceCompatibilityEx`: there is only one kind of Fault Tolerance here.
fn compatibility_ex(call: &Call, _: args::QueryFaultToleranceCompatibilityEx) -> Issues {
    issues(call)
}

fn issues(call: &Call) -> Issues {
    let world = call.snapshot();
    let vm = world.get::<mo::VirtualMachine>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    let issues = fault_tolerance::issues(&call.this, vm);
    Ok(Some(issues.iter().map(|issue| issue.localized()).collect()))
}

/// `InvalidOperationOnSecondaryVm` for a secondary.
pub fn refuse_secondary(tx: &Tx<'_>, vm: &MoRef) -> Result<(), Fault> {
    let config = tx.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.config.as_ref());
    config.map_or(Ok(()), |config| fault_tolerance::refuse_secondary(config))
}

/// `FaultToleranceAntiAffinityViolated` if the other machine of the pair is on `host`.
pub fn keep_apart(tx: &Tx<'_>, config: &VirtualMachineConfigInfo, host: &MoRef) -> Result<(), Fault> {
    let others = match Role::of(config) {
        Some(Role::Primary(secondaries)) => secondaries,
        Some(Role::Secondary(primary)) => [primary].into(),
        None => return Ok(()),
    };
    let there = |vm: &MoRef| tx.get::<mo::VirtualMachine>(vm).is_some_and(|vm| vm.runtime.host.as_ref() == Some(host));
    match tx.get::<mo::HostSystem>(host).filter(|_| others.iter().any(there)) {
        Some(system) => Err(hosts::too_near(host, system)),
        None => Ok(()),
    }
}

/// The secondaries of a machine that is to go.
pub fn secondaries(tx: &Tx<'_>, vm: &MoRef) -> Vec<MoRef> {
    match role(tx.get(vm)) {
        Some(Role::Primary(secondaries)) => secondaries.to_vec(),
        _ => vec![],
    }
}

fn role(vm: Option<&mo::VirtualMachine>) -> Option<Role> {
    vm.and_then(|vm| vm.config.as_deref()).and_then(Role::of)
}

/// The secondary of a primary.
///
/// # Errors
/// `InvalidOperationOnSecondaryVm` if it is one itself, `InvalidState` without Fault Tolerance.
fn secondary_of(tx: &Tx<'_>, primary: &MoRef) -> Result<MoRef, Fault> {
    refuse_secondary(tx, primary)?;
    secondaries(tx, primary).into_iter().next().ok_or_else(|| {
        let message = "Fault Tolerance is not turned on for this machine.";
        Fault::new(InvalidState::default(), message)
    })
}

/// [`secondary_of`], if it is the one that the client names.
fn named_secondary(tx: &Tx<'_>, primary: &MoRef, named: &MoRef) -> Result<MoRef, Fault> {
    let secondary = secondary_of(tx, primary)?;
    if secondary == *named {
        return Ok(secondary);
    }
    if tx.get::<mo::VirtualMachine>(named).is_none() {
        return Err(Fault::object_not_found(named));
    }
    let fault = SecondaryVmNotRegistered { instance_uuid: instance_uuid(tx, named), ..Default::default() };
    Err(Fault::new(fault, format!("'{named}' is not the secondary of this machine.")))
}

fn instance_uuid(tx: &Tx<'_>, vm: &MoRef) -> vim25::Str {
    let config = tx.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.config.as_ref());
    config.and_then(|config| config.instance_uuid.clone()).unwrap_or_default()
}

/// The secondary of a machine in a snapshot, if it has one that is not disabled.
fn active_secondary(world: &Snapshot, vm: &MoRef) -> Option<MoRef> {
    let disabled = world.private::<fault_tolerance::Disabled>(&vm.id).is_some();
    match role(world.get(vm)) {
        Some(Role::Primary(secondaries)) if !disabled => secondaries.into_iter().next(),
        _ => None,
    }
}

/// What an operation on a secondary tells: the secondary, and how starting it went if that was tried.
fn result(work: &Work, secondary: &MoRef, started: Option<Result<(), Fault>>) -> Option<Any> {
    let power_on_result = started.as_ref().map(|started| {
        let vm = secondary.clone();
        let mut result = ClusterPowerOnVmResult::default();
        match started {
            Ok(()) => {
                let info = ClusterAttemptedVmInfo { vm, task: Some(work.task()) };
                result.attempted = Some(vec![info.into()]);
            }
            Err(fault) => {
                let info = ClusterNotAttemptedVmInfo { vm, fault: fault.localized() };
                result.not_attempted = Some(vec![info.into()]);
            }
        }
        result.into()
    });
    Some(Any::object(FaultToleranceSecondaryOpResult {
        vm: secondary.clone(),
        power_on_attempted: started.is_some(),
        power_on_result,
    }))
}
