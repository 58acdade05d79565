//! What passthrough of an adapter depends on, read from the world.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use directpath::{
    HostReason, Set,
    facts::{self, Driver, Interrupts, Nic, PortRole, Vm},
    host_reasons,
};
use vim25::{
    Any, MoRef, Obj, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, HostSystem, VirtualMachine},
    types::*,
};

use crate::{
    host::{Software, lab::HostLab},
    network::{
        View,
        ports::{self, Chain, Place, Uplink},
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
    pub gen2: Rc<[Str]>,
    /// Those of a data processing unit.
    pub uptv2: Rc<[Str]>,
}

/// An adapter.
pub(super) struct Card {
    pub key: i32,
    pub nic: Nic,
    /// Its distributed port, as its backing names it.
    pub connection: Option<Obj<DistributedVirtualSwitchPortConnection>>,
}

/// The facts of hosts and networks, each read once.
pub(super) struct Sites<'w, W> {
    world: &'w W,
    hosts: RefCell<HashMap<Str, Option<Rc<Host>>>>,
    networks: RefCell<HashMap<(Str, Str), Option<Network>>>,
}

impl<'w, W: View> Sites<'w, W> {
    pub fn of(world: &'w W) -> Sites<'w, W> {
        Sites { world, hosts: RefCell::default(), networks: RefCell::default() }
    }

    pub fn host(&self, host: &MoRef) -> Option<Rc<Host>> {
        if let Some(known) = self.hosts.borrow().get(&host.id) {
            return known.clone();
        }
        let read = self.world.read::<HostSystem>(host).map(|system| Rc::new(Host::read(self.world, host, system)));
        self.hosts.borrow_mut().insert(host.id.clone(), read.clone());
        read
    }

    /// What a connection leads to on a host; none if there is no such port.
    pub fn network(&self, connection: &DistributedVirtualSwitchPortConnection, host: &MoRef) -> Option<Network> {
        let place = ports::of_connection(self.world, connection)?;
        let own = ports::port(self.world, &place).is_some_and(|port| port.own.is_some());
        if own {
            return self.read_network(&place, host);
        }
        let key = (place.portgroup.id.clone(), host.id.clone());
        if let Some(known) = self.networks.borrow().get(&key) {
            return known.clone();
        }
        let read = self.read_network(&place, host);
        self.networks.borrow_mut().insert(key, read.clone());
        read
    }

    fn read_network(&self, place: &Place, host: &MoRef) -> Option<Network> {
        let group = self.world.read::<DistributedVirtualPortgroup>(&place.portgroup)?;
        let moref = group.config.distributed_virtual_switch.as_ref()?;
        let switch = self.world.read::<DistributedVirtualSwitch>(moref)?;
        let chain = ports::chain(self.world, place)?;
        let features = switch.capability.features_supported.as_ref();
        let host_facts = self.host(host)?;
        let used = in_use(&chain, &ports::uplinks(self.world, moref, host));
        let those = |can: &dyn Fn(&Str) -> bool| used.iter().filter(|pnic| can(pnic)).cloned().collect::<Rc<[Str]>>();
        let gen2 = those(&|pnic| host_facts.lab.pnic(pnic).is_some_and(|p| p.upt));
        let uptv2 = those(&|pnic| host_facts.dpu.contains(pnic) && host_facts.lab.pnic(pnic).is_some_and(|p| p.upt));
        let port = facts::Port {
            role: PortRole::Adapter,
            switch_gen2: features.and_then(|f| f.vm_direct_path_gen2_supported) == Some(true),
            switch_offloaded: host_facts.offloaded.contains(&switch.uuid),
            allowed: chain.direct_path_allowed(),
            uplink_gen2: !gen2.is_empty(),
            uplink_dpu: !uptv2.is_empty(),
            chain: is_filtered(&chain) || is_shaped(&chain) || is_mirrored(switch, place.key),
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
fn in_use(chain: &Chain<'_>, uplinks: &[Uplink]) -> Vec<Str> {
    let (active, standby) = chain.uplink_order();
    let device = |name: &Str| uplinks.iter().find(|uplink| uplink.name == *name)?.device.clone();
    active.iter().chain(standby).filter_map(device).collect()
}

fn is_filtered(chain: &Chain<'_>) -> bool {
    let policy = chain.levels().filter_map(|level| level.filter_policy.as_ref()).find(|policy| !policy.inherited);
    policy.is_some_and(|policy| policy.filter_config.iter().flatten().count() > 0)
}

fn is_shaped(chain: &Chain<'_>) -> bool {
    let enabled = |pick: fn(&DVPortSetting) -> Option<&Obj<DVSTrafficShapingPolicy>>| {
        chain.flag(move |level| pick(level).filter(|p| !p.inherited)?.enabled.as_ref()) == Some(true)
    };
    enabled(|level| level.in_shaping_policy.as_ref()) || enabled(|level| level.out_shaping_policy.as_ref())
}

fn is_mirrored(switch: &DistributedVirtualSwitch, port: u32) -> bool {
    let Some(config) = switch.config.cast::<VMwareDVSConfigInfo>() else { return false };
    let sources = config.vspan_session.iter().flatten().filter(|session| session.enabled);
    let mut sources = sources.flat_map(|s| [&s.source_port_transmitted, &s.source_port_received]).flatten();
    sources.any(|source| source.port_key.iter().flatten().any(|key| key.parse() == Ok(port)))
}

/// The facts of a machine.
pub(super) fn machine(world: &impl View, moref: &MoRef, vm: &VirtualMachine, config: &VirtualMachineConfigInfo) -> Vm {
    let hardware = config.version.strip_prefix("vmx-").and_then(|number| number.parse().ok()).unwrap_or(0);
    Vm {
        on: vm.runtime.power_state == VirtualMachinePowerState::PoweredOn,
        guest: hardware >= OLDEST_HARDWARE && supports(&config.guest_id),
        hardware,
        reserved: is_reserved(config),
        fault_tolerance_or_replay: is_fault_tolerant(vm, config),
        monitor: is_traced(config),
        operation: world.state::<UnderWay>(&moref.id).is_some_and(|now| conflicts(now.operation)),
        vmci: world.state::<VmciInUse>(&moref.id).is_some(),
        driver: driver(vm, config),
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

/// First virtual hardware whose VMXNET3 passes through.
const OLDEST_HARDWARE: u32 = 7;
/// How ids of guests begin that never had a driver which passes through.
const UNSUPPORTED: [&str; 12] = [
    "dos",
    "os2",
    "eComStation",
    "win31",
    "win95",
    "win98",
    "winMe",
    "winNT",
    "netware",
    "openServer",
    "unixWare",
    "darwin",
];

fn supports(guest: &str) -> bool {
    !UNSUPPORTED.iter().any(|start| guest.starts_with(start))
}

/// The version of vmxnet3 that a guest with running tools drives, where nothing else is said: Linux since 6.0.
const DRIVER_OF_TOOLS: u32 = 7;

fn driver(vm: &VirtualMachine, config: &VirtualMachineConfigInfo) -> Driver {
    if let Some(version) = extra(config, "lab.guest.vmxnet3.driver") {
        return version.parse().map_or(Driver::Missing, Driver::Version);
    }
    let tools = vm.guest.as_ref().and_then(|guest| guest.tools_running_status.as_deref());
    if tools == Some("guestToolsRunning") { Driver::Version(DRIVER_OF_TOOLS) } else { Driver::Missing }
}

fn is_reserved(config: &VirtualMachineConfigInfo) -> bool {
    let reserved = config.memory_allocation.as_ref().and_then(|a| a.reservation).unwrap_or(0);
    config.memory_reservation_locked_to_max == Some(true) || reserved >= i64::from(config.hardware.memory_mb)
}

fn is_fault_tolerant(vm: &VirtualMachine, config: &VirtualMachineConfigInfo) -> bool {
    vm.runtime.fault_tolerance_state != VirtualMachineFaultToleranceState::NotConfigured
        || vm.runtime.record_replay_state != VirtualMachineRecordReplayState::Inactive
        || config.ft_info.is_some()
        || config.flags.record_replay_enabled == Some(true)
}

fn is_traced(config: &VirtualMachineConfigInfo) -> bool {
    let monitor = config.flags.monitor_type.as_deref().unwrap_or("release");
    config.nested_hv_enabled == Some(true) || config.flags.run_with_debug_info == Some(true) || monitor != "release"
}

/// The adapters of a machine, in the order of its devices.
pub(super) fn cards(config: &VirtualMachineConfigInfo) -> impl Iterator<Item = Card> {
    let devices = config.hardware.device.iter().flatten();
    devices.filter_map(|device| Some(card(config, device, device.cast::<VirtualEthernetCard>()?)))
}

fn card(config: &VirtualMachineConfigInfo, device: &Obj<VirtualDevice>, card: &VirtualEthernetCard) -> Card {
    let vmxnet3 = device.cast::<VirtualVmxnet3>();
    let mut nic = Nic {
        vmxnet3: vmxnet3.is_some(),
        connected: device.connectable.as_ref().is_some_and(|c| c.connected),
        upt_compatible: card.upt_compatibility_enabled == Some(true),
        uptv2: vmxnet3.is_some_and(|v| v.uptv2_enabled == Some(true)),
        ..Nic::default()
    };
    lab(config, device.key - FIRST_CARD, &mut nic);
    let port = |b: &Obj<VirtualDeviceBackingInfo>| {
        Some(b.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?.port.clone())
    };
    Card { key: device.key, nic, connection: device.backing.as_ref().and_then(port) }
}

const FIRST_CARD: i32 = crate::vm::devices::keys::FIRST_NIC;
/// Queues that a driver asks for at the most where nothing else is said.
const QUEUES: u16 = 8;

/// What `extraConfig` says of adapter number `number`.
fn lab(config: &VirtualMachineConfigInfo, number: i32, nic: &mut Nic) {
    let queues = u16::try_from(config.hardware.num_cpu).unwrap_or(1).clamp(1, QUEUES);
    (nic.tx_queues, nic.rx_queues) = (queues, queues);
    for option in config.extra_config.iter().flatten() {
        let Some(rest) = option.key.strip_prefix("ethernet") else { continue };
        let Some((of, what)) = rest.split_once('.') else { continue };
        if of.parse() != Ok(number) {
            continue;
        }
        let value = option.value.as_ref().and_then(Any::as_str).unwrap_or_default();
        match what {
            "lab.intrMode" => nic.interrupts = interrupts(value),
            "lab.bootPhase" => nic.pxe = value == "pxe",
            "lab.txQueues" => nic.tx_queues = value.parse().unwrap_or(queues),
            "lab.rxQueues" => nic.rx_queues = value.parse().unwrap_or(queues),
            _ => nic.filtered |= is_filter(what) && !value.is_empty(),
        }
    }
}

fn interrupts(mode: &str) -> Interrupts {
    match mode {
        "intx" => Interrupts::IntX,
        "msi" => Interrupts::Msi,
        "msix" => Interrupts::MsiX,
        _ => Interrupts::Auto,
    }
}

/// Whether a key is `filterN.name`.
fn is_filter(key: &str) -> bool {
    let number = key.strip_prefix("filter").and_then(|rest| rest.strip_suffix(".name"));
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn extra<'c>(config: &'c VirtualMachineConfigInfo, key: &str) -> Option<&'c str> {
    let found = config.extra_config.iter().flatten().find(|option| option.key == key)?;
    found.value.as_ref().and_then(Any::as_str)
}
