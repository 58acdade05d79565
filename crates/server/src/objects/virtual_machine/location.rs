//! Where a `VirtualMachineRelocateSpec` leads: host, pool, folder, and a datastore for each file.

use inventory::Tx;
use model::vm::{
    migrate::{self, Depth, DiskGoal},
    path::DatastorePath,
    snapshot::chain_of,
    surroundings::{DatastoreFacts, Lookup, Surroundings},
};
use vim25::{
    EnumValue, MoRef, Str, mo,
    types::{
        DatacenterMismatch, DatacenterMismatchArgument, InvalidDatastore, VirtualDisk, VirtualDiskFlatVer2BackingInfo,
        VirtualMachineConfigInfo, VirtualMachineRelocateDiskMoveOptions as How, VirtualMachineRelocateSpec,
        VirtualMachineRelocateTransformation as Transformation,
    },
};

use super::{Around, create::datacenter_of, place};
use crate::{fault::Fault, objects::host_system};

/// Where a machine is to be.
pub struct Location {
    /// The host.
    pub host: MoRef,
    /// The resource pool; none for a template.
    pub pool: Option<MoRef>,
    /// The datastore for its own files.
    pub home: DatastoreFacts,
    /// Whether they are there already.
    pub stays: bool,
    disks: Vec<(i32, DiskGoal)>,
    /// Whether disks that are not named go home too.
    together: bool,
    depth: Depth,
    thin: Option<bool>,
}

impl Location {
    /// Where a machine with `config`, now in this pool and on this host, is to be.
    pub fn of(
        tx: &Tx<'_>,
        spec: &VirtualMachineRelocateSpec,
        config: &VirtualMachineConfigInfo,
        pool: Option<&MoRef>,
        host_now: Option<&MoRef>,
    ) -> Result<Location, Fault> {
        refuse(spec)?;
        let pool = spec.pool.as_ref().or(pool);
        let host = find_host(tx, spec, pool, host_now)?;
        let around = Around::new(tx.before(), host.clone());
        let home = host_now.and_then(|host| home_of(tx, config, host));
        let new_home = match &spec.datastore {
            Some(datastore) => reached(tx, &around, datastore)?,
            None => home.as_ref().and_then(|home| around.datastore(home)).ok_or_else(|| {
                migrate::no_home(config.files.vm_path_name.as_deref().unwrap_or_default(), &around.host().name)
            })?,
        };
        let stays = Some(&new_home.datastore) == home.as_ref();
        let disks = locators(tx, &around, spec, config)?;
        let together = spec.datastore.is_some();
        let depth = depth(spec.disk_move_type.as_deref(), "spec.diskMoveType")?;
        Ok(Location { host, pool: pool.cloned(), home: new_home, stays, disks, together, depth, thin: thin(spec) })
    }

    /// Where a disk goes; none if it stays.
    pub fn disk(&self, key: i32) -> Option<DiskGoal> {
        let named = self.disks.iter().find(|(disk, _)| *disk == key).map(|(_, goal)| goal.clone());
        named.or_else(|| self.together.then(|| self.goal(self.home.clone())))
    }

    /// Where the copy of a disk goes: unless something else is asked for, to the datastore that the disk is on.
    pub fn copy(&self, disk: &VirtualDisk, around: &Around<'_>) -> DiskGoal {
        let here = || {
            let now = chain_of(disk).first().and_then(|top| top.datastore.clone());
            now.and_then(|now| around.datastore(&now)).unwrap_or_else(|| self.home.clone())
        };
        self.disk(disk.key).unwrap_or_else(|| self.goal(here()))
    }

    fn goal(&self, datastore: DatastoreFacts) -> DiskGoal {
        DiskGoal { datastore, depth: self.depth, thin: self.thin }
    }

    /// How the files of any disk go.
    pub fn depths(&self) -> impl Iterator<Item = Depth> {
        self.disks.iter().map(|(_, goal)| goal.depth).chain([self.depth])
    }
}

/// The datastore of a machine's own files, as its host knows it.
fn home_of(tx: &Tx<'_>, config: &VirtualMachineConfigInfo, host: &MoRef) -> Option<MoRef> {
    let vmx = config.files.vm_path_name.as_deref().and_then(DatastorePath::parse)?;
    let around = Around::new(tx.before(), host.clone());
    around.datastore_named(vmx.datastore).map(|facts| facts.datastore)
}

fn refuse(spec: &VirtualMachineRelocateSpec) -> Result<(), Fault> {
    if spec.service.is_some() {
        return Err(Fault::not_supported("This server knows no other vCenter to which a machine could go."));
    }
    if spec.crypto_spec.is_some() {
        return Err(Fault::not_supported("No key provider is configured, so that nothing can be encrypted."));
    }
    Ok(())
}

fn find_host(
    tx: &Tx<'_>,
    spec: &VirtualMachineRelocateSpec,
    pool: Option<&MoRef>,
    now: Option<&MoRef>,
) -> Result<MoRef, Fault> {
    let host = match pool {
        None => spec.host.as_ref().or(now).cloned(),
        Some(pool) => {
            let hosts = place::hosts_of(tx, pool)?;
            match &spec.host {
                Some(named) if hosts.contains(named) => Some(named.clone()),
                Some(named) => return Err(elsewhere(tx, named, pool, spec.pool.is_some())),
                None => now.filter(|now| hosts.contains(now)).cloned(),
            }
        }
    };
    let host = match (host, pool) {
        (Some(host), _) => host,
        (None, Some(pool)) => place::host(tx, pool, None)?,
        (None, None) => return Err(Fault::invalid_argument("spec.host", "name a host")),
    };
    host_system::check_open(tx, &host)?;
    Ok(host)
}

fn elsewhere(tx: &Tx<'_>, host: &MoRef, pool: &MoRef, named: bool) -> Fault {
    let Some(system) = tx.get::<mo::HostSystem>(host) else { return Fault::object_not_found(host) };
    let pool = tx.get::<mo::ResourcePool>(pool).map(|p| p.name.clone()).unwrap_or_default();
    let why = format!("host '{}' gives nothing to resource pool '{pool}'", system.name);
    match named {
        true => Fault::invalid_argument("spec.host", why),
        false => {
            Fault::invalid_argument("spec.pool", format!("{why}, in which the machine is: name a pool of the host"))
        }
    }
}

/// The facts of a datastore that the host reaches.
fn reached(tx: &Tx<'_>, around: &Around<'_>, datastore: &MoRef) -> Result<DatastoreFacts, Fault> {
    let known = tx.get::<mo::Datastore>(datastore).ok_or_else(|| Fault::object_not_found(datastore))?;
    around.datastore(datastore).filter(|facts| facts.accessible).ok_or_else(|| {
        let message = format!("Datastore '{}' is not accessible from the host.", known.name);
        let (datastore, name) = (Some(datastore.clone()), Some(known.name.clone()));
        Fault::new(InvalidDatastore { datastore, name, ..Default::default() }, message)
    })
}

fn locators(
    tx: &Tx<'_>,
    around: &Around<'_>,
    spec: &VirtualMachineRelocateSpec,
    config: &VirtualMachineConfigInfo,
) -> Result<Vec<(i32, DiskGoal)>, Fault> {
    let mut goals: Vec<(i32, DiskGoal)> = Vec::new();
    for (index, locator) in spec.disk.iter().flatten().enumerate() {
        let property = |member: &str| format!("spec.disk[{index}].{member}");
        let mut devices = config.hardware.device.iter().flatten();
        let is_disk = devices.any(|d| d.key == locator.disk_id && d.cast::<VirtualDisk>().is_some_and(has_files));
        if !is_disk {
            let why = format!("the machine has no disk {}", locator.disk_id);
            return Err(Fault::invalid_argument(property("diskId"), why));
        }
        if goals.iter().any(|(key, _)| *key == locator.disk_id) {
            return Err(Fault::invalid_argument(
                property("diskId"),
                format!("disk {} is named twice", locator.disk_id),
            ));
        }
        let datastore = reached(tx, around, &locator.datastore)?;
        let named = locator.disk_move_type.as_deref();
        let depth = match named {
            Some(_) => depth(named, &property("diskMoveType"))?,
            None => depth(spec.disk_move_type.as_deref(), "spec.diskMoveType")?,
        };
        let flat = locator.disk_backing_info.as_ref().and_then(|b| b.cast::<VirtualDiskFlatVer2BackingInfo>());
        let thin = flat.and_then(|b| b.thin_provisioned).or_else(|| thin(spec));
        goals.push((locator.disk_id, DiskGoal { datastore, depth, thin }));
    }
    Ok(goals)
}

fn has_files(disk: &VirtualDisk) -> bool {
    !chain_of(disk).is_empty()
}

fn thin(spec: &VirtualMachineRelocateSpec) -> Option<bool> {
    match spec.transform {
        Some(Transformation::Flat) => Some(false),
        Some(Transformation::Sparse) => Some(true),
        _ => None,
    }
}

fn depth(word: Option<&str>, property: &str) -> Result<Depth, Fault> {
    let Some(word) = word else { return Ok(Depth::Whole) };
    match How::from_wire(word.into()) {
        How::MoveChildMostDiskBacking => Ok(Depth::Top),
        How::MoveAllDiskBackingsAndConsolidate => Ok(Depth::Merged),
        How::CreateNewChildDiskBacking => Ok(Depth::Child),
        How::MoveAllDiskBackingsAndAllowSharing | How::MoveAllDiskBackingsAndDisallowSharing => Ok(Depth::Whole),
        How::Other_(_) => {
            Err(Fault::invalid_argument(property.to_string(), format!("'{word}' is no way to move a disk")))
        }
    }
}

/// A fault unless a folder can hold virtual machines and lies in the datacenter of a host.
pub fn check_folder(tx: &Tx<'_>, folder: &MoRef, host: &MoRef) -> Result<(), Fault> {
    let found = tx.get::<mo::Folder>(folder).ok_or_else(|| Fault::object_not_found(folder))?;
    if !found.child_type.iter().flatten().any(|t| t == "VirtualMachine") {
        return Err(Fault::not_supported(format!("The folder '{}' cannot hold virtual machines.", found.name)));
    }
    let of = |entity: &MoRef| datacenter_of(tx, entity).map(|(datacenter, _)| datacenter);
    let (expected, given) = (of(host), of(folder));
    if expected == given {
        return Ok(());
    }
    let name: Str = found.name.clone();
    let argument = DatacenterMismatchArgument { entity: folder.clone(), input_datacenter: given };
    let fault = DatacenterMismatch {
        invalid_argument: vec![argument.into()],
        expected_datacenter: expected.unwrap_or_default(),
        ..Default::default()
    };
    Err(Fault::new(fault, format!("The folder '{name}' and the host belong to different datacenters.")))
}
