//! The rules: one line for each reason.

use crate::{
    Facts, Grant, HostReason, OtherReason, PortOther, PortReason, Reporting, Set, Verdict, VmReason,
    facts::{Driver, Host, Interrupts, Nic, Port, PortRole, Vm},
};

/// Ways to pass an adapter through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Technology {
    /// VMDirectPath Gen 2: network pass-through of API 4.1 to 7.0.
    Gen2,
    /// Uniform pass-through version 2, over a data processing unit, since API 8.0.
    Uptv2,
}

/// First virtual hardware with UPTv2.
const UPTV2_HARDWARE: u32 = 20;
/// First version of the VMXNET3 driver that speaks UPTv2.
const UPTV2_DRIVER: u32 = 7;

impl Technology {
    /// Whether there is a verdict on this adapter at all. The API's properties of UPTv2 are unset for adapters that do not
    /// ask for it.
    pub fn applies(self, nic: &Nic) -> bool {
        self == Technology::Gen2 || nic.vmxnet3 && nic.uptv2
    }

    fn requested(self, nic: &Nic) -> bool {
        match self {
            Technology::Gen2 => nic.upt_compatible,
            Technology::Uptv2 => nic.uptv2,
        }
    }

    fn guest(self, vm: &Vm) -> bool {
        vm.guest && (self == Technology::Gen2 || vm.hardware >= UPTV2_HARDWARE)
    }

    fn driver(self, driver: Driver) -> bool {
        let least = match self {
            Technology::Gen2 => 1,
            Technology::Uptv2 => UPTV2_DRIVER,
        };
        match driver {
            Driver::Unknown => true,
            Driver::Missing => false,
            Driver::Version(version) => version >= least,
        }
    }

    fn host(self, host: &Host<'_>) -> Set<HostReason> {
        match self {
            Technology::Gen2 => host.gen2,
            Technology::Uptv2 => host.uptv2,
        }
    }

    fn switch(self, port: &Port) -> bool {
        match self {
            Technology::Gen2 => port.switch_gen2,
            Technology::Uptv2 => port.switch_offloaded,
        }
    }

    /// The policy of ports speaks of VMDirectPath Gen 2 only.
    fn allowed(self, port: &Port) -> bool {
        self == Technology::Uptv2 || port.allowed
    }

    fn uplink(self, port: &Port) -> bool {
        match self {
            Technology::Gen2 => port.uplink_gen2,
            Technology::Uptv2 => port.uplink_dpu,
        }
    }
}

/// The verdict on an adapter.
///
/// Ask with [`Grant::Granted`] first. If the adapter is active then, take [`demand`] from the host's pools
/// ([`crate::pool::Ledger`]) and judge again with what they gave.
pub fn judge<'a>(technology: Technology, facts: &Facts<'a>) -> Verdict<'a> {
    let verdict = evaluate(technology, facts);
    match facts.host.fail_activation {
        // A host that fails every activation does so only when one is tried.
        Some(text) if verdict.active => evaluate(technology, &Facts { grant: Grant::Failed(text), ..*facts }),
        _ => verdict,
    }
}

fn evaluate<'a>(technology: Technology, facts: &Facts<'a>) -> Verdict<'a> {
    let host = technology.host(facts.host);
    let network = network(technology, facts, host);
    let mut other = Set::EMPTY;
    other.put(OtherReason::IncompatibleHost, !host.is_empty());
    other.put(OtherReason::IncompatibleNetwork, facts.port.is_none() || !network.is_empty());
    let mut vm = machine(technology, facts);
    if facts.host.reporting == Reporting::Esx && !other.is_empty() {
        vm = vm.and(ALWAYS_TOLD.into_iter().collect());
        if !host.is_empty() {
            other = Set::EMPTY.with(OtherReason::IncompatibleHost);
        }
    }
    let network = if other.contains(OtherReason::IncompatibleNetwork) { network } else { Set::EMPTY };
    let mut port_other = Set::EMPTY;
    if let Some(port) = facts.port {
        port_other.put(PortOther::IncompatibleHost, !host.is_empty());
        port_other.put(PortOther::IncompatibleConnectee, port.role != PortRole::Adapter || !vm.is_empty());
    }
    let extended = match runtime_error(facts) {
        Some(text) if vm.contains(VmReason::RuntimeError) => Some(text),
        _ => None,
    };
    let active = vm.is_empty() && other.is_empty() && port_other.is_empty();
    Verdict { active, vm, other, network, port_other, extended }
}

/// What ESX tells of the machine even where host or network stand in the way.
const ALWAYS_TOLD: [VmReason; 2] = [VmReason::IncompatibleAdapterType, VmReason::DisabledOrDisconnectedAdapter];

/// The reasons of the port. Host software that does not know the technology does not judge ports.
fn network(technology: Technology, facts: &Facts<'_>, host: Set<HostReason>) -> Set<PortReason> {
    let mut reasons = Set::EMPTY;
    let Some(port) = facts.port else { return reasons };
    if port.role != PortRole::Adapter || host.contains(HostReason::IncompatibleProduct) {
        return reasons;
    }
    let uplink = technology.uplink(port);
    reasons.put(PortReason::IncompatibleDvs, !technology.switch(port));
    reasons.put(PortReason::NoCompatibleNics, !uplink);
    reasons.put(PortReason::NoVirtualFunctionsAvailable, uplink && facts.grant == Grant::NoVirtualFunction);
    reasons.put(PortReason::DisabledForPort, !technology.allowed(port));
    reasons
}

/// The reasons of the machine.
fn machine(technology: Technology, facts: &Facts<'_>) -> Set<VmReason> {
    let (vm, nic) = (facts.vm, facts.nic);
    let in_use = vm.on && nic.connected && technology.requested(nic);
    let mut reasons = Set::EMPTY;
    reasons.put(VmReason::IncompatibleGuest, !technology.guest(vm));
    reasons.put(VmReason::IncompatibleGuestDriver, vm.on && !technology.driver(vm.driver));
    reasons.put(VmReason::IncompatibleAdapterType, !nic.vmxnet3);
    reasons.put(VmReason::DisabledOrDisconnectedAdapter, !in_use);
    reasons.put(VmReason::IncompatibleAdapterFeatures, vm.on && (nic.interrupts == Interrupts::IntX || nic.pxe));
    reasons.put(VmReason::IncompatibleBackingType, facts.port.is_none());
    reasons.put(VmReason::InsufficientMemoryReservation, !vm.reserved);
    reasons.put(VmReason::FaultToleranceOrRecordReplayConfigured, vm.fault_tolerance_or_replay);
    reasons.put(VmReason::ConflictingIoChainConfigured, nic.filtered || facts.port.is_some_and(|port| port.chain));
    reasons.put(VmReason::MonitorBlocks, vm.monitor);
    reasons.put(VmReason::ConflictingOperationInProgress, vm.on && vm.operation);
    reasons.put(VmReason::RuntimeError, vm.on && runtime_error(facts).is_some());
    reasons.put(VmReason::OutOfIntrVector, vm.on && facts.grant == Grant::NoVectors);
    reasons.put(VmReason::VmciActive, vm.on && vm.vmci);
    reasons
}

/// The text with which the platform fails.
fn runtime_error<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    match facts.grant {
        Grant::Failed(text) => Some(text),
        _ => None,
    }
}

/// Vectors in the MSI-X table of the virtual adapter.
const TABLE: u32 = 25;

/// Interrupt vectors that an adapter takes while it passes through: with MSI-X one for each queue and one for events, and
/// if its table has not so many, one for each pair of queues and one for events; with MSI one in all.
pub fn demand(nic: &Nic) -> u32 {
    let (tx, rx) = (u32::from(nic.tx_queues), u32::from(nic.rx_queues));
    match nic.interrupts {
        Interrupts::Auto | Interrupts::MsiX if tx + rx < TABLE => tx + rx + 1,
        Interrupts::Auto | Interrupts::MsiX => tx.max(rx) + 1,
        Interrupts::IntX | Interrupts::Msi => 1,
    }
}

/// Why a host does not support a technology. Software that does not know it is the only reason then.
pub fn host_reasons(product: bool, hardware: bool, enabled: bool) -> Set<HostReason> {
    let mut reasons = Set::EMPTY;
    reasons.put(HostReason::IncompatibleProduct, !product);
    reasons.put(HostReason::IncompatibleHardware, product && !hardware);
    reasons.put(HostReason::Disabled, product && !enabled);
    reasons
}

#[cfg(test)]
mod tests;
