//! The rules of crate `directpath`, applied to what a client knows.

use ::directpath::reason::About;
use ::directpath::{HostReason, OtherReason, PortOther, PortReason, Reason, Set, VmReason};

pub use ::directpath::Technology;

use super::facts::Known;

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
    let host = known.host();
    let verdict = ::directpath::judge(technology, &known.facts(&host));
    let of_host = if technology == Technology::Gen2 { known.gen2 } else { known.uptv2 };
    Verdict { active: verdict.active, vm: verdict.vm, other: verdict.other, port: verdict.network, host: of_host }
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
