//! Property filters and collectors: objects of one session.

use std::{collections::VecDeque, sync::Arc};

use inventory::{Revision, Snapshot};
use parking_lot::Mutex;
use tokio::sync::watch;
use vim25::{
    MoRef, Obj, Shared, Str, mo,
    types::{ObjectUpdate, UpdateSet},
};

use super::{
    retrieve::Pages,
    spec::FilterPlan,
    update::{Cursor, Step, first, next},
    watched::Watched,
};
use crate::{fault::Fault, session::SessionObject, sight::Sight};

/// A property filter.
pub struct Filter {
    moref: MoRef,
    plan: Arc<FilterPlan>,
    partial: bool,
    cursor: Mutex<Option<Cursor>>,
}

impl SessionObject for Filter {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, _: &Snapshot) -> Shared {
        let content = mo::PropertyFilter { spec: self.plan.spec.clone(), partial_updates: self.partial };
        Arc::new(content)
    }
}

impl Filter {
    /// A filter that has told nothing yet.
    pub fn new(id: Str, plan: FilterPlan, partial: bool) -> Filter {
        Filter { moref: MoRef::new("PropertyFilter", id), plan: Arc::new(plan), partial, cursor: Mutex::default() }
    }

    /// The filter's id.
    pub(super) fn id(&self) -> Str {
        self.moref.id.clone()
    }

    /// What the filter watches, and the state of the world that it has told of; none if it has told nothing.
    pub(super) fn position(&self) -> Option<(Arc<Watched>, Revision)> {
        self.cursor.lock().as_ref().map(|cursor| (cursor.watched().clone(), cursor.revision()))
    }

    /// Moves on to `world`, if the filter watches what it is said to watch, has seen `clean`, and nothing from there to
    /// `world` concerns it. A filter that is at work is left alone.
    pub(super) fn pass(&self, watched: &Arc<Watched>, clean: Revision, world: &Snapshot) {
        let Some(mut cursor) = self.cursor.try_lock() else { return };
        let rests = |c: &&mut Cursor| {
            Arc::ptr_eq(c.watched(), watched) && c.revision() >= clean && c.revision() < world.revision()
        };
        let old = cursor.as_mut().filter(rests).map(|cursor| cursor.pass(world));
        drop(cursor);
        // A state of the world can be large: it goes after the lock.
        drop(old);
    }

    /// Forgets what the client has seen.
    pub(super) fn reset(&self) {
        *self.cursor.lock() = None;
    }

    /// Moves the cursor to `sight` and says what lay between.
    pub(super) fn step(&self, sight: &Sight, own_changes: u64) -> Result<Told, Fault> {
        let mut cursor = self.cursor.lock();
        let Step { updates, missing, cursor: moved } = match cursor.take() {
            None => first(&self.plan, sight.clone(), own_changes)?,
            Some(before) if before.is_current(sight, own_changes) => {
                *cursor = Some(before);
                return Ok(Told::default());
            }
            Some(before) => next(&self.plan, self.partial, before, sight.clone(), own_changes),
        };
        *cursor = Some(moved);
        Ok(Told { updates, missing })
    }
}

/// What one filter has to tell.
#[derive(Default)]
pub(super) struct Told {
    pub updates: Vec<Obj<ObjectUpdate>>,
    pub missing: Vec<Obj<vim25::types::MissingObject>>,
}

/// A property collector: the filters of a client and how far it has followed them.
pub struct Collector {
    moref: MoRef,
    filters: Mutex<Vec<Arc<Filter>>>,
    pub(super) progress: Mutex<Progress>,
    /// Held while a wait looks for updates: waits that overlap take turns.
    pub(super) looking: Mutex<()>,
    /// Pages of retrievals that have not been fetched yet.
    pub pages: Pages,
    /// Number of the wait that is running; a newer one or a cancel ends it.
    turn: watch::Sender<u64>,
}

/// How far a client has followed.
#[derive(Default)]
pub(super) struct Progress {
    /// Version of the last update set.
    pub version: u64,
    /// The last update set: it can be asked for once more.
    pub last: Option<Obj<UpdateSet>>,
    /// Updates that did not fit into the last set.
    pub pending: VecDeque<Pending>,
}

/// An update that waits for the next set.
pub(super) enum Pending {
    Update(MoRef, Obj<ObjectUpdate>),
    Missing(MoRef, Obj<vim25::types::MissingObject>),
}

impl SessionObject for Collector {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, _: &Snapshot) -> Shared {
        let filters = self.filters.lock().iter().map(|f| f.moref()).collect();
        Arc::new(mo::PropertyCollector { filter: Some(filters) })
    }
}

impl Collector {
    /// A collector without filters.
    pub fn new(id: impl Into<Str>) -> Collector {
        Collector {
            moref: MoRef::new("PropertyCollector", id),
            filters: Mutex::default(),
            progress: Mutex::default(),
            looking: Mutex::default(),
            pages: Pages::default(),
            turn: watch::channel(0).0,
        }
    }

    /// Adds a filter.
    pub fn add(&self, filter: Arc<Filter>) {
        self.filters.lock().push(filter);
    }

    /// Takes a filter away. False if it is not one of this collector.
    pub fn remove(&self, filter: &MoRef) -> bool {
        let mut filters = self.filters.lock();
        let before = filters.len();
        filters.retain(|f| f.moref != *filter);
        filters.len() < before
    }

    /// The filters, oldest first.
    pub fn filters(&self) -> Vec<Arc<Filter>> {
        self.filters.lock().clone()
    }

    /// Ends the wait that is running, and gives the number and the end signal of the next one.
    pub(super) fn take_turn(&self) -> (u64, watch::Receiver<u64>) {
        self.cancel();
        let signal = self.turn.subscribe();
        let turn = *signal.borrow();
        (turn, signal)
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
