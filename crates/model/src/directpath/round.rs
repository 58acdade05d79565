//! One run of the rule: facts, verdicts, and who gets what of the hosts' pools.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use directpath::{
    demand,
    pool::{Ledger, Owner},
    read,
};
use inventory::{IdHash, Tx};
use vim25::{MoRef, Str, cast, mo::VirtualMachine};

use super::{
    case::{Case, Short},
    concern::Concerned,
    facts::{Machine, Sites},
    known::Known,
    said::{Passthrough, is_shown},
};

/// Who holds and who waits for virtual functions and interrupt vectors of a host: private state of the host.
pub type Pools = Ledger<Str, Str>;

/// What a run comes to.
pub(super) struct Outcome {
    /// The pools that differ, by host.
    pub pools: Vec<(Str, Pools)>,
    /// The machines of which something else is said than before, or shown than is said.
    pub news: Vec<News>,
}

/// What is said of a machine.
pub(super) struct News {
    pub vm: MoRef,
    pub before: Option<Passthrough>,
    pub now: Option<Arc<Passthrough>>,
}

/// A run.
pub(super) struct Round<'r, 'a> {
    tx: &'r Tx<'a>,
    concerned: &'r Concerned,
    known: &'r Known,
    sites: Sites<'r, Tx<'a>>,
    /// Room for the places of what makes machines alike.
    key: Vec<usize>,
    looked: Vec<Looked<'r>>,
    at: HashMap<&'r str, usize, IdHash>,
    /// Places of the machines on a host that would pass something through.
    asking: HashMap<Str, Vec<usize>, IdHash>,
    pools: BTreeMap<Str, Pools>,
    /// The adapters that held or waited for something on a host when the run began.
    owners: HashMap<Str, Owners, IdHash>,
}

/// Keys of adapters, by machine.
type Owners = HashMap<Str, Vec<i32>, IdHash>;

/// A machine. There may be a hundred thousand: what it has in common with others is in the case.
struct Looked<'r> {
    moref: &'r MoRef,
    vm: &'r VirtualMachine,
    before: Option<&'r Passthrough>,
    case: Arc<Case>,
    short: Short,
}

impl<'r> Looked<'r> {
    fn host(&self) -> Option<&'r MoRef> {
        self.vm.runtime.host.as_ref()
    }
}

impl<'r, 'a> Round<'r, 'a> {
    pub fn run(tx: &'r Tx<'a>, concerned: &'r Concerned, known: &'r Known) -> Outcome {
        let (key, looked, at, asking, pools, owners) = Default::default();
        let sites = Sites::of(tx, known);
        let mut round = Round { tx, concerned, known, sites, key, looked, at, asking, pools, owners };
        round.looked.reserve(concerned.iter().len());
        round.at.reserve(concerned.iter().len());
        concerned.iter().for_each(|vm| round.look(&vm.id));
        let hosts = round.release();
        hosts.iter().for_each(|host| round.serve(host));
        round.outcome()
    }

    /// Finds out what matters of a machine, once.
    fn look(&mut self, id: &str) {
        let Some(object) = self.tx.find(id).filter(|_| !self.at.contains_key(id)) else { return };
        let Some(vm) = cast::<VirtualMachine>(&*object.content) else { return };
        let Some(config) = vm.config.as_deref() else { return };
        let before = self.tx.private::<Passthrough>(id);
        // Of a machine that did not change itself, what was read when it was last judged still holds.
        let facts = match before.filter(|_| !self.concerned.has_changed(id)) {
            Some(before) => before.facts().clone(),
            None => self.known.facts(Machine::read(self.tx, id, vm, config)),
        };
        let host = vm.runtime.host.as_ref();
        let networks = facts.cards.iter().map(|card| {
            let device = config.hardware.device.as_ref()?.get(card.place)?;
            self.sites.network(read::connection(device)?, host?)
        });
        let (networks, host_facts) = (networks.collect(), host.and_then(|host| self.sites.host(host)));
        let case = self.known.case(&facts, host_facts, networks, &mut self.key);
        if let Some(host) = host.filter(|_| case.wants_any()) {
            self.asking.entry(host.id.clone()).or_default().push(self.looked.len());
        }
        self.at.insert(&object.moref.id, self.looked.len());
        self.looked.push(Looked { moref: &object.moref, vm, before, case, short: Short::new() });
    }

    fn looked(&self, id: &str) -> Option<&Looked<'r>> {
        self.at.get(id).map(|at| &self.looked[*at])
    }

    /// Takes back what machines hold or wait for and no longer want. Returns the hosts whose pools are to be served.
    fn release(&mut self) -> BTreeSet<MoRef> {
        let mut hosts = BTreeSet::new();
        for vm in self.concerned.changed() {
            let before = self.tx.was::<VirtualMachine>(vm).and_then(|vm| vm.runtime.host.as_ref());
            let now = self.looked(&vm.id).and_then(Looked::host);
            if let Some(before) = before.filter(|before| now != Some(before))
                && self.let_go(before, &vm.id, |_| true)
            {
                hosts.insert(before.clone());
            }
        }
        for at in 0..self.looked.len() {
            let Looked { moref, case, .. } = &self.looked[at];
            let (Some(host), case) = (self.looked[at].host(), case.clone()) else { continue };
            if self.let_go(host, &moref.id, |key| !case.wanting().any(|wanting| wanting == key)) || case.wants_any() {
                hosts.insert(host.clone());
            }
        }
        hosts
    }

    /// Releases adapters of a machine on a host. Whether any held or waited.
    fn let_go(&mut self, host: &MoRef, vm: &Str, which: impl Fn(i32) -> bool) -> bool {
        let keys = self.owners_of(host).get(vm).into_iter().flatten().copied();
        let keys: Vec<i32> = keys.filter(|key| which(*key)).collect();
        let Some(pools) = self.pools_of(host).filter(|_| !keys.is_empty()) else { return false };
        for key in keys {
            pools.release(&Owner { vm: vm.clone(), key });
        }
        true
    }

    fn owners_of(&mut self, host: &MoRef) -> &Owners {
        if !self.owners.contains_key(&host.id) {
            let mut all = Owners::default();
            for owner in self.tx.private::<Pools>(&host.id).into_iter().flat_map(owners) {
                all.entry(owner.vm.clone()).or_default().push(owner.key);
            }
            self.owners.insert(host.id.clone(), all);
        }
        &self.owners[&host.id]
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
            self.look(&owner.vm);
        }
        let asking = self.asking.get(&host.id).into_iter().flatten().map(|at| &self.looked[*at]);
        let asking = asking.flat_map(|looked| {
            let owner = |key| Owner { vm: looked.moref.id.clone(), key };
            looked.case.wanting().map(owner)
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
        let looked = self.at.get(&*owner.vm).map(|at| &mut self.looked[*at]);
        let wish = looked.and_then(|looked| {
            let Looked { case, short, .. } = looked;
            case.wish(owner.key).map(|wish| (wish, case.facts.cards.len(), short))
        });
        let Some(((at, nic, pnics), cards, short)) = wish else {
            pools.release(owner);
            return;
        };
        let shortage = pools.request(owner, pnics, demand(nic)).err();
        if shortage.is_some() {
            short.resize(cards, None);
        }
        if let Some(place) = short.get_mut(at) {
            *place = shortage;
        }
    }

    fn outcome(self) -> Outcome {
        let news = self.looked.iter().filter_map(|looked| self.news(looked)).collect();
        let differs = |(host, pools): &(Str, Pools)| self.tx.private::<Pools>(host) != Some(pools);
        Outcome { news, pools: self.pools.into_iter().filter(differs).collect() }
    }

    /// What is to be written of a machine; none if nothing is.
    fn news(&self, looked: &Looked<'_>) -> Option<News> {
        let now = looked.case.said(&looked.short, self.known);
        let same = looked.before == now.as_deref() && is_shown(now.as_deref(), looked.vm);
        (!same).then(|| News { vm: looked.moref.clone(), before: looked.before.cloned(), now })
    }
}

fn owners(pools: &Pools) -> impl Iterator<Item = &Owner<Str>> {
    pools.holders().map(|(owner, _)| owner).chain(pools.waiting())
}

/// How many there are, of a setting that is never negative.
fn count(setting: i64) -> u32 {
    u32::try_from(setting).unwrap_or(0)
}
