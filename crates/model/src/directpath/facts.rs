//! What passthrough of an adapter depends on, read from the world.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use directpath::{
    HostReason, Set,
    facts::{self, Nic, PortRole, Vm},
    host_reasons,
    read::{self, Beside, Chain, Mirrored},
};
use inventory::IdHash;
use vim25::{
    MoRef, Str,
    mo::{HostSystem, VirtualMachine},
    types::*,
};

use super::known::Known;
use crate::{
    host::{Software, lab::HostLab},
    network::{
        View,
        ports::{self, Uplink},
    },
    vm::activity::{Operation, UnderWay, VmciInUse},
};

/// A host: what it is and what it has.
pub(super) struct Host {
    /// Why it does not support VMDirectPath Gen 2.
    pub gen2: Set<HostReason>,
    /// Why it does not support UPTv2.
    pub uptv2: Set<HostReason>,
    pub lab: HostLab,
    /// Physical adapters on a data processing unit.
    pub dpu: Vec<Str>,
    /// UUIDs of the switches that the host offloads.
    pub offloaded: Vec<Str>,
}

/// What the port of an adapter leads to on one host.
#[derive(Clone)]
pub(super) struct Network {
    pub port: facts::Port,
    /// Physical adapters behind the uplinks in use that can pass through, in the order of the teaming policy.
    pub gen2: Vec<Str>,
    /// Those of a data processing unit.
    pub uptv2: Vec<Str>,
}

/// What the verdicts on the adapters of a machine depend on in the machine itself. Many machines are alike in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Machine {
    pub vm: Vm,
    /// The adapters, in the order of the machine's devices.
    pub cards: Vec<Card>,
}

/// An adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Card {
    pub key: i32,
    /// Its place among the devices of the machine.
    pub place: usize,
    pub nic: Nic,
}

/// What was read, by id; none where there was nothing to read.
type ById<P> = HashMap<Str, Option<P>, IdHash>;

/// The facts of hosts and networks, each read once.
pub(super) struct Sites<'w, W> {
    world: &'w W,
    known: &'w Known,
    hosts: RefCell<ById<Arc<Host>>>,
    groups: RefCell<ById<Rc<Group<'w>>>>,
}

/// A port group with what is known of its ports.
struct Group<'w> {
    at: ports::Group<'w>,
    /// Ports of the switch whose packets are mirrored.
    mirrored: Mirrored<'w>,
    /// What ports without a setting of their own lead to, by host: ports that are not mirrored, and ports that are.
    networks: [RefCell<ById<Arc<Network>>>; 2],
}

impl<'w, W: View> Sites<'w, W> {
    pub fn of(world: &'w W, known: &'w Known) -> Sites<'w, W> {
        Sites { world, known, hosts: RefCell::default(), groups: RefCell::default() }
    }

    pub fn host(&self, host: &MoRef) -> Option<Arc<Host>> {
        if let Some(known) = self.hosts.borrow().get(&host.id) {
            return known.clone();
        }
        let read = self.world.read::<HostSystem>(host).map(|system| self.known.host(self.world, host, system));
        self.hosts.borrow_mut().insert(host.id.clone(), read.clone());
        read
    }

    /// What a connection leads to on a host; none if there is no such port. Connections that are alike share it.
    pub fn network(&self, connection: &DistributedVirtualSwitchPortConnection, host: &MoRef) -> Option<Arc<Network>> {
        let group = self.group(connection.portgroup_key.as_ref()?)?;
        let key = group.at.named(connection)?;
        let mirrored = group.mirrored.contains(connection.port_key.as_deref()?);
        if group.at.ports.get(key).is_some_and(|port| port.own.is_some()) {
            return self.read_network(&group.at, key, mirrored, host).map(Arc::new);
        }
        let networks = &group.networks[usize::from(mirrored)];
        if let Some(known) = networks.borrow().get(&host.id) {
            return known.clone();
        }
        let facts = self.host(host)?;
        let read = || self.read_network(&group.at, key, mirrored, host);
        let read = self.known.network(&group.at, (host, &facts), mirrored, read);
        networks.borrow_mut().insert(host.id.clone(), read.clone());
        read
    }

    fn group(&self, key: &Str) -> Option<Rc<Group<'w>>> {
        if let Some(known) = self.groups.borrow().get(key) {
            return known.clone();
        }
        let read = self.read_group(key).map(Rc::new);
        self.groups.borrow_mut().insert(key.clone(), read.clone());
        read
    }

    fn read_group(&self, key: &Str) -> Option<Group<'w>> {
        let at = ports::Group::with_key(self.world, key)?;
        let config = at.switch.config.cast::<VMwareDVSConfigInfo>();
        let sessions = config.and_then(|config| config.vspan_session.as_deref()).unwrap_or_default();
        Some(Group { at, mirrored: Mirrored::by(sessions), networks: Default::default() })
    }

    fn read_network(&self, at: &ports::Group<'_>, key: u32, mirrored: bool, host: &MoRef) -> Option<Network> {
        let chain = at.chain(key);
        let features = at.switch.capability.features_supported.as_ref();
        let host_facts = self.host(host)?;
        let used = in_use(chain, &ports::uplinks(self.world, at.switch_moref, host));
        let those = |can: &dyn Fn(&Str) -> bool| used.iter().filter(|pnic| can(pnic)).cloned().collect::<Vec<Str>>();
        let gen2 = those(&|pnic| host_facts.lab.pnic(pnic).is_some_and(|p| p.upt));
        let uptv2 = those(&|pnic| host_facts.dpu.contains(pnic) && host_facts.lab.pnic(pnic).is_some_and(|p| p.upt));
        let port = facts::Port {
            role: PortRole::Adapter,
            switch_gen2: features.and_then(|f| f.vm_direct_path_gen2_supported) == Some(true),
            switch_offloaded: host_facts.offloaded.contains(&at.switch.uuid),
            allowed: chain.is_allowed(),
            uplink_gen2: !gen2.is_empty(),
            uplink_dpu: !uptv2.is_empty(),
            chain: mirrored || chain.is_watched(),
        };
        Some(Network { port, gen2, uptv2 })
    }
}

impl Host {
    pub fn read(world: &impl View, moref: &MoRef, host: &HostSystem) -> Host {
        let lab = world.state::<HostLab>(&moref.id).cloned().unwrap_or_else(|| HostLab::of_host(host));
        let network = host.config.as_ref().and_then(|config| config.network.as_ref());
        let pnics = network.iter().flat_map(|n| n.pnic.iter().flatten());
        let switches = network.iter().flat_map(|n| n.proxy_switch.iter().flatten());
        let offloads = switches.filter(|switch| switch.network_offloading_enabled == Some(true));
        let dpu: Vec<Str> = pnics.filter(|pnic| pnic.dpu_id.is_some()).map(|pnic| pnic.device.clone()).collect();
        let software = Software::of(host);
        Host {
            gen2: host_reasons(software.gen2, lab.iommu, lab.enabled),
            uptv2: host_reasons(software.uptv2, lab.iommu && !dpu.is_empty(), lab.enabled),
            offloaded: offloads.map(|switch| switch.dvs_uuid.clone()).collect(),
            dpu,
            lab,
        }
    }

    pub fn facts(&self) -> facts::Host<'_> {
        facts::Host {
            gen2: self.gen2,
            uptv2: self.uptv2,
            fail_activation: self.lab.fail_activation.as_deref(),
            reporting: self.lab.reporting,
        }
    }
}

/// The physical adapters behind the uplinks that a port may use, in the order of its teaming policy.
fn in_use(chain: Chain<'_>, uplinks: &[Uplink]) -> Vec<Str> {
    let device = |name: &Str| uplinks.iter().find(|uplink| uplink.name == *name)?.device.clone();
    match chain.uplinks() {
        Some(names) => names.filter_map(device).collect(),
        None => uplinks.iter().filter_map(|uplink| uplink.device.clone()).collect(),
    }
}

impl Machine {
    pub fn read(world: &impl View, id: &str, vm: &VirtualMachine, config: &VirtualMachineConfigInfo) -> Machine {
        let beside = Beside {
            operation: world.state::<UnderWay>(id).is_some_and(|now| conflicts(now.operation)),
            vmci: world.state::<VmciInUse>(id).is_some(),
        };
        let cards = read::cards(config).map(|c| Card { key: c.device.key, place: c.place, nic: c.nic });
        Machine { vm: read::vm(config, &vm.runtime, vm.guest.as_deref(), beside), cards: cards.collect() }
    }
}

/// Whether passing through ends for as long as this lasts.
pub(super) fn conflicts(operation: Operation) -> bool {
    match operation {
        Operation::Suspend | Operation::Revert | Operation::Migrate => true,
        Operation::Snapshot { memory } => memory,
        Operation::Reconfigure { adapters } => adapters,
        _ => false,
    }
}
