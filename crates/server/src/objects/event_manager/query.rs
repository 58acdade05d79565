//! Asking for events, at once or page by page.

use ::inventory::Snapshot;
use vim25::{
    Any, DataType, MoRef, Obj, Shared, args, mo,
    types::{Event, EventFilterSpec},
};

use super::filter::EventFilter;
use crate::{
    collector::Reads,
    dispatch::Call,
    fault::Fault,
    objects::history::{self, Item, MAX_PAGE, Source, typed},
    service,
};

/// `QueryEvents`: the newest matching events, up to the server's limit or the spec's, oldest first.
pub(super) fn query(call: &Call, args: args::QueryEvents) -> Result<Option<Vec<Obj<Event>>>, Fault> {
    let world = call.snapshot();
    let (filter, _) = checked(call, &world, args.filter)?;
    let max = filter.spec().max_count.and_then(|max| usize::try_from(max).ok()).filter(|max| *max > 0);
    let mut items = Events { filter }.up_to(&world, u64::MAX, max.map_or(MAX_PAGE, |max| max.min(MAX_PAGE)));
    items.reverse();
    Ok(typed(items.into_iter().map(|item| item.content).collect()))
}

fn checked(call: &Call, world: &Snapshot, spec: Obj<EventFilterSpec>) -> Result<(EventFilter, i32), Fault> {
    let manager = world.get::<mo::EventManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    Ok((EventFilter::new(spec, manager, world)?, manager.max_collector))
}

/// `CreateCollectorForEvents`.
pub(super) fn create_collector(call: &Call, args: args::CreateCollectorForEvents) -> Result<MoRef, Fault> {
    let (filter, max) = checked(call, &call.snapshot(), args.filter)?;
    history::create::<mo::EventHistoryCollector>(call, max, Events { filter })
}

/// `ReadNextEvents`.
pub(super) fn read_next(call: &Call, args: args::ReadNextEvents) -> Result<Option<Vec<Obj<Event>>>, Fault> {
    let max = history::size(args.max_count)?;
    Ok(typed(history::collector(call)?.next(&call.snapshot(), max)))
}

/// `ReadPreviousEvents`.
pub(super) fn read_previous(call: &Call, args: args::ReadPreviousEvents) -> Result<Option<Vec<Obj<Event>>>, Fault> {
    let max = history::size(args.max_count)?;
    Ok(typed(history::collector(call)?.previous(&call.snapshot(), max)))
}

/// The events that pass a filter; their numbers are their keys.
struct Events {
    filter: EventFilter,
}

impl Events {
    fn item(&self, world: &Snapshot, event: &Obj<Event>) -> Option<Item> {
        let content = self.filter.pass(world, event)?.into_shared();
        Some(Item { number: number(event), content })
    }
}

fn number(event: &Event) -> u64 {
    u64::try_from(event.key).unwrap_or(0)
}

impl Source for Events {
    fn after(&self, world: &Snapshot, after: u64, max: usize) -> Vec<Item> {
        let later = world.events().iter().skip_while(|event| number(event) <= after);
        later.filter_map(|event| self.item(world, event)).take(max).collect()
    }

    fn up_to(&self, world: &Snapshot, last: u64, max: usize) -> Vec<Item> {
        let earlier = world.events().iter().rev().skip_while(|event| number(event) > last);
        earlier.filter_map(|event| self.item(world, event)).take(max).collect()
    }

    fn content(&self, latest: Vec<Shared>) -> Shared {
        let mut content = mo::EventHistoryCollector::with(|c| {
            c.latest_page = Some(typed(latest).unwrap_or_default());
            c.initialized = Some(true);
        });
        content.filter = Any::from(self.filter.spec().clone());
        std::sync::Arc::new(content)
    }

    fn reads(&self, world: &Snapshot, _: usize) -> Reads {
        let manager = service::manager(world, |content| content.event_manager.clone());
        manager.map(|m| (m.id, vec!["latestEvent".into()])).into_iter().collect()
    }
}
