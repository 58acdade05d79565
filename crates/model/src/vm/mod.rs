//! The virtual machine as pure data: what vCenter makes of specs, states and files, without I/O and without
//! transactions.
//!
//! Every function takes generated structs and gives new ones (or a [`Fault`], and then nothing has changed). Callers
//! bring the world in as [`Surroundings`] and everything accidental (time, seed) in a [`Context`]; the same input gives
//! the same bytes.
//!
//! - [`config`]: the configuration of a new VM, and how specs change it
//! - [`devices`]: adding, editing and removing devices; [`hardware`]: those that every VM has
//! - [`object`]: a whole `VirtualMachine`; [`default_vm`]: the many alike at start
//! - [`mod@derive`]: what follows from the rest, and the rule that keeps it so
//! - [`migrate`]: what a VM needs of another host, and its files on other datastores
//! - [`snapshot`]: snapshots and the disk files under them
//! - [`power`]: what power operations change; [`guest`]: what a guest reports
//! - [`options`]: what environment browsers answer; [`guest_os`], [`version`]: the tables behind
//!
//! Left out on purpose: permissions, tasks, events, and what other objects list a VM for (folder, pool and host).

pub mod activity;
pub mod admission;
pub mod capability;
pub mod config;
pub mod default_vm;
pub mod derive;
pub mod devices;
pub mod fault_tolerance;
pub mod guest;
pub mod guest_os;
pub mod hardware;
pub mod identity;
mod merge;
pub mod migrate;
pub mod object;
pub mod options;
pub mod path;
pub mod power;
pub mod snapshot;
pub mod surroundings;
pub mod version;

pub use surroundings::{Context, Surroundings};
pub use vim25::Fault;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
