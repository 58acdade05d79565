//! The rules of crate `directpath`, applied to what a client knows.

use ::directpath::facts::{Driver as RuleDriver, Host, Interrupts as RuleInterrupts, Nic, Port, PortRole, Vm};
use ::directpath::reason::About;
use ::directpath::{
    Facts, Grant, HostReason, OtherReason, PortOther, PortReason, Reason, Reporting, Set, VmReason, host_reasons,
};

pub use ::directpath::Technology;

use super::facts::{Driver, Interrupts, Known};

/// A technology as people write it.
pub fn title(technology: Technology) -> &'static str {
    match technology {
        Technology::Gen2 => "Gen 2",
        Technology::Uptv2 => "UPTv2",
    }
}

/// What the rules say.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// It passes through.
    pub active: bool,
    vm: Set<VmReason>,
    other: Set<OtherReason>,
    port: Set<PortReason>,
    host: Set<HostReason>,
}

impl Verdict {
    /// The names of all reasons: of the machine, of its surroundings, of the port, of the host.
    pub fn names(&self) -> Vec<&'static str> {
        let around = self.other.names().chain(self.port.names()).chain(self.host.names());
        self.vm.names().chain(around).collect()
    }
}

/// What there is to say about a reason; nothing about one that the API did not have when this was written.
pub fn about(name: &str) -> Option<&'static About> {
    fn of<R: Reason>(name: &str) -> Option<&'static About> {
        R::parse(name).map(Reason::about)
    }
    let adapter = of::<VmReason>(name).or_else(|| of::<OtherReason>(name));
    let port = || of::<PortReason>(name).or_else(|| of::<PortOther>(name));
    adapter.or_else(port).or_else(|| of::<HostReason>(name))
}

/// The verdict of the rules.
pub fn judge(technology: Technology, known: &Known) -> Verdict {
    let gen2 = host_reasons(known.host.gen2, known.host.hardware, known.host.enabled);
    let uptv2 = host_reasons(known.host.uptv2, known.host.hardware && known.host.dpu, known.host.enabled);
    let host = Host { gen2, uptv2, fail_activation: None, reporting: Reporting::Full };
    let port = known.port.as_ref().map(|port| Port {
        role: PortRole::Adapter,
        switch_gen2: port.switch_gen2,
        switch_offloaded: port.switch_offloaded,
        allowed: port.allowed,
        uplink_gen2: port.uplink_gen2,
        uplink_dpu: port.uplink_dpu,
        chain: port.watched,
    });
    let (vm, nic) = (machine(known), adapter(known));
    let facts = Facts { host: &host, port: port.as_ref(), vm: &vm, nic: &nic, grant: grant(known) };
    let verdict = ::directpath::judge(technology, &facts);
    let of_host = if technology == Technology::Gen2 { gen2 } else { uptv2 };
    Verdict { active: verdict.active, vm: verdict.vm, other: verdict.other, port: verdict.network, host: of_host }
}

fn machine(known: &Known) -> Vm {
    let vm = &known.vm;
    Vm {
        on: vm.on,
        guest: vm.guest,
        hardware: vm.hardware,
        reserved: vm.reserved,
        fault_tolerance_or_replay: vm.fault_tolerance,
        monitor: vm.monitor,
        operation: vm.operation,
        vmci: vm.vmci,
        driver: match vm.driver {
            Driver::Unknown => RuleDriver::Unknown,
            Driver::None => RuleDriver::Missing,
            Driver::Version(version) => RuleDriver::Version(version),
        },
    }
}

fn adapter(known: &Known) -> Nic {
    let nic = &known.nic;
    Nic {
        vmxnet3: nic.vmxnet3,
        connected: nic.connected,
        upt_compatible: nic.upt_compatible,
        uptv2: nic.uptv2,
        interrupts: match nic.interrupts {
            Interrupts::Auto => RuleInterrupts::Auto,
            Interrupts::Intx => RuleInterrupts::IntX,
            Interrupts::Msi => RuleInterrupts::Msi,
            Interrupts::Msix => RuleInterrupts::MsiX,
        },
        pxe: nic.pxe,
        filtered: nic.filtered,
        ..Nic::default()
    }
}

fn grant(known: &Known) -> Grant<'_> {
    match (&known.pools.error, known.pools.function, known.pools.vectors) {
        (Some(text), ..) => Grant::Failed(text),
        (None, false, _) => Grant::NoVirtualFunction,
        (None, true, false) => Grant::NoVectors,
        (None, true, true) => Grant::Granted,
    }
}

/// The name of every reason of the API.
#[cfg(test)]
pub fn all_reasons() -> Vec<&'static str> {
    let adapter = Set::<VmReason>::names(VmReason::ALL.iter().copied().collect());
    let other = Set::<OtherReason>::names(OtherReason::ALL.iter().copied().collect());
    let port = Set::<PortReason>::names(PortReason::ALL.iter().copied().collect());
    let port_other = Set::<PortOther>::names(PortOther::ALL.iter().copied().collect());
    let host = Set::<HostReason>::names(HostReason::ALL.iter().copied().collect());
    adapter.chain(other).chain(port).chain(port_other).chain(host).collect()
}
