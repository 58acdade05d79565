//! `storage.perDatastoreUsage`: what the VM's files take, by datastore.

use vim25::{
    MoRef,
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
