//! The handlers, a folder per managed object type, a file per method or family of methods.
//!
//! A handler turns the arguments into plain values in its first lines, changes the world in one transaction, and does
//! no I/O. What takes longer becomes a [`task`](crate::task).

mod property_collector;
mod service_instance;
mod session_manager;

use crate::dispatch::{Registry, RegistryError};

/// Registers every handler.
pub fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    property_collector::register(registry)?;
    service_instance::register(registry)?;
    session_manager::register(registry)?;
    Ok(())
}
