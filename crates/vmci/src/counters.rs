//! What has passed and what has not: numbers that only grow, and how many streams are open.
//!
//! Everything is an atomic, so that a stream that copies bytes takes no lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{
    filter::{Action, Filter, Protocol, Rule},
    refusal::Refusal,
};

/// Something counted.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Relaxed);
    }

    /// Adds one. Whether that is the first.
    pub fn begin(&self) -> bool {
        self.0.fetch_add(1, Relaxed) == 0
    }

    /// Takes away.
    pub fn sub(&self, number: u64) {
        self.0.fetch_sub(number, Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Of one VM, from its start on.
#[derive(Debug, Default)]
pub struct VmCounters {
    /// Connects, datagrams and so on that got through, by protocol.
    pub allowed: [Count; 5],
    /// Those that did not, by reason.
    pub refused: [Count; 10],
    /// Bytes of streams and datagrams that reached the guest.
    pub to_guest: Count,
    /// Bytes of streams and datagrams that the guest sent and that arrived.
    pub from_guest: Count,
    /// Streams that are open.
    pub open: Count,
    /// Bytes that were taken from one side of a stream when it was reset, and never reached the other.
    pub lost: Count,
}

impl VmCounters {
    /// What got through, of one protocol.
    pub fn allowed(&self, protocol: Protocol) -> &Count {
        &self.allowed[protocol as usize]
    }

    /// What did not get through for one reason.
    pub fn refused(&self, why: Refusal) -> &Count {
        &self.refused[why.index()]
    }

    /// Everything that a rule, the trust model or a missing grant stopped.
    pub fn denied(&self) -> u64 {
        [Refusal::Rule(0), Refusal::Restricted, Refusal::NotGranted].map(|why| self.refused(why).get()).iter().sum()
    }

    /// Everything that got through.
    pub fn passed(&self) -> u64 {
        self.allowed.iter().map(Count::get).sum()
    }
}

/// Of one service.
#[derive(Debug, Default)]
pub struct ServiceCounters {
    /// What got through to it.
    pub allowed: Count,
    /// What did not.
    pub denied: Count,
    /// Bytes to and from it.
    pub bytes: Count,
    /// Streams that are open.
    pub open: Count,
}

/// A firewall with a count for each rule.
#[derive(Debug, Default)]
pub struct Ruled {
    filter: Filter,
    hits: Vec<Count>,
}

impl Ruled {
    /// The firewall, with nothing counted.
    pub fn new(filter: Filter) -> Ruled {
        let hits = filter.rules().iter().map(|_| Count::default()).collect();
        Ruled { filter, hits }
    }

    /// A new firewall in the place of this one: rules that stay keep their counts.
    pub fn replaced_by(&self, filter: Filter) -> Ruled {
        let before: std::collections::HashMap<&Rule, u64> = self.hits().collect();
        let new = Ruled::new(filter);
        for (rule, count) in new.filter.rules().iter().zip(&new.hits) {
            count.add(before.get(rule).copied().unwrap_or(0));
        }
        new
    }

    /// The firewall.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Decides and counts. A denial comes with its rank, and whether it is the rule's first.
    pub fn decide(&self, packet: (Protocol, crate::filter::Direction, crate::addr::Port)) -> Result<(), (i64, bool)> {
        let (action, index) = self.filter.decide(packet.0, packet.1, packet.2);
        let Some(index) = index else { return Ok(()) };
        let first = self.hits[index].begin();
        match action {
            Action::Allow => Ok(()),
            Action::Deny => Err((self.filter.rules()[index].rank, first)),
        }
    }

    /// Each rule with how often it decided.
    pub fn hits(&self) -> impl Iterator<Item = (&Rule, u64)> {
        self.filter.rules().iter().zip(self.hits.iter().map(Count::get))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{addr::Port, filter::Direction};

    const CONNECT: (Protocol, Direction, Port) = (Protocol::Stream, Direction::Host, Port::FIRST_FREE);

    #[test]
    fn the_first_denial_of_a_rule_is_told_apart() {
        let ruled = Ruled::new(Filter::new(&[Rule::any(7, Action::Deny)], true));
        assert_eq!([ruled.decide(CONNECT), ruled.decide(CONNECT)], [Err((7, true)), Err((7, false))]);
    }

    #[test]
    fn a_rule_that_stays_keeps_its_count() {
        let deny = Rule::any(7, Action::Deny);
        let ruled = Ruled::new(Filter::new(&[deny], true));
        let _ = ruled.decide(CONNECT);
        let more = ruled.replaced_by(Filter::new(&[deny, Rule::any(9, Action::Allow)], true));
        assert_eq!(more.hits().map(|(rule, hits)| (rule.rank, hits)).collect::<Vec<_>>(), [(7, 1), (9, 0)]);
        let other = ruled.replaced_by(Filter::new(&[Rule { rank: 8, ..deny }], true));
        assert_eq!(other.hits().map(|(_, hits)| hits).sum::<u64>(), 0);
    }
}
