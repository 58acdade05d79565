//! `ManagedEntity`: what holds for everything in the inventory tree.

mod children;
mod destroy;
pub mod names;
mod rename;

pub use children::{adopt, child_lists, release};
pub use destroy::destroy_tree;
pub use rename::refuse_disabled;
use vim25::{args, mo};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::ManagedEntity, args::Rename_Task>(rename::rename)?;
    registry.on::<mo::ManagedEntity, args::Destroy_Task>(destroy::destroy)?;
    registry.on::<mo::ManagedEntity, args::Reload>(reload)
}

/// `Reload`: what the server shows is always what there is, so there is nothing to read anew.
fn reload(_: &Call, _: args::Reload) -> Result<(), Fault> {
    Ok(())
}
