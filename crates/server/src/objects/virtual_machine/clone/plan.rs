//! What a clone is like, and whether it can be.

use inventory::Tx;
use model::vm::{
    Context,
    admission::{self, Seat},
    config::{self, CloneWish},
    migrate::{self, Depth},
    object::{self, Place},
};
use vim25::{
    MoRef, Obj, mo,
    types::{
        VirtualDisk, VirtualMachineCloneSpec, VirtualMachineConfigInfo, VirtualMachineConfigSpec,
        VirtualMachinePowerState as Power,
    },
};

use super::{Wish, is_template};
use crate::{
    fault::Fault,
    objects::{
        entity::names,
        virtual_machine::{
            Around,
            create::browser_of,
            location::{Location, check_folder},
        },
    },
};

/// The clone, powered off.
pub fn plan(tx: &mut Tx<'_>, source: &MoRef, vm: &MoRef, wish: &Wish, seed: u64) -> Result<mo::VirtualMachine, Fault> {
    let machine = tx.get::<mo::VirtualMachine>(source).ok_or_else(|| Fault::object_not_found(source))?.clone();
    let name = names::kept(&wish.name, None)?;
    names::unused(tx, &wish.folder, &name, None)?;
    let base = base(tx, source, &machine, &wish.spec)?;
    let location = locate(tx, &machine, &base, wish)?;
    let around = Around::new(tx.before(), location.host.clone());
    let context = Context { surroundings: &around, now: tx.now(), seed, vm };
    let base = with_devices(&base, &wish.spec, &context)?;
    let disk = |disk: &VirtualDisk| location.copy(disk, &around);
    let template = wish.spec.template;
    let clone = CloneWish { name, template, home: &location.home, disk: &disk, spec: wish.spec.config.as_deref() };
    let config = config::clone(&base, &clone, &context)?;
    migrate::check_reach(&config, &around)?;
    let pool = location.pool.clone().filter(|_| !template);
    admission::create(tx, &config, Seat { host: Some(&location.host), pool: pool.as_ref() })?;
    let place = Place {
        this: vm.clone(),
        folder: Some(wish.folder.clone()),
        environment_browser: location.pool.map_or(machine.environment_browser, |pool| browser_of(tx, &pool)),
        pool,
        v_app: None,
        host: location.host,
    };
    Ok(object::new(&place, config, &around))
}

/// The configuration that is cloned: the machine's, or that of one of its snapshots.
fn base(
    tx: &Tx<'_>,
    source: &MoRef,
    machine: &mo::VirtualMachine,
    spec: &VirtualMachineCloneSpec,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let Some(snapshot) = &spec.snapshot else {
        return machine.config.clone().ok_or_else(|| Fault::not_supported("The machine has no configuration."));
    };
    let found = tx.get::<mo::VirtualMachineSnapshot>(snapshot).ok_or_else(|| Fault::object_not_found(snapshot))?;
    match found.vm == *source {
        true => Ok(found.config.clone()),
        false => Err(Fault::invalid_argument("spec.snapshot", "it is a snapshot of another machine")),
    }
}

/// Where the clone is to be.
fn locate(
    tx: &Tx<'_>,
    machine: &mo::VirtualMachine,
    base: &VirtualMachineConfigInfo,
    wish: &Wish,
) -> Result<Location, Fault> {
    let spec = &wish.spec;
    if !spec.template && is_template(machine) && spec.location.pool.is_none() {
        let why = "a template belongs to no pool: name one for the machine";
        return Err(Fault::invalid_argument("spec.location.pool", why));
    }
    let (pool, host) = (machine.resource_pool.as_ref(), machine.runtime.host.as_ref());
    let location = Location::of(tx, &spec.location, base, pool, host)?;
    check_folder(tx, &wish.folder, &location.host)?;
    let is_app = location.pool.as_ref().is_some_and(|pool| tx.get::<mo::VirtualApp>(pool).is_some());
    if is_app && !spec.template {
        return Err(Fault::not_supported("A clone into a vApp is not supported by this server: name another pool."));
    }
    if spec.snapshot.is_none() && !wish.instant && location.depths().any(|depth| depth == Depth::Child) {
        let why = "a new file can lie above the disks of a snapshot only: name one";
        return Err(Fault::invalid_argument("spec.snapshot", why));
    }
    Ok(location)
}

/// The configuration with the changes to devices that the location asks for, its networks above all.
fn with_devices(
    base: &Obj<VirtualMachineConfigInfo>,
    spec: &VirtualMachineCloneSpec,
    context: &Context<'_>,
) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    if spec.location.device_change.as_ref().is_none_or(Vec::is_empty) {
        return Ok(base.clone());
    }
    let device_change = spec.location.device_change.clone();
    let change = VirtualMachineConfigSpec { device_change, ..Default::default() };
    config::reconfigure(base, &Power::PoweredOff, &change, context)
}
