//! One run of the rule: facts, verdicts, and who gets what of the hosts' pools.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use directpath::{
    Facts, Grant, HostReason, Set, Technology, demand,
    facts::{self as plain, Vm},
    judge,
    pool::{Ledger, Owner, Shortage},
};
use inventory::Tx;
use vim25::{MoRef, Str, mo::VirtualMachine};

use super::{
    concern::Concerned,
    facts::{self, Card, Host, Network, Sites},
    said::{Adapter, PortSaid, Said},
};

/// Who holds and who waits for virtual functions and interrupt vectors of a host: private state of the host.
pub type Pools = Ledger<Str, Str>;

/// What a run comes to.
pub(super) struct Outcome {
    /// The pools that differ, by host.
    pub pools: Vec<(Str, Pools)>,
    /// What is said of the adapters of each machine that was looked at.
    pub said: Vec<(MoRef, Vec<Adapter>)>,
}

/// A run.
pub(super) struct Round<'r, 'a> {
    tx: &'r Tx<'a>,
    sites: Sites<'r, Tx<'a>>,
    looked: Vec<Looked>,
    at: HashMap<Str, usize>,
    pools: BTreeMap<Str, Pools>,
    /// Machines that held or waited for something on a host when the run began.
    owners: HashMap<Str, HashSet<Str>>,
}

/// A machine.
struct Looked {
    vm: MoRef,
    host: Option<MoRef>,
    facts: Vm,
    cards: Vec<Seen>,
}

/// An adapter.
struct Seen {
    card: Card,
    network: Option<Network>,
    wants: Option<Technology>,
    short: Option<Shortage>,
}

impl<'r, 'a> Round<'r, 'a> {
    pub fn run(tx: &'r Tx<'a>, concerned: &Concerned) -> Outcome {
        let (looked, at, pools, owners) = Default::default();
        let mut round = Round { tx, sites: Sites::of(tx), looked, at, pools, owners };
        concerned.iter().for_each(|vm| round.look(vm));
        let hosts = round.release(concerned);
        hosts.iter().for_each(|host| round.serve(host));
        round.outcome()
    }

    /// Gathers the facts of a machine, once.
    fn look(&mut self, moref: &MoRef) {
        let Some(vm) = self.tx.get::<VirtualMachine>(moref).filter(|_| !self.at.contains_key(&moref.id)) else {
            return;
        };
        let Some(config) = vm.config.as_deref() else { return };
        let host = vm.runtime.host.clone();
        let facts = facts::machine(self.tx, moref, vm, config);
        let cards = facts::cards(config).map(|card| {
            let network = card.connection.as_ref().zip(host.as_ref());
            let network = network.and_then(|(connection, host)| self.sites.network(connection, host));
            Seen { card, network, wants: None, short: None }
        });
        let cards = cards.collect();
        let mut looked = Looked { vm: moref.clone(), host, facts, cards };
        let host = looked.host.as_ref().and_then(|host| self.sites.host(host));
        for card in &mut looked.cards {
            let would =
                |technology| looked.facts.on && judged(technology, host.as_deref(), &looked.facts, card).0.active;
            card.wants = [Technology::Gen2, Technology::Uptv2].into_iter().find(|technology| would(*technology));
        }
        self.at.insert(moref.id.clone(), self.looked.len());
        self.looked.push(looked);
    }

    /// Takes back what machines hold or wait for and no longer want. Returns the hosts whose pools are to be served.
    fn release(&mut self, concerned: &Concerned) -> BTreeSet<MoRef> {
        let mut hosts = BTreeSet::new();
        for vm in concerned.changed() {
            let before = self.tx.before().get::<VirtualMachine>(vm).and_then(|vm| vm.runtime.host.clone());
            let now = self.at.get(&vm.id).and_then(|at| self.looked[*at].host.clone());
            if let Some(before) = before.filter(|before| now.as_ref() != Some(before))
                && self.let_go(&before, vm, |_| true)
            {
                hosts.insert(before);
            }
        }
        for vm in concerned.iter() {
            let Some(now) = self.at.get(&vm.id).and_then(|at| self.looked[*at].host.clone()) else { continue };
            let wanted = self.wanted(vm);
            if self.let_go(&now, vm, |key| !wanted.contains(&key)) || !wanted.is_empty() {
                hosts.insert(now);
            }
        }
        hosts
    }

    /// Keys of the adapters of a machine that would pass through.
    fn wanted(&self, vm: &MoRef) -> Vec<i32> {
        let looked = self.at.get(&vm.id).map(|at| &self.looked[*at]);
        let cards = looked.iter().flat_map(|looked| &looked.cards);
        cards.filter(|card| card.wants.is_some()).map(|card| card.card.key).collect()
    }

    /// Releases adapters of a machine on a host. Whether any held or waited.
    fn let_go(&mut self, host: &MoRef, vm: &MoRef, which: impl Fn(i32) -> bool) -> bool {
        if !self.owners_of(host).contains(&vm.id) {
            return false;
        }
        let Some(pools) = self.pools_of(host) else { return false };
        let owners = owners(pools).filter(|owner| owner.vm == vm.id && which(owner.key));
        let owners: Vec<Owner<Str>> = owners.cloned().collect();
        owners.iter().for_each(|owner| {
            pools.release(owner);
        });
        !owners.is_empty()
    }

    fn owners_of(&mut self, host: &MoRef) -> &HashSet<Str> {
        let read = || self.tx.private::<Pools>(&host.id).into_iter().flat_map(owners).map(|o| o.vm.clone()).collect();
        self.owners.entry(host.id.clone()).or_insert_with(read)
    }

    /// The pools of a host under way; none if nobody ever asked for anything there.
    fn pools_of(&mut self, host: &MoRef) -> Option<&mut Pools> {
        if !self.pools.contains_key(&host.id) {
            let known = self.tx.private::<Pools>(&host.id)?.clone();
            self.pools.insert(host.id.clone(), known);
        }
        self.pools.get_mut(&host.id)
    }

    /// Gives what there is on a host: first to those who wait, then to those who ask now.
    fn serve(&mut self, host: &MoRef) {
        let Some(site) = self.sites.host(host) else { return };
        let mut pools = self.pools_of(host).map(std::mem::take).unwrap_or_default();
        let functions = site.lab.pnics.iter().map(|pnic| (pnic.device.clone(), count(pnic.virtual_functions)));
        let lost = pools.resize(functions, count(site.lab.interrupt_vectors));
        let waiting: Vec<Owner<Str>> = pools.waiting().cloned().collect();
        for owner in lost.iter().chain(&waiting) {
            self.look(&MoRef::new("VirtualMachine", owner.vm.clone()));
        }
        let asking = self.looked.iter().filter(|looked| looked.host.as_ref() == Some(host));
        let asking = asking.flat_map(|looked| {
            let wanting = looked.cards.iter().filter(|card| card.wants.is_some());
            wanting.map(|card| Owner { vm: looked.vm.id.clone(), key: card.card.key })
        });
        let waited: BTreeSet<&Owner<Str>> = waiting.iter().collect();
        let asking: Vec<Owner<Str>> = asking.filter(|owner| !waited.contains(owner)).collect();
        for owner in waiting.iter().chain(&asking) {
            self.ask(&mut pools, owner);
        }
        self.pools.insert(host.id.clone(), pools);
    }

    /// Asks for what an adapter needs, if it still wants to pass through.
    fn ask(&mut self, pools: &mut Pools, owner: &Owner<Str>) {
        let looked = self.at.get(&owner.vm).and_then(|at| self.looked.get_mut(*at));
        let card = looked.and_then(|looked| looked.cards.iter_mut().find(|card| card.card.key == owner.key));
        let wanting = card.and_then(|card| card.wants.map(|technology| (card, technology)));
        let Some((card, technology)) = wanting else {
            pools.release(owner);
            return;
        };
        let network = card.network.as_ref();
        let pnics = network.map_or(&[][..], |network| match technology {
            Technology::Gen2 => &network.gen2,
            Technology::Uptv2 => &network.uptv2,
        });
        card.short = pools.request(owner, pnics, demand(&card.card.nic)).err();
    }

    fn outcome(self) -> Outcome {
        let said = self.looked.iter().map(|looked| (looked.vm.clone(), self.said(looked))).collect();
        let differs = |(host, pools): &(Str, Pools)| self.tx.private::<Pools>(host) != Some(pools);
        Outcome { said, pools: self.pools.into_iter().filter(differs).collect() }
    }

    fn said(&self, looked: &Looked) -> Vec<Adapter> {
        let host = looked.host.as_ref().and_then(|host| self.sites.host(host));
        let host = host.as_deref();
        let knows_gen2 = host.is_some_and(|host| !host.gen2.contains(HostReason::IncompatibleProduct));
        let adapter = |card: &Seen| {
            let (gen2, port) = judged(Technology::Gen2, host, &looked.facts, card);
            let upt = card.card.nic.uptv2.then(|| judged(Technology::Uptv2, host, &looked.facts, card).0);
            let port = (knows_gen2 && card.network.is_some()).then_some(port);
            Adapter { key: card.card.key, gen2, upt, port }
        };
        looked.cards.iter().map(adapter).collect()
    }
}

/// What is to be said of an adapter and its port, as far as it is known what the pools gave.
fn judged(technology: Technology, host: Option<&Host>, vm: &Vm, card: &Seen) -> (Said, PortSaid) {
    let host = host.map_or_else(nowhere, Host::facts);
    let short = card.short.filter(|_| card.wants == Some(technology));
    let grant = match short {
        None => Grant::Granted,
        Some(Shortage::VirtualFunctions) => Grant::NoVirtualFunction,
        Some(Shortage::Vectors) => Grant::NoVectors,
    };
    let port = card.network.as_ref().map(|network| &network.port);
    let verdict = judge(technology, &Facts { host: &host, port, vm, nic: &card.card.nic, grant });
    (Said::from(&verdict), PortSaid::from(&verdict))
}

/// A machine that is on no host has nothing that could pass it through.
fn nowhere<'h>() -> plain::Host<'h> {
    let reasons = Set::EMPTY.with(HostReason::IncompatibleProduct);
    plain::Host { gen2: reasons, uptv2: reasons, ..plain::Host::default() }
}

fn owners(pools: &Pools) -> impl Iterator<Item = &Owner<Str>> {
    pools.holders().map(|(owner, _)| owner).chain(pools.waiting())
}

/// How many there are, of a setting that is never negative.
fn count(setting: i64) -> u32 {
    u32::try_from(setting).unwrap_or(0)
}
