//! The object that a session has.

use ::inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{DataType, MoRef, Obj, Shared};

use crate::{collector::Reads, session::SessionObject};

/// One thing that happened: its number and its data object.
pub struct Item {
    /// Grows with time.
    pub number: u64,
    /// An event or the info of a task.
    pub content: Shared,
}

/// What a collector collects.
pub trait Source: Send + Sync + 'static {
    /// Up to `max` matching items with numbers above `after`, oldest first.
    fn after(&self, world: &Snapshot, after: u64, max: usize) -> Vec<Item>;
    /// Up to `max` matching items with numbers up to `last`, newest first.
    fn up_to(&self, world: &Snapshot, last: u64, max: usize) -> Vec<Item>;
    /// The collector's properties, given its newest page.
    fn content(&self, latest: Vec<Shared>) -> Shared;
    /// What the newest page, of `page` items, depends on.
    fn reads(&self, world: &Snapshot, page: usize) -> Reads;
}

/// A history collector. Its position lies between two items: those with numbers up to `position` lie before it.
pub struct Collector {
    moref: MoRef,
    source: Box<dyn Source>,
    state: Mutex<State>,
}

struct State {
    page: usize,
    position: u64,
}

impl SessionObject for Collector {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, world: &Snapshot) -> Shared {
        let page = self.state.lock().page;
        let latest = self.source.up_to(world, u64::MAX, page);
        self.source.content(latest.into_iter().map(|item| item.content).collect())
    }

    fn reads(&self, world: &Snapshot) -> Reads {
        let page = self.state.lock().page;
        self.source.reads(world, page)
    }
}

impl Collector {
    /// A collector in front of the oldest item.
    pub fn new(moref: MoRef, source: impl Source, page: usize) -> Collector {
        Collector { moref, source: Box::new(source), state: Mutex::new(State { page, position: 0 }) }
    }

    /// Sets how many items the newest page has.
    pub fn set_page_size(&self, page: usize) {
        self.state.lock().page = page;
    }

    /// Goes to the front of the oldest item.
    pub fn rewind(&self) {
        self.state.lock().position = 0;
    }

    /// Goes to the front of the newest page.
    pub fn reset(&self, world: &Snapshot) {
        let mut state = self.state.lock();
        let oldest = self.source.up_to(world, u64::MAX, state.page).last().map(|item| item.number);
        state.position = oldest.map_or(u64::MAX, |number| number - 1);
    }

    /// Reads on towards the newest item, oldest first.
    pub fn next(&self, world: &Snapshot, max: usize) -> Vec<Shared> {
        let mut state = self.state.lock();
        let items = self.source.after(world, state.position, max);
        if let Some(last) = items.last() {
            state.position = last.number;
        }
        items.into_iter().map(|item| item.content).collect()
    }

    /// Reads back towards the oldest item, newest first.
    pub fn previous(&self, world: &Snapshot, max: usize) -> Vec<Shared> {
        let mut state = self.state.lock();
        let items = self.source.up_to(world, state.position, max);
        if let Some(last) = items.last() {
            state.position = last.number - 1;
        }
        items.into_iter().map(|item| item.content).collect()
    }
}

/// Items of one type as a method returns them; none where there are none.
pub fn typed<T: DataType>(items: Vec<Shared>) -> Option<Vec<Obj<T>>> {
    let typed: Vec<Obj<T>> = items.into_iter().filter_map(|item| Obj::from_shared(item).ok()).collect();
    Some(typed).filter(|items| !items.is_empty())
}
