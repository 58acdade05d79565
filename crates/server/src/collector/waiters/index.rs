//! From changed objects to waiting calls.
//!
//! A filter with few objects is found by them; one with many is asked, by its own set, whether a change is its concern:
//! so a call costs little to enter and to leave the index, however much it watches.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak},
};

use inventory::{Commit, Revision, Snapshot};
use tokio::sync::Notify;
use vim25::Str;

use crate::collector::{filter::Filter, watched::Watched};

/// What wakes a call.
pub(super) type Bell = Arc<Notify>;

/// A filter with more objects than this is not found by them.
const FEW: usize = 64;

/// After so many commits, filters that slept through them are moved on, so that they do not keep old states of the
/// world alive.
const REST: u64 = 256;

/// A filter of a waiting call.
pub(super) struct Entry {
    filter: Weak<Filter>,
    watched: Arc<Watched>,
    bell: Bell,
    /// No commit after this one, as far as the log was followed, concerns the filter.
    clean: Revision,
}

/// A filter that may be moved on.
pub(super) struct Resting {
    pub filter: Weak<Filter>,
    pub watched: Arc<Watched>,
    pub clean: Revision,
}

/// The filters of waiting calls, by what they watch.
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
    /// The other entries.
    wide: BTreeSet<u64>,
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

    /// Goes on from here, whatever happened before.
    pub fn restart(&mut self, at: Revision) {
        (self.followed, self.rested) = (at, at);
        self.entries.values_mut().for_each(|entry| entry.clean = at);
    }

    /// Enters a filter. What happened before the call is not known of it.
    pub fn add(&mut self, filter: &Arc<Filter>, watched: Arc<Watched>, bell: Bell) -> u64 {
        self.made += 1;
        let id = self.made;
        if is_wide(&watched) {
            self.wide.insert(id);
        } else {
            self.by_object.extend(watched.ids().map(|object| (object.clone(), id)));
        }
        self.entries.insert(id, Entry { filter: Arc::downgrade(filter), watched, bell, clean: self.followed });
        id
    }

    /// Takes an entry out, for the caller to drop.
    pub fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if !self.wide.remove(&id) {
            for object in entry.watched.ids() {
                self.by_object.remove(&(object.clone(), id));
            }
        }
        Some(entry)
    }

    /// Whether nothing concerned the filter between `seen` and where the log was followed to.
    pub fn is_clean(&self, id: u64, seen: Revision) -> bool {
        self.entries.get(&id).is_some_and(|entry| seen >= entry.clean)
    }

    /// Looks at what has happened up to `world`, and returns the bells of the calls that it concerns, each once.
    pub fn follow(&mut self, world: &Snapshot) -> Vec<Bell> {
        let Some(commits) = world.changes_since(self.followed) else {
            // The log no longer reaches back (a snapshot from before is none that the task takes): all have to look.
            self.followed = world.revision();
            self.entries.values_mut().for_each(|entry| entry.clean = world.revision());
            return self.bells();
        };
        let mut bells = Vec::new();
        for commit in commits {
            for id in self.concerned(&commit) {
                let entry = self.entries.get_mut(&id).expect("what is indexed is there");
                entry.clean = commit.revision;
                bells.push(entry.bell.clone());
            }
        }
        self.followed = world.revision();
        each_once(bells)
    }

    /// The entries that a commit concerns.
    fn concerned(&self, commit: &Commit) -> BTreeSet<u64> {
        let wide = self.wide.iter().copied().filter(|id| self.entries[id].watched.is_concerned_by(commit));
        let mut found: BTreeSet<u64> = wide.collect();
        for change in &commit.changes {
            let id = &change.object.id;
            let range = (id.clone(), 0)..=(id.clone(), u64::MAX);
            let watching = self.by_object.range(range).map(|(_, entry)| *entry);
            found.extend(watching.filter(|entry| self.entries[entry].watched.concerns(change)));
        }
        found
    }

    /// Every call's bell, once.
    pub fn bells(&self) -> Vec<Bell> {
        each_once(self.entries.values().map(|entry| entry.bell.clone()).collect())
    }

    /// The filters that are to be moved on to where the log was followed to, if it is time for it.
    pub fn take_resting(&mut self) -> Vec<Resting> {
        if self.followed.number() - self.rested.number() < REST {
            return Vec::new();
        }
        self.rested = self.followed;
        let resting = |e: &Entry| Resting { filter: e.filter.clone(), watched: e.watched.clone(), clean: e.clean };
        self.entries.values().map(resting).collect()
    }
}

fn is_wide(watched: &Watched) -> bool {
    watched.is_everything() || watched.size() > FEW
}

fn each_once(mut bells: Vec<Bell>) -> Vec<Bell> {
    bells.sort_unstable_by_key(Arc::as_ptr);
    bells.dedup_by(|a, b| Arc::ptr_eq(a, b));
    bells
}
