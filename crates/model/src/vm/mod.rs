//! The virtual machine as pure data: what vCenter makes of specs, states and files, without I/O and without
//! transactions.
//!
//! Every function takes generated structs and gives new ones (or a [`Fault`], and then nothing has changed). Callers
//! bring the world in as [`Surroundings`] and everything accidental (time, seed) in a [`Context`]; the same input gives
//! the same bytes.
//!
//! - [`hardware`]: the devices every VM has
//! - [`object`]: a whole `VirtualMachine` with all its properties
//! - [`guest_os`]: what is known of guest operating systems

pub mod capability;
pub mod config;
pub mod default_vm;
pub mod derive;
pub mod devices;
mod fault;
pub mod guest;
pub mod guest_os;
pub mod hardware;
pub mod identity;
mod merge;
pub mod object;
pub mod path;
pub mod power;
pub mod surroundings;
pub mod version;

pub use fault::Fault;
pub use surroundings::{Context, Surroundings};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
