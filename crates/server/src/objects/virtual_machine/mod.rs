//! `VirtualMachine`: its life and its configuration.

mod around;
mod check;
mod clone;
mod create;
mod fault_tolerance;
mod guest;
mod location;
mod migrate;
mod operation;
mod place;
mod power;
mod reconfigure;
mod register;
mod remove;
mod shelf;
mod snapshot;
mod story;
mod template;
mod upgrade;

pub use around::Around;
pub use fault_tolerance::States as FaultToleranceStates;
pub use migrate::move_to;
pub use place::is_usable;
pub use power::expect_power;
pub use remove::remove;
pub use story::renamed;
use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::Folder, args::CreateVM_Task>(create::in_folder)?;
    registry.on::<mo::Folder, args::RegisterVM_Task>(register::register)?;
    registry.on::<mo::ResourcePool, args::CreateChildVM_Task>(create::in_pool)?;
    registry.on::<mo::Datacenter, args::PowerOnMultiVM_Task>(power::on_many)?;
    registry.on::<mo::VirtualMachine, args::ReconfigVM_Task>(reconfigure::reconfigure)?;
    registry.on::<mo::VirtualMachine, args::UpgradeVM_Task>(upgrade::upgrade)?;
    registry.on::<mo::VirtualMachine, args::PowerOnVM_Task>(power::on)?;
    registry.on::<mo::VirtualMachine, args::PowerOffVM_Task>(power::off)?;
    registry.on::<mo::VirtualMachine, args::ResetVM_Task>(power::reset)?;
    registry.on::<mo::VirtualMachine, args::SuspendVM_Task>(power::suspend)?;
    registry.on::<mo::VirtualMachine, args::ShutdownGuest>(power::shutdown_guest)?;
    registry.on::<mo::VirtualMachine, args::RebootGuest>(power::reboot_guest)?;
    registry.on::<mo::VirtualMachine, args::StandbyGuest>(power::standby_guest)?;
    registry.on::<mo::VirtualMachine, args::CloneVM_Task>(clone::clone)?;
    registry.on::<mo::VirtualMachine, args::InstantClone_Task>(clone::instant_clone)?;
    registry.on::<mo::VirtualMachine, args::RelocateVM_Task>(migrate::relocate)?;
    registry.on::<mo::VirtualMachine, args::MigrateVM_Task>(migrate::migrate)?;
    registry.on::<mo::VirtualMachine, args::MarkAsTemplate>(template::mark)?;
    registry.on::<mo::VirtualMachine, args::MarkAsVirtualMachine>(template::unmark)?;
    registry.on::<mo::VirtualMachine, args::UnregisterVM>(remove::unregister)?;
    registry.on::<mo::VirtualMachine, args::Destroy_Task>(remove::destroy)?;
    fault_tolerance::register(registry)?;
    check::register(registry)?;
    snapshot::register(registry)
}
