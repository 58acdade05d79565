//! The facts of a host.

use vim25::{
    Any,
    types::{HostCapability, HostConfigInfo},
};

use super::text;
use crate::{HostReason, Reason, Reporting, Set, facts::Host, host_reasons, lab};

/// First software with UPTv2.
const UPTV2_SINCE: (u32, u32) = (8, 0);

/// The facts of a host: its own word for VMDirectPath Gen 2, and what UPTv2 needs.
pub fn host<'h>(capability: Option<&HostCapability>, config: Option<&'h HostConfigInfo>) -> Host<'h> {
    let option = |key: &str| config.and_then(|c| c.option.iter().flatten().find(|option| option.key == key));
    let is_off = |key: &str| option(key).is_some_and(|o| o.value == Some(Any::Bool(false)));
    let product = product_version(config) >= UPTV2_SINCE;
    let uptv2 = host_reasons(product, has_dpu(config) && !is_off(lab::IOMMU), !is_off(lab::ENABLED));
    Host {
        gen2: gen2(capability),
        uptv2,
        fail_activation: option(lab::FAIL_ACTIVATION).and_then(|o| text(o)).filter(|t| !t.is_empty()),
        reporting: match option(lab::REPORTING).and_then(|o| text(o)) {
            Some("esx") => Reporting::Esx,
            _ => Reporting::Full,
        },
    }
}

/// What the host says of itself. Software too old to say anything does not know the technology.
fn gen2(capability: Option<&HostCapability>) -> Set<HostReason> {
    let Some(capability) = capability else { return Set::EMPTY };
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

fn has_dpu(config: Option<&HostConfigInfo>) -> bool {
    let network = config.and_then(|c| c.network.as_ref());
    network.is_some_and(|n| n.pnic.iter().flatten().any(|pnic| pnic.dpu_id.is_some()))
}
