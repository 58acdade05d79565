//! `Folder.RegisterVM_Task`: a machine whose files are there comes into the inventory.

use std::collections::BTreeMap;

use inventory::Tx;
use model::vm::{
    Context,
    admission::{self, Seat},
    config, migrate,
    object::{self, Place},
    path::DatastorePath,
    snapshot::{self, Count},
};
use vim25::{
    Any, MoRef, Obj, Str, args, mo,
    types::{AlreadyExists, NotFound, VirtualMachineConfigInfo, VmRegisteredEvent},
};

use super::{
    Around,
    create::{browser_of, datacenter_of},
    location::check_folder,
    place, shelf, story,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::{entity::names, host_system},
    task::{self, Work},
};

/// `RegisterVM_Task`
pub fn register(call: &Call, args: args::RegisterVM_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| enter(work, tx, &args).map(|vm| Some(Any::MoRef(vm))))
}

fn enter(work: &Work, tx: &mut Tx<'_>, args: &args::RegisterVM_Task) -> Result<MoRef, Fault> {
    let folder = &work.this;
    let (datastore, path) = find_path(tx, folder, &args.path)?;
    let shelved = shelf::find(tx, &datastore, &path).ok_or_else(|| missing(tx, &datastore, &args.path))?;
    let host = host(tx, args)?;
    check_folder(tx, folder, &host)?;
    let name = names::kept(args.name.as_deref().unwrap_or(&shelved.config.name), None)?;
    names::unused(tx, folder, &name, None)?;
    let vm = MoRef::new("VirtualMachine", tx.new_id("vm"));
    let seed = tx.random();
    let mut config = shelved.config.clone();
    config.name = name;
    config.template = args.as_template;
    let taken = config.instance_uuid.as_deref().is_some_and(|uuid| !tx.index().by_instance_uuid(uuid).is_empty());
    if taken {
        config.instance_uuid = Some(model::vm::identity::instance_uuid(seed, &vm.id));
    }
    let around = Around::new(tx.before(), host.clone());
    let context = Context { surroundings: &around, now: tx.now(), seed, vm: &vm };
    migrate::check_reach(&config, &around)?;
    let config = config::reconnect(config, None, &context)?;
    admission::create(tx, &config, Seat { host: Some(&host), pool: args.pool.as_ref() })?;
    let mut machine = object::new(&place(tx, &vm, folder, args, host), config, &around);
    machine.layout_ex = shelved.layout.clone();
    let snapshots = shelved.snapshots.as_ref();
    machine.snapshot = snapshots.map(|(info, kept)| restore(tx, &vm, info, kept).into());
    tx.insert(vm.clone(), machine);
    tx.set_private::<Count>(&vm.id, shelved.count);
    tx.set_private(&vm.id, shelved.leftover.clone());
    shelf::take(tx, &datastore, &path);
    place::enlist(tx, &vm);
    story::tell(tx, work, &vm, VmRegisteredEvent::default(), "was registered");
    Ok(vm)
}

/// The datastore and the path within it of a vmx file, as seen from the folder's datacenter.
fn find_path(tx: &Tx<'_>, folder: &MoRef, path: &str) -> Result<(MoRef, Str), Fault> {
    let bad = || Fault::datastore_path(path);
    let parsed = DatastorePath::parse(path).filter(|p| p.path.ends_with(".vmx")).ok_or_else(bad)?;
    let stores = datacenter_of(tx, folder).and_then(|(_, datacenter)| datacenter.datastore.as_ref());
    let named = |d: &&MoRef| tx.get::<mo::Datastore>(d).is_some_and(|d| d.name == parsed.datastore);
    let datastore = stores.unwrap_or_default().iter().find(named).ok_or_else(|| Fault::datastore(parsed.datastore))?;
    Ok((datastore.clone(), parsed.path.into()))
}

/// Why there is nothing to register at a path: a machine has it already, or there is no such file.
fn missing(tx: &Tx<'_>, datastore: &MoRef, path: &str) -> Fault {
    let has = |vm: &&mo::VirtualMachine| vm.summary.config.vm_path_name == path;
    let vms = tx.get::<mo::Datastore>(datastore).and_then(|d| d.vm.as_ref()).unwrap_or_default();
    match vms.iter().filter_map(|vm| tx.get::<mo::VirtualMachine>(vm)).find(has) {
        Some(vm) => {
            let fault = AlreadyExists { name: Some(vm.name.clone()), ..Default::default() };
            Fault::new(fault, format!("The machine '{}' has the configuration {path} already.", vm.name))
        }
        None => Fault::new(NotFound::default(), format!("There is no configuration of a machine at {path}.")),
    }
}

fn host(tx: &Tx<'_>, args: &args::RegisterVM_Task) -> Result<MoRef, Fault> {
    let host = match (&args.pool, &args.host, args.as_template) {
        (Some(_), _, true) => return Err(Fault::invalid_argument("pool", "a template belongs to no pool")),
        (None, Some(host), true) => host.clone(),
        (None, None, true) => return Err(Fault::invalid_argument("host", "name a host for the template")),
        (Some(pool), host, false) => {
            if tx.get::<mo::VirtualApp>(pool).is_some() {
                return Err(Fault::not_supported("Registering into a vApp is not supported: name another pool."));
            }
            place::host(tx, pool, host.as_ref())?
        }
        (None, _, false) => return Err(Fault::invalid_argument("pool", "name a resource pool for the machine")),
    };
    host_system::check_open(tx, &host)?;
    Ok(host)
}

fn place(tx: &Tx<'_>, vm: &MoRef, folder: &MoRef, args: &args::RegisterVM_Task, host: MoRef) -> Place {
    let compute = || {
        let parent = tx.get::<mo::HostSystem>(&host)?.parent.clone()?;
        tx.get::<mo::ComputeResource>(&parent)?.environment_browser.clone()
    };
    Place {
        this: vm.clone(),
        folder: Some(folder.clone()),
        pool: args.pool.clone(),
        v_app: None,
        environment_browser: match &args.pool {
            Some(pool) => browser_of(tx, pool),
            None => compute().unwrap_or_default(),
        },
        host,
    }
}

/// Puts a machine's snapshots into the world under new references. Returns its tree.
fn restore(
    tx: &mut Tx<'_>,
    vm: &MoRef,
    info: &Obj<vim25::types::VirtualMachineSnapshotInfo>,
    kept: &[shelf::Kept],
) -> vim25::types::VirtualMachineSnapshotInfo {
    let mut names: BTreeMap<MoRef, MoRef> = BTreeMap::new();
    for one in kept {
        let snapshot = MoRef::new("VirtualMachineSnapshot", tx.new_id("snapshot"));
        let config: Obj<VirtualMachineConfigInfo> = one.config.clone();
        tx.insert(snapshot.clone(), super::snapshot::object(vm, config));
        tx.set_private(&snapshot.id, one.taken.clone());
        names.insert(one.snapshot.clone(), snapshot);
    }
    snapshot::renamed(info, vm, &|old| names.get(old).cloned().unwrap_or_default())
}
