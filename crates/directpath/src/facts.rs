//! What a verdict depends on.
//!
//! Facts are plain values. What cannot be known (a client sees less than a server) is `None` or unknown, and then counts
//! as no obstacle.

use crate::{HostReason, Set};

/// All that the verdict on one adapter depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The host that the machine is on.
    pub host: &'a Host<'a>,
    /// The distributed port that the adapter is connected to; none if its backing is something else.
    pub port: Option<&'a Port>,
    /// The machine.
    pub vm: &'a Vm,
    /// The adapter.
    pub nic: &'a Nic,
    /// What the host's pools gave. Ask with [`Grant::Granted`] first: only an adapter that is active then needs anything.
    pub grant: Grant<'a>,
}

/// A host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Host<'a> {
    /// Why it does not support VMDirectPath Gen 2: empty if it does.
    pub gen2: Set<HostReason>,
    /// Why it does not support UPTv2: empty if it does.
    pub uptv2: Set<HostReason>,
    /// The error with which each activation fails on it.
    pub fail_activation: Option<&'a str>,
    /// How much it tells.
    pub reporting: Reporting,
}

/// How many reasons a host gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reporting {
    /// All that hold.
    #[default]
    Full,
    /// As ESX does: the machine's own reasons, except type and connection of the adapter, only where neither host nor
    /// network has any.
    Esx,
}

/// A distributed port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// What the port is for.
    pub role: PortRole,
    /// Whether the switch supports VMDirectPath Gen 2 (`vmDirectPathGen2Supported`).
    pub switch_gen2: bool,
    /// Whether the switch is offloaded to the host's data processing unit (`networkOffloadingEnabled`).
    pub switch_offloaded: bool,
    /// Whether the port's policy allows it (`vmDirectPathGen2Allowed`, inherited where the port does not say).
    pub allowed: bool,
    /// Whether an uplink of the port's teaming is a physical NIC that passes through (`upt`).
    pub uplink_gen2: bool,
    /// Whether an uplink of the port's teaming belongs to a data processing unit (`dpuId`).
    pub uplink_dpu: bool,
    /// Whether a filter, mirroring or shaping of the port needs to see its packets.
    pub chain: bool,
}

/// What a port connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PortRole {
    /// A virtual machine's adapter.
    #[default]
    Adapter,
    /// A physical NIC or an interface of the host itself.
    Host,
}

/// A virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vm {
    /// Whether it runs.
    pub on: bool,
    /// Whether guest system and virtual hardware support passing through.
    pub guest: bool,
    /// Virtual hardware version, for example 20.
    pub hardware: u32,
    /// Whether all of its memory is reserved.
    pub reserved: bool,
    /// Whether Fault Tolerance or Record & Replay is configured.
    pub fault_tolerance_or_replay: bool,
    /// Whether the monitor does what needs to see all of the guest: debugging, nested virtualization.
    pub monitor: bool,
    /// Whether an operation is under way for which passing through is suspended.
    pub operation: bool,
    /// Whether its guest uses VMCI.
    pub vmci: bool,
    /// The guest's driver of its adapters.
    pub driver: Driver,
}

/// The guest's driver of VMXNET3 adapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Driver {
    /// Nobody can tell; it is believed to be good enough.
    Unknown,
    /// There is none: the guest has not started yet, or has no driver.
    Missing,
    /// It speaks this version of the device.
    Version(u32),
}

/// A virtual network adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nic {
    /// Whether its type supports passing through: VMXNET3 does.
    pub vmxnet3: bool,
    /// Whether it is connected.
    pub connected: bool,
    /// `uptCompatibilityEnabled`: the request for VMDirectPath Gen 2.
    pub upt_compatible: bool,
    /// `uptv2Enabled`: the request for UPTv2.
    pub uptv2: bool,
    /// Kind of interrupt that the guest uses.
    pub interrupts: Interrupts,
    /// Transmit queues.
    pub tx_queues: u16,
    /// Receive queues.
    pub rx_queues: u16,
    /// Whether the firmware boots from it over the network right now.
    pub pxe: bool,
    /// Whether the adapter has a DVFilter.
    pub filtered: bool,
}

/// Kinds of interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interrupts {
    /// The driver takes the best: MSI-X.
    #[default]
    Auto,
    /// A pin.
    IntX,
    /// One message.
    Msi,
    /// One message for each queue and one for events.
    MsiX,
}

/// What the pools of the host gave to an adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grant<'a> {
    /// A virtual function and interrupt vectors, or nothing was asked for yet.
    #[default]
    Granted,
    /// No virtual function of the port's uplinks is free.
    NoVirtualFunction,
    /// Not enough interrupt vectors are free.
    NoVectors,
    /// The platform failed, with this text.
    Failed(&'a str),
}

/// A machine that has nothing against it.
impl Default for Vm {
    fn default() -> Vm {
        Vm {
            on: true,
            guest: true,
            hardware: 20,
            reserved: true,
            fault_tolerance_or_replay: false,
            monitor: false,
            operation: false,
            vmci: false,
            driver: Driver::Version(7),
        }
    }
}

/// A connected VMXNET3 adapter that asks for both technologies.
impl Default for Nic {
    fn default() -> Nic {
        Nic {
            vmxnet3: true,
            connected: true,
            upt_compatible: true,
            uptv2: true,
            interrupts: Interrupts::Auto,
            tx_queues: 1,
            rx_queues: 1,
            pxe: false,
            filtered: false,
        }
    }
}

/// A port that has nothing against it.
impl Default for Port {
    fn default() -> Port {
        Port {
            role: PortRole::Adapter,
            switch_gen2: true,
            switch_offloaded: true,
            allowed: true,
            uplink_gen2: true,
            uplink_dpu: true,
            chain: false,
        }
    }
}
