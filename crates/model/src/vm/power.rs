//! Power operations: what they do to a VM's state. Pure transitions; whoever runs the VM says when they happen.

mod slots;
mod vmci_id;

use vim25::{
    DateTime, Obj,
    mo::VirtualMachine,
    types::{VirtualDevice, VirtualMachineConfigInfo, VirtualMachinePowerState, VirtualMachineRuntimeInfo},
};

use super::{Fault, guest, surroundings::HostFacts};

pub(crate) use slots::assign as assign_slots;
pub use vmci_id::{CidTaken, first_choice, pick};

/// What a power-on needs to know.
pub struct PowerOn<'a> {
    /// The moment.
    pub now: DateTime,
    /// The host on which the VM starts.
    pub host: &'a HostFacts,
    /// Whether another running VM of the host has this VMCI context id.
    pub cid_taken: &'a CidTaken<'a>,
}

/// Starts a VM that is off, or resumes one that is suspended.
///
/// # Errors
/// `InvalidPowerState` if it runs already, `NotSupported` for a template.
pub fn on(vm: &mut VirtualMachine, with: &PowerOn<'_>) -> Result<(), Fault> {
    let state = vm.runtime.power_state.clone();
    if state == VirtualMachinePowerState::PoweredOn {
        return Err(Fault::invalid_power_state(Some(VirtualMachinePowerState::PoweredOn), state));
    }
    if vm.config.as_ref().is_some_and(|c| c.template) {
        return Err(Fault::not_supported(
            "The operation is not supported on the object: a template cannot be powered on",
        ));
    }
    if let Some(config) = &mut vm.config {
        start_devices(config, with.cid_taken);
        vm.runtime.max_cpu_usage = Some(config.hardware.num_cpu.saturating_mul(with.host.cpu_mhz));
        vm.runtime.max_memory_usage = Some(config.hardware.memory_mb);
        vm.runtime.memory_overhead = config.initial_overhead.as_ref().and_then(|o| o.initial_memory_reservation);
        vm.guest = Some(guest::starting(config));
    }
    let runtime = &mut *vm.runtime;
    runtime.power_state = VirtualMachinePowerState::PoweredOn;
    runtime.host = Some(with.host.host.clone());
    runtime.boot_time = Some(with.now);
    runtime.suspend_time = None;
    runtime.suspended_to_memory = None;
    runtime.clean_power_off = None;
    runtime.paused = Some(false);
    runtime.question = None;
    Ok(())
}

/// Goes on on another host with a VM that runs: what it takes of the host follows, and its VMCI context id becomes
/// another one if it is taken there.
pub fn arrive(vm: &mut VirtualMachine, with: &PowerOn<'_>) {
    if let Some(config) = &mut vm.config {
        vm.runtime.max_cpu_usage = Some(config.hardware.num_cpu.saturating_mul(with.host.cpu_mhz));
        choose_cid(config, with.cid_taken);
    }
    vm.runtime.host = Some(with.host.host.clone());
}

/// Stops a VM that runs or is suspended.
///
/// # Errors
/// `InvalidPowerState` if it is off.
pub fn off(vm: &mut VirtualMachine) -> Result<(), Fault> {
    let state = vm.runtime.power_state.clone();
    if state == VirtualMachinePowerState::PoweredOff {
        return Err(Fault::invalid_power_state(Some(VirtualMachinePowerState::PoweredOff), state));
    }
    halt(vm);
    let runtime = &mut *vm.runtime;
    runtime.power_state = VirtualMachinePowerState::PoweredOff;
    runtime.suspend_time = None;
    runtime.clean_power_off = Some(true);
    Ok(())
}

/// Suspends a running VM to disk.
///
/// # Errors
/// `InvalidPowerState` if it does not run.
pub fn suspend(vm: &mut VirtualMachine, now: DateTime) -> Result<(), Fault> {
    running(&vm.runtime, VirtualMachinePowerState::Suspended)?;
    halt(vm);
    let runtime = &mut *vm.runtime;
    runtime.power_state = VirtualMachinePowerState::Suspended;
    runtime.suspend_time = Some(now);
    Ok(())
}

/// Resets a running VM: it stays on, its guest starts again.
///
/// # Errors
/// `InvalidPowerState` if it does not run.
pub fn reset(vm: &mut VirtualMachine, now: DateTime) -> Result<(), Fault> {
    running(&vm.runtime, VirtualMachinePowerState::PoweredOn)?;
    if let Some(config) = &vm.config {
        vm.guest = Some(guest::starting(config));
    }
    vm.runtime.boot_time = Some(now);
    Ok(())
}

fn running(runtime: &VirtualMachineRuntimeInfo, requested: VirtualMachinePowerState) -> Result<(), Fault> {
    match &runtime.power_state {
        VirtualMachinePowerState::PoweredOn => Ok(()),
        other => Err(Fault::invalid_power_state(Some(requested), other.clone())),
    }
}

/// What powering off and suspending have in common.
fn halt(vm: &mut VirtualMachine) {
    if let Some(config) = &mut vm.config {
        connect_all(config, false);
        vm.guest = Some(guest::stopped(config));
    }
    let runtime = &mut *vm.runtime;
    runtime.boot_time = None;
    runtime.question = None;
    runtime.num_mks_connections = 0;
    runtime.max_cpu_usage = None;
    runtime.max_memory_usage = None;
    runtime.memory_overhead = None;
}

fn start_devices(config: &mut Obj<VirtualMachineConfigInfo>, taken: &CidTaken<'_>) {
    let mut devices = config.hardware.device.clone().unwrap_or_default();
    slots::assign(&mut devices);
    if config.hardware.device.as_ref() != Some(&devices) {
        config.hardware.device = Some(devices);
    }
    choose_cid(config, taken);
    connect_all(config, true);
}

fn choose_cid(config: &mut Obj<VirtualMachineConfigInfo>, taken: &CidTaken<'_>) {
    let uuid = config.uuid.clone();
    let mut devices = config.hardware.device.clone().unwrap_or_default();
    vmci_id::assign(&mut devices, &uuid, taken);
    if config.hardware.device.as_ref() != Some(&devices) {
        config.hardware.device = Some(devices);
        super::config::sync_vmci_options(config);
    }
}

/// Disconnects every device: nothing is connected in a VM that does not run.
pub(crate) fn disconnect(config: &mut Obj<VirtualMachineConfigInfo>) {
    connect_all(config, false);
}

/// Connects what is to be connected at power-on, or disconnects everything.
fn connect_all(config: &mut Obj<VirtualMachineConfigInfo>, on: bool) {
    let listed = config.hardware.device.as_deref().unwrap_or_default();
    let changed: Vec<usize> = (0..listed.len()).filter(|i| wants_change(&listed[*i], on)).collect();
    if changed.is_empty() {
        return;
    }
    let devices = config.hardware.device.get_or_insert_default();
    for index in changed {
        if let Some(connectable) = &mut devices[index].connectable {
            connectable.connected = on && connectable.start_connected;
            connectable.status = Some(if connectable.connected { "ok" } else { "untried" }.into());
        }
    }
}

fn wants_change(device: &VirtualDevice, on: bool) -> bool {
    device.connectable.as_ref().is_some_and(|c| {
        let want = on && c.start_connected;
        c.connected != want || c.status.as_deref() != Some(if want { "ok" } else { "untried" })
    })
}
