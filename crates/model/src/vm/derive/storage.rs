//! `storage.perDatastoreUsage`: what the VM's files take, by datastore.

use vim25::{
    DateTime, MoRef,
    mo::VirtualMachine,
    types::{
        VirtualDisk, VirtualDiskFlatVer2BackingInfo, VirtualMachineConfigInfo, VirtualMachineFileLayoutEx,
        VirtualMachineRuntimeInfo, VirtualMachineStorageInfo, VirtualMachineUsageOnDatastore,
    },
};

use super::{files::swap_bytes, is_on};
use crate::vm::{path::DatastorePath, surroundings::Lookup};

/// Usage on each datastore: bytes written, and bytes that thin disks and swap may still take.
pub fn storage(
    config: &VirtualMachineConfigInfo,
    runtime: &VirtualMachineRuntimeInfo,
    files: &VirtualMachineFileLayoutEx,
    lookup: &dyn Lookup,
) -> VirtualMachineStorageInfo {
    let mut usage = Usage { lookup, last: None, rows: Vec::new() };
    for file in files.file.iter().flatten() {
        if let Some(row) = usage.row(&file.name) {
            row.committed += file.size;
            row.unshared += file.unique_size.unwrap_or(file.size);
        }
    }
    for disk in config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>()) {
        add_unwritten(&mut usage, disk, files);
    }
    if let (false, Some(vmx)) = (is_on(&runtime.power_state), &config.files.vm_path_name)
        && let Some(row) = usage.row(vmx)
    {
        row.uncommitted += swap_bytes(config);
    }
    let rows = usage.rows.into_iter().map(Into::into).collect();
    VirtualMachineStorageInfo { per_datastore_usage: Some(rows), timestamp: files.timestamp }
}

/// [`storage`] where only the files of a state are others: by so much larger, with a swap file still to be written if the
/// VM does not run. None if the home of the VM is not where it was.
pub(super) fn storage_in_state(
    vm: &VirtualMachine,
    was_on: bool,
    growth: i64,
    timestamp: DateTime,
) -> Option<VirtualMachineStorageInfo> {
    let (config, known) = (vm.config.as_deref()?, vm.storage.as_deref()?);
    let is_on = is_on(&vm.runtime.power_state);
    let vmx = DatastorePath::parse(config.files.vm_path_name.as_deref()?)?;
    // What is at home comes first.
    let found = config.datastore_url.iter().flatten().next().is_some_and(|home| home.name == vmx.datastore);
    let mut rows = known.per_datastore_usage.clone()?;
    let home = rows.first_mut().filter(|_| found)?;
    home.committed += growth;
    home.unshared += growth;
    home.uncommitted += (i64::from(was_on) - i64::from(is_on)) * swap_bytes(config);
    Some(VirtualMachineStorageInfo { per_datastore_usage: Some(rows), timestamp })
}

/// What a disk may still grow by.
fn add_unwritten(usage: &mut Usage<'_>, disk: &VirtualDisk, files: &VirtualMachineFileLayoutEx) {
    let Some(backing) = disk.backing.as_ref().and_then(|b| b.cast::<VirtualDiskFlatVer2BackingInfo>()) else { return };
    let capacity = disk.capacity_in_bytes.unwrap_or(disk.capacity_in_kb.saturating_mul(1024));
    let layout = files.disk.iter().flatten().find(|l| l.key == disk.key);
    let top = layout.and_then(|l| l.chain.as_deref()?.last()).and_then(|unit| unit.file_key.last());
    let written = files.file.iter().flatten().find(|f| Some(&f.key) == top).map_or(0, |f| f.size);
    if let Some(row) = usage.row(&backing.file_name) {
        row.uncommitted = row.uncommitted.saturating_add((capacity - written).max(0));
    }
}

struct Usage<'a> {
    lookup: &'a dyn Lookup,
    /// The datastore of the file before, and its row: files come in runs.
    last: Option<(String, usize)>,
    rows: Vec<VirtualMachineUsageOnDatastore>,
}

impl Usage<'_> {
    fn row(&mut self, file: &str) -> Option<&mut VirtualMachineUsageOnDatastore> {
        let name = DatastorePath::parse(file)?.datastore;
        let index = match &self.last {
            Some((last, index)) if last == name => *index,
            _ => {
                let datastore = self.lookup.datastore_named(name)?.datastore;
                let index = self.index_of(datastore);
                self.last = Some((name.to_string(), index));
                index
            }
        };
        self.rows.get_mut(index)
    }

    fn index_of(&mut self, datastore: MoRef) -> usize {
        self.rows.iter().position(|r| r.datastore == datastore).unwrap_or_else(|| {
            self.rows.push(VirtualMachineUsageOnDatastore { datastore, committed: 0, uncommitted: 0, unshared: 0 });
            self.rows.len() - 1
        })
    }
}
