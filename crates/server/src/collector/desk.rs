//! The filters of one collector.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;

use super::{due::Due, filter::Filter};

/// The filters of one collector, and which of them have to be looked at.
#[derive(Default)]
pub(super) struct Desk {
    pub due: Arc<Due>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    made: u64,
    filters: BTreeMap<u64, Arc<Filter>>,
    /// Filters that have to do with objects that only the session has.
    own: BTreeSet<u64>,
    /// Changes of the session's own objects that have been looked at.
    own_changes: u64,
}

impl Desk {
    /// A number for a new filter.
    pub fn number(&self) -> u64 {
        let mut inner = self.inner.lock();
        inner.made += 1;
        inner.made
    }

    /// Adds a filter, to be looked at.
    pub fn add(&self, filter: Arc<Filter>) {
        let number = filter.number();
        self.inner.lock().filters.insert(number, filter);
        self.due.mark(number, None);
        self.due.ring();
    }

    /// Takes a filter away.
    pub fn remove(&self, number: u64) {
        let mut inner = self.inner.lock();
        let removed = inner.filters.remove(&number);
        inner.own.remove(&number);
        drop(inner);
        self.due.forget(number);
        drop(removed);
    }

    /// The filters, oldest first.
    pub fn filters(&self) -> Vec<Arc<Filter>> {
        self.inner.lock().filters.values().cloned().collect()
    }

    /// Notes whether a filter has to do with objects that only the session has.
    pub fn note_own(&self, number: u64, own: bool) {
        let mut inner = self.inner.lock();
        if own && inner.filters.contains_key(&number) {
            inner.own.insert(number);
        } else {
            inner.own.remove(&number);
        }
    }

    /// Whether any filter has to do with objects that only the session has.
    pub fn watches_own(&self) -> bool {
        !self.inner.lock().own.is_empty()
    }

    /// Marks the filters that a change of the session's own objects may concern.
    pub fn follow_own(&self, own_changes: u64) {
        let mut inner = self.inner.lock();
        if std::mem::replace(&mut inner.own_changes, own_changes) != own_changes {
            inner.own.iter().for_each(|number| self.due.mark(*number, None));
        }
    }

    /// Has all filters start again with what there is.
    pub fn reset(&self) {
        for filter in self.filters() {
            filter.reset();
            self.due.mark(filter.number(), None);
        }
    }

    /// The filters that have to be looked at, oldest first.
    pub fn due(&self) -> Vec<Arc<Filter>> {
        let due = self.due.all();
        let inner = self.inner.lock();
        let (there, gone): (Vec<u64>, Vec<u64>) = due.iter().partition(|number| inner.filters.contains_key(number));
        // One that was destroyed while it was at work may have been marked once more.
        gone.iter().for_each(|number| self.due.forget(*number));
        there.iter().map(|number| inner.filters[number].clone()).collect()
    }
}
