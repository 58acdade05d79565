//! The switch of one host: which machines and services there are, and whether a packet from one reaches another.
//!
//! It does no I/O. [`Switch::judge`] looks at a packet and answers with the way that it takes, or why it takes none; what
//! stands at the end of the way is a `P`, whatever the owner plugged in for the VM.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    addr::{Address, Cid, Port},
    counters::{Ruled, ServiceCounters, VmCounters},
    filter::{Direction, Filter, Protocol},
    reach::{Generation, Party, reach},
    refusal::Refusal,
};

/// Names a VM, whatever its context id: its managed object id.
pub type VmKey = Arc<str>;

/// Ports that tools of the guest use with the hypervisor: they do not count as use of VMCI.
pub const TOOLS: [u32; 2] = [975, 976];

/// What decides about a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its context id.
    pub cid: Cid,
    /// `allowUnrestrictedCommunication`, as it was when the VM started.
    pub unrestricted: bool,
    /// `vmci0.domain`.
    pub domain: String,
    /// Names of the services that it was granted.
    pub grants: BTreeSet<String>,
}

/// A service of the host or of the hypervisor that has a name.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Where it is: context 0 or 2.
    pub at: Address,
    /// Whether VMs that are restricted reach it.
    pub trusted: bool,
    /// Whether only VMs that were granted it reach it.
    pub by_grant: bool,
    /// What it has seen.
    pub counters: ServiceCounters,
}

impl Service {
    /// A trusted service for everyone.
    pub fn new(name: impl Into<String>, at: Address) -> Service {
        Service { name: name.into(), at, trusted: true, by_grant: false, counters: ServiceCounters::default() }
    }
}

/// A VM that is plugged into the switch.
#[derive(Debug)]
pub struct Member<P> {
    /// Its name.
    pub key: VmKey,
    /// What decides about it.
    pub settings: Membership,
    /// Its firewall.
    pub rules: Arc<Ruled>,
    /// What it has seen.
    pub counters: Arc<VmCounters>,
    /// What was plugged in for it.
    pub plug: P,
    in_use: AtomicBool,
}

/// Where a packet comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// The guest of this VM.
    Guest(&'a str),
    /// A program of the host.
    Host,
}

/// A packet, as far as the switch looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What it is; [`Protocol::Datagram`] also if it is for the hypervisor.
    pub protocol: Protocol,
    /// Who sends it.
    pub from: Origin<'a>,
    /// Where it is to go.
    pub to: Address,
}

/// The way that a packet takes.
pub struct Way<P> {
    /// The VM that sends it.
    pub source: Option<Arc<Member<P>>>,
    /// The VM that gets it; without one, it goes to the host side of the source.
    pub target: Option<Arc<Member<P>>>,
    /// The service at the end of the way, if it has a name.
    pub service: Option<Arc<Service>>,
}

impl<P> Clone for Way<P> {
    fn clone(&self) -> Way<P> {
        Way { source: self.source.clone(), target: self.target.clone(), service: self.service.clone() }
    }
}

/// Something that whoever looks after the VMs wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A rule denied for the first time.
    FirstDenial {
        /// The VM whose rule it is.
        vm: VmKey,
        /// The rule.
        rank: i64,
        /// What it denied.
        protocol: Protocol,
        /// Which way that went.
        direction: Direction,
        /// Where that was to go.
        to: Address,
    },
    /// For the first time since it started, a VM did not reach something for this reason.
    Unreached {
        /// The VM that asked.
        vm: VmKey,
        /// The reason.
        why: Refusal,
        /// What it did not reach.
        to: Address,
    },
    /// The guest uses VMCI, for the first time since the VM started.
    InUse {
        /// The VM.
        vm: VmKey,
    },
}

/// The switch of one host.
pub struct Switch<P> {
    generation: Generation,
    members: HashMap<VmKey, Arc<Member<P>>>,
    by_cid: HashMap<Cid, VmKey>,
    services: HashMap<Address, Arc<Service>>,
}

impl<P> Switch<P> {
    /// The switch of a host without VMs.
    pub fn new(generation: Generation) -> Switch<P> {
        Switch { generation, members: HashMap::new(), by_cid: HashMap::new(), services: HashMap::new() }
    }

    /// What the host makes of VMCI.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Gives a place a name.
    ///
    /// # Errors
    /// [`Refusal::Unreachable`] unless the context is 0 or 2, [`Refusal::InUse`] if the place has a name.
    pub fn register(&mut self, service: Service) -> Result<(), Refusal> {
        if service.at.cid != Cid::HYPERVISOR && service.at.cid != Cid::HOST {
            return Err(Refusal::Unreachable);
        }
        if self.services.contains_key(&service.at) {
            return Err(Refusal::InUse);
        }
        self.services.insert(service.at, Arc::new(service));
        Ok(())
    }

    /// The services that have a name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// Plugs in a VM.
    ///
    /// # Errors
    /// [`Refusal::InUse`] if the VM is plugged in already, or another one has its context id;
    /// [`Refusal::Unreachable`] if the id is not one for a VM.
    pub fn plug(&mut self, key: VmKey, settings: Membership, filter: Filter, plug: P) -> Result<(), Refusal> {
        if !settings.cid.is_vm() {
            return Err(Refusal::Unreachable);
        }
        if self.members.contains_key(&key) || self.by_cid.contains_key(&settings.cid) {
            return Err(Refusal::InUse);
        }
        self.by_cid.insert(settings.cid, key.clone());
        let rules = Arc::new(Ruled::new(filter));
        let (counters, in_use) = (Arc::default(), AtomicBool::default());
        let member = Member { key: key.clone(), settings, rules, counters, plug, in_use };
        self.members.insert(key, Arc::new(member));
        Ok(())
    }

    /// Takes a VM out.
    pub fn unplug(&mut self, key: &str) -> Option<Arc<Member<P>>> {
        let member = self.members.remove(key)?;
        self.by_cid.remove(&member.settings.cid);
        Some(member)
    }

    /// A VM that is plugged in.
    pub fn member(&self, key: &str) -> Option<&Arc<Member<P>>> {
        self.members.get(key)
    }

    /// Every VM that is plugged in, in no order.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member<P>>> {
        self.members.values()
    }

    /// Replaces what decides about a VM. What was plugged in for it stays, and so do its counters.
    ///
    /// # Errors
    /// As [`Switch::plug`]; [`Refusal::Gone`] if the VM is not plugged in.
    pub fn change(&mut self, key: &str, settings: Membership, filter: Option<Filter>) -> Result<(), Refusal>
    where
        P: Clone,
    {
        let old = self.members.get(key).cloned().ok_or(Refusal::Gone)?;
        let moves = settings.cid != old.settings.cid;
        if !settings.cid.is_vm() {
            return Err(Refusal::Unreachable);
        }
        if moves && self.by_cid.contains_key(&settings.cid) {
            return Err(Refusal::InUse);
        }
        if moves {
            self.by_cid.remove(&old.settings.cid);
            self.by_cid.insert(settings.cid, old.key.clone());
        }
        let rules = filter.map_or_else(|| old.rules.clone(), |filter| Arc::new(old.rules.replaced_by(filter)));
        let in_use = AtomicBool::new(old.in_use.load(Ordering::Relaxed));
        let (counters, plug) = (old.counters.clone(), old.plug.clone());
        let new = Member { key: old.key.clone(), settings, rules, counters, plug, in_use };
        self.members.insert(old.key.clone(), Arc::new(new));
        Ok(())
    }

    /// Looks at a packet: trust and reachability first, then the firewall of each VM concerned, then grants. What is
    /// refused is counted; what is to be told is handed to `tell`.
    ///
    /// # Errors
    /// Why it does not pass.
    pub fn judge(&self, packet: Packet<'_>, tell: &dyn Fn(Notice)) -> Result<Way<P>, Refusal> {
        let source = match packet.from {
            Origin::Guest(key) => Some(self.member(key).ok_or(Refusal::Gone)?.clone()),
            Origin::Host => None,
        };
        let target = self.by_cid.get(&packet.to.cid).and_then(|key| self.member(key)).cloned();
        let service = self.services.get(&packet.to).filter(|_| source.is_some()).cloned();
        let way = Way { source, target, service };
        let outcome = self.reached(&way, packet.to).and_then(|()| self.filtered(&way, packet, tell));
        match outcome.and_then(|()| granted(&way)) {
            Ok(()) => Ok(way),
            Err(why) => {
                self.refuse(&way, packet.to, why, tell);
                Err(why)
            }
        }
    }

    /// Records that a packet took its way: counts it, and tells of a guest that begins to use VMCI.
    pub fn passed(&self, way: &Way<P>, packet: Packet<'_>, tell: &dyn Fn(Notice)) {
        let is_tools = TOOLS.contains(&packet.to.port.number());
        for member in [&way.source, &way.target].into_iter().flatten() {
            member.counters.allowed(protocol(packet)).add(1);
            if !is_tools && !member.in_use.swap(true, Ordering::Relaxed) {
                tell(Notice::InUse { vm: member.key.clone() });
            }
        }
        if let Some(service) = &way.service {
            service.counters.allowed.add(1);
        }
    }

    /// Records that a packet whose way was found did not get to its end.
    pub fn refuse(&self, way: &Way<P>, to: Address, why: Refusal, tell: &dyn Fn(Notice)) {
        if let Some(service) = &way.service {
            service.counters.denied.add(1);
        }
        let asked = way.source.as_ref().or(way.target.as_ref());
        let Some(member) = asked else { return };
        let is_first = member.counters.refused(why).begin();
        if is_first && matches!(why, Refusal::Unreachable | Refusal::Restricted | Refusal::NotGranted) {
            tell(Notice::Unreached { vm: member.key.clone(), why, to });
        }
    }

    fn reached(&self, way: &Way<P>, to: Address) -> Result<(), Refusal> {
        let from = way.source.as_ref().map_or(Party::Host { trusted: true }, |member| party(member));
        let to = match (&way.target, to.cid) {
            (Some(member), _) => party(member),
            (None, Cid::HYPERVISOR) if way.source.is_some() => Party::Hypervisor,
            (None, Cid::HOST) if way.source.is_some() => {
                Party::Host { trusted: way.service.as_ref().is_none_or(|service| service.trusted) }
            }
            _ => return Err(Refusal::Unreachable),
        };
        reach(self.generation, from, to)
    }

    /// What a guest sends is on its way to the host for its own firewall, also if another guest gets it; what a guest
    /// gets comes from the host for its firewall.
    fn filtered(&self, way: &Way<P>, packet: Packet<'_>, tell: &dyn Fn(Notice)) -> Result<(), Refusal> {
        let concerned = [(&way.source, Direction::Host), (&way.target, Direction::Guest)];
        for (member, direction) in concerned {
            let Some(member) = member else { continue };
            let protocol = protocol(packet);
            if let Err((rank, first)) = member.rules.decide((protocol, direction, packet.to.port)) {
                if first {
                    let vm = member.key.clone();
                    tell(Notice::FirstDenial { vm, rank, protocol, direction, to: packet.to });
                }
                return Err(Refusal::Rule(rank));
            }
        }
        Ok(())
    }
}

fn party<P>(member: &Member<P>) -> Party<'_> {
    Party::Vm { unrestricted: member.settings.unrestricted, domain: &member.settings.domain }
}

/// A datagram to context 0 is a protocol of its own.
fn protocol(packet: Packet<'_>) -> Protocol {
    match packet.protocol {
        Protocol::Datagram if packet.to.cid == Cid::HYPERVISOR => Protocol::Hypervisor,
        protocol => protocol,
    }
}

fn granted<P>(way: &Way<P>) -> Result<(), Refusal> {
    let (Some(service), Some(source)) = (&way.service, &way.source) else { return Ok(()) };
    match service.by_grant && !source.settings.grants.contains(&service.name) {
        true => Err(Refusal::NotGranted),
        false => Ok(()),
    }
}

/// The place of a service: a port of the host.
pub fn on_host(port: Port) -> Address {
    Address::new(Cid::HOST, port)
}

#[cfg(test)]
mod tests;
