//! How many objects the filters and the unfinished retrievals of clients may hold on to.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use vim25::{Str, types::RestrictedByAdministrator};

use crate::fault::Fault;

/// How many objects one session may have watched and waiting for it, each counted as often as a filter or a retrieval
/// names it: 25 filters over 100,000 machines.
const PER_SESSION: usize = 2_500_000;

/// How many all sessions may have together. An object takes about 90 bytes of memory for each filter.
const TOTAL: usize = 10_000_000;

/// What is held by whom.
#[derive(Default)]
pub struct Budget(Mutex<Held>);

#[derive(Default)]
struct Held {
    total: usize,
    by_session: HashMap<Str, usize>,
}

/// What one holder has of the budget; given back when dropped.
pub struct Share {
    budget: Arc<Budget>,
    session: Str,
    objects: usize,
}

impl Budget {
    /// A share for a session. Faults with `RestrictedByAdministrator` if there is not that much left.
    pub fn take(self: &Arc<Budget>, session: &Str, objects: usize) -> Result<Share, Fault> {
        let mut share = Share { budget: self.clone(), session: session.clone(), objects: 0 };
        share.resize(objects)?;
        Ok(share)
    }

    /// How much of it is held in all.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.0.lock().total
    }
}

impl Share {
    /// Makes the share larger or smaller. If it cannot grow so much, it stays as it was.
    pub(super) fn resize(&mut self, objects: usize) -> Result<(), Fault> {
        let mut held = self.budget.0.lock();
        let own = held.by_session.get(&self.session).copied().unwrap_or(0) - self.objects + objects;
        let total = held.total - self.objects + objects;
        if objects > self.objects && own > PER_SESSION {
            return Err(restricted(format!(
                "The filters and retrievals of the session hold {PER_SESSION} objects at the most: destroy some first."
            )));
        }
        if objects > self.objects && total > TOTAL {
            return Err(restricted(format!(
                "The filters and retrievals of all sessions hold {TOTAL} objects at the most: try again later."
            )));
        }
        held.total = total;
        match own {
            0 => held.by_session.remove(&self.session),
            own => held.by_session.insert(self.session.clone(), own),
        };
        self.objects = objects;
        Ok(())
    }

    /// Makes the share smaller, if it is larger than this.
    pub(super) fn shrink(&mut self, objects: usize) {
        let shrunk = self.resize(self.objects.min(objects));
        debug_assert!(shrunk.is_ok(), "a share can always be made smaller");
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// The fault for what would take more than the server gives one client.
pub fn restricted(message: String) -> Fault {
    Fault::new(RestrictedByAdministrator { details: message.clone().into(), ..Default::default() }, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_gets_no_more_than_its_share_and_all_sessions_no_more_than_there_is() {
        let budget = Arc::new(Budget::default());
        let mut first = budget.take(&"a".into(), PER_SESSION).unwrap();
        let refused = budget.take(&"a".into(), 1).map(drop).unwrap_err();
        assert_eq!(refused.name(), "RestrictedByAdministrator");
        let others: Vec<Share> =
            ["b", "c", "d"].map(|session| budget.take(&session.into(), PER_SESSION).unwrap()).into();
        assert_eq!(budget.take(&"e".into(), 1).map(drop).unwrap_err().name(), "RestrictedByAdministrator");
        assert!(first.resize(PER_SESSION + 1).is_err());
        first.resize(PER_SESSION - 1).unwrap();
        drop(budget.take(&"e".into(), 1).unwrap());
        drop((first, others));
        assert_eq!(budget.held(), 0);
        assert!(budget.0.lock().by_session.is_empty());
    }
}
