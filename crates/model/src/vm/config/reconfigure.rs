//! Changing the configuration of a VM by a spec.

use vim25::{
    DateTime, Obj, Str,
    types::{
        VirtualDeviceConfigSpec, VirtualDeviceConfigSpecOperation, VirtualMachineConfigInfo, VirtualMachineConfigSpec,
        VirtualMachinePowerState, VirtualMachineVMCIDevice,
    },
};

use super::{
    Outcome, checks::Change, cpu_memory, create::home_of, extra, guest, members, nic_options, v_app, vmci_options,
};
use crate::vm::{
    Context, Fault,
    devices::{self, Scene},
    version,
};

/// The configuration after a spec. It is `current` itself if the spec changes nothing.
///
/// # Errors
/// The fault that says what of the spec cannot be; `current` stays as it is.
pub fn reconfigure(
    current: &Obj<VirtualMachineConfigInfo>,
    state: &VirtualMachinePowerState,
    spec: &VirtualMachineConfigSpec,
    context: &Context<'_>,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    reconfiguration(current, state, spec, context).map(|outcome| outcome.config)
}

/// [`reconfigure`], with what it does to files.
///
/// # Errors
/// The fault that says what of the spec cannot be.
pub fn reconfiguration(
    current: &Obj<VirtualMachineConfigInfo>,
    state: &VirtualMachinePowerState,
    spec: &VirtualMachineConfigSpec,
    context: &Context<'_>,
) -> Result<Outcome, Fault> {
    if spec.change_version.as_ref().is_some_and(|v| !v.is_empty() && *v != current.change_version) {
        return Err(Fault::concurrent_access());
    }
    let change = Change { spec, context, state, creating: false };
    let mut outcome = apply(current.clone(), &change)?;
    if outcome.config == *current {
        return Ok(Outcome { config: current.clone(), files: outcome.files });
    }
    stamp(&mut outcome.config, context.now);
    Ok(outcome)
}

/// Marks a configuration as changed now.
pub fn stamp(config: &mut VirtualMachineConfigInfo, now: DateTime) {
    config.change_version = next_moment(&config.change_version, now).to_string().into();
    config.modified = now;
}

/// Applies a spec to a copy.
pub(super) fn apply(mut config: Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<Outcome, Fault> {
    guest::apply(&mut config, change)?;
    cpu_memory::apply(&mut config, change)?;
    members::apply(&mut config, change)?;
    v_app::apply(&mut config, change)?;
    extra::apply(&mut config, change)?;
    let files = change_devices(&mut config, change)?;
    nic_options::apply(&mut config, change)?;
    members::check_boot_order(&config)?;
    vmci_options::sync(&mut config);
    Ok(Outcome { config, files })
}

fn change_devices(
    config: &mut Obj<VirtualMachineConfigInfo>,
    change: &Change<'_>,
) -> Result<Vec<devices::FileEffect>, Fault> {
    let Some(specs) = change.spec.device_change.as_ref().filter(|s| !s.is_empty()) else { return Ok(vec![]) };
    if !specs.iter().all(|spec| is_vmci_edit(spec)) {
        change.needs_awake()?;
    }
    let home = home_of(config).ok_or_else(|| {
        Fault::vm_config("files.vmPathName", format!("machine {} has no files to add devices to", change.vm()))
    })?;
    let scene = Scene {
        context: *change.context,
        version: version::number(&config.version).unwrap_or(version::NEWEST),
        on: change.on(),
        creating: change.creating,
        home,
    };
    let old = config.hardware.device.as_deref().unwrap_or_default();
    let changed = devices::apply(old, specs, scene)?;
    if old != changed.devices {
        config.hardware.device = Some(changed.devices);
    }
    Ok(changed.files)
}

/// Whether a spec edits the VMCI device, which can be done in every power state.
fn is_vmci_edit(spec: &VirtualDeviceConfigSpec) -> bool {
    let edits = spec.operation == Some(VirtualDeviceConfigSpecOperation::Edit);
    edits && spec.device.is::<VirtualMachineVMCIDevice>()
}

/// A change version is a moment, later than the one before.
fn next_moment(before: &Str, now: DateTime) -> DateTime {
    let last = DateTime::parse(before).map(|m| DateTime::from_micros(m.micros() + 1));
    last.map_or(now, |m| m.max(now))
}
