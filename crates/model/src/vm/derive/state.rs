//! The short way of [`refresh`](super::refresh), for a VM of which nothing but the state of its run time, its guest and
//! general settings are others: what follows from its devices, its snapshots and its place stays.

use vim25::{
    MoRef, Obj,
    mo::VirtualMachine,
    types::{VirtualDevice, VirtualDisk, VirtualHardware, VirtualMachineConfigInfo, VirtualMachineFileLayoutEx},
};

use super::{
    files, is_on, layout::layout_in_state, refresh_methods, set, storage::storage_in_state, summary, transient,
};

/// Properties that may differ from what they were where the short way is to suffice.
pub(super) const STATE: [&str; 11] = [
    "name",
    "runtime",
    "summary",
    "recentTask",
    "guest",
    "guestHeartbeatStatus",
    "config",
    "capability",
    "disabledMethod",
    "overallStatus",
    "customValue",
];

/// Whether the short way suffices for a VM that was at rest as `old` and differs in nothing but [`STATE`].
pub(in crate::vm) fn suffices(old: &VirtualMachine, new: &VirtualMachine) -> bool {
    let configs = old.config.as_ref().zip(new.config.as_ref());
    old.runtime.host == new.runtime.host && configs.is_some_and(|(old, new)| old.same(new) || stays(old, new))
}

/// Whether two configurations have the same files, networks and resources.
fn stays(old: &VirtualMachineConfigInfo, new: &VirtualMachineConfigInfo) -> bool {
    let (known, now) = (devices(&old.hardware), devices(&new.hardware));
    known.len() == now.len()
        && known.iter().zip(now).all(|(old, new)| old.same(new) || stays_device(old, new))
        && old.hardware.memory_mb == new.hardware.memory_mb
        && old.files == new.files
        && old.datastore_url == new.datastore_url
        && old.uuid == new.uuid
        && old.firmware == new.firmware
        && old.create_date == new.create_date
        && old.cpu_allocation == new.cpu_allocation
        && old.memory_allocation == new.memory_allocation
}

fn devices(hardware: &VirtualHardware) -> &[Obj<VirtualDevice>] {
    hardware.device.as_deref().unwrap_or_default()
}

/// Whether a device has the same files and networks: at most it is connected in one configuration and not in the other.
fn stays_device(old: &Obj<VirtualDevice>, new: &Obj<VirtualDevice>) -> bool {
    let kind = |device: &Obj<VirtualDevice>| device.shared().descriptor();
    let same = old.key == new.key && kind(old) == kind(new) && old.backing == new.backing;
    same && (!old.is::<VirtualDisk>() || old == new)
}

/// Whether two configurations of which one [`stays`] what the other is look the same in a list of VMs.
fn looks_alike(old: &VirtualMachineConfigInfo, new: &VirtualMachineConfigInfo) -> bool {
    old.name == new.name
        && old.template == new.template
        && old.hardware.num_cpu == new.hardware.num_cpu
        && old.instance_uuid == new.instance_uuid
        && old.version == new.version
        && old.guest_id == new.guest_id
        && old.guest_full_name == new.guest_full_name
        && old.annotation == new.annotation
        && old.v_app_config == new.v_app_config
        && old.ft_info == new.ft_info
        && old.managed_by == new.managed_by
}

/// Brings what follows from the state up to date, of a VM that was at rest as `old`. Whether the short way does suffice;
/// if not, nothing was changed.
pub(in crate::vm) fn refresh_state(vm: &mut VirtualMachine, old: &VirtualMachine, this: &MoRef) -> bool {
    let (Some(config), Some(known)) = (vm.config.clone(), &old.config) else { return false };
    if replace_files(vm, &config, is_on(&old.runtime.power_state)).is_none() {
        return false;
    }
    if vm.name != config.name {
        vm.name = config.name.clone();
    }
    refresh_methods(vm);
    let alike = config.same(known) || looks_alike(known, &config);
    let config = if alike { old.summary.config.clone() } else { summary::config(vm) };
    let summary = summary::summary_in_state(vm, this, config);
    set(&mut vm.summary, summary);
    true
}

fn replace_files(vm: &mut VirtualMachine, config: &VirtualMachineConfigInfo, was_on: bool) -> Option<()> {
    let known = vm.layout_ex.as_deref()?;
    let timestamp = files::timestamp(config, &vm.runtime, Some(known));
    let transient::Replaced { files, growth } = transient::replace(known, config, &vm.runtime)?;
    let layout = layout_in_state(vm.layout.as_deref()?, &files);
    let (disk, snapshot) = (known.disk.clone(), known.snapshot.clone());
    let layout_ex = VirtualMachineFileLayoutEx { file: Some(files), disk, snapshot, timestamp };
    let storage = storage_in_state(vm, was_on, growth, timestamp)?;
    set(&mut vm.layout, Some(layout.into()));
    set(&mut vm.layout_ex, Some(layout_ex.into()));
    set(&mut vm.storage, Some(storage.into()));
    Some(())
}
