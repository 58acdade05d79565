//! Datastores: VMFS 6 volumes that all hosts of a datacenter mount. What is free is derived from what virtual machines
//! use ([`crate::derive`]).

use vim25::{
    DataType, DateTime, MoRef, MoRefs, Obj,
    mo::{Datastore, HostDatastoreBrowser},
    types::*,
};

use crate::{
    entity::{disabling, entity},
    host::storage::{Volume, mount_info},
    kit::{set, some, text},
};

/// Size of a datastore by default: 4 TiB.
pub(crate) const CAPACITY: i64 = 4 << 40;
/// Largest file and virtual disk on VMFS 6.
pub(crate) const MAX_FILE: i64 = 62 << 40;

/// The datastore for a volume that these hosts mount.
pub(crate) fn datastore(volume: &Volume, parent: MoRef, browser: MoRef, hosts: &[MoRef], now: DateTime) -> Datastore {
    Datastore::with(|d| {
        let name = volume.vmfs.name.clone();
        d.base = disabling(entity(name, Some(parent)), ["DatastoreExitMaintenanceMode_Task"]);
        d.info = info(volume, now).into();
        d.summary = summary(volume, hosts.len() > 1).into();
        let mount = mount_info(volume);
        let mounted = |host: &MoRef| DatastoreHostMount { key: host.clone(), mount_info: mount.clone() }.into();
        d.host = Some(hosts.iter().map(mounted).collect());
        d.vm = Some(MoRefs::new());
        d.browser = browser;
        d.capability = capability().into();
        d.iorm_configuration = Some(io_control().into());
    })
}

fn info(volume: &Volume, now: DateTime) -> VmfsDatastoreInfo {
    VmfsDatastoreInfo::with(|i| {
        i.base.name = volume.vmfs.name.clone();
        i.base.url = format!("ds://{}/", volume.mount_path()).into();
        i.base.free_space = volume.vmfs.capacity;
        i.base.max_file_size = MAX_FILE;
        i.base.max_virtual_disk_capacity = Some(MAX_FILE);
        i.base.max_memory_file_size = MAX_FILE;
        i.base.timestamp = Some(now);
        i.max_physical_rdm_file_size = MAX_FILE;
        i.max_virtual_rdm_file_size = MAX_FILE;
        i.vmfs = Some(volume.vmfs.clone());
    })
}

fn summary(volume: &Volume, shared: bool) -> DatastoreSummary {
    DatastoreSummary {
        datastore: Some(volume.datastore.clone()),
        name: volume.vmfs.name.clone(),
        url: format!("ds://{}/", volume.mount_path()).into(),
        capacity: volume.vmfs.capacity,
        free_space: volume.vmfs.capacity,
        uncommitted: Some(0),
        accessible: true,
        multiple_host_access: Some(shared),
        type_: text("VMFS"),
        maintenance_mode: some("normal"),
    }
}

fn capability() -> DatastoreCapability {
    DatastoreCapability::with(|c| {
        set!(c, true, directory_hierarchy_supported, raw_disk_mappings_supported, per_file_thin_provisioning_supported);
        set!(c, true, storage_iorm_supported, top_level_directory_create_supported, se_sparse_supported);
        set!(c, true, upit_supported, vmdk_expand_supported);
        set!(c, false, native_snapshot_supported, vmfs_sparse_supported, vsan_sparse_supported);
        set!(c, false, clustered_vmdk_supported);
    })
}

fn io_control() -> StorageIORMInfo {
    StorageIORMInfo {
        enabled: false,
        congestion_threshold_mode: text("automatic"),
        congestion_threshold: 30,
        percent_of_peak_throughput: Some(90),
        stats_collection_enabled: false,
        reservation_enabled: false,
        stats_aggregation_disabled: Some(true),
        reservable_iops_threshold: None,
    }
}

/// A browser of these datastores.
pub(crate) fn browser(datastores: Vec<MoRef>) -> HostDatastoreBrowser {
    let supported: Vec<Obj<FileQuery>> = vec![
        FloppyImageFileQuery::default().into(),
        IsoImageFileQuery::default().into(),
        VmConfigFileQuery::default().into(),
        VmDiskFileQuery::default().into(),
        VmLogFileQuery::default().into(),
        VmNvramFileQuery::default().into(),
        VmSnapshotFileQuery::default().into(),
        FolderFileQuery::default().into(),
    ];
    HostDatastoreBrowser { datastore: Some(datastores.into()), supported_type: Some(supported) }
}
