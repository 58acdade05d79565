//! Snapshots of a machine, and the handlers of `VirtualMachineSnapshot`.

mod remove;
mod rename;
mod revert;
mod take;

use driver::Running;
use inventory::Tx;
use model::vm::snapshot::{self, Chains};
use vim25::{
    DataType, MoRef, MoRefs, Obj, args, mo,
    types::{VirtualMachineConfigInfo, VirtualMachinePowerState as Power},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::VirtualMachine, args::CreateSnapshot_Task>(take::create)?;
    registry.on::<mo::VirtualMachine, args::CreateSnapshotEx_Task>(take::create_ex)?;
    registry.on::<mo::VirtualMachine, args::RevertToCurrentSnapshot_Task>(revert::to_current)?;
    registry.on::<mo::VirtualMachine, args::RemoveAllSnapshots_Task>(remove::all)?;
    registry.on::<mo::VirtualMachine, args::ConsolidateVMDisks_Task>(remove::consolidate)?;
    registry.on::<mo::VirtualMachineSnapshot, args::RevertToSnapshot_Task>(revert::to)?;
    registry.on::<mo::VirtualMachineSnapshot, args::RemoveSnapshot_Task>(remove::one)?;
    registry.on::<mo::VirtualMachineSnapshot, args::RenameSnapshot>(rename::rename)
}

/// The machine of the snapshot that a call names.
fn machine_of(call: &Call) -> Result<MoRef, Fault> {
    let world = call.snapshot();
    let snapshot = world.get::<mo::VirtualMachineSnapshot>(&call.this);
    snapshot.map(|s| s.vm.clone()).ok_or_else(|| Fault::object_not_found(&call.this))
}

fn machine<'t>(tx: &'t Tx<'_>, vm: &MoRef) -> Result<&'t mo::VirtualMachine, Fault> {
    tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))
}

fn config_of(vm: &mo::VirtualMachine) -> Result<&Obj<VirtualMachineConfigInfo>, Fault> {
    vm.config.as_ref().ok_or_else(|| Fault::not_supported("The machine has no configuration."))
}

/// The configurations of a machine's snapshots.
pub(super) fn kept_configs(tx: &Tx<'_>, vm: &mo::VirtualMachine) -> Vec<(MoRef, Obj<VirtualMachineConfigInfo>)> {
    let nodes = vm.snapshot.as_deref().map(snapshot::nodes).unwrap_or_default();
    let kept = nodes.into_iter().map(|node| &node.snapshot);
    kept.filter_map(|s| Some((s.clone(), tx.get::<mo::VirtualMachineSnapshot>(s)?.config.clone()))).collect()
}

/// `from`, the configuration of a machine or of one of its snapshots, with disks on new files above those that it has.
pub(super) fn branched(
    tx: &Tx<'_>,
    vm: &MoRef,
    from: &Obj<VirtualMachineConfigInfo>,
    seed: u64,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let machine = machine(tx, vm)?;
    let kept = kept_configs(tx, machine);
    let chains = Chains::of(kept.iter().map(|(_, config)| &**config).chain(machine.config.as_deref()));
    let mut config = from.clone();
    snapshot::branch(&mut config, &vm.id, seed, &|file| chains.has(file));
    Ok(config)
}

/// The object of a snapshot that keeps `config`.
pub(super) fn object(vm: &MoRef, config: Obj<VirtualMachineConfigInfo>) -> mo::VirtualMachineSnapshot {
    mo::VirtualMachineSnapshot::with(|snapshot| {
        snapshot.config = config;
        snapshot.vm = vm.clone();
        snapshot.child_snapshot = Some(MoRefs::new());
        snapshot.value = Some(vec![]);
        snapshot.available_field = Some(vec![]);
    })
}

/// A power state as drivers know it.
fn running(state: &Power) -> Running {
    match state {
        Power::PoweredOn => Running::On,
        Power::Suspended => Running::Suspended,
        _ => Running::Off,
    }
}

/// Takes a machine's snapshots out of the world, before the machine itself goes.
pub(super) fn forget_all(tx: &mut Tx<'_>, vm: &MoRef) {
    let info = tx.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.snapshot.clone());
    for node in info.as_deref().map(snapshot::nodes).unwrap_or_default() {
        tx.remove(&node.snapshot);
    }
}
