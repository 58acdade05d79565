//! What a machine is like after a move, and whether it can be.

use inventory::Tx;
use model::vm::{
    Context, Surroundings,
    admission::{self, Seat},
    config,
    migrate::{self, Depth, Goal, Renames},
    path::DatastorePath,
    power::{self, PowerOn},
    surroundings::Lookup,
};
use vim25::{
    MoRef, Obj, mo,
    types::{
        DiskMoveTypeNotSupported, VirtualMachineConfigInfo, VirtualMachineConfigSpec,
        VirtualMachinePowerState as Power, VirtualMachineRelocateSpec,
    },
};

use crate::{
    fault::Fault,
    objects::{
        entity::{self, names},
        virtual_machine::{
            Around,
            create::{browser_of, datacenter_of},
            fault_tolerance,
            location::{Location, check_folder},
            power::cid_taken,
            snapshot::kept_configs,
        },
    },
};

/// A move that can be made.
pub struct Plan {
    /// The machine afterwards.
    pub after: mo::VirtualMachine,
    /// The configurations of its snapshots afterwards.
    kept: Vec<(MoRef, Obj<VirtualMachineConfigInfo>)>,
}

/// What the spec makes of the machine.
pub fn plan(tx: &mut Tx<'_>, vm: &MoRef, spec: &VirtualMachineRelocateSpec, seed: u64) -> Result<Plan, Fault> {
    let mut after = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?.clone();
    let before = after.config.clone().ok_or_else(|| Fault::not_supported("The machine has no configuration."))?;
    let host = after.runtime.host.clone();
    let location = Location::of(tx, spec, &before, after.resource_pool.as_ref(), host.as_ref())?;
    check_pool(tx, &after, &location)?;
    let around = Around::new(tx.before(), location.host.clone());
    let mut config = with_devices(&before, &after, spec, &Context { surroundings: &around, now: tx.now(), seed, vm })?;
    let kept = kept_configs(tx, &after);
    let moved = relocated(&config, &kept, &location, &around)?;
    check_space(&moved.renames, &after, &location, &around)?;
    config = moved.config;
    if config != before {
        config::stamp(&mut config, tx.now());
    }
    migrate::check_reach(&config, &around)?;
    fault_tolerance::keep_apart(tx, &config, &location.host)?;
    let on = after.runtime.power_state == Power::PoweredOn;
    let leaves = host.as_ref() != Some(&location.host);
    if on && leaves {
        migrate::check_running_devices(&config)?;
    }
    if on {
        admission::run(tx, vm, &config, Seat { host: Some(&location.host), pool: location.pool.as_ref() })?;
    }
    if let Some(layout) = &mut after.layout_ex {
        moved.renames.apply(layout);
    }
    after.config = Some(config);
    after.parent = folder(tx, vm, &after, spec, &location.host)?;
    settle(tx, vm, &mut after, location, &around, on && leaves);
    Ok(Plan { after, kept: kept.into_iter().map(|(snapshot, _)| snapshot).zip(moved.kept).collect() })
}

/// Machines stay in their vApp, and others out of it.
fn check_pool(tx: &Tx<'_>, vm: &mo::VirtualMachine, location: &Location) -> Result<(), Fault> {
    let is_app = |pool: &Option<MoRef>| pool.as_ref().is_some_and(|p| tx.get::<mo::VirtualApp>(p).is_some());
    let changes = vm.resource_pool != location.pool;
    if changes && (is_app(&vm.resource_pool) || is_app(&location.pool)) {
        return Err(Fault::not_supported("A move into a vApp or out of one is not supported by this server."));
    }
    Ok(())
}

fn with_devices(
    config: &Obj<VirtualMachineConfigInfo>,
    vm: &mo::VirtualMachine,
    spec: &VirtualMachineRelocateSpec,
    context: &Context<'_>,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    if spec.device_change.as_ref().is_none_or(Vec::is_empty) {
        return Ok(config.clone());
    }
    let change = VirtualMachineConfigSpec { device_change: spec.device_change.clone(), ..Default::default() };
    config::reconfigure(config, &vm.runtime.power_state, &change, context)
}

fn relocated(
    config: &Obj<VirtualMachineConfigInfo>,
    kept: &[(MoRef, Obj<VirtualMachineConfigInfo>)],
    location: &Location,
    around: &Around<'_>,
) -> Result<migrate::Moved, Fault> {
    let refused = |depth| depth == Depth::Child || (depth == Depth::Merged && !kept.is_empty());
    if location.depths().any(refused) {
        let message = "Disks cannot be moved in this way: a machine with snapshots keeps its chains of files.";
        return Err(Fault::new(DiskMoveTypeNotSupported::default(), message));
    }
    let exists = |datastore: &model::vm::surroundings::DatastoreFacts, path: &str| {
        around.file_exists(&datastore.datastore, path)
    };
    let vmx = config.files.vm_path_name.as_deref().and_then(DatastorePath::parse);
    let (folder, stem) = vmx.map_or(("", ""), |vmx| (vmx.folder(), vmx.stem()));
    let stays = location.stays;
    let folder = if stays { folder.into() } else { migrate::home_folder(folder, stem, &location.home, &exists) };
    let goal = Goal { home: &location.home, stays, folder, disk: &|key| location.disk(key), exists: &exists };
    let kept: Vec<_> = kept.iter().map(|(_, config)| config.clone()).collect();
    Ok(migrate::relocate(config, &kept, &goal))
}

fn check_space(
    renames: &Renames,
    vm: &mo::VirtualMachine,
    location: &Location,
    around: &Around<'_>,
) -> Result<(), Fault> {
    let Some(layout) = &vm.layout_ex else { return Ok(()) };
    for (datastore, bytes) in renames.bytes(layout, &location.home.datastore) {
        if let Some(facts) = around.datastore(&datastore).filter(|facts| facts.free < bytes) {
            return Err(Fault::no_disk_space(&vm.name, &facts.name));
        }
    }
    Ok(())
}

/// The folder afterwards: the one of the spec; else the one that the machine is in, or, if its new host belongs to
/// another datacenter, the uppermost one there.
fn folder(
    tx: &mut Tx<'_>,
    vm: &MoRef,
    machine: &mo::VirtualMachine,
    spec: &VirtualMachineRelocateSpec,
    host: &MoRef,
) -> Result<Option<MoRef>, Fault> {
    let Some(now) = &machine.parent else {
        return match &spec.folder {
            None => Ok(None),
            Some(_) => Err(Fault::not_supported("A machine of a vApp is in no folder.")),
        };
    };
    let there = datacenter_of(tx, host).map(|(moref, datacenter)| (moref, datacenter.vm_folder.clone()));
    let here = datacenter_of(tx, now).map(|(moref, _)| moref);
    let folder = match (&spec.folder, there) {
        (Some(named), _) => named.clone(),
        (None, Some((there, root))) if Some(&there) != here.as_ref() => root,
        _ => return Ok(Some(now.clone())),
    };
    check_folder(tx, &folder, host)?;
    names::unused(tx, &folder, &machine.name, Some(vm))?;
    Ok(Some(folder))
}

/// Puts the machine on its host and into its pool.
fn settle(
    tx: &Tx<'_>,
    vm: &MoRef,
    after: &mut mo::VirtualMachine,
    location: Location,
    around: &Around<'_>,
    arrives: bool,
) {
    if arrives {
        let facts = around.host();
        let cid_taken = |id| cid_taken(tx, &location.host, vm, id);
        power::arrive(after, &PowerOn { now: tx.now(), host: &facts, cid_taken: &cid_taken });
    }
    after.runtime.host = Some(location.host);
    if let Some(pool) = location.pool.filter(|_| after.resource_pool.is_some()) {
        after.environment_browser = browser_of(tx, &pool);
        after.resource_pool = Some(pool);
    }
}

/// Makes the move. Returns the machine as it was.
pub fn carry_out(tx: &mut Tx<'_>, vm: &MoRef, plan: &Plan) -> Result<mo::VirtualMachine, Fault> {
    let before = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?.clone();
    if before.parent != plan.after.parent {
        if let Some(old) = &before.parent {
            entity::release(tx, old, vm);
        }
        if let Some(new) = &plan.after.parent {
            entity::adopt(tx, new, vm);
        }
    }
    for (snapshot, config) in &plan.kept {
        if let Some(snapshot) = tx.edit::<mo::VirtualMachineSnapshot>(snapshot) {
            snapshot.config = config.clone();
        }
    }
    if let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) {
        *machine = plan.after.clone();
    }
    Ok(before)
}
