//! The configuration of a secondary of Fault Tolerance: its primary's, with files, disks and ports of its own.

use vim25::{
    MoRef, Obj, Str,
    types::{
        VirtualDevice, VirtualDeviceFileBackingInfo, VirtualDisk, VirtualMachineConfigInfo, VirtualMachineVMCIDevice,
    },
};

use super::{
    clone::connect,
    create::{file_name, free_folder},
    defaults::{home_files, nvram},
    vmci_options,
};
use crate::vm::{Context, Fault, hardware::VMCI_ID_UNASSIGNED, identity, path, power, surroundings::DatastoreFacts};

/// Where the files of a secondary go.
pub struct SecondaryFiles<'a> {
    /// The datastore of its configuration.
    pub home: &'a DatastoreFacts,
    /// The datastore of a disk, by the disk's key; [`SecondaryFiles::home`] for disks that are not named.
    pub disks: &'a [(i32, DatastoreFacts)],
}

impl SecondaryFiles<'_> {
    fn of_disk(&self, key: i32) -> &DatastoreFacts {
        self.disks.iter().find(|(disk, _)| *disk == key).map_or(self.home, |(_, datastore)| datastore)
    }
}

/// A secondary for `primary`, to be called `name`. It has the primary's BIOS UUID and MAC addresses, because its guest is
/// the same; its place among machines is its own.
///
/// # Errors
/// `NoDiskSpace`, and what connecting its adapters can end in.
pub fn secondary(
    primary: &VirtualMachineConfigInfo,
    name: Str,
    files: &SecondaryFiles<'_>,
    context: &Context<'_>,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let mut config = primary.clone();
    let stem = file_name(&name);
    let folder = free_folder(context, files.home, &stem, &stem);
    config.name = name;
    config.instance_uuid = Some(identity::instance_uuid(context.seed, &context.vm.id));
    config.change_version = context.now.to_string().into();
    config.modified = context.now;
    config.create_date = Some(context.now);
    config.files = home_files(&files.home.name, &folder, &stem).into();
    let options = config.extra_config.iter_mut().flatten().filter(|o| o.key == "nvram");
    options.for_each(|o| *o = nvram(&stem));
    let mut list = config.hardware.device.clone().unwrap_or_default();
    copy_disks(&mut list, files, &folder, &stem)?;
    forget_cid(&mut list);
    config.hardware.device = Some(connect(list, &|_| false, &config, context)?);
    let mut config = Obj::from(config);
    power::disconnect(&mut config);
    vmci_options::sync(&mut config);
    Ok(config)
}

/// Gives each disk a file of the secondary's own.
fn copy_disks(
    devices: &mut [Obj<VirtualDevice>],
    files: &SecondaryFiles<'_>,
    folder: &str,
    stem: &str,
) -> Result<(), Fault> {
    let mut taken: Vec<(MoRef, i64)> = vec![];
    let mut number = 0;
    for device in devices {
        let Some(disk) = device.cast::<VirtualDisk>() else { continue };
        let (key, size) = (disk.key, disk.capacity_in_bytes.unwrap_or(disk.capacity_in_kb.saturating_mul(1024)));
        let datastore = files.of_disk(key);
        let suffix = if number == 0 { String::new() } else { format!("_{number}") };
        let file = path::join(&datastore.name, folder, &format!("{stem}{suffix}.vmdk"));
        let before: i64 = taken.iter().filter(|(d, _)| *d == datastore.datastore).map(|(_, size)| size).sum();
        if before.saturating_add(size) > datastore.free {
            return Err(Fault::no_disk_space(&file, &datastore.name));
        }
        taken.push((datastore.datastore.clone(), size));
        let backing = device.backing.as_mut().and_then(|b| b.cast_mut::<VirtualDeviceFileBackingInfo>());
        if let Some(backing) = backing {
            backing.file_name = file;
            backing.datastore = Some(datastore.datastore.clone());
            number += 1;
        }
    }
    Ok(())
}

/// The context id of the primary is taken on no host but its own: the secondary gets one when it starts.
fn forget_cid(devices: &mut [Obj<VirtualDevice>]) {
    for device in devices {
        if let Some(vmci) = device.cast_mut::<VirtualMachineVMCIDevice>() {
            vmci.id = Some(VMCI_ID_UNASSIGNED);
        }
    }
}
