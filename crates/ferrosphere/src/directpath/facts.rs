//! What is known about one adapter: what its server's objects say, to be judged by the rules of crate `directpath`.
//!
//! A client sees less than a host. What nobody tells is taken to be no obstacle; what the server reports as a reason is
//! believed, whatever the other properties say.

/// Everything that the verdict on one adapter depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The host.
    pub host: Host,
    /// The distributed port; none if the adapter is connected to something else.
    pub port: Option<Port>,
    /// The machine.
    pub vm: Machine,
    /// The adapter.
    pub nic: Nic,
    /// What the host's pools gave.
    pub pools: Pools,
}

/// A host: what it meets of what is required.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Its software does VMDirectPath Gen 2.
    pub gen2: bool,
    /// Its software does UPTv2.
    pub uptv2: bool,
    /// Its hardware suits: an IOMMU.
    pub hardware: bool,
    /// It has a data processing unit.
    pub dpu: bool,
    /// Nobody switched passing through off.
    pub enabled: bool,
}

/// A distributed port: what it meets of what is required.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// The switch does VMDirectPath Gen 2.
    pub switch_gen2: bool,
    /// The host offloads the switch to its data processing unit.
    pub switch_offloaded: bool,
    /// The port's policy allows it.
    pub allowed: bool,
    /// One of its uplinks is a physical adapter in `upt` mode.
    pub uplink_gen2: bool,
    /// One of its uplinks belongs to a data processing unit.
    pub uplink_dpu: bool,
    /// A filter, shaping or mirroring has to see its packets: this one is an obstacle.
    pub watched: bool,
}

/// A machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// It runs.
    pub on: bool,
    /// Its guest system is a supported one.
    pub guest: bool,
    /// Version of its virtual hardware.
    pub hardware: u32,
    /// The guest's driver.
    pub driver: Driver,
    /// All of its memory is reserved.
    pub reserved: bool,
    /// Fault Tolerance or Record & Replay is configured.
    pub fault_tolerance: bool,
    /// The monitor has to see all that the guest does.
    pub monitor: bool,
    /// An operation runs for which passing through is suspended.
    pub operation: bool,
    /// The guest has used VMCI.
    pub vmci: bool,
}

/// The guest's driver of the adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// Nobody tells.
    Unknown,
    /// There is none, or it is not loaded.
    None,
    /// One of this version.
    Version(u32),
}

/// An adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Nic {
    /// It is a vmxnet3.
    pub vmxnet3: bool,
    /// It is connected.
    pub connected: bool,
    /// It may pass through by VMDirectPath Gen 2.
    pub upt_compatible: bool,
    /// It is to pass through by UPTv2.
    pub uptv2: bool,
    /// How its driver is interrupted.
    pub interrupts: Interrupts,
    /// The firmware boots over it right now.
    pub pxe: bool,
    /// A DVFilter sits on it.
    pub filtered: bool,
}

/// How a driver is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    /// By what suits best.
    Auto,
    /// By a line.
    Intx,
    /// By one message.
    Msi,
    /// By a message for each queue.
    Msix,
}

/// What a host's pools gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Pools {
    /// A virtual function.
    pub function: bool,
    /// Interrupt vectors.
    pub vectors: bool,
    /// The error with which the activation failed.
    pub error: Option<String>,
}

impl Default for Host {
    fn default() -> Host {
        Host { gen2: true, uptv2: true, hardware: true, dpu: true, enabled: true }
    }
}

/// A port that nothing speaks against.
impl Default for Port {
    fn default() -> Port {
        Port {
            switch_gen2: true,
            switch_offloaded: true,
            allowed: true,
            uplink_gen2: true,
            uplink_dpu: true,
            watched: false,
        }
    }
}

impl Default for Machine {
    fn default() -> Machine {
        Machine {
            on: true,
            guest: true,
            hardware: 20,
            driver: Driver::Unknown,
            reserved: true,
            fault_tolerance: false,
            monitor: false,
            operation: false,
            vmci: false,
        }
    }
}

impl Default for Nic {
    fn default() -> Nic {
        Nic {
            vmxnet3: true,
            connected: true,
            upt_compatible: true,
            uptv2: true,
            interrupts: Interrupts::Auto,
            pxe: false,
            filtered: false,
        }
    }
}

impl Default for Pools {
    fn default() -> Pools {
        Pools { function: true, vectors: true, error: None }
    }
}

impl Known {
    /// Facts that nothing speaks against: what a change is tried on.
    #[cfg(test)]
    pub fn perfect() -> Known {
        Known { port: Some(Port::default()), ..Known::default() }
    }
}
