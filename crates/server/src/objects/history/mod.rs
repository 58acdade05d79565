//! History collectors: a filter over what has happened, with a page of the newest items and a position to read from.
//!
//! [`Collector`] knows nothing of events or tasks: [`Source`] finds the items by their numbers, which grow with time.
//! The position is a number too, so it stays where it is when items come or expire.

mod collector;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use collector::{Collector, Item, Source, typed};
use vim25::{DataType, MoRef, args, mo, types::InvalidState};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    session::SessionObject,
};

/// The largest page, and the most items that one call returns.
pub(super) const MAX_PAGE: usize = 1000;

/// Size of a page where the client does not say.
const PAGE: usize = 10;

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::HistoryCollector, args::SetCollectorPageSize>(set_page_size)?;
    registry.on::<mo::HistoryCollector, args::RewindCollector>(rewind)?;
    registry.on::<mo::HistoryCollector, args::ResetCollector>(reset)?;
    registry.on::<mo::HistoryCollector, args::DestroyCollector>(destroy)
}

/// Gives the session a collector of type `T`, of which it may have `max`.
pub(super) fn create<T: DataType>(call: &Call, max: i32, source: impl Source) -> Result<MoRef, Fault> {
    let session = call.session()?;
    if session.objects_of(T::TYPE).len() >= usize::try_from(max).unwrap_or(0) {
        let message = format!("The session has {max} history collectors of this kind already: destroy one first.");
        return Err(Fault::new(InvalidState::default(), message));
    }
    let collector = session.add_object(|id| Collector::new(MoRef::new(T::TYPE.name, id), source, PAGE));
    Ok(collector.moref())
}

/// The collector that the call names.
pub(super) fn collector(call: &Call) -> Result<Arc<Collector>, Fault> {
    call.session()?.object_as(&call.this.id).ok_or_else(|| Fault::object_not_found(&call.this))
}

/// A size that a client asks for; 0 leaves it to the server.
pub(super) fn size(max_count: i32) -> Result<usize, Fault> {
    match usize::try_from(max_count) {
        Ok(0) => Ok(PAGE),
        Ok(size) if size <= MAX_PAGE => Ok(size),
        _ => Err(Fault::invalid_argument("maxCount", format!("it is not between 0 and {MAX_PAGE}"))),
    }
}

fn set_page_size(call: &Call, args: args::SetCollectorPageSize) -> Result<(), Fault> {
    collector(call)?.set_page_size(size(args.max_count)?);
    call.session()?.note_change();
    Ok(())
}

fn rewind(call: &Call, _: args::RewindCollector) -> Result<(), Fault> {
    collector(call)?.rewind();
    Ok(())
}

fn reset(call: &Call, _: args::ResetCollector) -> Result<(), Fault> {
    collector(call)?.reset(&call.snapshot());
    Ok(())
}

fn destroy(call: &Call, _: args::DestroyCollector) -> Result<(), Fault> {
    let collector = collector(call)?;
    let session = call.session()?;
    session.remove_object(&collector.moref().id);
    session.note_change();
    Ok(())
}
