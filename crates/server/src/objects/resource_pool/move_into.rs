//! `MoveIntoResourcePool`: one entity after the other, each as a whole. The first that cannot be moved ends the call.

use inventory::Tx;
use model::vm::admission::{self, Seat};
use vim25::{
    MoRef, args, mo,
    types::{ResourcePoolMovedEvent, VirtualMachinePowerState as Power, VmResourcePoolMovedEvent},
};

use super::{argument, create::check_depth};
use crate::{
    dispatch::Call,
    events,
    fault::Fault,
    objects::entity::{adopt, names, release},
};

/// Moves machines and pools of the same compute resource into this pool.
pub fn move_into(call: &Call, args: args::MoveIntoResourcePool) -> Result<(), Fault> {
    for entity in &args.list {
        call.commit(|tx| match tx.get::<mo::VirtualMachine>(entity).is_some() {
            true => machine(call, tx, entity),
            false => pool(call, tx, entity),
        })?;
    }
    Ok(())
}

fn machine(call: &Call, tx: &mut Tx<'_>, vm: &MoRef) -> Result<(), Fault> {
    let to = &call.this;
    let machine = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
    let Some(from) = machine.resource_pool.clone() else {
        return Err(Fault::not_supported("A template lies in no resource pool."));
    };
    check_owner(tx, &from, to)?;
    if from == *to {
        return Ok(());
    }
    if let Some(config) = machine.config.as_ref().filter(|_| machine.runtime.power_state == Power::PoweredOn) {
        admission::run(tx, vm, config, Seat { host: machine.runtime.host.as_ref(), pool: Some(to) })?;
    }
    let name = machine.name.clone();
    if let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) {
        machine.resource_pool = Some(to.clone());
    }
    let event = VmResourcePoolMovedEvent {
        old_parent: argument(tx, &from).into(),
        new_parent: argument(tx, to).into(),
        ..Default::default()
    };
    events::post(tx, call.user(), vm, event, format!("Moved {name} to another resource pool"));
    Ok(())
}

fn pool(call: &Call, tx: &mut Tx<'_>, pool: &MoRef) -> Result<(), Fault> {
    let to = &call.this;
    let found = tx.get::<mo::ResourcePool>(pool).ok_or_else(|| Fault::object_not_found(pool))?;
    let (name, from) = (found.name.clone(), found.parent.clone());
    let Some(from) = from.filter(|from| tx.get::<mo::ResourcePool>(from).is_some()) else {
        return Err(Fault::not_supported("The root resource pool cannot be moved."));
    };
    check_owner(tx, pool, to)?;
    if from == *to {
        return Ok(());
    }
    if is_within(tx, to, pool) {
        return Err(Fault::invalid_argument("list", format!("'{name}' cannot be moved into itself")));
    }
    check_depth(tx, to, height(tx, pool))?;
    names::unused(tx, to, &name, Some(pool))?;
    admission::move_pool(tx, pool, to)?;
    release(tx, &from, pool);
    adopt(tx, to, pool);
    if let Some(entity) = tx.edit::<mo::ManagedEntity>(pool) {
        entity.parent = Some(to.clone());
    }
    let mut event = ResourcePoolMovedEvent {
        old_parent: argument(tx, &from).into(),
        new_parent: argument(tx, to).into(),
        ..Default::default()
    };
    event.resource_pool = argument(tx, pool).into();
    events::post(tx, call.user(), pool, event, format!("Moved resource pool {name}"));
    Ok(())
}

/// Both pools belong to one compute resource.
fn check_owner(tx: &Tx<'_>, from: &MoRef, to: &MoRef) -> Result<(), Fault> {
    let owner = |pool: &MoRef| tx.get::<mo::ResourcePool>(pool).map(|pool| &pool.owner);
    if owner(from) == owner(to) {
        return Ok(());
    }
    Err(Fault::invalid_argument("list", "what belongs to another host or cluster is migrated, not moved"))
}

/// Whether `pool` is `other` or lies in it, however deep.
fn is_within(tx: &Tx<'_>, pool: &MoRef, other: &MoRef) -> bool {
    let above = |pool: &MoRef| tx.get::<mo::ResourcePool>(pool).and_then(|p| p.parent.clone());
    std::iter::successors(Some(pool.clone()), above).any(|at| at == *other)
}

/// Levels of pools: 1 for a pool without child pools.
fn height(tx: &Tx<'_>, pool: &MoRef) -> usize {
    let children = tx.get::<mo::ResourcePool>(pool).and_then(|p| p.resource_pool.as_ref()).unwrap_or_default();
    1 + children.iter().map(|child| height(tx, child)).max().unwrap_or(0)
}
