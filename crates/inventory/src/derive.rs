//! Derived state: properties that are functions of other properties.

use crate::Tx;

/// A rule that computes derived properties (`summary.*`, usage totals, …) from the state they depend on.
///
/// Rules run inside the commit, in the order of [`Options::derive`](crate::Options::derive), over the objects that
/// changed since each last ran: by the transaction, by other rules, by itself. They run again until nothing changes,
/// so a rule may follow a chain (host, then cluster) one link at a time. A rule is a pure function of the transaction's
/// state: run twice it must give the same, or the commit does not come to rest.
pub trait Derive: Send + Sync {
    /// Brings derived state up to date for what was touched: created, changed (properties or private state) or removed.
    /// What a removed object was stands in [`Tx::before`].
    fn derive(&self, tx: &mut Tx<'_>, touched: &[vim25::MoRef]);

    /// Whether the rule depends on private state of the objects that it is told of. A rule that does not is not told of
    /// objects that only changed in that.
    fn reads_private(&self) -> bool {
        true
    }

    /// The types of the objects of which the rule wants to be told, exactly; without any, of all.
    fn kinds(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Whether what the rule writes may give it more to do. A rule that is done when it has run is not told of its own
    /// writes, until somebody else changes the same objects.
    fn follows_itself(&self) -> bool {
        true
    }
}

/// How often each rule runs at most in one commit. Real chains are as long as an inventory is deep.
const ROUNDS: usize = 64;

/// Runs the rules until nothing changes.
pub(crate) fn run(rules: &[Box<dyn Derive>], tx: &mut Tx<'_>) {
    let mut seen = vec![0; rules.len()];
    let mut touched = Vec::new();
    for _ in 0..ROUNDS {
        let mut at_rest = true;
        for (rule, seen) in rules.iter().zip(&mut seen) {
            *seen = tx.changed_since(*seen, &**rule, &mut touched);
            if !touched.is_empty() {
                at_rest = false;
                rule.derive(tx, &touched);
                if !rule.follows_itself() {
                    *seen = tx.changes_so_far();
                }
            }
        }
        if at_rest {
            return;
        }
    }
    debug_assert!(false, "derived state does not come to rest: a rule gives another result each time it runs");
}
