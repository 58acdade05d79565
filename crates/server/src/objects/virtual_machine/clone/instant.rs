//! `InstantClone_Task`: a copy of a running machine that runs on from the same moment.

use driver::Action;
use inventory::Tx;
use model::vm::{
    admission::{self, Seat},
    config, migrate,
};
use vim25::{
    Any, DataType, EnumValue, MoRef, Str, args, mo,
    types::{
        VirtualMachineCloneSpec, VirtualMachineConfigSpec, VirtualMachineInstantCloneSpec,
        VirtualMachinePowerState as Power, VirtualMachineRelocateDiskMoveOptions as How,
    },
};

use super::{Wish, plan, tale};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::virtual_machine::{expect_power, guest, operation, place, power, snapshot::branched},
    task::{self, Work},
};

/// `InstantClone_Task`
pub fn clone(call: &Call, args: args::InstantClone_Task) -> Result<MoRef, Fault> {
    task::stage(call, |work| async move { perform(&work, &args.spec).await.map(|vm| Some(Any::MoRef(vm))) })
}

async fn perform(work: &Work, spec: &VirtualMachineInstantCloneSpec) -> Result<MoRef, Fault> {
    let source = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let (seed, vm) = (tx.random(), MoRef::new("VirtualMachine", tx.new_id("vm")));
        let wish = wish(tx, source, spec)?;
        let machine = copy(tx, source, &vm, &wish, seed)?;
        tale::begins(tx, work, source, &vm, &wish, &machine);
        Ok((seed, vm))
    };
    let end = |tx: &mut Tx<'_>, (seed, vm): (u64, MoRef)| {
        let wish = wish(tx, source, spec)?;
        let machine = copy(tx, source, &vm, &wish, seed)?;
        part(tx, source, seed)?;
        tx.insert(vm.clone(), machine);
        place::enlist(tx, &vm);
        guest::inherit(tx, source, &vm);
        tale::ends(tx, work, source, &vm);
        Ok(vm)
    };
    let vm = operation::beside(work, source, begin, end).await?;
    power::perform(&work.at_once(), &vm, Action::PowerOn, None).await?;
    Ok(vm)
}

/// The same as a wish for a clone, its disks above those of the source.
fn wish(tx: &Tx<'_>, source: &MoRef, spec: &VirtualMachineInstantCloneSpec) -> Result<Wish, Fault> {
    let machine = tx.get::<mo::VirtualMachine>(source).ok_or_else(|| Fault::object_not_found(source))?;
    expect_power(machine, Some(Power::PoweredOn), &[Power::PoweredOn])?;
    if let Some(config) = &machine.config {
        migrate::check_running_devices(config)?;
    }
    let folder = spec.location.folder.clone().or_else(|| machine.parent.clone());
    let folder = folder.ok_or_else(|| Fault::invalid_argument("spec.location.folder", "name a folder"))?;
    let change = VirtualMachineConfigSpec {
        extra_config: spec.config.clone(),
        uuid: spec.bios_uuid.clone().filter(|uuid| !uuid.is_empty()),
        ..Default::default()
    };
    let clone = VirtualMachineCloneSpec::with(|clone| {
        clone.location = spec.location.clone();
        clone.location.disk_move_type = Some(Str::from(How::CreateNewChildDiskBacking.as_str()));
        clone.config = Some(change.into());
        clone.power_on = true;
    });
    Ok(Wish { folder, name: spec.name.clone(), spec: clone.into(), instant: true })
}

/// The clone, if it can run where it is to be.
fn copy(tx: &mut Tx<'_>, source: &MoRef, vm: &MoRef, wish: &Wish, seed: u64) -> Result<mo::VirtualMachine, Fault> {
    let machine = plan::plan(tx, source, vm, wish, seed)?;
    if let Some(config) = &machine.config {
        admission::run(tx, vm, config, Seat::of(&machine))?;
    }
    Ok(machine)
}

/// The source goes on in new files too: the ones that it had are now shared.
fn part(tx: &mut Tx<'_>, source: &MoRef, seed: u64) -> Result<(), Fault> {
    let now = tx.now();
    let machine = tx.get::<mo::VirtualMachine>(source).ok_or_else(|| Fault::object_not_found(source))?;
    let Some(before) = machine.config.clone() else { return Ok(()) };
    let mut config = branched(tx, source, &before, seed)?;
    if config != before {
        config::stamp(&mut config, now);
    }
    if let Some(machine) = tx.edit::<mo::VirtualMachine>(source) {
        machine.config = Some(config);
    }
    Ok(())
}
