//! `disabledMethod`: what cannot be called in the VM's present state.

use std::sync::LazyLock;

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
pub fn disabled_methods(state: &VirtualMachinePowerState, template: bool, snapshots: bool) -> &'static Vec<Str> {
    static LISTS: LazyLock<[Vec<Str>; 12]> = LazyLock::new(|| std::array::from_fn(list));
    let state = match state {
        VirtualMachinePowerState::PoweredOn => 0,
        VirtualMachinePowerState::Suspended => 1,
        _ => 2,
    };
    &LISTS[state * 4 + usize::from(template) * 2 + usize::from(snapshots)]
}

/// The list at a place: those of a running VM first, then of a suspended one, then of one that is off.
fn list(place: usize) -> Vec<Str> {
    let (suspended, template, snapshots) = (place / 4 == 1, place & 2 != 0, place & 1 != 0);
    let (first, second): (&[&str], &[&str]) = match place / 4 {
        0 => (WHEN_ON, &[]),
        1 => (WHEN_OFF, WHEN_SUSPENDED),
        _ => (WHEN_OFF, &[]),
    };
    let template_only: &[&str] = if template { TEMPLATE } else { &["MarkAsVirtualMachine"] };
    let none_to_revert: &[&str] = if snapshots || template { &[] } else { &["RevertToCurrentSnapshot_Task"] };
    let all = [first, second, template_only, none_to_revert, NEVER].into_iter().flatten();
    // A suspended VM can still be powered off.
    all.filter(|m| !(suspended && **m == "PowerOffVM_Task")).map(|m| Str::new_static(m)).collect()
}
