//! The world at one revision.

use std::{any::Any, fmt, sync::Arc};

use imbl::Vector;
use vim25::{DataType, DateTime, MoRef, Obj, types::Event};

use crate::{
    Commit, Index, Object, Revision,
    counters::Counters,
    object::{Entry, content},
    objects::Objects,
};

/// The world at one revision. It never changes; a clone is one pointer. It keeps alive what it holds, so a snapshot is
/// to be dropped when its reader is done.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Arc<World>);

/// What a snapshot holds. Clones share their nodes.
#[derive(Clone)]
pub(crate) struct World {
    pub revision: Revision,
    pub time: DateTime,
    pub objects: Objects,
    pub index: Index,
    pub events: Vector<Obj<Event>>,
    /// The last commits, oldest first, without a gap up to `revision`.
    pub log: Vector<Arc<Commit>>,
    pub counters: Counters,
}

impl World {
    /// The world before the first commit.
    pub fn empty(time: DateTime, seed: u64) -> World {
        World {
            revision: Revision::default(),
            time,
            objects: Objects::default(),
            index: Index::default(),
            events: Vector::new(),
            log: Vector::new(),
            counters: Counters::new(seed),
        }
    }
}

impl Snapshot {
    /// Which state of the world this is.
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// When this state came to be.
    pub fn time(&self) -> DateTime {
        self.0.time
    }

    /// The object with this id.
    pub fn find(&self, id: &str) -> Option<&Object> {
        self.entry(id).map(|entry| &entry.object)
    }

    /// The object that a reference names: the id is known, and the object's type is the reference's or a subtype of it.
    pub fn resolve(&self, moref: &MoRef) -> Option<&Object> {
        self.find(&moref.id).filter(|object| object.is_kind(&moref.kind))
    }

    /// The properties of the object that a reference names, as a `T`; none if it is not one.
    pub fn get<T: DataType>(&self, moref: &MoRef) -> Option<&T> {
        self.resolve(moref).and_then(content)
    }

    /// Every object, in the order of the ids as text.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.0.objects.values().map(|entry| &entry.object)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.0.objects.len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.0.objects.is_empty()
    }

    /// The last events, oldest first.
    pub fn events(&self) -> &Vector<Obj<Event>> {
        &self.0.events
    }

    /// Finds objects by what they carry.
    pub fn index(&self) -> &Index {
        &self.0.index
    }

    /// State of an object that the API has no property for.
    pub fn private<P: Any + Send + Sync + Clone>(&self, id: &str) -> Option<&P> {
        self.entry(id)?.private.get()
    }

    /// The commits that lead from `revision` to this snapshot, oldest first; none if the log no longer reaches back
    /// (or never did: a revision that is still to come).
    pub fn changes_since(&self, revision: Revision) -> Option<Vec<Arc<Commit>>> {
        let missed = self.0.revision.number().checked_sub(revision.number())?;
        let log = &self.0.log;
        let first = log.len().checked_sub(usize::try_from(missed).ok()?)?;
        Some((first..log.len()).map(|at| log[at].clone()).collect())
    }

    pub(crate) fn entry(&self, id: &str) -> Option<&Arc<Entry>> {
        self.0.objects.get(id)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("revision", &self.revision()).field("objects", &self.len()).finish()
    }
}
