//! Which filters of a collector have to be looked at, and the bell of the call that waits for them.

use std::collections::BTreeMap;

use inventory::Revision;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The filters of one collector that may have something to tell, by their numbers. Holds no filter, so that whoever
/// marks one never has to drop it.
#[derive(Default)]
pub(super) struct Due {
    filters: Mutex<BTreeMap<u64, Option<Span>>>,
    bell: Notify,
}

/// Where the commits lie that concern a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first one comes after this revision.
    pub after: Revision,
    /// The last one, as far as the log was followed.
    pub last: Revision,
}

impl Due {
    /// Has a filter looked at; for the commits in `span`, or, without one, for a reason that is not in the log.
    pub fn mark(&self, filter: u64, span: Option<Span>) {
        let mut filters = self.filters.lock();
        let known = filters.entry(filter).or_default();
        *known = match (*known, span) {
            (Some(a), Some(b)) => Some(Span { after: a.after.min(b.after), last: a.last.max(b.last) }),
            (a, b) => a.or(b),
        };
    }

    /// Wakes the call that waits, or the next one that will.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Completes when the bell has rung.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Whether a filter is to be looked at.
    pub fn has(&self, filter: u64) -> bool {
        self.filters.lock().contains_key(&filter)
    }

    /// The filters that are to be looked at, oldest first.
    pub fn all(&self) -> Vec<u64> {
        self.filters.lock().keys().copied().collect()
    }

    /// The commits up to `now` for which a filter is to be looked at, if any. What lies behind `now` stays to be done.
    pub fn take(&self, filter: u64, now: Revision) -> Option<Span> {
        let mut filters = self.filters.lock();
        let span = filters.remove(&filter)??;
        if span.last > now {
            filters.insert(filter, Some(Span { after: span.after.max(now), ..span }));
            drop(filters);
            self.ring();
        }
        (span.after < now).then_some(span)
    }

    /// Forgets a filter.
    pub fn forget(&self, filter: u64) {
        self.filters.lock().remove(&filter);
    }
}
