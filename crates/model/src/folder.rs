//! Folders: the root, the four of a datacenter, and those inside them; and storage pods, which are folders too.

use vim25::{
    DataType, MoRef, MoRefs, Str,
    mo::{Folder, StoragePod},
    types::*,
};

use crate::{
    entity::{disabling, entity, root_permissions},
    kit::texts,
};

/// What a folder may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Datacenters: the root and folders in it.
    Datacenters,
    /// Virtual machines and vApps.
    Machines,
    /// Hosts and clusters.
    Hosts,
    /// Datastores and pods.
    Datastores,
    /// Networks and switches.
    Networks,
}

impl Holds {
    /// Name of the folder of this kind that every datacenter has.
    pub fn system_name(self) -> &'static str {
        match self {
            Holds::Datacenters => "Datacenters",
            Holds::Machines => "vm",
            Holds::Hosts => "host",
            Holds::Datastores => "datastore",
            Holds::Networks => "network",
        }
    }

    /// The letter that a vCenter puts into the id of such a folder (`group-v3`).
    pub fn letter(self) -> char {
        match self {
            Holds::Datacenters => 'd',
            Holds::Machines => 'v',
            Holds::Hosts => 'h',
            Holds::Datastores => 's',
            Holds::Networks => 'n',
        }
    }

    fn child_types(self) -> Vec<Str> {
        match self {
            Holds::Datacenters => texts(["Folder", "Datacenter"]),
            Holds::Machines => texts(["Folder", "VirtualMachine", "VirtualApp"]),
            Holds::Hosts => texts(["Folder", "ComputeResource"]),
            Holds::Datastores => texts(["Folder", "StoragePod", "Datastore"]),
            Holds::Networks => texts(["Folder", "Network", "DistributedVirtualSwitch"]),
        }
    }
}

/// A folder that a user made.
pub fn folder(name: impl Into<Str>, parent: MoRef, holds: Holds) -> Folder {
    Folder::with(|f| {
        f.base = entity(name, Some(parent));
        f.child_type = Some(holds.child_types());
        f.child_entity = Some(MoRefs::new());
    })
}

/// One of the four folders of a datacenter, which can be neither renamed nor destroyed.
pub(crate) fn system_folder(parent: MoRef, holds: Holds) -> Folder {
    let mut made = folder(holds.system_name(), parent, holds);
    made.base = disabling(made.base, ["Rename_Task", "Destroy_Task"]);
    made
}

/// The folder at the top of the inventory.
pub(crate) fn root_folder(this: &MoRef, esx: bool) -> Folder {
    Folder::with(|f| {
        let name = if esx { "ha-folder-root" } else { Holds::Datacenters.system_name() };
        f.base = disabling(entity(name, None), ["Rename_Task", "Destroy_Task"]);
        f.base.common.permission = Some(root_permissions(this, esx));
        f.child_type = Some(if esx { texts(["Datacenter"]) } else { Holds::Datacenters.child_types() });
        f.child_entity = Some(MoRefs::new());
    })
}

/// A storage pod (datastore cluster) without datastores, storage DRS switched off.
pub fn storage_pod(name: impl Into<Str>, parent: MoRef) -> StoragePod {
    let name = name.into();
    StoragePod::with(|pod| {
        pod.base = folder(name.clone(), parent, Holds::Datastores);
        pod.base.child_type = Some(texts(["Datastore"]));
        pod.summary = Some(StoragePodSummary { name, capacity: 0, free_space: 0 }.into());
        pod.pod_storage_drs_entry = Some(
            PodStorageDrsEntry::with(|e| {
                e.storage_drs_config =
                    StorageDrsConfigInfo { pod_config: pod_config().into(), ..Default::default() }.into()
            })
            .into(),
        );
    })
}

fn pod_config() -> StorageDrsPodConfigInfo {
    StorageDrsPodConfigInfo::with(|c| {
        c.default_vm_behavior = "manual".into();
        c.load_balance_interval = Some(480);
        c.default_intra_vm_affinity = Some(true);
        c.space_load_balance_config = Some(
            StorageDrsSpaceLoadBalanceConfig::with(|s| {
                s.space_threshold_mode = Some("utilization".into());
                s.space_utilization_threshold = Some(80);
                s.min_space_utilization_difference = Some(5);
            })
            .into(),
        );
        c.io_load_balance_config = Some(
            StorageDrsIoLoadBalanceConfig::with(|i| {
                i.reservable_percent_threshold = Some(60);
                i.reservable_threshold_mode = Some("automated".into());
                i.io_latency_threshold = Some(15);
                i.io_load_imbalance_threshold = Some(5);
            })
            .into(),
        );
        c.automation_overrides = Some(StorageDrsAutomationConfig::default().into());
        c.rule = Some(vec![]);
        c.option = Some(vec![]);
    })
}
