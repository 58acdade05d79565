//! `SearchIndex`: finding entities by what they carry, mostly without walking the inventory.

mod carried;
mod datastore_path;
mod path;
#[cfg(test)]
mod tests;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::SearchIndex, args::FindByUuid>(carried::by_uuid)?;
    registry.on::<mo::SearchIndex, args::FindAllByUuid>(carried::all_by_uuid)?;
    registry.on::<mo::SearchIndex, args::FindByDnsName>(carried::by_dns)?;
    registry.on::<mo::SearchIndex, args::FindAllByDnsName>(carried::all_by_dns)?;
    registry.on::<mo::SearchIndex, args::FindByIp>(carried::by_ip)?;
    registry.on::<mo::SearchIndex, args::FindAllByIp>(carried::all_by_ip)?;
    registry.on::<mo::SearchIndex, args::FindByInventoryPath>(path::by_inventory_path)?;
    registry.on::<mo::SearchIndex, args::FindChild>(path::child)?;
    registry.on::<mo::SearchIndex, args::FindByDatastorePath>(datastore_path::find)
}
