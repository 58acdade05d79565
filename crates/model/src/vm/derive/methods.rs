//! `disabledMethod`: what cannot be called in the VM's present state.

use vim25::{Str, types::VirtualMachinePowerState};

/// Fault tolerance and recording: never available here.
const NEVER: &[&str] = &["TerminateFaultTolerantVM_Task", "MakePrimaryVM_Task"];

const WHEN_ON: &[&str] =
    &["PowerOnVM_Task", "Destroy_Task", "UnregisterVM", "MarkAsTemplate", "UpgradeVM_Task", "DefragmentAllDisks"];

const WHEN_OFF: &[&str] = &[
    "PowerOffVM_Task",
    "SuspendVM_Task",
    "ResetVM_Task",
    "ShutdownGuest",
    "RebootGuest",
    "StandbyGuest",
    "AnswerVM",
    "MountToolsInstaller",
    "UnmountToolsInstaller",
    "UpgradeTools_Task",
    "AcquireMksTicket",
    "SetScreenResolution",
    "SetDisplayTopology",
    "CreateScreenshot_Task",
    "PutUsbScanCodes",
    "SendNMI",
];

const WHEN_SUSPENDED: &[&str] = &["Destroy_Task", "MarkAsTemplate", "UpgradeVM_Task", "CustomizeVM_Task"];

/// What a template is not for.
const TEMPLATE: &[&str] = &[
    "PowerOnVM_Task",
    "MarkAsTemplate",
    "ReconfigVM_Task",
    "MigrateVM_Task",
    "CreateSnapshot_Task",
    "CreateSnapshotEx_Task",
    "RevertToCurrentSnapshot_Task",
];

/// The methods that a VM in this state refuses. `snapshots` says whether it has any.
pub fn disabled_methods(state: &VirtualMachinePowerState, template: bool, snapshots: bool) -> Vec<Str> {
    let (first, second): (&[&str], &[&str]) = match state {
        VirtualMachinePowerState::PoweredOn => (WHEN_ON, &[]),
        VirtualMachinePowerState::Suspended => (WHEN_OFF, WHEN_SUSPENDED),
        _ => (WHEN_OFF, &[]),
    };
    // A suspended VM can still be powered off.
    let suspended = *state == VirtualMachinePowerState::Suspended;
    let template_only: &[&str] = if template { TEMPLATE } else { &["MarkAsVirtualMachine"] };
    let none_to_revert: &[&str] = if snapshots || template { &[] } else { &["RevertToCurrentSnapshot_Task"] };
    let all = [first, second, template_only, none_to_revert, NEVER].into_iter().flatten();
    all.filter(|m| !(suspended && **m == "PowerOffVM_Task")).map(|m| Str::new_static(m)).collect()
}
