//! The handlers, a folder per managed object type, a file per method or family of methods.
//!
//! A handler turns the arguments into plain values in its first lines, changes the world in one transaction, and does
//! no I/O. What takes longer becomes a [`task`](crate::task).

pub mod entity;
mod folder;
mod virtual_machine;
mod property_collector;
mod service_instance;
mod session_manager;
mod view_manager;

use crate::dispatch::{Registry, RegistryError};

/// Registers every handler.
pub fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    entity::register(registry)?;
    folder::register(registry)?;
    virtual_machine::register(registry)?;
    property_collector::register(registry)?;
    service_instance::register(registry)?;
    session_manager::register(registry)?;
    view_manager::register(registry)?;
    Ok(())
}
