//! VMCI for the machines of the inventory: joins the inventory and the fabrics, one for each host.
//!
//! [`run`] follows the inventory's log and keeps the fabrics in step with it: which machines run and where, their context
//! ids, firewalls and grants. What the fabrics tell goes back into the inventory as events, and as the fact that a guest
//! uses VMCI. Nothing polls, and nothing here decides about a packet: that is what crate `vmci` is for.

mod device;
mod follow;
mod notice;
mod plan;
mod samples;
mod service;
mod status;

use std::{collections::BTreeMap, sync::Arc};

use ::vmci::{fabric::Fabric, transport::unix::Root};
use parking_lot::RwLock;
use vim25::Str;

pub use device::Device;
pub use follow::run;
pub use samples::{Sample, VmSample};
pub use service::ServiceSpec;

/// What VMCI is run with.
pub struct Setup {
    /// The folder of the sockets.
    pub root: Root,
    /// Services that have a name, on every host.
    pub services: Vec<ServiceSpec>,
    /// How many files the process may have open. A quarter is for the sockets of machines, half for streams.
    pub files: u64,
}

/// The fabrics as the rest of the server sees them: by host, to be read.
#[derive(Default)]
pub struct Fabrics {
    by_host: RwLock<BTreeMap<Str, Arc<Fabric>>>,
    samples: samples::Samples,
}

impl Fabrics {
    /// The fabric of a host, if one of its machines ever ran.
    pub fn of_host(&self, host: &str) -> Option<Arc<Fabric>> {
        self.by_host.read().get(host).cloned()
    }

    /// Every fabric, with the host that it is of.
    pub fn all(&self) -> Vec<(Str, Arc<Fabric>)> {
        self.by_host.read().iter().map(|(host, fabric)| (host.clone(), fabric.clone())).collect()
    }

    /// What was counted of a machine in the last hour.
    pub fn samples(&self) -> &samples::Samples {
        &self.samples
    }
}
