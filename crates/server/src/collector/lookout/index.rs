//! From changed objects to the filters that watch them.
//!
//! A filter with few objects is found by them. One with many is found by what it wants to know of objects of a type, and
//! then asked, by its own set, whether the object is one of its own: so it costs little to enter, however much it
//! watches, and nothing while what changes is of no interest to it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak},
};

use inventory::{ChangeKind, Commit, ObjectChange, Revision, Snapshot};
use vim25::Str;

use crate::collector::{
    due::{Due, Span},
    filter::Filter,
    watched::{ANY, EXISTENCE, Watched},
};

/// A filter with more objects than this is not found by them.
const FEW: usize = 256;

/// After so many commits, filters are [moved on](Filter::pass), so that they do not keep old states of the world alive.
/// Far fewer than the log keeps.
const REST: u64 = 1024;

/// A watched filter.
pub(in crate::collector) struct Entry {
    pub filter: Weak<Filter>,
    pub watched: Arc<Watched>,
    /// The marks of its collector.
    pub due: Arc<Due>,
    /// Its number there.
    pub number: u64,
}

/// A filter that may be moved on.
pub(super) struct Resting {
    pub filter: Weak<Filter>,
    pub watched: Arc<Watched>,
}

/// The watched filters, by what they watch.
#[derive(Default)]
pub(super) struct Index {
    /// How far the log was followed.
    followed: Revision,
    /// Where filters were last moved on.
    rested: Revision,
    made: u64,
    entries: HashMap<u64, Entry>,
    /// Objects with the entries that are found by them.
    by_object: BTreeSet<(Str, u64)>,
    /// Types and their properties with the other entries.
    by_interest: BTreeSet<(&'static str, Str, u64)>,
}

impl Index {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries there are, and how far the log was followed.
    #[cfg(test)]
    pub fn extent(&self) -> (usize, Revision) {
        (self.entries.len(), self.followed)
    }

    /// Enters a filter that has seen the world up to `seen`. True if the log was followed beyond that: then the filter
    /// is marked, for what it may have missed.
    pub fn add(&mut self, entry: Entry, seen: Revision) -> (u64, bool) {
        if self.entries.is_empty() {
            // Nobody was there for whom the log had to be followed.
            self.followed = self.followed.max(seen);
            self.rested = self.followed;
        }
        self.made += 1;
        let id = self.made;
        if is_wide(&entry.watched) {
            self.by_interest.extend(entry.watched.interests().map(|(kind, field)| (kind, field, id)));
        } else {
            self.by_object.extend(entry.watched.ids().map(|object| (object.clone(), id)));
        }
        let missed = self.followed > seen;
        if missed {
            entry.due.mark(entry.number, Some(Span { after: seen, last: self.followed }));
        }
        self.entries.insert(id, entry);
        (id, missed)
    }

    /// Takes an entry out, for the caller to drop.
    pub fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if is_wide(&entry.watched) {
            for (kind, field) in entry.watched.interests() {
                self.by_interest.remove(&(kind, field, id));
            }
        } else {
            for object in entry.watched.ids() {
                self.by_object.remove(&(object.clone(), id));
            }
        }
        Some(entry)
    }

    /// Looks at what has happened up to `world`, marks the filters that it concerns, and returns the collectors to be
    /// told.
    pub fn follow(&mut self, world: &Snapshot) -> Vec<Arc<Due>> {
        if world.revision() <= self.followed || self.entries.is_empty() {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.followed, world.revision());
        let Some(commits) = world.changes_since(before) else {
            // The log no longer reaches back: all have to look.
            let span = Span { after: before, last: world.revision() };
            self.entries.values().for_each(|entry| entry.due.mark(entry.number, Some(span)));
            return self.all();
        };
        let mut concerned = Vec::new();
        let mut after = before;
        for commit in commits {
            let span = Span { after, last: commit.revision };
            for entry in self.concerned(&commit).iter().map(|id| &self.entries[id]) {
                entry.due.mark(entry.number, Some(span));
                concerned.push(entry.due.clone());
            }
            after = commit.revision;
        }
        each_once(concerned)
    }

    /// The entries that a commit concerns.
    fn concerned(&self, commit: &Commit) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        for change in &commit.changes {
            let mut ask = |id: u64| {
                if !found.contains(&id) && self.entries[&id].watched.concerns(change) {
                    found.insert(id);
                }
            };
            let object = &change.object.id;
            let range = (object.clone(), 0)..=(object.clone(), u64::MAX);
            self.by_object.range(range).for_each(|(_, id)| ask(*id));
            self.interested(change, ask);
        }
        found
    }

    /// Names the entries that want to know of such a change of an object of this type.
    fn interested(&self, change: &ObjectChange, mut ask: impl FnMut(u64)) {
        if self.by_interest.is_empty() {
            return;
        }
        let Some(content) = change.new.as_ref().or(change.old.as_ref()) else { return };
        let kind = content.descriptor().name;
        let mut all = |field: Str| {
            let range = (kind, field.clone(), 0)..=(kind, field, u64::MAX);
            self.by_interest.range(range).for_each(|(.., id)| ask(*id));
        };
        if change.kind != ChangeKind::Modify {
            return all(EXISTENCE);
        }
        all(ANY);
        change.properties.iter().for_each(|name| all(Str::new_static(name)));
    }

    /// The marks of every collector that has a watched filter.
    pub fn all(&self) -> Vec<Arc<Due>> {
        each_once(self.entries.values().map(|entry| entry.due.clone()).collect())
    }

    /// The filters that are to be moved on to where the log was followed to, if it is time for it.
    pub fn take_resting(&mut self) -> Vec<Resting> {
        if self.followed.number() < self.rested.number() + REST {
            return Vec::new();
        }
        self.rested = self.followed;
        let resting = |e: &Entry| Resting { filter: e.filter.clone(), watched: e.watched.clone() };
        self.entries.values().map(resting).collect()
    }
}

fn is_wide(watched: &Watched) -> bool {
    watched.size() > FEW
}

fn each_once(mut all: Vec<Arc<Due>>) -> Vec<Arc<Due>> {
    all.sort_unstable_by_key(Arc::as_ptr);
    all.dedup_by(|a, b| Arc::ptr_eq(a, b));
    all
}
