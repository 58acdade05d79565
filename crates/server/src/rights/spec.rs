//! Which privileges a specification of a VM needs, by what it changes.

use inventory::Snapshot;
use vim25::{
    DataObject, DataType, MoRef, Obj, Ref, mo,
    types::{
        VirtualDevice, VirtualDeviceConfigSpec, VirtualDeviceConfigSpecFileOperation, VirtualDeviceConfigSpecOperation,
        VirtualDeviceFileBackingInfo, VirtualDisk, VirtualDiskRawDiskMappingVer1BackingInfo, VirtualEthernetCard,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualEthernetCardNetworkBackingInfo,
        VirtualMachineConfigSpec, VirtualMachineRelocateSpec, VirtualPCIPassthrough,
    },
};

use super::guard::Demand;
use crate::tree;

/// Needed for the fields of a configuration that nothing else is needed for.
const SETTINGS: &str = "VirtualMachine.Config.Settings";
const ASSIGN: &str = "Network.Assign";
const ALLOCATE: &str = "Datastore.AllocateSpace";
const POOL: &str = "Resource.AssignVMToPool";

/// What a change of a VM needs.
pub(super) fn reconfiguration(world: &Snapshot, vm: &MoRef, spec: &VirtualMachineConfigSpec) -> Vec<Demand> {
    let mut ids: Vec<&'static str> = Vec::new();
    for (index, field) in VirtualMachineConfigSpec::TYPE.fields.iter().enumerate() {
        if !matches!(spec.get(index), Ref::Unset) {
            ids.extend(of_field(field.name).filter(|id| !ids.contains(id)));
        }
    }
    let mut out: Vec<Demand> = ids.into_iter().map(|privilege| Demand { object: vm.clone(), privilege }).collect();
    for change in spec.device_change.iter().flatten() {
        out.push(Demand { object: vm.clone(), privilege: of_change(world, vm, change) });
        out.extend(network(world, vm, change));
        out.extend(space(world, vm, change));
    }
    out
}

/// What making a VM needs beside that which the schema says, in a folder or pool.
pub(super) fn creation(world: &Snapshot, place: &MoRef, spec: &VirtualMachineConfigSpec) -> Vec<Demand> {
    let home = spec.files.as_ref().and_then(|files| files.vm_path_name.as_deref());
    let home = home.and_then(|path| datastore_of(world, place, path));
    let mut out: Vec<Demand> = home.into_iter().map(|object| Demand { object, privilege: ALLOCATE }).collect();
    for change in spec.device_change.iter().flatten() {
        let privilege = of_change(world, place, change);
        if matches!(
            privilege,
            "VirtualMachine.Config.AddNewDisk"
                | "VirtualMachine.Config.AddExistingDisk"
                | "VirtualMachine.Config.RawDevice"
        ) {
            out.push(Demand { object: place.clone(), privilege });
        }
        out.extend(network(world, place, change));
        out.extend(space(world, place, change));
    }
    out
}

/// What it needs to put a VM there.
pub(super) fn place(spec: &VirtualMachineRelocateSpec) -> Vec<Demand> {
    let disks = spec.disk.iter().flatten().map(|disk| &disk.datastore);
    let stores = spec.datastore.iter().chain(disks).map(|store| (store, ALLOCATE));
    let folder = spec.folder.iter().map(|folder| (folder, "VirtualMachine.Inventory.Move"));
    let all = spec.pool.iter().map(|pool| (pool, POOL)).chain(stores).chain(folder);
    all.map(|(object, privilege)| Demand { object: object.clone(), privilege }).collect()
}

fn of_field(name: &str) -> Option<&'static str> {
    Some(match name {
        "changeVersion" | "deviceChange" => return None,
        "name" => "VirtualMachine.Config.Rename",
        "annotation" => "VirtualMachine.Config.Annotation",
        "numCPUs" | "numCoresPerSocket" | "cpuHotAddEnabled" | "cpuHotRemoveEnabled" => {
            "VirtualMachine.Config.CPUCount"
        }
        "memoryMB" | "memoryHotAddEnabled" => "VirtualMachine.Config.Memory",
        "cpuAllocation"
        | "memoryAllocation"
        | "cpuAffinity"
        | "memoryAffinity"
        | "networkShaper"
        | "memoryReservationLockedToMax"
        | "latencySensitivity" => "VirtualMachine.Config.Resource",
        "extraConfig" | "cpuFeatureMask" => "VirtualMachine.Config.AdvancedConfig",
        "swapPlacement" => "VirtualMachine.Config.SwapPlacement",
        "changeTrackingEnabled" => "VirtualMachine.Config.ChangeTracking",
        "managedBy" => "VirtualMachine.Config.ManagedBy",
        "version" => "VirtualMachine.Config.UpgradeVirtualHardware",
        _ => SETTINGS,
    })
}

fn of_change(world: &Snapshot, vm: &MoRef, change: &VirtualDeviceConfigSpec) -> &'static str {
    use VirtualDeviceConfigSpecOperation::{Add, Remove};
    let device = &change.device;
    let raw = device.is::<VirtualPCIPassthrough>()
        || device.backing.as_ref().is_some_and(|backing| backing.is::<VirtualDiskRawDiskMappingVer1BackingInfo>());
    let disk = device.cast::<VirtualDisk>();
    match (&change.operation, disk) {
        (Some(Add), _) if raw => "VirtualMachine.Config.RawDevice",
        (Some(Add), Some(_)) => match change.file_operation {
            Some(VirtualDeviceConfigSpecFileOperation::Create) => "VirtualMachine.Config.AddNewDisk",
            _ => "VirtualMachine.Config.AddExistingDisk",
        },
        (Some(Remove), Some(_)) => "VirtualMachine.Config.RemoveDisk",
        (Some(Add | Remove), None) => "VirtualMachine.Config.AddRemoveDevice",
        (_, Some(disk)) if grows(world, vm, disk) => "VirtualMachine.Config.DiskExtend",
        _ => "VirtualMachine.Config.EditDevice",
    }
}

/// A device as the VM has it.
fn current<'w>(world: &'w Snapshot, vm: &MoRef, key: i32) -> Option<&'w Obj<VirtualDevice>> {
    let config = world.get::<mo::VirtualMachine>(vm)?.config.as_ref()?;
    config.hardware.device.iter().flatten().find(|device| device.key == key)
}

fn grows(world: &Snapshot, vm: &MoRef, disk: &VirtualDisk) -> bool {
    let now = current(world, vm, disk.key).and_then(|device| device.cast::<VirtualDisk>());
    let bytes = |disk: &VirtualDisk| disk.capacity_in_bytes.unwrap_or(0).max(disk.capacity_in_kb.saturating_mul(1024));
    now.is_some_and(|now| bytes(disk) > bytes(now))
}

/// What connecting an adapter to another network needs there.
fn network(world: &Snapshot, near: &MoRef, change: &VirtualDeviceConfigSpec) -> Option<Demand> {
    let stays = match change.operation {
        Some(VirtualDeviceConfigSpecOperation::Remove) => return None,
        Some(VirtualDeviceConfigSpecOperation::Add) => None,
        _ => current(world, near, change.device.key).and_then(|card| network_of(world, near, card)),
    };
    let network = network_of(world, near, &change.device).filter(|network| stays.as_ref() != Some(network));
    network.map(|object| Demand { object, privilege: ASSIGN })
}

/// The network of an adapter.
fn network_of(world: &Snapshot, near: &MoRef, device: &Obj<VirtualDevice>) -> Option<MoRef> {
    let card: &VirtualDevice = device.cast::<VirtualEthernetCard>()?;
    let backing = card.backing.as_ref()?;
    if let Some(on) = backing.cast::<VirtualEthernetCardNetworkBackingInfo>() {
        on.network.clone().or_else(|| listed(world, near, &on.device_name, |dc| dc.network.as_ref()))
    } else {
        let port = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
        let group = port.port.portgroup_key.as_ref()?;
        Some(MoRef::new("DistributedVirtualPortgroup", group.clone()))
    }
}

/// What a new or larger disk needs on its datastore.
fn space(world: &Snapshot, near: &MoRef, change: &VirtualDeviceConfigSpec) -> Option<Demand> {
    let takes = change.file_operation == Some(VirtualDeviceConfigSpecFileOperation::Create)
        || matches!(of_change(world, near, change), "VirtualMachine.Config.DiskExtend");
    let file = change.device.backing.as_ref()?.cast::<VirtualDeviceFileBackingInfo>().filter(|_| takes)?;
    let store = file.datastore.clone().or_else(|| datastore_of(world, near, &file.file_name))?;
    Some(Demand { object: store, privilege: ALLOCATE })
}

/// The datastore of a path like `[LocalDS_0] web/web.vmx`.
fn datastore_of(world: &Snapshot, near: &MoRef, path: &str) -> Option<MoRef> {
    let (name, _) = path.trim().strip_prefix('[')?.split_once(']')?;
    listed(world, near, name.trim(), |datacenter| datacenter.datastore.as_ref())
}

/// What a list of the datacenter calls by a name.
fn listed(
    world: &Snapshot,
    near: &MoRef,
    name: &str,
    list: impl Fn(&mo::Datacenter) -> Option<&vim25::MoRefs>,
) -> Option<MoRef> {
    let datacenter = tree::datacenter(world, near)?;
    let listed = list(world.get(&datacenter)?)?;
    let is_it = |at: &&MoRef| world.get::<mo::ManagedEntity>(at).is_some_and(|entity| entity.name == name);
    listed.iter().find(is_it).cloned()
}
