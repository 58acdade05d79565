//! Whether a host and its network ports support VMDirectPath Gen 2: follows from its software and its [lab
//! settings](super::lab), never written by anyone else.

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj, Str,
    mo::{HostNetworkSystem, HostSystem},
    types::{HostCapability, HostConfigInfo, HostNetworkInfo, PhysicalNic},
};

use super::{lab::HostLab, product_version};
use crate::kit::{some, text};

/// The rule.
pub(crate) struct Passthrough;

impl Derive for Passthrough {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched.iter().filter(|moref| moref.kind == "HostSystem") {
            if may_differ(tx, moref) {
                host(tx, moref);
            }
        }
    }
}

/// Whether configuration or capabilities are others than before: what is shared is the same.
fn may_differ(tx: &Tx<'_>, moref: &MoRef) -> bool {
    let Some(host) = tx.get::<HostSystem>(moref) else { return false };
    let same = |before: &HostSystem| {
        let config = both(&before.config, &host.config, Obj::same);
        config && both(&before.capability, &host.capability, Obj::same)
    };
    tx.private::<HostLab>(&moref.id).is_none() || !tx.before().get::<HostSystem>(moref).is_some_and(same)
}

fn both<T>(a: &Option<T>, b: &Option<T>, same: impl Fn(&T, &T) -> bool) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    }
}

fn host(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(host) = tx.get::<HostSystem>(moref) else { return };
    let lab = HostLab::of_host(host);
    let knows = knows_gen2(product_version(host));
    let capability = host.capability.as_ref().and_then(|now| capable(now, knows, &lab));
    let network = host.config.as_ref().and_then(|config| network(config, knows, &lab));
    if tx.private::<HostLab>(&moref.id) != Some(&lab) {
        tx.set_private(&moref.id, lab);
    }
    if (capability.is_some() || network.is_some())
        && let Some(host) = tx.edit::<HostSystem>(moref)
    {
        host.capability = capability.or_else(|| host.capability.take());
        if let (Some(network), Some(config)) = (network, &mut host.config) {
            config.network = Some(network);
        }
    }
    show_in_network_system(tx, moref);
}

/// Whether software of this version knows VMDirectPath Gen 2: it came with 4.1 and went with 8.0.
fn knows_gen2(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    ((4, 1)..(8, 0)).contains(&version)
}

/// Why a host does not support VMDirectPath Gen 2. Software that does not know it is the only reason then.
fn reasons(knows: bool, lab: &HostLab) -> Vec<Str> {
    if !knows {
        return vec![text("hostNptIncompatibleProduct")];
    }
    let hardware = (!lab.iommu).then_some(text("hostNptIncompatibleHardware"));
    let disabled = (!lab.enabled).then_some(text("hostNptDisabled"));
    hardware.into_iter().chain(disabled).collect()
}

/// The capabilities, if they differ.
fn capable(now: &Obj<HostCapability>, knows: bool, lab: &HostLab) -> Option<Obj<HostCapability>> {
    let reasons = reasons(knows, lab);
    let supported = Some(reasons.is_empty());
    let reasons = (!reasons.is_empty()).then_some(reasons);
    if now.vm_direct_path_gen2_supported == supported && now.vm_direct_path_gen2_unsupported_reason == reasons {
        return None;
    }
    let mut made = now.clone();
    made.vm_direct_path_gen2_supported = supported;
    made.vm_direct_path_gen2_unsupported_reason = reasons;
    Some(made)
}

/// The networking, if any of its ports differs.
fn network(config: &HostConfigInfo, knows: bool, lab: &HostLab) -> Option<Obj<HostNetworkInfo>> {
    let network = config.network.as_ref()?;
    let wanted = |pnic: &PhysicalNic| port(knows, lab, &pnic.device);
    let has =
        |pnic: &PhysicalNic| (pnic.vm_direct_path_gen2_supported, pnic.vm_direct_path_gen2_supported_mode.clone());
    if network.pnic.iter().flatten().all(|pnic| has(pnic) == wanted(pnic)) {
        return None;
    }
    let mut made = network.clone();
    for pnic in made.pnic.iter_mut().flatten().filter(|pnic| has(pnic) != wanted(pnic)) {
        (pnic.vm_direct_path_gen2_supported, pnic.vm_direct_path_gen2_supported_mode) = wanted(pnic);
    }
    Some(made)
}

/// Whether a port supports VMDirectPath Gen 2, and how. Unset if the host's software does not know it.
fn port(knows: bool, lab: &HostLab, device: &str) -> (Option<bool>, Option<Str>) {
    let passes = lab.pnic(device).is_some_and(|pnic| pnic.upt);
    (knows.then_some(passes), if knows && passes { some("upt") } else { None })
}

/// The network system of a host shows the same networking as its configuration.
fn show_in_network_system(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(host) = tx.get::<HostSystem>(moref) else { return };
    let network = host.config.as_ref().and_then(|config| config.network.clone());
    let Some(system) = host.config_manager.network_system.clone() else { return };
    let shown = tx.get::<HostNetworkSystem>(&system).map(|system| system.network_info == network);
    if shown == Some(false)
        && let Some(system) = tx.edit::<HostNetworkSystem>(&system)
    {
        system.network_info = network;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_4_1_up_to_8_know_gen_2() {
        assert!(["4.1.0", "5.0.0", "6.7.3", "7.0.0"].into_iter().all(knows_gen2));
        assert!(!["4.0.0", "8.0.0", "8.0.3", "9.0.0", "", "x"].into_iter().any(knows_gen2));
    }

    #[test]
    fn incompatible_software_is_the_only_reason_and_others_come_together() {
        let lab = HostLab::default();
        assert_eq!(reasons(false, &lab), ["hostNptIncompatibleProduct"]);
        assert_eq!(reasons(true, &lab), ["hostNptIncompatibleHardware", "hostNptDisabled"]);
        assert_eq!(reasons(true, &HostLab { iommu: true, ..lab.clone() }), ["hostNptDisabled"]);
        assert!(reasons(true, &HostLab { iommu: true, enabled: true, ..lab }).is_empty());
    }
}
