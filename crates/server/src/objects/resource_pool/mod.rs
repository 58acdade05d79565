//! `ResourcePool`: making pools, and what is reserved for them.

mod configure;
mod create;
mod move_into;
#[cfg(test)]
mod tests;

use inventory::Tx;
use vim25::{DataType, MoRef, args, mo, types::ResourcePoolEventArgument};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    objects::entity::destroy_tree,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::ResourcePool, args::CreateResourcePool>(create::create)?;
    registry.on::<mo::ResourcePool, args::UpdateConfig>(configure::update)?;
    registry.on::<mo::ResourcePool, args::MoveIntoResourcePool>(move_into::move_into)?;
    registry.on::<mo::ResourcePool, args::DestroyChildren>(destroy_children)?;
    registry.on::<mo::ResourcePool, args::RefreshRuntime>(refresh)
}

/// `DestroyChildren`: removes every pool below this one; their machines become this pool's.
fn destroy_children(call: &Call, _: args::DestroyChildren) -> Result<(), Fault> {
    call.commit(|tx| {
        while let Some(child) = call.this_in::<mo::ResourcePool>(tx)?.resource_pool.iter().flatten().next().cloned() {
            destroy_tree(tx, &child)?;
        }
        Ok(())
    })
}

/// `RefreshRuntime`: what the server shows is always what there is.
fn refresh(_: &Call, _: args::RefreshRuntime) -> Result<(), Fault> {
    Ok(())
}

/// A pool as an argument of an event.
fn argument(tx: &Tx<'_>, pool: &MoRef) -> ResourcePoolEventArgument {
    ResourcePoolEventArgument::with(|a| {
        a.name = tx.get::<mo::ResourcePool>(pool).map(|p| p.name.clone()).unwrap_or_default();
        a.resource_pool = pool.clone();
    })
}
