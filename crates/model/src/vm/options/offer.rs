//! Which hardware versions and options hosts offer.

use inventory::Snapshot;
use vim25::{ApiVersion, MoRef, mo::HostSystem};

use crate::{host, vm::version};

/// What of a host decides which options VMs on it have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The host.
    pub host: MoRef,
    /// Newest virtual hardware that it runs.
    pub newest: u32,
    /// Newest API version that it speaks.
    pub api_version: ApiVersion,
}

/// What these hosts offer.
pub fn offers(world: &Snapshot, hosts: &[MoRef]) -> Vec<Offer> {
    let offer = |moref: &MoRef| {
        let system = world.get::<HostSystem>(moref)?;
        let (newest, api_version) = (host::newest_hardware(system), host::api_version(system));
        Some(Offer { host: moref.clone(), newest, api_version })
    };
    hosts.iter().filter_map(offer).collect()
}

/// The versions that any of the hosts runs, oldest first. Where there is no host yet, all that there are.
pub(super) fn versions(offers: &[Offer]) -> impl Iterator<Item = u32> {
    let newest = offers.iter().map(|offer| offer.newest).max().unwrap_or(version::NEWEST);
    version::KNOWN.into_iter().filter(move |number| *number <= newest)
}

/// The version of new VMs: the newest that all of the hosts run.
pub(super) fn default_version(offers: &[Offer]) -> u32 {
    offers.iter().map(|offer| offer.newest).min().unwrap_or(version::NEWEST)
}

/// The newest API version among the hosts that run a hardware version.
pub(super) fn api_version(offers: &[Offer], number: u32) -> ApiVersion {
    let able = offers.iter().filter(|offer| offer.newest >= number);
    able.map(|offer| offer.api_version).max().unwrap_or_else(ApiVersion::newest)
}
