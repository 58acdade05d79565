//! `ReconfigVM_Task`

use driver::{Action, Order};
use inventory::Tx;
use model::vm::{Context, activity::Operation, config};
use vim25::{
    MoRef, Obj, args, mo,
    types::{VirtualMachineConfigInfo, VirtualMachineConfigSpec, VmReconfiguredEvent},
};

use super::{
    Around,
    claim::{self, Claim},
    story,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::names,
    task::{self, Work},
};

/// Changes the configuration: all of the spec or nothing.
pub fn reconfigure(call: &Call, args: args::ReconfigVM_Task) -> Result<MoRef, Fault> {
    let spec = args.spec;
    task::start(call, move |work| async move { perform(&work, &spec).await.map(|()| None) })
}

async fn perform(work: &Work, spec: &Obj<VirtualMachineConfigSpec>) -> Result<(), Fault> {
    let vm = &work.this;
    let seed = work.commit(|tx| Ok(tx.random()))?;
    let order = work.commit(|tx| {
        let config = after(tx, vm, spec, seed)?;
        claim::mark(work, vm, Operation::Reconfigure { adapters: false }, tx)?;
        Ok(Order { vm: vm.clone(), config, action: Action::Reconfigure })
    })?;
    let _claim = Claim::held(work, vm);
    work.core.driver.carry_out(order).await.map_err(|refusal| Fault::system_error(refusal.to_string()))?;
    work.commit(|tx| {
        let config = after(tx, vm, spec, seed)?;
        let machine = tx.edit::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
        machine.name = config.name.clone();
        machine.config = Some(config);
        story::reconfigured(tx, work, vm, VmReconfiguredEvent { config_spec: spec.clone(), ..Default::default() });
        Ok(())
    })
}

/// The configuration after the change, or why it cannot be.
fn after(
    tx: &mut Tx<'_>,
    vm: &MoRef,
    spec: &Obj<VirtualMachineConfigSpec>,
    seed: u64,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let machine = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?.clone();
    let mut spec = spec.clone();
    if let Some(name) = &spec.name {
        let name = names::kept(name, Some(vm))?;
        if let Some(folder) = &machine.parent {
            names::unused(tx, folder, &name, Some(vm))?;
        }
        spec.name = Some(name);
    }
    let current = machine.config.ok_or_else(|| Fault::not_supported("The machine has no configuration."))?;
    let host = machine.runtime.host.clone().unwrap_or_default();
    let around = Around::new(tx.before(), host);
    let context = Context { surroundings: &around, now: tx.now(), seed, vm };
    Ok(config::reconfigure(&current, &machine.runtime.power_state, &spec, &context)?)
}
