//! `ReconfigVM_Task`

use driver::{Action, Order};
use inventory::{Revision, Tx};
use model::vm::{Context, activity::Operation, admission, config, fault_tolerance};
use vim25::{
    MoRef, Obj, args, mo,
    types::{
        VirtualEthernetCard, VirtualMachineConfigInfo, VirtualMachineConfigSpec, VirtualMachinePowerState as Power,
        VmReconfiguredEvent,
    },
};

use super::{
    Around,
    operation::{self, Begun},
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
    task::stage(call, move |work| async move { perform(&work.last(), &spec).await.map(|()| None) })
}

async fn perform(work: &Work, spec: &Obj<VirtualMachineConfigSpec>) -> Result<(), Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let seed = tx.random();
        let adapters = touches_adapters(tx, vm, spec);
        let config = after(tx, vm, spec, seed)?;
        let with = (tx.before().revision(), seed, config.clone());
        let order = Order { vm: vm.clone(), config, action: Action::Reconfigure };
        Ok(Begun { operation: Operation::Reconfigure { adapters }, order: Some(order), with })
    };
    let end = |tx: &mut Tx<'_>, (then, seed, planned): (Revision, u64, Obj<VirtualMachineConfigInfo>)| {
        let same = tx.before().revision() == then;
        let config = if same { planned } else { after(tx, vm, spec, seed)? };
        let machine = tx.edit::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
        machine.name = config.name.clone();
        machine.config = Some(config);
        story::reconfigured(tx, work, vm, VmReconfiguredEvent { config_spec: spec.clone(), ..Default::default() });
        Ok(())
    };
    operation::perform(work, vm, begin, end).await
}

/// Whether a network adapter of a running machine comes, goes or changes.
fn touches_adapters(tx: &Tx<'_>, vm: &MoRef, spec: &VirtualMachineConfigSpec) -> bool {
    let running = tx.get::<mo::VirtualMachine>(vm).filter(|vm| vm.runtime.power_state == Power::PoweredOn);
    let Some(config) = running.and_then(|vm| vm.config.as_ref()) else { return false };
    let adapter = |key| config.hardware.device.iter().flatten().any(|d| d.key == key && d.is::<VirtualEthernetCard>());
    spec.device_change.iter().flatten().any(|s| s.device.is::<VirtualEthernetCard>() || adapter(s.device.key))
}

/// The configuration after the change, or why it cannot be.
pub fn after(
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
    let config = config::reconfigure(&current, &machine.runtime.power_state, &spec, &context)?;
    fault_tolerance::check_change(vm, &current, &config)?;
    admission::change(tx, vm, &config)?;
    Ok(config)
}
