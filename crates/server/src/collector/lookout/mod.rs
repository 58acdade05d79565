//! The lookout: follows the log, looks once at what each commit changed, and marks the filters that it concerns. Calls
//! that wait for these are woken; the others sleep on.
//!
//! A filter is watched from its first update on until it is destroyed, whether a call waits or not: a call costs nothing
//! to enter and to leave. Nothing is missed: a call first brings the lookout up to the state of the world that it is
//! going to look at, then looks at the filters that are marked; a commit that comes later marks again, and rings a bell
//! that stays rung until the call comes to sleep. Bells ring after the lock on the index is released.
//!
//! Locks are taken in this order: a filter's cursor, the index, the marks of a collector.

mod index;

use std::sync::{Arc, Weak};

pub(super) use index::Entry;
use index::{Index, Resting};
use inventory::{Inventory, Revision, Snapshot};
use parking_lot::Mutex;
use tokio::sync::watch;

/// Follows the log for the filters of all sessions.
#[derive(Default)]
pub struct Lookout {
    state: Mutex<State>,
    #[cfg(test)]
    pub(super) counts: Counts,
}

/// What tests count.
#[cfg(test)]
#[derive(Default)]
pub(super) struct Counts {
    /// How often calls have looked for updates.
    pub looks: std::sync::atomic::AtomicU64,
    /// How often they have looked at a filter.
    pub steps: std::sync::atomic::AtomicU64,
    /// How many of them sleep.
    pub asleep: Arc<()>,
}

#[derive(Default)]
struct State {
    index: Index,
    /// Whether the task that follows the log runs.
    following: bool,
}

/// A filter's place in the index: it is watched until this is dropped.
pub(super) struct Place {
    lookout: Arc<Lookout>,
    id: u64,
}

impl Lookout {
    /// Has a filter watched that has seen the world up to `seen`.
    pub(super) fn watch(self: &Arc<Lookout>, entry: Entry, seen: Revision) -> Place {
        let mut state = self.state.lock();
        let due = entry.due.clone();
        let (id, missed) = state.index.add(entry, seen);
        drop(state);
        if missed {
            due.ring();
        }
        Place { lookout: self.clone(), id }
    }

    /// Looks at everything up to `world`: the filters that it concerns are marked when this returns.
    pub(super) fn follow(&self, world: &Snapshot) {
        let mut state = self.state.lock();
        let concerned = state.index.follow(world);
        let resting = state.index.take_resting();
        drop(state);
        concerned.iter().for_each(|due| due.ring());
        resting.into_iter().for_each(|one| rest(one, world));
    }

    /// Makes sure that a task follows the log as long as filters are watched.
    pub(super) fn attend(self: &Arc<Lookout>, inventory: &Arc<Inventory>) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.following, true) {
            let (lookout, world) = (self.clone(), Arc::downgrade(inventory));
            tokio::spawn(run(lookout, world, inventory.subscribe()));
        }
    }

    /// Whether nothing is watched any more: then the task ends.
    fn is_over(&self) -> bool {
        let mut state = self.state.lock();
        state.following = !state.index.is_empty();
        !state.following
    }

    /// How many filters are watched, and how far the log was followed.
    #[cfg(test)]
    pub(super) fn extent(&self) -> (usize, Revision) {
        self.state.lock().index.extent()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let entry = self.lookout.state.lock().index.remove(self.id);
        // What only the entry held goes after the lock.
        drop(entry);
    }
}

/// Lets a filter that has nothing to tell forget an old state of the world.
fn rest(one: Resting, world: &Snapshot) {
    if let Some(filter) = one.filter.upgrade() {
        filter.pass(&one.watched, world);
    }
}

/// Follows the log for as long as filters are watched and the world lasts.
async fn run(lookout: Arc<Lookout>, world: Weak<Inventory>, mut news: watch::Receiver<Revision>) {
    let mut end = End { lookout: &lookout, expected: false };
    loop {
        news.borrow_and_update();
        let Some(now) = world.upgrade().map(|world| world.snapshot()) else { return };
        lookout.follow(&now);
        drop(now);
        if lookout.is_over() {
            end.expected = true;
            return;
        }
        if news.changed().await.is_err() {
            return;
        }
    }
}

/// The end of the task. Should it come while calls wait (a panic, or its runtime ends), they look, and start it anew.
struct End<'a> {
    lookout: &'a Lookout,
    expected: bool,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        if self.expected {
            return;
        }
        let mut state = self.lookout.state.lock();
        state.following = false;
        let all = state.index.all();
        drop(state);
        all.iter().for_each(|due| due.ring());
    }
}
