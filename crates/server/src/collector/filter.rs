//! A property filter: what it reports, and what its client has seen of it.

use std::sync::{Arc, Weak};

use inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{MoRef, Shared, mo};

use super::{
    budget::Share,
    desk::Desk,
    lookout::{Entry, Lookout, Place},
    pending::Pending,
    spec::FilterPlan,
    update::{Seen, Step, first, next},
    watched::Watched,
};
use crate::{fault::Fault, session::SessionObject, sight::Sight};

/// A client that does not look for so many commits, though they concern it, is told all values anew when it does.
const LAPSE: u64 = if cfg!(test) { 5_000 } else { 20_000 };

/// A property filter.
pub struct Filter {
    moref: MoRef,
    plan: Arc<FilterPlan>,
    partial: bool,
    /// Where its collector keeps it, and under which number.
    desk: Weak<Desk>,
    number: u64,
    cursor: Mutex<Option<Cursor>>,
    /// What the spec and the watched objects have of the session's budget.
    share: Mutex<Share>,
}

/// What the client has seen. The filter is watched as long as this lives.
struct Cursor {
    seen: Seen,
    _place: Place,
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
    pub(super) fn new(moref: MoRef, plan: FilterPlan, partial: bool, desk: &Arc<Desk>, share: Share) -> Filter {
        let (desk, number) = (Arc::downgrade(desk), desk.number());
        Filter { moref, plan: Arc::new(plan), partial, desk, number, cursor: Mutex::default(), share: share.into() }
    }

    /// Its number in its collector.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Takes the filter out of its collector.
    pub fn leave(&self) {
        if let Some(desk) = self.desk.upgrade() {
            desk.remove(self.number);
        }
    }

    /// Moves on to `world`, if the filter watches what it is said to watch and has nothing to look at: it does not keep
    /// an old state of the world alive. Nor does it for a client that stays away for too long. A filter that is at work
    /// is left alone.
    pub(super) fn pass(&self, watched: &Arc<Watched>, world: &Snapshot) {
        let Some(desk) = self.desk.upgrade() else { return };
        let Some(mut cursor) = self.cursor.try_lock() else { return };
        let rests =
            |c: &&mut Cursor| Arc::ptr_eq(c.seen.watched(), watched) && c.seen.world().revision() < world.revision();
        let Some(Cursor { seen, .. }) = cursor.as_mut().filter(rests) else { return };
        // A mark is taken only by who has the cursor: without one, nothing up to `world` concerns the filter.
        let old = if !desk.due.has(self.number) {
            seen.pass(world)
        } else if world.revision().number() - seen.world().revision().number() >= LAPSE {
            seen.lapse(world)
        } else {
            return;
        };
        drop(cursor);
        // A state of the world can be large: it goes after the lock.
        drop(old);
    }

    /// Forgets what the client has seen.
    pub(super) fn reset(&self) {
        let mut cursor = self.cursor.lock();
        let old = cursor.take();
        self.share.lock().shrink(self.plan.weight());
        drop(cursor);
        drop(old);
    }

    /// Which state of the world the client has seen, or one that is the same to it.
    #[cfg(test)]
    pub(super) fn seen(&self) -> Option<inventory::Revision> {
        self.cursor.lock().as_ref().map(|cursor| cursor.seen.world().revision())
    }

    /// Moves the cursor to `sight` and says what lay between. The lookout has followed the log to `sight` at least.
    pub(super) fn step(self: &Arc<Filter>, sight: &Sight, lookout: &Arc<Lookout>) -> Result<Vec<Pending>, Fault> {
        let Some(desk) = self.desk.upgrade() else { return Ok(Vec::new()) };
        let mut cursor = self.cursor.lock();
        let mut sight = sight.clone();
        let ahead = cursor.as_ref().map(|c| c.seen.world()).filter(|w| w.revision() > sight.snapshot.revision());
        if let Some(seen) = ahead {
            sight.snapshot = seen.clone();
        }
        let span = desk.due.take(self.number, sight.snapshot.revision());
        let (step, held) = match cursor.take() {
            None => (first(&self.plan, &sight)?, None),
            Some(Cursor { seen, _place: place }) => {
                let watched = seen.watched().clone();
                (next(&self.plan, self.partial, seen, &sight, span), Some((watched, place)))
            }
        };
        let Step { seen, news } = step;
        let kept = held.filter(|(watched, _)| Arc::ptr_eq(watched, seen.watched()));
        let place = match kept {
            Some((_, place)) => place,
            None => self.watch(&seen, &desk, lookout)?,
        };
        *cursor = Some(Cursor { seen, _place: place });
        Ok(Pending::of(&self.moref, &self.plan, &sight, news))
    }

    /// Has the filter watched, with what it selects now.
    fn watch(self: &Arc<Filter>, seen: &Seen, desk: &Desk, lookout: &Arc<Lookout>) -> Result<Place, Fault> {
        let watched = seen.watched().clone();
        let mut share = self.share.lock();
        if let Err(fault) = share.resize(self.plan.weight() + watched.size()) {
            share.shrink(self.plan.weight());
            return Err(fault);
        }
        drop(share);
        desk.note_own(self.number, !watched.selection.own.is_empty());
        let entry = Entry { filter: Arc::downgrade(self), watched, due: desk.due.clone(), number: self.number };
        Ok(lookout.watch(entry, seen.world().revision()))
    }
}
