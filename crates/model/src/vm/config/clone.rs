//! The configuration of a clone: its source's, with an identity, files, disks, addresses and ports of its own.

use vim25::{
    Obj, Str,
    types::{
        DistributedVirtualSwitchPortConnection, VirtualDevice, VirtualDeviceBackingInfo, VirtualDeviceConfigSpec,
        VirtualDeviceConfigSpecOperation, VirtualDisk, VirtualDiskFlatVer2BackingInfo as Backing, VirtualEthernetCard,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualMachineConfigInfo, VirtualMachineConfigSpec,
        VirtualMachinePowerState, VirtualMachineVMCIDevice,
    },
};

use super::{
    checks::Change,
    create::{file_name, free_folder, home_of},
    defaults::{home_files, nvram},
    reconfigure::apply,
    vmci_options,
};
use crate::vm::{
    Context, Fault,
    devices::{self, Scene},
    fault_tolerance,
    hardware::VMCI_ID_UNASSIGNED,
    identity,
    migrate::{Depth, DiskGoal},
    path::{self, DatastorePath},
    power,
    surroundings::DatastoreFacts,
    version,
};

/// What a clone is to be.
pub struct CloneWish<'a> {
    /// Its name.
    pub name: Str,
    /// Whether it is a template.
    pub template: bool,
    /// The datastore of its configuration.
    pub home: &'a DatastoreFacts,
    /// Where the copy of a disk goes, and how it is made.
    pub disk: &'a dyn Fn(&VirtualDisk) -> DiskGoal,
    /// Changes to its configuration.
    pub spec: Option<&'a VirtualMachineConfigSpec>,
}

/// The configuration of a clone of `source`. It has been powered on nowhere yet.
///
/// # Errors
/// `NoDiskSpace`, what connecting its adapters can end in, and what of the spec cannot be.
pub fn clone(
    source: &Obj<VirtualMachineConfigInfo>,
    wish: &CloneWish<'_>,
    context: &Context<'_>,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let mut config = source.clone();
    let stem = file_name(&wish.name);
    let folder = free_folder(context, wish.home, &stem, &stem);
    power::disconnect(&mut config);
    identify(&mut config, wish, &folder, &stem, context);
    let mut list = config.hardware.device.clone().unwrap_or_default();
    copy_disks(&mut list, wish, &folder, &stem, context)?;
    forget_addresses(&mut list, context);
    let list = connect(list, &|_| false, &config, context)?;
    config.hardware.device = Some(list);
    vmci_options::sync(&mut config);
    let Some(spec) = wish.spec else { return Ok(config) };
    let spec = VirtualMachineConfigSpec { name: None, files: None, change_version: None, ..spec.clone() };
    let off = VirtualMachinePowerState::PoweredOff;
    apply(config, &Change { spec: &spec, context, state: &off, creating: true }).map(|outcome| outcome.config)
}

fn identify(
    config: &mut VirtualMachineConfigInfo,
    wish: &CloneWish<'_>,
    folder: &str,
    stem: &str,
    context: &Context<'_>,
) {
    config.name = wish.name.clone();
    config.template = wish.template;
    config.uuid = identity::bios_uuid(context.seed, &context.vm.id);
    config.instance_uuid = Some(identity::instance_uuid(context.seed, &context.vm.id));
    config.change_version = context.now.to_string().into();
    config.modified = context.now;
    config.create_date = Some(context.now);
    config.files = home_files(&wish.home.name, folder, stem).into();
    fault_tolerance::untie(config);
    let options = config.extra_config.get_or_insert_default();
    options.retain(|o| !o.key.eq_ignore_ascii_case("vmci0.id"));
    options.iter_mut().filter(|o| o.key == "nvram").for_each(|o| *o = nvram(stem));
}

/// Gives each disk a file of the clone's own.
fn copy_disks(
    devices: &mut [Obj<VirtualDevice>],
    wish: &CloneWish<'_>,
    folder: &str,
    stem: &str,
    context: &Context<'_>,
) -> Result<(), Fault> {
    let mut room: Vec<(Str, i64)> = vec![];
    let mut number = 0;
    for device in devices {
        let Some(disk) = device.cast::<VirtualDisk>() else { continue };
        let Some(source) = disk.backing.as_ref().and_then(|b| b.cast::<Backing>()) else { continue };
        let capacity = disk.capacity_in_bytes.unwrap_or(disk.capacity_in_kb.saturating_mul(1024));
        let goal = (wish.disk)(disk);
        let file = free_file(&goal.datastore, folder, stem, &mut number, context);
        let copy = copy(source, &goal, file, context);
        if copy.parent.is_none() && copy.thin_provisioned != Some(true) {
            take_room(&mut room, &goal.datastore, &copy, capacity)?;
        }
        let copy: Obj<VirtualDeviceBackingInfo> = copy.into();
        device.backing = Some(copy);
    }
    Ok(())
}

/// `clone.vmdk`, `clone_1.vmdk`, …: the next that is free. `number` is the next to try.
fn free_file(datastore: &DatastoreFacts, folder: &str, stem: &str, number: &mut i32, context: &Context<'_>) -> Str {
    loop {
        let suffix = if *number == 0 { String::new() } else { format!("_{number}") };
        *number += 1;
        let inside = format!("{folder}/{stem}{suffix}.vmdk");
        if !context.surroundings.file_exists(&datastore.datastore, &inside) {
            return path::join(&datastore.name, "", &inside);
        }
    }
}

/// The disk of a clone: a copy of its own, or a new file above the source's.
fn copy(source: &Backing, goal: &DiskGoal, file: Str, context: &Context<'_>) -> Backing {
    let mut copy = source.clone();
    let thin = goal.thin.filter(|thin| copy.thin_provisioned != Some(*thin));
    if let Some(thin) = thin {
        copy.thin_provisioned = Some(thin);
        copy.eagerly_scrub = copy.eagerly_scrub.map(|eagerly| eagerly && !thin);
    }
    match goal.depth {
        Depth::Top => {}
        Depth::Child => copy.parent = Some(source.clone().into()),
        Depth::Whole | Depth::Merged => copy.parent = None,
    }
    match copy.parent {
        None => copy.common.delta_disk_format = None,
        Some(_) => {
            copy.common.delta_disk_format.get_or_insert_with(|| "seSparseFormat".into());
        }
    }
    copy.uuid = Some(identity::disk_uuid(context.seed, &context.vm.id, &file));
    copy.content_id = Some(devices::content_id(context.seed, &context.vm.id, &file));
    copy.file_name = file;
    copy.datastore = Some(goal.datastore.datastore.clone());
    copy
}

fn take_room(room: &mut Vec<(Str, i64)>, datastore: &DatastoreFacts, copy: &Backing, bytes: i64) -> Result<(), Fault> {
    let taken: i64 = room.iter().filter(|(name, _)| *name == datastore.name).map(|(_, bytes)| bytes).sum();
    if taken.saturating_add(bytes) > datastore.free {
        return Err(Fault::no_disk_space(&copy.file_name, &datastore.name));
    }
    room.push((datastore.name.clone(), bytes));
    Ok(())
}

/// A clone has its own MAC addresses, but for those that a person chose, and no VMCI context id before it starts.
fn forget_addresses(devices: &mut [Obj<VirtualDevice>], context: &Context<'_>) {
    for device in devices {
        if let Some(vmci) = device.cast_mut::<VirtualMachineVMCIDevice>() {
            vmci.id = Some(VMCI_ID_UNASSIGNED);
        }
        let key = device.key;
        let Some(card) = device.cast::<VirtualEthernetCard>() else { continue };
        if card.address_type.as_deref() == Some("manual") {
            continue;
        }
        let draws = (0..).map(|attempt| identity::assigned_mac(context.seed, &context.vm.id, key, attempt));
        let mac = draws.into_iter().find(|mac| !context.surroundings.mac_in_use(mac));
        if let Some(card) = device.cast_mut::<VirtualEthernetCard>() {
            card.address_type = Some("assigned".into());
            card.mac_address = mac;
        }
    }
}

/// An old configuration that a machine has again, its adapters on ports that are free now, but for those that it has in
/// its `present` configuration too.
///
/// # Errors
/// What connecting its adapters can end in.
pub fn reconnect(
    mut config: Obj<VirtualMachineConfigInfo>,
    present: Option<&VirtualMachineConfigInfo>,
    context: &Context<'_>,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let held: Vec<_> = present.iter().flat_map(|c| c.hardware.device.iter().flatten()).filter_map(port_of).collect();
    let list = config.hardware.device.clone().unwrap_or_default();
    let connected = connect(list.clone(), &|port| held.contains(&port), &config, context)?;
    if connected != list {
        config.hardware.device = Some(connected);
    }
    Ok(config)
}

/// Connects the adapters of distributed switches to ports of their own: a port carries one adapter.
pub(super) fn connect(
    list: Vec<Obj<VirtualDevice>>,
    stays: &dyn Fn(&DistributedVirtualSwitchPortConnection) -> bool,
    config: &VirtualMachineConfigInfo,
    context: &Context<'_>,
) -> Result<Vec<Obj<VirtualDevice>>, Fault> {
    let mut specs = vec![];
    for device in list.iter().filter(|d| port_of(d).is_some_and(|port| !stays(port))) {
        let mut device = device.clone();
        let backing = device.backing.as_mut();
        let port = backing.and_then(|b| b.cast_mut::<VirtualEthernetCardDistributedVirtualPortBackingInfo>());
        let Some(port) = port else { continue };
        port.port.port_key = None;
        port.port.connection_cookie = None;
        for operation in [VirtualDeviceConfigSpecOperation::Remove, VirtualDeviceConfigSpecOperation::Add] {
            let spec =
                VirtualDeviceConfigSpec { operation: Some(operation), device: device.clone(), ..Default::default() };
            specs.push(spec.into());
        }
    }
    let home: DatastorePath<'_> = home_of(config).ok_or_else(|| Fault::vm_config("files.vmPathName", "no files"))?;
    let version = version::number(&config.version).unwrap_or(version::NEWEST);
    let scene = Scene { context: *context, version, on: false, creating: true, home };
    Ok(devices::apply(&list, &specs, scene)?.devices)
}

/// The port of an adapter on a distributed switch.
fn port_of(device: &Obj<VirtualDevice>) -> Option<&DistributedVirtualSwitchPortConnection> {
    let backing = device.backing.as_ref().filter(|_| device.is::<VirtualEthernetCard>())?;
    Some(&backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?.port)
}
