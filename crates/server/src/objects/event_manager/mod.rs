//! `EventManager`: what has happened, to be asked, followed and added to.

mod describe;
mod filter;
mod post;
mod query;
#[cfg(test)]
mod tests;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::EventManager, args::QueryEvents>(query::query)?;
    registry.on::<mo::EventManager, args::CreateCollectorForEvents>(query::create_collector)?;
    registry.on::<mo::EventHistoryCollector, args::ReadNextEvents>(query::read_next)?;
    registry.on::<mo::EventHistoryCollector, args::ReadPreviousEvents>(query::read_previous)?;
    registry.on::<mo::EventManager, args::PostEvent>(post::post)?;
    registry.on::<mo::EventManager, args::LogUserEvent>(post::log_user_event)?;
    registry.on::<mo::EventManager, args::RetrieveArgumentDescription>(describe::arguments)
}
