//! A VM's configuration: what it is when nobody says otherwise, and how specs change it.
//!
//! [`create`] and [`reconfigure`] work on a copy: after a fault nothing has changed.

pub(crate) mod allocation;
mod checks;
mod clone;
mod cpu_memory;
mod create;
mod defaults;
mod extra;
mod guest;
mod members;
mod nic_options;
mod reconfigure;
pub(crate) mod resources;
mod secondary;
mod v_app;
mod vmci_options;

use vim25::{Obj, types::VirtualMachineConfigInfo};

use super::devices::FileEffect;

pub use clone::{CloneWish, clone, reconnect};
pub use create::{create, creation};
pub(crate) use defaults::christen;
pub use defaults::{Names, blank};
pub use reconfigure::{reconfiguration, reconfigure, stamp};
pub use resources::{cpu_allocation, memory_allocation, memory_overhead};
pub use secondary::{SecondaryFiles, secondary};
pub use vmci_options::sync as sync_vmci_options;

/// A configuration with what making it does to files.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The configuration.
    pub config: Obj<VirtualMachineConfigInfo>,
    /// Disks that come into being, are deleted, or are left behind.
    pub files: Vec<FileEffect>,
}
