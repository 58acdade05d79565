//! The verdict on one adapter and its port.

use crate::{OtherReason, PortOther, PortReason, Set, VmReason};

/// Whether an adapter passes through, and why not: what the API shows of the adapter and of its port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Verdict<'a> {
    /// Whether it passes through. Then all sets are empty.
    pub active: bool,
    /// Reasons in the machine: `vmDirectPathGen2InactiveReasonVm`.
    pub vm: Set<VmReason>,
    /// Reasons outside of it: `vmDirectPathGen2InactiveReasonOther`.
    pub other: Set<OtherReason>,
    /// The port's reasons in the network: `vmDirectPathGen2InactiveReasonNetwork`.
    pub network: Set<PortReason>,
    /// The port's reasons outside of it: `vmDirectPathGen2InactiveReasonOther`.
    pub port_other: Set<PortOther>,
    /// Text of the platform: `vmDirectPathGen2InactiveReasonExtended`.
    pub extended: Option<&'a str>,
}

impl Verdict<'_> {
    /// Whether any reason is given, of the adapter or of its port.
    pub fn has_reasons(&self) -> bool {
        !(self.vm.is_empty() && self.other.is_empty() && self.network.is_empty() && self.port_other.is_empty())
    }
}
