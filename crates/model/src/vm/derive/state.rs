//! The short way of [`refresh`](super::refresh), for a VM of which nothing but the state of its run time and its guest
//! is another: what follows from its configuration, its snapshots and its place stays.

use vim25::{
    MoRef, Obj,
    mo::VirtualMachine,
    types::{VirtualDevice, VirtualDisk, VirtualHardware, VirtualMachineConfigInfo, VirtualMachineFileLayoutEx},
};

use super::{files, is_on, refresh_methods, set, storage::storage_in_state, summary, touch::equal_but, transient};

/// Properties that may differ from what they were where the short way is to suffice.
pub(super) const STATE: [&str; 10] = [
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
    old.runtime.host == new.runtime.host && configs.is_some_and(|(old, new)| old.same(new) || alike(old, new))
}

/// Whether the same follows from two configurations: at most devices are connected in one and not in the other.
fn alike(old: &VirtualMachineConfigInfo, new: &VirtualMachineConfigInfo) -> bool {
    let (known, now) = (devices(&old.hardware), devices(&new.hardware));
    known.len() == now.len()
        && known.iter().zip(now).all(|(old, new)| old.same(new) || alike_device(old, new))
        && equal_but(&*old.hardware, &*new.hardware, &["device"])
        && equal_but(old, new, &["hardware", "extraConfig", "changeVersion"])
}

fn devices(hardware: &VirtualHardware) -> &[Obj<VirtualDevice>] {
    hardware.device.as_deref().unwrap_or_default()
}

fn alike_device(old: &Obj<VirtualDevice>, new: &Obj<VirtualDevice>) -> bool {
    let kind = |device: &Obj<VirtualDevice>| device.shared().descriptor();
    let same = old.key == new.key && kind(old) == kind(new) && old.backing == new.backing;
    same && (!old.is::<VirtualDisk>() || old == new)
}

/// Brings what follows from the state up to date, of a VM that was at rest as `old`. Whether the short way does suffice;
/// if not, nothing was changed.
pub(in crate::vm) fn refresh_state(vm: &mut VirtualMachine, old: &VirtualMachine, this: &MoRef) -> bool {
    let Some(config) = vm.config.clone() else { return false };
    if replace_files(vm, &config, is_on(&old.runtime.power_state)).is_none() {
        return false;
    }
    refresh_methods(vm);
    let summary = summary::summary_in_state(vm, this, vm.summary.config.clone());
    set(&mut vm.summary, summary);
    true
}

fn replace_files(vm: &mut VirtualMachine, config: &VirtualMachineConfigInfo, was_on: bool) -> Option<()> {
    let known = vm.layout_ex.as_deref()?;
    let timestamp = files::timestamp(config, &vm.runtime, Some(known));
    let transient::Replaced { files, growth } = transient::replace(known, config, &vm.runtime)?;
    let layout = files::layout_in_state(vm.layout.as_deref()?, &files);
    let (disk, snapshot) = (known.disk.clone(), known.snapshot.clone());
    let layout_ex = VirtualMachineFileLayoutEx { file: Some(files), disk, snapshot, timestamp };
    let storage = storage_in_state(vm, was_on, growth, timestamp)?;
    set(&mut vm.layout, Some(layout.into()));
    set(&mut vm.layout_ex, Some(layout_ex.into()));
    set(&mut vm.storage, Some(storage.into()));
    Some(())
}
