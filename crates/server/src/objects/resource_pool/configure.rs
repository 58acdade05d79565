//! `UpdateConfig`

use inventory::Tx;
use model::{pool, vm::admission};
use vim25::{
    MoRef, Obj, args, mo,
    types::{ResourceConfigSpec, ResourcePoolReconfiguredEvent},
};

use super::argument;
use crate::{
    dispatch::Call,
    events,
    fault::Fault,
    objects::entity::{names, refuse_disabled},
};

/// Changes name and configuration of a pool: all or nothing.
pub fn update(call: &Call, args: args::UpdateConfig) -> Result<(), Fault> {
    refuse_disabled(call, "UpdateConfig")?;
    call.commit(|tx| {
        if let Some(name) = &args.name {
            rename(tx, &call.this, name)?;
        }
        let Some(spec) = &args.config else { return Ok(()) };
        if apply(tx, &call.this, spec)? {
            let event = ResourcePoolReconfiguredEvent { base: with_pool(tx, &call.this), ..Default::default() };
            let name = event.resource_pool.name.clone();
            events::post(tx, call.user(), &call.this, event, format!("Updated configuration of resource pool {name}"));
        }
        Ok(())
    })
}

fn with_pool(tx: &Tx<'_>, this: &MoRef) -> vim25::types::ResourcePoolEvent {
    vim25::types::ResourcePoolEvent { resource_pool: argument(tx, this).into(), ..Default::default() }
}

fn rename(tx: &mut Tx<'_>, this: &MoRef, name: &str) -> Result<(), Fault> {
    let name = names::kept(name, Some(this))?;
    let pool = tx.get::<mo::ResourcePool>(this).ok_or_else(|| Fault::object_not_found(this))?;
    if let Some(parent) = pool.parent.clone() {
        names::unused(tx, &parent, &name, Some(this))?;
    }
    if let Some(pool) = tx.edit::<mo::ResourcePool>(this) {
        pool.name = name;
    }
    Ok(())
}

/// Whether anything changed.
fn apply(tx: &mut Tx<'_>, this: &MoRef, spec: &Obj<ResourceConfigSpec>) -> Result<bool, Fault> {
    let now = tx.now();
    let found = tx.get::<mo::ResourcePool>(this).ok_or_else(|| Fault::object_not_found(this))?;
    let mut config = pool::reconfigured(&found.config, spec)?;
    if config == *found.config {
        return Ok(false);
    }
    if let Some(parent) = &found.parent {
        admission::pool(tx, Some(this), parent, &config)?;
    }
    config.change_version = Some(now.to_string().into());
    config.last_modified = Some(now);
    if let Some(pool) = tx.edit::<mo::ResourcePool>(this) {
        pool.config = config.into();
    }
    Ok(true)
}
