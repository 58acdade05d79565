//! `TaskManager`: every task of the server, and tasks that extensions run.

mod create;
mod filter;
mod query;
#[cfg(test)]
mod tests;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::TaskManager, args::CreateTask>(create::create)?;
    registry.on::<mo::TaskManager, args::CreateCollectorForTasks>(query::create_collector)?;
    registry.on::<mo::TaskHistoryCollector, args::ReadNextTasks>(query::read_next)?;
    registry.on::<mo::TaskHistoryCollector, args::ReadPreviousTasks>(query::read_previous)
}
