//! The files that a VM has only in some states: a log once it has run, and what holds its memory while it has power.

use vim25::{
    Obj, Str,
    types::{
        VirtualMachineConfigInfo, VirtualMachineFileLayoutEx, VirtualMachineFileLayoutExFileInfo,
        VirtualMachinePowerState, VirtualMachineRuntimeInfo,
    },
};

use super::files::{file_info, swap_bytes};
use crate::vm::path::DatastorePath;

/// The kind of a log.
pub(super) const LOG: &str = "log";
/// The kind of what holds the memory of a running VM.
pub(super) const SWAP: &str = "swap";
/// The kind of what holds the memory of a suspended VM.
const SUSPEND: &str = "suspend";
const LOG_BYTES: i64 = 262_144;

/// A file that there is in a state.
pub(super) struct Transient {
    pub kind: &'static str,
    pub size: i64,
}

impl Transient {
    /// Its name.
    pub fn name(&self, vmx: &DatastorePath<'_>, config: &VirtualMachineConfigInfo) -> Str {
        let memory = |extension| vmx.sibling(&format!("{}-{}.{extension}", vmx.stem(), swap_mark(config)));
        match self.kind {
            LOG => vmx.sibling("vmware.log"),
            SWAP => memory("vswp"),
            _ => memory("vmss"),
        }
    }
}

/// Those that a VM has now, in the order in which they are listed.
pub(super) fn transient(
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
) -> impl Iterator<Item = Transient> + Clone {
    let is_suspended = runtime.power_state == VirtualMachinePowerState::Suspended;
    let has_run = is_suspended || runtime.boot_time.is_some() || runtime.clean_power_off.is_some();
    let log = has_run.then_some((LOG, LOG_BYTES));
    let memory = match runtime.power_state {
        VirtualMachinePowerState::PoweredOn => Some((SWAP, swap_bytes(config))),
        VirtualMachinePowerState::Suspended => Some((SUSPEND, i64::from(config.hardware.memory_mb) << 20)),
        _ => None,
    };
    [log, memory].into_iter().flatten().map(|(kind, size)| Transient { kind, size })
}

/// Eight digits that set one VM's swap file apart from another's.
fn swap_mark(config: &VirtualMachineConfigInfo) -> &str {
    config.uuid.get(..8).unwrap_or("00000000")
}

/// A file of a list.
type File = Obj<VirtualMachineFileLayoutExFileInfo>;

/// A list of files in which only those of a state are others.
pub(super) struct Replaced {
    pub files: Vec<File>,
    /// By how many bytes they are larger together.
    pub growth: i64,
}

/// Brings the files of a state up to date in a list in which all others are right, of a VM that has kept its place and
/// its UUID; none if the list is not as [`layout_ex`](super::layout_ex) makes it.
pub(super) fn replace(
    known: &VirtualMachineFileLayoutEx,
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
) -> Option<Replaced> {
    let vmx = DatastorePath::parse(config.files.vm_path_name.as_deref()?)?;
    let known = known.file.as_deref()?;
    let start = known.iter().take(3).position(|file| file.type_ == "nvram")? + 1;
    let (head, rest) = known.split_at(start);
    let is_transient = |file: &&File| [LOG, SWAP, SUSPEND].iter().any(|kind| file.type_ == *kind);
    let (old, tail) = rest.split_at(rest.iter().take_while(is_transient).count());
    let new = transient(config, runtime);
    let mut files = Vec::with_capacity(head.len() + new.clone().count() + tail.len());
    files.extend_from_slice(head);
    let mut last_key = known.iter().map(|file| file.key).max()?;
    for new in new {
        files.push(match old.iter().find(|file| file.type_ == new.kind) {
            Some(same) if same.size == new.size => same.clone(),
            Some(same) => file_info(same.key, same.name.clone(), &new),
            None => {
                last_key += 1;
                file_info(last_key, new.name(&vmx, config), &new)
            }
        });
    }
    let bytes = |files: &[File]| files.iter().map(|file| file.size).sum::<i64>();
    let growth = bytes(&files[start..]) - bytes(old);
    files.extend_from_slice(tail);
    Some(Replaced { files, growth })
}
