//! The world over time: one writer at a time, any number of readers.

use std::{cell::Cell, fmt, sync::Arc};

use arc_swap::ArcSwap;
use parking_lot::{ReentrantMutex, ReentrantMutexGuard};
use tokio::sync::watch;

use crate::{
    Clock, Commit, Committed, Derive, Revision, Snapshot, SystemClock, Tx,
    derive::{self, Audience},
    seal::{Retention, seal},
    snapshot::World,
};

/// The world over time. Shared by `Arc`; every method takes `&self`.
pub struct Inventory {
    current: ArcSwap<World>,
    /// Held by the writer; tells whether the thread that holds it is inside a transaction.
    writer: ReentrantMutex<Cell<bool>>,
    news: watch::Sender<Revision>,
    clock: Arc<dyn Clock>,
    derive: Vec<Box<dyn Derive>>,
    audience: Audience,
    retention: Retention,
}

/// What an inventory is made with.
pub struct Options {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where random numbers start.
    pub seed: u64,
    /// How many commits the log keeps; there may be one in 512 more.
    pub retention: usize,
    /// The rules of derived state, in the order in which they run.
    pub derive: Vec<Box<dyn Derive>>,
    /// How many events a snapshot keeps; there may be one in 512 more.
    pub event_retention: usize,
}

/// The machine's clock, seed 0, no derived state, 4,096 commits and 10,000 events.
impl Default for Options {
    fn default() -> Options {
        Options { clock: Arc::new(SystemClock), seed: 0, retention: 4096, derive: Vec::new(), event_retention: 10_000 }
    }
}

impl Inventory {
    /// An empty world at revision 0.
    pub fn new(options: Options) -> Inventory {
        let world = World::empty(options.clock.now(), options.seed);
        Inventory {
            news: watch::Sender::new(world.revision),
            current: ArcSwap::from_pointee(world),
            writer: ReentrantMutex::new(Cell::new(false)),
            clock: options.clock,
            audience: Audience::of(&options.derive),
            derive: options.derive,
            retention: Retention { commits: options.retention, events: options.event_retention },
        }
    }

    /// The world as it is now. Never waits for a writer.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.current.load_full())
    }

    /// Runs a transaction and makes what it did the next state of the world.
    ///
    /// Writers take turns, so `change` is to be short and free of I/O. If it returns an error or panics, the world stays
    /// as it was: no object, event, id or random number is gone. Waiters are told after the writer's turn is over.
    ///
    /// # Panics
    /// If called from inside a transaction of the same inventory; and with whatever `change` or a rule of derived state
    /// panics with.
    pub fn commit<R, E>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<Committed<R>, E> {
        let committed = self.write(change, self.retention)?;
        self.announce(committed.revision);
        Ok(committed)
    }

    /// [`Inventory::commit`] for what a world begins with: the log begins after it, because nobody has seen what was
    /// before and would ask for the difference. It would keep all of that alive.
    ///
    /// # Panics
    /// As [`Inventory::commit`].
    pub fn begin<R, E>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, E>) -> Result<Committed<R>, E> {
        let committed = self.write(change, Retention { commits: 0, ..self.retention })?;
        self.announce(committed.revision);
        Ok(committed)
    }

    /// The commits that lead from `revision` to now, oldest first; none if the log no longer reaches back. A reader that
    /// also needs a snapshot asks the snapshot ([`Snapshot::changes_since`]), so that both end at one revision.
    pub fn changes_since(&self, revision: Revision) -> Option<Vec<Arc<Commit>>> {
        self.snapshot().changes_since(revision)
    }

    /// Tells of new revisions. A receiver that is slow sees the last one only.
    pub fn subscribe(&self) -> watch::Receiver<Revision> {
        self.news.subscribe()
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn write<R, E>(
        &self,
        change: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
        retention: Retention,
    ) -> Result<Committed<R>, E> {
        // Dropped after the turn: what the world lets go of is freed while the next writer has its own.
        let before;
        let _turn = self.turn();
        before = self.snapshot();
        let mut tx = Tx::begin(&before, &self.audience, self.clock.now());
        let value = change(&mut tx)?;
        derive::run(&self.derive, &mut tx);
        let mut revision = before.revision();
        if let Some(world) = seal(tx, retention) {
            revision = world.revision;
            self.current.store(Arc::new(world));
        }
        Ok(Committed { value, revision })
    }

    fn turn(&self) -> Turn<'_> {
        let inside = self.writer.lock();
        assert!(!inside.replace(true), "a transaction cannot commit another: it would wait for itself");
        Turn(inside)
    }

    /// Writers may get here in another order than they committed in: the news never goes back.
    fn announce(&self, revision: Revision) {
        self.news.send_if_modified(|told| {
            let newer = revision > *told;
            if newer {
                *told = revision;
            }
            newer
        });
    }
}

impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inventory").field("now", &self.snapshot()).finish_non_exhaustive()
    }
}

/// A writer's turn: ends when dropped, also by a panic.
struct Turn<'a>(ReentrantMutexGuard<'a, Cell<bool>>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
