//! The handlers, a folder per managed object type, a file per method or family of methods.
//!
//! A handler turns the arguments into plain values in its first lines, changes the world in one transaction, and does
//! no I/O. What takes longer becomes a [`task`](crate::task).

mod authorization_manager;
mod custom_fields_manager;
mod distributed_virtual_portgroup;
mod distributed_virtual_switch;
mod distributed_virtual_switch_manager;
mod entity;
mod environment_browser;
mod event_manager;
mod extension_manager;
mod folder;
mod history;
mod host_system;
mod license_manager;
mod option_manager;
mod performance_manager;
mod property_collector;
mod resource_pool;
mod search_index;
mod service_instance;
mod session_manager;
mod task;
mod task_manager;
mod user_directory;
mod view_manager;
mod virtual_machine;

pub use distributed_virtual_switch::tell_ports;
pub use view_manager::Finds;

use crate::dispatch::{Registry, RegistryError};

/// Registers every handler.
pub fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    authorization_manager::register(registry)?;
    custom_fields_manager::register(registry)?;
    environment_browser::register(registry)?;
    event_manager::register(registry)?;
    extension_manager::register(registry)?;
    history::register(registry)?;
    host_system::register(registry)?;
    license_manager::register(registry)?;
    option_manager::register(registry)?;
    performance_manager::register(registry)?;
    virtual_machine::register(registry)?;
    folder::register(registry)?;
    entity::register(registry)?;
    distributed_virtual_portgroup::register(registry)?;
    distributed_virtual_switch::register(registry)?;
    distributed_virtual_switch_manager::register(registry)?;
    property_collector::register(registry)?;
    resource_pool::register(registry)?;
    search_index::register(registry)?;
    service_instance::register(registry)?;
    session_manager::register(registry)?;
    task::register(registry)?;
    task_manager::register(registry)?;
    user_directory::register(registry)?;
    view_manager::register(registry)?;
    Ok(())
}

/// Rules of derived state that belong to handlers; an inventory that a server serves needs them.
pub fn rules() -> Vec<Box<dyn inventory::Derive>> {
    vec![
        Box::new(custom_fields_manager::AvailableFields),
        Box::new(virtual_machine::FaultToleranceStates),
        Box::new(crate::events::LatestEvent),
    ]
}
