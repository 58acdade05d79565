//! `CloneVM_Task` and `InstantClone_Task`: a machine or a template like another one.

mod instant;
mod plan;
mod tale;

use driver::Action;
use inventory::Tx;
use vim25::{
    Any, EnumValue, MoRef, Obj, Str, args, mo,
    types::{VirtualMachineCloneSpec, VirtualMachineCloneSpecTpmProvisionPolicy as TpmPolicy},
};

pub use instant::clone as instant_clone;

use super::{operation, power};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// What a client asks for.
struct Wish {
    folder: MoRef,
    name: Str,
    spec: Obj<VirtualMachineCloneSpec>,
    /// Whether the disks of a running machine are shared at this moment.
    instant: bool,
}

/// `CloneVM_Task`
pub fn clone(call: &Call, args: args::CloneVM_Task) -> Result<MoRef, Fault> {
    let wish = Wish { folder: args.folder, name: args.name, spec: args.spec, instant: false };
    check_spec(&wish.spec)?;
    task::stage(call, |work| async move { perform(&work, &wish).await.map(|vm| Some(Any::MoRef(vm))) })
}

/// Whether a clone could be made now.
pub fn check(
    tx: &mut Tx<'_>,
    source: &MoRef,
    folder: MoRef,
    name: Str,
    spec: &Obj<VirtualMachineCloneSpec>,
) -> Result<(), Fault> {
    check_spec(spec)?;
    let (seed, vm) = (tx.random(), MoRef::new("VirtualMachine", tx.new_id("vm")));
    let wish = Wish { folder, name, spec: spec.clone(), instant: false };
    plan::plan(tx, source, &vm, &wish, seed).map(|_| ())
}

/// What of a spec can be judged by itself.
fn check_spec(spec: &VirtualMachineCloneSpec) -> Result<(), Fault> {
    if spec.customization.is_some() {
        return Err(Fault::not_supported("No guest can be customized by this server: clone without a customization."));
    }
    if spec.memory == Some(true) {
        return Err(Fault::not_supported("The memory of a machine cannot be cloned with it."));
    }
    if spec.template && spec.power_on {
        return Err(Fault::invalid_argument("spec.powerOn", "a template cannot be powered on"));
    }
    if let Some(policy) = spec.tpm_provision_policy.as_deref()
        && !TpmPolicy::TYPE.values.contains(&policy)
    {
        return Err(Fault::invalid_argument("spec.tpmProvisionPolicy", format!("'{policy}' is no such policy")));
    }
    Ok(())
}

async fn perform(work: &Work, wish: &Wish) -> Result<MoRef, Fault> {
    let source = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let (seed, vm) = (tx.random(), MoRef::new("VirtualMachine", tx.new_id("vm")));
        let machine = plan::plan(tx, source, &vm, wish, seed)?;
        tale::begins(tx, work, source, &vm, wish, &machine);
        Ok((seed, vm))
    };
    let end = |tx: &mut Tx<'_>, (seed, vm): (u64, MoRef)| {
        let machine = plan::plan(tx, source, &vm, wish, seed)?;
        tx.insert(vm.clone(), machine);
        super::place::enlist(tx, &vm);
        tale::ends(tx, work, source, &vm);
        Ok(vm)
    };
    let vm = operation::beside(work, source, begin, end).await?;
    if wish.spec.power_on {
        power::perform(&work.at_once(), &vm, Action::PowerOn, None).await?;
    }
    Ok(vm)
}

fn is_template(vm: &mo::VirtualMachine) -> bool {
    vm.config.as_ref().is_some_and(|config| config.template)
}
