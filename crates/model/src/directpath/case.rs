//! Machines that are alike in all that their verdicts depend on: judged once, however many they are.

use std::sync::{Arc, Mutex, PoisonError};

use directpath::{
    Facts, Grant, HostReason, Set, Technology,
    facts::{self as plain, Nic},
    judge,
    pool::Shortage,
};

use super::{
    facts::{Host, Machine, Network},
    known::Known,
    said::{Adapter, Passthrough, PortSaid, Said},
};

/// What each adapter of a machine is short of; empty if none is short of anything.
pub(super) type Short = Vec<Option<Shortage>>;

/// What makes machines alike, and what is said of them: as much as there are ways in which their adapters can be short.
pub(super) struct Case {
    pub facts: Arc<Machine>,
    host: Option<Arc<Host>>,
    /// What each adapter is connected to.
    networks: Vec<Option<Arc<Network>>>,
    /// How each adapter would pass through if it got all that it needs.
    wants: Vec<Option<Technology>>,
    /// What was said so far, by what the adapters are short of.
    said: Mutex<Vec<(Short, Option<Arc<Passthrough>>)>>,
}

impl Case {
    pub fn new(facts: Arc<Machine>, host: Option<Arc<Host>>, networks: Vec<Option<Arc<Network>>>) -> Case {
        let mut case = Case { facts, host, networks, wants: Vec::new(), said: Mutex::default() };
        let would = |at, technology| case.facts.vm.on && case.judged(technology, at, None).0.active;
        let ways = [Technology::Gen2, Technology::Uptv2];
        let wants = |at| ways.into_iter().find(|technology| would(at, *technology));
        case.wants = (0..case.facts.cards.len()).map(wants).collect();
        case
    }

    /// Whether any adapter would pass through.
    pub fn wants_any(&self) -> bool {
        self.wants.iter().any(Option::is_some)
    }

    /// Keys of the adapters that would pass through.
    pub fn wanting(&self) -> impl Iterator<Item = i32> {
        let cards = self.facts.cards.iter().zip(&self.wants);
        cards.filter(|(_, wants)| wants.is_some()).map(|(card, _)| card.key)
    }

    /// The place of an adapter that would pass through, what it is, and on which physical adapters it may do so.
    pub fn wish(&self, key: i32) -> Option<(usize, &Nic, &[vim25::Str])> {
        let at = self.facts.cards.iter().position(|card| card.key == key)?;
        let technology = self.wants[at]?;
        let pnics = self.networks[at].as_ref().map_or(&[][..], |network| match technology {
            Technology::Gen2 => &network.gen2,
            Technology::Uptv2 => &network.uptv2,
        });
        Some((at, &self.facts.cards[at].nic, pnics))
    }

    /// What is said of a machine whose adapters are short of this; none if it has no adapters.
    pub fn said(&self, short: &[Option<Shortage>], known: &Known) -> Option<Arc<Passthrough>> {
        let mut all = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, said)) = all.iter().find(|(of, _)| of == short) {
            return said.clone();
        }
        let adapters = (0..self.facts.cards.len()).map(|at| self.adapter(at, short.get(at).copied().flatten()));
        let adapters: Vec<Adapter> = adapters.collect();
        let said = (!adapters.is_empty()).then(|| known.passthrough(&self.facts, adapters));
        all.push((short.to_vec(), said.clone()));
        said
    }

    fn adapter(&self, at: usize, short: Option<Shortage>) -> Adapter {
        let card = &self.facts.cards[at];
        let host = self.host.as_deref();
        let knows_gen2 = host.is_some_and(|host| !host.gen2.contains(HostReason::IncompatibleProduct));
        let (gen2, port) = self.judged(Technology::Gen2, at, short);
        let upt = card.nic.uptv2.then(|| self.judged(Technology::Uptv2, at, short).0);
        let port = (knows_gen2 && self.networks[at].is_some()).then_some(port);
        Adapter { key: card.key, gen2, upt, port }
    }

    /// What is to be said of an adapter and its port.
    fn judged(&self, technology: Technology, at: usize, short: Option<Shortage>) -> (Said, PortSaid) {
        let host = self.host.as_deref().map_or_else(nowhere, Host::facts);
        let wanted = self.wants.get(at).copied().flatten();
        let grant = match short.filter(|_| wanted == Some(technology)) {
            None => Grant::Granted,
            Some(Shortage::VirtualFunctions) => Grant::NoVirtualFunction,
            Some(Shortage::Vectors) => Grant::NoVectors,
        };
        let port = self.networks[at].as_ref().map(|network| &network.port);
        let (vm, nic) = (&self.facts.vm, &self.facts.cards[at].nic);
        let verdict = judge(technology, &Facts { host: &host, port, vm, nic, grant });
        (Said::from(&verdict), PortSaid::from(&verdict))
    }
}

/// A machine that is on no host has nothing that could pass it through.
fn nowhere<'h>() -> plain::Host<'h> {
    let reasons = Set::EMPTY.with(HostReason::IncompatibleProduct);
    plain::Host { gen2: reasons, uptv2: reasons, ..plain::Host::default() }
}
