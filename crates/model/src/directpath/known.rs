//! What is known from earlier runs: hosts, what ports lead to, machines that are alike, and what was said of them. It is
//! found again by the places of what it was concluded from, which is kept alive for that.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use inventory::IdHash;
use vim25::{
    DataType, MoRef, Obj, Str,
    mo::HostSystem,
    types::{DVPortSetting, DVSCapability, DVSConfigInfo, HostConfigInfo},
};

use super::{
    case::Case,
    facts::{Host, Machine, Network},
    said::{Adapter, Passthrough},
};
use crate::network::{View, ports};

/// The memory of the rule.
#[derive(Default)]
pub(super) struct Known {
    hosts: RefCell<HashMap<usize, KnownHost, IdHash>>,
    networks: RefCell<HashMap<Way, KnownNetwork, IdHash>>,
    facts: RefCell<HashSet<Arc<Machine>, IdHash>>,
    /// By the places of what makes machines alike, which the case keeps alive.
    cases: RefCell<HashMap<Box<[usize]>, Arc<Case>, IdHash>>,
    said: RefCell<HashMap<Conclusion, Arc<Passthrough>, IdHash>>,
}

/// A host, by the configuration that its facts follow from.
struct KnownHost {
    _config: Obj<HostConfigInfo>,
    host: Arc<Host>,
}

/// The id of a host, and where that is which says what ports lead to on it; and whether their packets are mirrored.
type Way = (Str, [usize; 4], bool);

/// What ports lead to, with what that follows from.
struct KnownNetwork {
    _from: (Arc<Host>, Obj<DVSConfigInfo>, Obj<DVSCapability>, Option<Obj<DVPortSetting>>),
    network: Option<Arc<Network>>,
}

/// From what, and what.
type Conclusion = (Arc<Machine>, Vec<Adapter>);

/// More than this is forgotten before a run, and found out anew.
const REMEMBERED: usize = 1024;

impl Known {
    /// Forgets what has become too much.
    pub fn trim(&mut self) {
        if self.hosts.get_mut().len() > REMEMBERED || self.networks.get_mut().len() > REMEMBERED {
            (self.hosts, self.networks) = Default::default();
        }
        if self.facts.get_mut().len() > REMEMBERED || self.cases.get_mut().len() > REMEMBERED {
            (self.facts, self.cases) = Default::default();
        }
        if self.said.get_mut().len() > REMEMBERED {
            self.said = RefCell::default();
        }
    }

    /// A host.
    pub fn host(&self, world: &impl View, moref: &MoRef, system: &HostSystem) -> Arc<Host> {
        let read = || Arc::new(Host::read(world, moref, system));
        let Some(config) = &system.config else { return read() };
        let mut hosts = self.hosts.borrow_mut();
        let known = || KnownHost { _config: config.clone(), host: read() };
        hosts.entry(place(config)).or_insert_with(known).host.clone()
    }

    /// What those ports of a group lead to on a host that have no setting of their own. `read` finds it out.
    pub fn network(
        &self,
        group: &ports::Group<'_>,
        host: (&MoRef, &Arc<Host>),
        mirrored: bool,
        read: impl FnOnce() -> Option<Network>,
    ) -> Option<Arc<Network>> {
        let (config, capability, setting) = (&group.switch.config, &group.switch.capability, group.setting());
        let places = [Arc::as_ptr(host.1).addr(), place(config), place(capability), setting.map_or(0, place)];
        let way = (host.0.id.clone(), places, mirrored);
        if let Some(known) = self.networks.borrow().get(&way) {
            return known.network.clone();
        }
        let network = read().map(Arc::new);
        let from = (host.1.clone(), config.clone(), capability.clone(), setting.cloned());
        self.networks.borrow_mut().insert(way, KnownNetwork { _from: from, network: network.clone() });
        network
    }

    /// Facts that were just read, kept once.
    pub fn facts(&self, read: Machine) -> Arc<Machine> {
        let mut all = self.facts.borrow_mut();
        if let Some(known) = all.get(&read) {
            return known.clone();
        }
        let facts = Arc::new(read);
        all.insert(facts.clone());
        facts
    }

    /// The case of a machine, by its facts, its host and what its adapters are connected to. `key` is room for places.
    pub fn case(
        &self,
        facts: &Arc<Machine>,
        host: Option<Arc<Host>>,
        networks: Vec<Option<Arc<Network>>>,
        key: &mut Vec<usize>,
    ) -> Arc<Case> {
        let network = |network: &Option<Arc<Network>>| network.as_ref().map_or(0, |n| Arc::as_ptr(n).addr());
        key.clear();
        key.extend([Arc::as_ptr(facts).addr(), host.as_ref().map_or(0, |host| Arc::as_ptr(host).addr())]);
        key.extend(networks.iter().map(network));
        let mut cases = self.cases.borrow_mut();
        if let Some(known) = cases.get(key.as_slice()) {
            return known.clone();
        }
        let case = Arc::new(Case::new(facts.clone(), host, networks));
        cases.insert(key.as_slice().into(), case.clone());
        case
    }

    /// What is said of machines, once: machines of which the same is said share it.
    pub fn passthrough(&self, facts: &Arc<Machine>, adapters: Vec<Adapter>) -> Arc<Passthrough> {
        let (mut known, conclusion) = (self.said.borrow_mut(), (facts.clone(), adapters));
        if let Some(said) = known.get(&conclusion) {
            return said.clone();
        }
        let said = Arc::new(Passthrough::new(facts.clone(), conclusion.1.clone()));
        known.insert(conclusion, said.clone());
        said
    }
}

fn place<T: DataType>(object: &Obj<T>) -> usize {
    Arc::as_ptr(object.shared()).addr()
}
