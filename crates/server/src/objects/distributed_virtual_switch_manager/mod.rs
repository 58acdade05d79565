//! `DistributedVirtualSwitchManager`: which switches and versions there are, and which hosts can join.

mod hosts;
mod specs;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    type Manager = mo::DistributedVirtualSwitchManager;
    registry.on::<Manager, args::QueryAvailableDvsSpec>(specs::available)?;
    registry.on::<Manager, args::QueryDvsFeatureCapability>(specs::features)?;
    registry.on::<Manager, args::QueryDvsCompatibleHostSpec>(specs::host_specs)?;
    registry.on::<Manager, args::QuerySupportedNetworkOffloadSpec>(specs::offloads)?;
    registry.on::<Manager, args::QueryDvsByUuid>(specs::by_uuid)?;
    registry.on::<Manager, args::DVSManagerLookupDvPortGroup>(specs::lookup)?;
    registry.on::<Manager, args::QueryDvsConfigTarget>(hosts::config_target)?;
    registry.on::<Manager, args::QueryCompatibleVmnicsFromHosts>(hosts::vmnics)?;
    registry.on::<Manager, args::QueryCompatibleHostForNewDvs>(hosts::for_new)?;
    registry.on::<Manager, args::QueryCompatibleHostForExistingDvs>(hosts::for_existing)?;
    registry.on::<Manager, args::QueryDvsCheckCompatibility>(hosts::check)
}
