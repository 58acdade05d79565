//! The facts of a virtual machine.

use vim25::types::{
    GuestInfo, VirtualMachineConfigInfo, VirtualMachineFaultToleranceState, VirtualMachinePowerState,
    VirtualMachineRecordReplayState, VirtualMachineRuntimeInfo,
};

use super::extra;
use crate::{
    facts::{Driver, Vm},
    guest, lab,
};

/// What no property of the API shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Whether an operation is under way for which passing through is suspended.
    pub operation: bool,
    /// Whether the guest uses VMCI.
    pub vmci: bool,
}

/// First virtual hardware with VMXNET3.
const FIRST_HARDWARE: u32 = 7;
/// The version that a guest with running tools drives, where nothing else is said.
const DRIVER_OF_TOOLS: u32 = 7;

/// The facts of a machine.
pub fn vm(
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
    tools: Option<&GuestInfo>,
    beside: Beside,
) -> Vm {
    let hardware = config.version.strip_prefix("vmx-").and_then(|number| number.parse().ok()).unwrap_or(0);
    Vm {
        on: runtime.power_state == VirtualMachinePowerState::PoweredOn,
        guest: hardware >= FIRST_HARDWARE && guest::is_supported(&config.guest_id),
        hardware,
        reserved: is_reserved(config),
        fault_tolerance_or_replay: is_tolerant_or_replayed(config, runtime),
        monitor: is_traced(config),
        operation: beside.operation,
        vmci: beside.vmci,
        driver: driver(config, tools),
    }
}

fn is_reserved(config: &VirtualMachineConfigInfo) -> bool {
    let reserved = config.memory_allocation.as_ref().and_then(|a| a.reservation).unwrap_or(0);
    config.memory_reservation_locked_to_max == Some(true) || reserved >= i64::from(config.hardware.memory_mb)
}

fn is_tolerant_or_replayed(config: &VirtualMachineConfigInfo, runtime: &VirtualMachineRuntimeInfo) -> bool {
    runtime.fault_tolerance_state != VirtualMachineFaultToleranceState::NotConfigured
        || runtime.record_replay_state != VirtualMachineRecordReplayState::Inactive
        || config.ft_info.is_some()
        || config.flags.record_replay_enabled == Some(true)
}

fn is_traced(config: &VirtualMachineConfigInfo) -> bool {
    let monitor = config.flags.monitor_type.as_deref().unwrap_or("release");
    config.nested_hv_enabled == Some(true) || config.flags.run_with_debug_info == Some(true) || monitor != "release"
}

fn driver(config: &VirtualMachineConfigInfo, guest: Option<&GuestInfo>) -> Driver {
    match extra(config, lab::GUEST_DRIVER) {
        Some(version) => version.parse().map_or(Driver::Missing, Driver::Version),
        None => match guest.map(|guest| guest.tools_running_status.as_deref()) {
            None => Driver::Unknown,
            Some(Some("guestToolsRunning")) => Driver::Version(DRIVER_OF_TOOLS),
            Some(_) => Driver::Missing,
        },
    }
}
