//! Calls that wait for updates, and who wakes them: one task follows the log while anybody waits, looks once at what each
//! commit changed, and rings for the calls that it concerns. The others sleep on.
//!
//! No wake-up is lost: a call first looks, then has its filters watched, and sleeps only if no commit that concerns them
//! lies between what it has seen and what the task has followed; otherwise it looks again. Bells ring after the lock on
//! the index is released.

mod index;

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use index::{Bell, Entry, Index, Resting};
use inventory::{Inventory, Revision, Snapshot};
use parking_lot::Mutex;
use tokio::sync::watch;
use vim25::Str;

use super::{filter::Filter, watched::Watched};

/// The calls of all sessions that wait for updates.
#[derive(Default)]
pub struct Waiters {
    state: Mutex<State>,
    /// How often waiting calls have looked at the world.
    #[cfg(test)]
    pub(super) looks: std::sync::atomic::AtomicU64,
}

#[derive(Default)]
struct State {
    index: Index,
    /// Whether the task that follows the log runs.
    following: bool,
}

/// One waiting call. What it had watched is forgotten when it is dropped.
pub(super) struct Seat<'a> {
    waiters: &'a Arc<Waiters>,
    inventory: &'a Arc<Inventory>,
    bell: Bell,
    watches: HashMap<Str, Watch>,
}

/// A filter that a call has watched.
struct Watch {
    watched: Arc<Watched>,
    entry: u64,
}

impl Waiters {
    /// A place for a call that is about to wait.
    pub(super) fn seat<'a>(self: &'a Arc<Self>, inventory: &'a Arc<Inventory>) -> Seat<'a> {
        Seat { waiters: self, inventory, bell: Bell::default(), watches: HashMap::new() }
    }

    /// How many filters are watched, and how far the log was followed.
    #[cfg(test)]
    pub(super) fn watching(&self) -> (usize, Revision) {
        self.state.lock().index.extent()
    }

    /// Follows the log to this snapshot. False if nobody waits: then the task ends.
    fn follow(&self, world: &Snapshot) -> bool {
        let mut state = self.state.lock();
        if state.index.is_empty() {
            state.following = false;
            return false;
        }
        let bells = state.index.follow(world);
        let resting = state.index.take_resting();
        drop(state);
        bells.iter().for_each(|bell| bell.notify_one());
        resting.into_iter().for_each(|one| rest(one, world));
        true
    }
}

/// Lets a filter that has nothing to tell forget an old state of the world.
fn rest(one: Resting, world: &Snapshot) {
    if let Some(filter) = one.filter.upgrade() {
        filter.pass(&one.watched, one.clean, world);
    }
}

impl Seat<'_> {
    /// Has the filters watched, and no others. False if something that concerns them may have happened since they looked.
    pub fn watch(&mut self, filters: &[Arc<Filter>]) -> bool {
        let positions: Vec<_> = filters.iter().map(|filter| (filter, filter.position())).collect();
        let mut state = self.waiters.state.lock();
        let start = !state.following && !filters.is_empty();
        if start {
            state.following = true;
            state.index.restart(self.inventory.snapshot().revision());
        }
        let mut before = std::mem::take(&mut self.watches);
        let mut forgotten: Vec<Option<Entry>> = Vec::new();
        let mut settled = true;
        for (filter, position) in positions {
            let Some((watched, seen)) = position else {
                settled = false;
                continue;
            };
            let id = filter.id();
            let kept = before.remove(&id).and_then(|old| match Arc::ptr_eq(&old.watched, &watched) {
                true => Some(old.entry),
                false => {
                    forgotten.push(state.index.remove(old.entry));
                    None
                }
            });
            let entry = kept.unwrap_or_else(|| state.index.add(filter, watched.clone(), self.bell.clone()));
            settled &= state.index.is_clean(entry, seen);
            self.watches.insert(id, Watch { watched, entry });
        }
        forgotten.extend(before.into_values().map(|old| state.index.remove(old.entry)));
        drop(state);
        if start {
            let (waiters, world) = (self.waiters.clone(), Arc::downgrade(self.inventory));
            tokio::spawn(run(waiters, world, self.inventory.subscribe()));
        }
        settled
    }

    /// Completes when something has happened that concerns a watched filter.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut state = self.waiters.state.lock();
        let forgotten: Vec<Option<Entry>> = self.watches.values().map(|w| state.index.remove(w.entry)).collect();
        drop(state);
        // What only they held goes after the lock.
        drop(forgotten);
    }
}

/// Follows the log for as long as anybody waits and the world lasts.
async fn run(waiters: Arc<Waiters>, world: Weak<Inventory>, mut news: watch::Receiver<Revision>) {
    let mut end = End { waiters: &waiters, expected: false };
    loop {
        news.borrow_and_update();
        let Some(now) = world.upgrade().map(|world| world.snapshot()) else { return };
        if !waiters.follow(&now) {
            end.expected = true;
            return;
        }
        drop(now);
        if news.changed().await.is_err() {
            return;
        }
    }
}

/// The end of the task. Should it come while calls wait (a panic, or its runtime ends), they look again and start it anew.
struct End<'a> {
    waiters: &'a Waiters,
    expected: bool,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        if self.expected {
            return;
        }
        let mut state = self.waiters.state.lock();
        state.following = false;
        let bells = state.index.bells();
        drop(state);
        bells.iter().for_each(|bell| bell.notify_one());
    }
}
