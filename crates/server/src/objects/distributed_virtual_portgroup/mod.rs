//! `DistributedVirtualPortgroup`: configured and destroyed. How it is created stands with its switch.

mod destroy;

use vim25::{args, mo};

use super::distributed_virtual_switch::portgroups;
use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::DistributedVirtualPortgroup, args::ReconfigureDVPortgroup_Task>(portgroups::reconfigure)?;
    registry.on::<mo::DistributedVirtualPortgroup, args::Rename_Task>(portgroups::rename_task)?;
    registry.on::<mo::DistributedVirtualPortgroup, args::Destroy_Task>(destroy::portgroup)?;
    registry.on::<mo::DistributedVirtualSwitch, args::Destroy_Task>(destroy::switch)
}
