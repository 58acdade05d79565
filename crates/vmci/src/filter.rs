//! The firewall: which rule decides about a packet.
//!
//! Rules are tried in ascending rank and the first that matches decides; without one, everything is allowed. A rule's
//! ports are those of the destination. [`decide`] is the definition, [`Filter`] the form that is fast for every packet.

use std::fmt;

use crate::addr::Port;

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Let it pass.
    Allow,
    /// Stop it.
    Deny,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A datagram to the hypervisor; the port is the number of the resource.
    Hypervisor,
    /// A notification.
    Doorbell,
    /// A queue pair is made.
    Queuepair,
    /// A datagram, also one of a socket.
    Datagram,
    /// A stream socket connects. What flows afterwards is not looked at again.
    Stream,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 5] =
        [Protocol::Hypervisor, Protocol::Doorbell, Protocol::Queuepair, Protocol::Datagram, Protocol::Stream];

    /// Whether a rule's direction counts for it.
    pub fn has_direction(self) -> bool {
        !matches!(self, Protocol::Hypervisor | Protocol::Queuepair)
    }

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Hypervisor => "hypervisor",
            Protocol::Doorbell => "doorbell",
            Protocol::Queuepair => "queuepair",
            Protocol::Datagram => "datagram",
            Protocol::Stream => "stream",
        }
    }

    /// The one that the API writes so; none for `anyProtocol`.
    pub fn named(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the host to the guest.
    Guest,
    /// From the guest to the host.
    Host,
}

impl Direction {
    /// Both.
    pub const ALL: [Direction; 2] = [Direction::Guest, Direction::Host];

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Guest => "guest",
            Direction::Host => "host",
        }
    }

    /// The one that the API writes so; none for `anyDirection`.
    pub fn named(name: &str) -> Option<Direction> {
        Direction::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Its place among the rules: lower comes first.
    pub rank: i64,
    /// What it does.
    pub action: Action,
    /// What it is about; none for any protocol.
    pub protocol: Option<Protocol>,
    /// Which way; none for any direction.
    pub direction: Option<Direction>,
    /// The lowest destination port; none for the protocol's lowest.
    pub lower: Option<Port>,
    /// The highest destination port; none for the protocol's highest.
    pub upper: Option<Port>,
}

impl Rule {
    /// A rule about everything.
    pub fn any(rank: i64, action: Action) -> Rule {
        Rule { rank, action, protocol: None, direction: None, lower: None, upper: None }
    }

    /// Whether the rule is about such a packet.
    pub fn matches(&self, protocol: Protocol, direction: Direction, port: Port) -> bool {
        self.protocol.is_none_or(|p| p == protocol)
            && (!protocol.has_direction() || self.direction.is_none_or(|d| d == direction))
            && self.first() <= port
            && port <= self.last()
    }

    /// The lowest port that it is about.
    pub fn first(&self) -> Port {
        self.lower.unwrap_or(Port::MIN)
    }

    /// The highest port that it is about.
    pub fn last(&self) -> Port {
        self.upper.unwrap_or(Port::MAX)
    }
}

/// What happens to a packet, and the rank of the rule that says so; no rank if no rule does.
///
/// `enable` off means that the rules are kept but not applied. Of rules with equal rank, which the API refuses, the
/// first counts.
pub fn decide(
    rules: &[Rule],
    enable: bool,
    protocol: Protocol,
    direction: Direction,
    port: Port,
) -> (Action, Option<i64>) {
    let about = rules.iter().filter(|rule| enable && rule.matches(protocol, direction, port));
    match about.min_by_key(|rule| rule.rank) {
        Some(rule) => (rule.action, Some(rule.rank)),
        None => (Action::Allow, None),
    }
}

/// Rules made ready for many packets: for each protocol and direction, ranges of ports that do not overlap, sorted, each
/// with the rule that decides. A packet costs one binary search, however many rules there are.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    enable: bool,
    /// By ascending rank.
    rules: Vec<Rule>,
    lanes: [[Lane; 2]; 5],
}

/// The first port of each range, with the index of the rule that decides from there on.
type Lane = Vec<(u32, Option<u32>)>;

impl Filter {
    /// The compiled form of `rules`.
    pub fn new(rules: &[Rule], enable: bool) -> Filter {
        let mut rules = rules.to_vec();
        rules.sort_by_key(|rule| rule.rank);
        let mut filter = Filter { enable, rules, lanes: Default::default() };
        if enable {
            for (lanes, protocol) in filter.lanes.iter_mut().zip(Protocol::ALL) {
                for (lane, direction) in lanes.iter_mut().zip(Direction::ALL) {
                    *lane = compile(&filter.rules, protocol, direction);
                }
            }
        }
        filter
    }

    /// The same as [`decide`], with the index of the deciding rule in [`Filter::rules`] instead of its rank.
    pub fn decide(&self, protocol: Protocol, direction: Direction, port: Port) -> (Action, Option<usize>) {
        let lane = &self.lanes[protocol as usize][direction as usize];
        let at = lane.partition_point(|(first, _)| *first <= port.number());
        match at.checked_sub(1).and_then(|at| lane[at].1) {
            Some(index) => (self.rules[index as usize].action, Some(index as usize)),
            None => (Action::Allow, None),
        }
    }

    /// For each of [`Filter::rules`], whether there is a packet that it decides about.
    pub fn deciders(&self) -> Vec<bool> {
        let mut decides = vec![false; self.rules.len()];
        let named = self.lanes.iter().flatten().flatten().filter_map(|(_, index)| *index);
        named.for_each(|index| decides[index as usize] = true);
        decides
    }

    /// Whether there is a packet that no rule is about.
    pub fn leaves_undecided(&self) -> bool {
        let open = |lane: &Lane| {
            let end = Port::MAX.number() + 1;
            let starts_late = lane.first().is_none_or(|(first, _)| *first > 0);
            starts_late || lane.iter().any(|(first, index)| index.is_none() && *first < end)
        };
        self.lanes.iter().flatten().any(open)
    }

    /// The rules by ascending rank, also while they are not applied.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether the rules are applied.
    pub fn is_enabled(&self) -> bool {
        self.enable
    }
}

/// Sweeps over the ports where a rule begins or ends; between two of them, the lowest rule that is open decides.
fn compile(rules: &[Rule], protocol: Protocol, direction: Direction) -> Lane {
    let mut edges: Vec<(u32, bool, u32)> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let concerned = rule.protocol.is_none_or(|p| p == protocol)
            && (!protocol.has_direction() || rule.direction.is_none_or(|d| d == direction));
        if concerned && rule.first() <= rule.last() {
            edges.push((rule.first().number(), true, index as u32));
            edges.push((rule.last().number() + 1, false, index as u32));
        }
    }
    edges.sort_unstable();
    let mut open = std::collections::BTreeSet::new();
    let mut lane: Lane = Vec::new();
    for (position, (port, begins, index)) in edges.iter().enumerate() {
        match begins {
            true => open.insert(*index),
            false => open.remove(index),
        };
        let is_last_of_port = edges.get(position + 1).is_none_or(|next| next.0 != *port);
        let decider = open.first().copied();
        if is_last_of_port && lane.last().map_or(decider.is_some(), |(_, before)| *before != decider) {
            lane.push((*port, decider));
        }
    }
    lane
}

#[cfg(test)]
mod tests;
