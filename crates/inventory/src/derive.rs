//! Derived state: properties that are functions of other properties.

use std::collections::HashMap;

use crate::{IdHash, Tx};

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

    /// Whether the rule follows the events that are posted. It then also runs when nothing was touched but there are new
    /// ones in [`Tx::posted`].
    fn reads_events(&self) -> bool {
        false
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
        for (at, rule) in rules.iter().enumerate() {
            if !tx.take_news(at, rule.reads_private(), seen[at], &mut touched) {
                continue;
            }
            at_rest = false;
            seen[at] = tx.changes_so_far();
            rule.derive(tx, &touched);
            if !rule.follows_itself() {
                seen[at] = tx.changes_so_far();
                tx.drop_news(at);
            }
        }
        if at_rest {
            return;
        }
    }
    debug_assert!(false, "derived state does not come to rest: a rule gives another result each time it runs");
}

/// Which rules want to be told of what.
#[derive(Default)]
pub(crate) struct Audience {
    of_all: RuleSet,
    of_kind: HashMap<&'static str, RuleSet, IdHash>,
    /// Those that want to hear of private state too.
    of_private: RuleSet,
    of_events: RuleSet,
}

/// Some of the rules, by their place in the order in which they run.
#[derive(Clone, Copy, Default)]
pub(crate) struct RuleSet(u64);

impl Audience {
    /// The audience that these rules are.
    ///
    /// # Panics
    /// If there are more than 64.
    pub fn of(rules: &[Box<dyn Derive>]) -> Audience {
        assert!(rules.len() <= 64, "a set of rules has room for 64");
        let mut audience = Audience::default();
        for (at, rule) in rules.iter().enumerate() {
            match rule.kinds() {
                None => audience.of_all.insert(at),
                Some(kinds) => kinds.iter().for_each(|kind| audience.of_kind.entry(kind).or_default().insert(at)),
            }
            if rule.reads_private() {
                audience.of_private.insert(at);
            }
            if rule.reads_events() {
                audience.of_events.insert(at);
            }
        }
        audience
    }

    /// Those that hear of objects of a type.
    pub fn of_kind(&self, kind: &str) -> RuleSet {
        RuleSet(self.of_all.0 | self.of_kind.get(kind).map_or(0, |rules| rules.0))
    }

    /// Those that hear of events.
    pub fn of_events(&self) -> RuleSet {
        self.of_events
    }

    /// Those of them that hear of it where nothing but private state changed.
    pub fn of_private(&self, rules: RuleSet) -> RuleSet {
        RuleSet(rules.0 & self.of_private.0)
    }
}

impl RuleSet {
    pub fn has(self, rule: usize) -> bool {
        self.0 >> rule & 1 != 0
    }

    pub fn insert(&mut self, rule: usize) {
        self.0 |= 1 << rule;
    }

    pub fn remove(&mut self, rule: usize) {
        self.0 &= !(1 << rule);
    }

    pub fn insert_all(&mut self, rules: RuleSet) {
        self.0 |= rules.0;
    }
}
