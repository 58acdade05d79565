//! A property collector: the filters of a client and how far it has followed them.

use std::sync::Arc;

use inventory::Snapshot;
use parking_lot::Mutex;
use tokio::sync::watch;
use vim25::{MoRef, Shared, Str, mo};

use super::{budget::Share, desk::Desk, filter::Filter, pending::Progress, retrieve::Pages, spec::FilterPlan};
use crate::session::SessionObject;

/// A property collector.
pub struct Collector {
    moref: MoRef,
    pub(super) desk: Arc<Desk>,
    pub(super) progress: Mutex<Progress>,
    /// Held while a wait looks for updates: waits that overlap take turns.
    pub(super) looking: Mutex<()>,
    /// Pages of retrievals that have not been fetched yet.
    pub pages: Pages,
    /// Number of the wait that is running; a newer one or a cancel ends it.
    turn: watch::Sender<u64>,
}

impl SessionObject for Collector {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, _: &Snapshot) -> Shared {
        let filters = self.desk.filters().iter().map(|f| f.moref()).collect();
        Arc::new(mo::PropertyCollector { filter: Some(filters) })
    }
}

impl Collector {
    /// A collector without filters.
    pub fn new(id: impl Into<Str>) -> Collector {
        Collector {
            moref: MoRef::new("PropertyCollector", id),
            desk: Arc::default(),
            progress: Mutex::default(),
            looking: Mutex::default(),
            pages: Pages::default(),
            turn: watch::channel(0).0,
        }
    }

    /// A filter of this collector, to be [added](Collector::add), with a share for its plan's
    /// [weight](FilterPlan::weight).
    pub fn filter(&self, id: Str, plan: FilterPlan, partial: bool, share: Share) -> Filter {
        Filter::new(MoRef::new("PropertyFilter", id), plan, partial, &self.desk, share)
    }

    /// Adds a filter.
    pub fn add(&self, filter: Arc<Filter>) {
        self.desk.add(filter);
    }

    /// The filters, oldest first.
    pub fn filters(&self) -> Vec<Arc<Filter>> {
        self.desk.filters()
    }

    /// Ends the wait that is running, and gives the number and the end signal of the next one.
    pub(super) fn take_turn(&self) -> (u64, watch::Receiver<u64>) {
        let mut taken = 0;
        self.turn.send_modify(|turn| {
            *turn += 1;
            taken = *turn;
        });
        (taken, self.turn.subscribe())
    }

    /// Whether this is the number of the wait that is running.
    pub(super) fn is_turn(&self, turn: u64) -> bool {
        *self.turn.borrow() == turn
    }

    /// Ends the wait that is running.
    pub fn cancel(&self) {
        self.turn.send_modify(|turn| *turn += 1);
    }
}
