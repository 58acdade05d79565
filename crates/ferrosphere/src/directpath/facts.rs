//! What is known about one adapter, as facts for the rules of crate `directpath`.
//!
//! A client sees less than a host. What nobody tells is taken to be no obstacle; what the server reports as a reason is
//! believed, whatever the other properties say.

use ::directpath::facts::{Nic, Port, Vm};
use ::directpath::{Facts, Grant, HostReason, Reporting, Set, facts::Host};

/// Everything that the verdict on one adapter depends on.
#[derive(Clone, Debug)]
pub struct Known {
    /// Why the host does not do VMDirectPath Gen 2.
    pub gen2: Set<HostReason>,
    /// Why the host does not do UPTv2.
    pub uptv2: Set<HostReason>,
    /// The distributed port; none if the adapter is connected to something else.
    pub port: Option<Port>,
    /// The machine.
    pub vm: Vm,
    /// The adapter.
    pub nic: Nic,
    /// What the host's pools gave.
    pub pools: Pools,
}

/// What the host's pools gave, as far as reasons tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Pools {
    /// A virtual function.
    pub function: bool,
    /// Interrupt vectors.
    pub vectors: bool,
    /// The error with which the activation failed.
    pub error: Option<String>,
}

impl Known {
    /// Facts that nothing speaks against: what a change is tried on before it is taken.
    pub fn perfect() -> Known {
        let pools = Pools { function: true, vectors: true, error: None };
        let (vm, nic) = (Vm::default(), Nic::default());
        Known { gen2: Set::EMPTY, uptv2: Set::EMPTY, port: Some(Port::default()), vm, nic, pools }
    }

    /// The host as the rules want it. What a client cannot see of it, it reports as a reason.
    pub fn host(&self) -> Host<'static> {
        Host { gen2: self.gen2, uptv2: self.uptv2, fail_activation: None, reporting: Reporting::Full }
    }

    /// All facts as the rules want them.
    pub fn facts<'a>(&'a self, host: &'a Host<'a>) -> Facts<'a> {
        let grant = match &self.pools {
            Pools { error: Some(text), .. } => Grant::Failed(text),
            Pools { function: false, .. } => Grant::NoVirtualFunction,
            Pools { vectors: false, .. } => Grant::NoVectors,
            _ => Grant::Granted,
        };
        Facts { host, port: self.port.as_ref(), vm: &self.vm, nic: &self.nic, grant }
    }
}
