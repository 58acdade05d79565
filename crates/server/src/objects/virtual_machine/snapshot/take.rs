//! `CreateSnapshot_Task` and `CreateSnapshotEx_Task`.

use driver::{Action, Order};
use inventory::Tx;
use model::vm::{
    activity::Operation,
    config,
    snapshot::{self, Count, Taken, chain_of},
};
use vim25::{
    Any, DataType, MoRef, Str, args, mo,
    types::{
        DeviceNotSupported, LocalizedMethodFault, MemorySnapshotOnIndependentDisk, SnapshotDisabled,
        SnapshotIncompatibleDeviceInVm, SnapshotLocked, TooManySnapshotLevels, VirtualDevice, VirtualDisk,
        VirtualMachineConfigInfo, VirtualMachinePowerState as Power, VirtualMachineSnapshotTree, VirtualPCIPassthrough,
        VirtualSriovEthernetCard,
    },
};

use super::{branched, config_of, machine, object};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::{
        entity::names,
        virtual_machine::operation::{self, Begun},
    },
    task::{self, Work},
};

/// How many snapshots can lie above each other.
const LEVELS: usize = 32;
/// How long a guest may be told to be quiet, in minutes.
const QUIET_MINUTES: std::ops::RangeInclusive<i32> = 5..=240;

/// What a client asks for.
struct Wish {
    name: Str,
    description: Str,
    memory: bool,
    quiesce: bool,
}

/// `CreateSnapshot_Task`
pub fn create(call: &Call, args: args::CreateSnapshot_Task) -> Result<MoRef, Fault> {
    let description = args.description.unwrap_or_default();
    start(call, Wish { name: args.name, description, memory: args.memory, quiesce: args.quiesce })
}

/// `CreateSnapshotEx_Task`
pub fn create_ex(call: &Call, args: args::CreateSnapshotEx_Task) -> Result<MoRef, Fault> {
    if let Some(minutes) = args.quiesce_spec.as_ref().and_then(|spec| spec.timeout)
        && !QUIET_MINUTES.contains(&minutes)
    {
        let why = format!("{minutes} is not from {} to {} minutes", QUIET_MINUTES.start(), QUIET_MINUTES.end());
        return Err(Fault::invalid_argument("quiesceSpec.timeout", why));
    }
    let (description, quiesce) = (args.description.unwrap_or_default(), args.quiesce_spec.is_some());
    start(call, Wish { name: args.name, description, memory: args.memory, quiesce })
}

fn start(call: &Call, wish: Wish) -> Result<MoRef, Fault> {
    task::stage(call, |work| async move { perform(&work, &wish).await.map(|snapshot| Some(Any::MoRef(snapshot))) })
}

async fn perform(work: &Work, wish: &Wish) -> Result<MoRef, Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let seed = tx.random();
        let (state, id) = (check(tx, vm, wish)?, next_id(tx, vm));
        let memory = state != Power::PoweredOff;
        let config = branched(tx, vm, config_of(machine(tx, vm)?)?, seed)?;
        let order = Order { vm: vm.clone(), config, action: Action::Snapshot { id, memory } };
        Ok(Begun { operation: Operation::Snapshot { memory }, order: Some(order), with: seed })
    };
    operation::perform(work, vm, begin, |tx, seed| take(tx, vm, wish, seed)).await
}

fn next_id(tx: &Tx<'_>, vm: &MoRef) -> i32 {
    tx.private::<Count>(&vm.id).copied().unwrap_or_default().0 + 1
}

/// The state that the snapshot keeps, or why there can be none.
fn check(tx: &Tx<'_>, vm: &MoRef, wish: &Wish) -> Result<Power, Fault> {
    names::kept(&wish.name, Some(vm))?;
    let machine = machine(tx, vm)?;
    let config = config_of(machine)?;
    if config.template {
        return Err(Fault::not_supported("A template has no snapshots."));
    }
    if config.ft_info.is_some() {
        return Err(Fault::not_supported("A machine of a Fault Tolerance pair has no snapshots."));
    }
    if config.ft_info.is_some() {
        return Err(Fault::not_supported("A machine with Fault Tolerance has no snapshots."));
    }
    if config.flags.snapshot_disabled == Some(true) {
        return Err(Fault::new(SnapshotDisabled::default(), "Snapshots are disabled for this virtual machine."));
    }
    if config.flags.snapshot_locked == Some(true) {
        return Err(Fault::new(SnapshotLocked::default(), "The snapshots of this virtual machine are locked."));
    }
    check_levels(machine)?;
    let state = match &machine.runtime.power_state {
        state if wish.memory => state.clone(),
        _ => Power::PoweredOff,
    };
    if state == Power::PoweredOn {
        check_devices(config)?;
    }
    Ok(state)
}

fn check_levels(machine: &mo::VirtualMachine) -> Result<(), Fault> {
    let info = machine.snapshot.as_deref();
    let levels = info.and_then(|info| Some(snapshot::path(info, info.current_snapshot.as_ref()?).len()));
    if levels.unwrap_or(0) >= LEVELS {
        let message = format!("No more than {LEVELS} snapshots can lie above each other.");
        return Err(Fault::new(TooManySnapshotLevels::default(), message));
    }
    Ok(())
}

/// What a machine that runs must not have, if its memory is to be saved.
fn check_devices(config: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    for device in config.hardware.device.iter().flatten() {
        let mode = device.cast::<VirtualDisk>().and_then(|d| chain_of(d).first().map(|b| b.disk_mode.clone()));
        if mode.is_some_and(|mode| mode.starts_with("independent")) {
            let message = format!("The memory cannot be saved while '{}' is an independent disk.", label(device));
            return Err(Fault::new(MemorySnapshotOnIndependentDisk::default(), message));
        }
        if device.is::<VirtualPCIPassthrough>() || device.is::<VirtualSriovEthernetCard>() {
            return Err(incompatible(device));
        }
    }
    Ok(())
}

fn incompatible(device: &VirtualDevice) -> Fault {
    let message = format!("The state of '{}', a device of the host, cannot be saved.", label(device));
    let cause = DeviceNotSupported::with(|f| f.device = label(device));
    let cause = LocalizedMethodFault { fault: cause.into(), localized_message: Some(message.as_str().into()) };
    Fault::new(SnapshotIncompatibleDeviceInVm { fault: cause.into(), ..Default::default() }, message)
}

fn label(device: &VirtualDevice) -> Str {
    device.device_info.as_ref().map_or_else(|| device.key.to_string().into(), |info| info.label.clone())
}

/// Puts the snapshot into the world. Returns its reference.
fn take(tx: &mut Tx<'_>, vm: &MoRef, wish: &Wish, seed: u64) -> Result<MoRef, Fault> {
    let (state, now, id) = (check(tx, vm, wish)?, tx.now(), next_id(tx, vm));
    let before = machine(tx, vm)?.clone();
    let kept = config_of(&before)?;
    let mut config = branched(tx, vm, kept, seed)?;
    config::stamp(&mut config, now);
    let snapshot = MoRef::new("VirtualMachineSnapshot", tx.new_id("snapshot"));
    tx.insert(snapshot.clone(), object(vm, kept.clone()));
    tx.set_private(&snapshot.id, Taken { guest: before.guest.clone().filter(|_| state == Power::PoweredOn) });
    tx.set_private(&vm.id, Count(id));
    let node = VirtualMachineSnapshotTree {
        snapshot: snapshot.clone(),
        vm: vm.clone(),
        name: wish.name.clone(),
        description: wish.description.clone(),
        id,
        create_time: now,
        quiesced: is_quiesced(&before, wish),
        state,
        replay_supported: Some(false),
        ..Default::default()
    };
    if let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) {
        machine.snapshot = Some(snapshot::add(before.snapshot.as_deref(), node).into());
        machine.config = Some(config);
    }
    Ok(snapshot)
}

/// Whether the guest was made to write what it held back: tools do that, and saved memory makes it needless.
fn is_quiesced(vm: &mo::VirtualMachine, wish: &Wish) -> bool {
    let tools = vm.guest.as_ref().and_then(|g| g.tools_running_status.as_deref()) == Some("guestToolsRunning");
    wish.quiesce && !wish.memory && tools && vm.runtime.power_state == Power::PoweredOn
}
