//! What a host says of itself.

use vim25::types::{HostCapability, HostConfigInfo};

use crate::{HostReason, Reason, Set};

/// Why the host does not do VMDirectPath Gen 2, in its own words. Software too old to say anything does not know the
/// technology.
pub fn gen2(capability: &HostCapability) -> Set<HostReason> {
    if capability.vm_direct_path_gen2_supported == Some(true) {
        return Set::EMPTY;
    }
    let names = capability.vm_direct_path_gen2_unsupported_reason.iter().flatten();
    let said: Set<HostReason> = names.filter_map(|name| HostReason::parse(name)).collect();
    if said.is_empty() { Set::EMPTY.with(HostReason::IncompatibleProduct) } else { said }
}

/// Major and minor number of the host's software.
pub fn product_version(config: Option<&HostConfigInfo>) -> (u32, u32) {
    let version = config.map(|c| c.product.version.as_str()).unwrap_or_default();
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}
