//! Where a machine runs: which host of a pool takes it, and the lists that name it.

use inventory::Tx;
use model::vm::migrate;
use vim25::{
    MoRef, MoRefs, mo,
    types::{HostSystemConnectionState, NoCompatibleHost},
};

use super::Around;
use crate::{fault::Fault, objects::host_system};

/// The host for a machine of `pool`: the one that the client names, if it belongs to the pool's owner; else the host
/// that can run it and has the fewest machines, the first of several.
pub fn host(tx: &Tx<'_>, pool: &MoRef, named: Option<&MoRef>) -> Result<MoRef, Fault> {
    let owner = owner_of(tx, pool)?;
    let hosts = owner.host.as_ref().unwrap_or_default();
    if let Some(named) = named {
        tx.get::<mo::HostSystem>(named).ok_or_else(|| Fault::object_not_found(named))?;
        return match hosts.contains(named) {
            true => Ok(named.clone()),
            false => Err(Fault::invalid_argument("host", format!("'{named}' does not belong to '{}'", owner.name))),
        };
    }
    let usable = hosts.iter().filter_map(|h| Some((h, tx.get::<mo::HostSystem>(h)?))).filter(|(_, h)| is_usable(h));
    let least = usable.min_by_key(|(_, h)| h.vm.as_ref().map_or(0, MoRefs::len));
    least.map(|(h, _)| h.clone()).ok_or_else(|| no_host(&owner.name))
}

/// The hosts that give a pool what it has.
pub fn hosts_of<'t>(tx: &'t Tx<'_>, pool: &MoRef) -> Result<&'t MoRefs, Fault> {
    owner_of(tx, pool).map(|owner| owner.host.as_ref().unwrap_or_default())
}

fn owner_of<'t>(tx: &'t Tx<'_>, pool: &MoRef) -> Result<&'t mo::ComputeResource, Fault> {
    let owner = &tx.get::<mo::ResourcePool>(pool).ok_or_else(|| Fault::object_not_found(pool))?.owner;
    tx.get::<mo::ComputeResource>(owner).ok_or_else(|| Fault::object_not_found(owner))
}

/// The host on which a machine starts: the one that the client names; else the one that it is on, or, if that cannot
/// take it now, another one that gives its pool what it has.
pub fn to_start_on(tx: &Tx<'_>, vm: &mo::VirtualMachine, named: Option<&MoRef>) -> Result<MoRef, Fault> {
    let now = vm.runtime.host.as_ref();
    let closed = now.is_none_or(|now| host_system::check_open(tx, now).is_err());
    let chosen = match (named, &vm.resource_pool) {
        (Some(named), Some(pool)) if now != Some(named) => Some(host(tx, pool, Some(named))?),
        (None, Some(pool)) if closed => host(tx, pool, None).ok(),
        _ => None,
    };
    let chosen = chosen.or_else(|| now.cloned());
    let chosen = chosen.ok_or_else(|| Fault::invalid_argument("host", "the machine is on no host"))?;
    host_system::check_open(tx, &chosen)?;
    if let Some(config) = vm.config.as_ref().filter(|_| now != Some(&chosen)) {
        migrate::check_reach(config, &Around::new(tx.before(), chosen.clone()))?;
    }
    Ok(chosen)
}

/// Whether machines can be put on the host.
pub fn is_usable(host: &mo::HostSystem) -> bool {
    host.runtime.connection_state == HostSystemConnectionState::Connected && !host.runtime.in_maintenance_mode
}

fn no_host(name: &str) -> Fault {
    let message = format!("No host of '{name}' is connected and out of maintenance mode.");
    Fault::new(NoCompatibleHost::default(), message)
}

/// Names the machine in its folder. Host, pool, datastores and networks list it by a rule.
pub fn enlist(tx: &mut Tx<'_>, vm: &MoRef) {
    if let Some(folder) = folder(tx, vm) {
        crate::objects::entity::adopt(tx, &folder, vm);
    }
}

/// Takes the machine out of its folder.
pub fn delist(tx: &mut Tx<'_>, vm: &MoRef) {
    if let Some(folder) = folder(tx, vm) {
        crate::objects::entity::release(tx, &folder, vm);
    }
}

fn folder(tx: &Tx<'_>, vm: &MoRef) -> Option<MoRef> {
    tx.get::<mo::VirtualMachine>(vm)?.parent.clone()
}
