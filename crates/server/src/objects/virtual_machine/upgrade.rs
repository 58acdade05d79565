//! `UpgradeVM_Task`: newer virtual hardware.

use driver::{Action, Order};
use inventory::Tx;
use model::vm::{Surroundings, activity::Operation, version};
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{
        AlreadyUpgraded, VirtualMachineConfigInfo, VirtualMachineConfigSpec, VirtualMachinePowerState as Power,
        VmUpgradeCompleteEvent, VmUpgradeFailedEvent, VmUpgradingEvent,
    },
};

use super::{
    Around, expect_power,
    operation::{self, Begun},
    reconfigure, story,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// Gives a machine that is off the hardware that the client names, or the newest that its host runs.
pub fn upgrade(call: &Call, args: args::UpgradeVM_Task) -> Result<MoRef, Fault> {
    let wanted = args.version.filter(|version| !version.is_empty());
    task::stage(call, move |work| async move { perform(&work, wanted).await.map(|()| None) })
}

async fn perform(work: &Work, wanted: Option<Str>) -> Result<(), Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let version = target(tx, vm, wanted)?;
        let config = upgraded(tx, vm, &version)?;
        let event = VmUpgradingEvent { version: version.clone(), ..Default::default() };
        story::tell(tx, work, vm, event, &format!("is upgraded to {version}"));
        let order = Order { vm: vm.clone(), config, action: Action::Reconfigure };
        Ok(Begun { operation: Operation::Other, order: Some(order), with: version })
    };
    let end = |tx: &mut Tx<'_>, version: Str| {
        let config = upgraded(tx, vm, &version)?;
        let machine = tx.edit::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
        machine.config = Some(config);
        let event = VmUpgradeCompleteEvent { version: version.clone(), ..Default::default() };
        story::tell(tx, work, vm, event, &format!("was upgraded to {version}"));
        Ok(())
    };
    let outcome = operation::perform(work, vm, begin, end).await;
    if outcome.is_err() {
        work.commit(|tx| {
            story::tell(tx, work, vm, VmUpgradeFailedEvent::default(), "could not be upgraded");
            Ok(())
        })?;
    }
    outcome
}

/// The version to which the machine goes.
fn target(tx: &Tx<'_>, vm: &MoRef, wanted: Option<Str>) -> Result<Str, Fault> {
    let machine = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
    expect_power(machine, Some(Power::PoweredOff), &[Power::PoweredOff])?;
    let config = machine.config.as_ref().ok_or_else(|| Fault::not_supported("The machine has no configuration."))?;
    let host = machine.runtime.host.clone().unwrap_or_default();
    let newest = || version::key(Around::new(tx.before(), host).host().newest_hardware);
    let version = wanted.unwrap_or_else(newest);
    let (has, wants) = (version::number(&config.version), version::number(&version));
    if wants.is_some() && wants <= has {
        let message = format!("The machine has hardware '{}' already.", config.version);
        return Err(Fault::new(AlreadyUpgraded::default(), message));
    }
    Ok(version)
}

/// The configuration with this hardware version.
fn upgraded(tx: &mut Tx<'_>, vm: &MoRef, version: &Str) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let spec = VirtualMachineConfigSpec { version: Some(version.clone()), ..Default::default() };
    reconfigure::after(tx, vm, &spec.into(), 0)
}
