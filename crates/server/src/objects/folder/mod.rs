//! `Folder`: the inventory tree's inner nodes.

mod create;
mod move_into;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::Folder, args::CreateFolder>(create::folder)?;
    registry.on::<mo::Folder, args::MoveIntoFolder_Task>(move_into::move_into)
}
