//! `CreateVM_Task` and `CreateChildVM_Task`.

use inventory::Tx;
use model::vm::{
    Context,
    admission::{self, Seat},
    config,
    object::{self, Place},
};
use vim25::{
    Any, MoRef, Obj, Str, args, mo,
    types::{DatacenterMismatch, VirtualMachineConfigSpec},
};

use super::{Around, place, story};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::names,
    task::{self, Work},
};

/// What a client asks for.
struct Wish {
    spec: Obj<VirtualMachineConfigSpec>,
    folder: MoRef,
    pool: MoRef,
    host: Option<MoRef>,
}

/// `Folder.CreateVM_Task`
pub fn in_folder(call: &Call, args: args::CreateVM_Task) -> Result<MoRef, Fault> {
    let wish = Wish { spec: args.config, folder: call.this.clone(), pool: args.pool, host: args.host };
    task::transact(call, move |work, tx| create(work, tx, &wish).map(|vm| Some(Any::MoRef(vm))))
}

/// `ResourcePool.CreateChildVM_Task`: in the virtual machine folder of the pool's datacenter.
pub fn in_pool(call: &Call, args: args::CreateChildVM_Task) -> Result<MoRef, Fault> {
    let pool = call.this.clone();
    task::transact(call, move |work, tx| {
        let folder = datacenter_of(tx, &pool).map(|(_, dc)| dc.vm_folder.clone());
        let folder = folder.ok_or_else(|| Fault::object_not_found(&pool))?;
        let wish = Wish { spec: args.config, folder, pool, host: args.host };
        create(work, tx, &wish).map(|vm| Some(Any::MoRef(vm)))
    })
}

fn create(work: &Work, tx: &mut Tx<'_>, wish: &Wish) -> Result<MoRef, Fault> {
    let spec = checked(tx, wish)?;
    let host = place::host(tx, &wish.pool, wish.host.as_ref())?;
    let vm = MoRef::new("VirtualMachine", tx.new_id("vm"));
    let around = Around::new(tx.before(), host.clone());
    let context = Context { surroundings: &around, now: tx.now(), seed: tx.random(), vm: &vm };
    let made = config::create(&spec, &context)?;
    admission::create(tx, &made, Seat { host: Some(&host), pool: Some(&wish.pool) })?;
    let place = Place {
        this: vm.clone(),
        folder: Some(wish.folder.clone()),
        pool: Some(wish.pool.clone()),
        v_app: None,
        environment_browser: browser_of(tx, &wish.pool),
        host,
    };
    let machine = object::new(&place, made, &around);
    tx.insert(vm.clone(), machine);
    place::enlist(tx, &vm);
    story::created(tx, work, &vm);
    Ok(vm)
}

/// The spec with its name as the inventory keeps it, if folder and pool admit such a machine.
fn checked(tx: &mut Tx<'_>, wish: &Wish) -> Result<Obj<VirtualMachineConfigSpec>, Fault> {
    let folder = tx.get::<mo::Folder>(&wish.folder).ok_or_else(|| Fault::object_not_found(&wish.folder))?;
    if !folder.child_type.iter().flatten().any(|t| t == "VirtualMachine") {
        return Err(Fault::not_supported(format!("The folder '{}' cannot hold virtual machines.", folder.name)));
    }
    let name = wish.spec.name.as_deref().unwrap_or_default();
    let name: Str = names::kept(name, None)?;
    names::unused(tx, &wish.folder, &name, None)?;
    if tx.get::<mo::ResourcePool>(&wish.pool).is_none() {
        return Err(Fault::object_not_found(&wish.pool));
    }
    if datacenter_of(tx, &wish.pool).map(|(dc, _)| dc) != datacenter_of(tx, &wish.folder).map(|(dc, _)| dc) {
        let message = "The folder and the resource pool belong to different datacenters.";
        return Err(Fault::new(DatacenterMismatch::default(), message));
    }
    let mut spec = wish.spec.clone();
    spec.name = Some(name);
    Ok(spec)
}

pub(super) fn datacenter_of<'t>(tx: &'t Tx<'_>, start: &MoRef) -> Option<(MoRef, &'t mo::Datacenter)> {
    let mut at = start.clone();
    loop {
        if let Some(dc) = tx.get::<mo::Datacenter>(&at) {
            return Some((at, dc));
        }
        at = tx.get::<mo::ManagedEntity>(&at)?.parent.clone()?;
    }
}

pub(super) fn browser_of(tx: &Tx<'_>, pool: &MoRef) -> MoRef {
    let owner = tx.get::<mo::ResourcePool>(pool).map(|p| p.owner.clone());
    let owner = owner.and_then(|o| tx.get::<mo::ComputeResource>(&o));
    owner.and_then(|o| o.environment_browser.clone()).unwrap_or_default()
}
