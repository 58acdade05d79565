//! Whether a host and its network ports support VMDirectPath Gen 2: follows from its software and its [lab
//! settings](super::lab), never written by anyone else.

use directpath::{Reason, host_reasons, read::product_version};
use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj, Str,
    mo::{HostNetworkSystem, HostSystem},
    types::{HostCapability, HostConfigInfo, HostNetworkInfo, PhysicalNic},
};

use super::lab::HostLab;
use crate::{
    derive::differs,
    kit::{some, text},
};

/// The rule.
pub(crate) struct Passthrough;

impl Derive for Passthrough {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["HostSystem"])
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched {
            if may_differ(tx, moref) {
                host(tx, moref);
            }
        }
    }
}

/// Whether configuration or capabilities are others than before, or nobody has looked at them yet.
fn may_differ(tx: &mut Tx<'_>, moref: &MoRef) -> bool {
    differs(tx, moref, &["config", "capability"]) || tx.private::<HostLab>(&moref.id).is_none()
}

fn host(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(host) = tx.get::<HostSystem>(moref) else { return };
    let lab = HostLab::of_host(host);
    let knows = Software::of(host).gen2;
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

/// What the software of a host knows of passing network cards through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Software {
    /// VMDirectPath Gen 2, which came with 4.1 and went with 8.0.
    pub gen2: bool,
    /// UPTv2, which came with 8.0.
    pub uptv2: bool,
}

impl Software {
    /// Of this host.
    pub(crate) fn of(host: &HostSystem) -> Software {
        Software::version(product_version(host.config.as_deref()))
    }

    fn version(version: (u32, u32)) -> Software {
        Software { gen2: ((4, 1)..(8, 0)).contains(&version), uptv2: version >= (8, 0) }
    }
}

/// The capabilities, if they differ.
fn capable(now: &Obj<HostCapability>, knows: bool, lab: &HostLab) -> Option<Obj<HostCapability>> {
    let reasons = host_reasons(knows, lab.iommu, lab.enabled);
    let supported = Some(reasons.is_empty());
    let reasons = (!reasons.is_empty()).then(|| reasons.iter().map(|reason| text(reason.name())).collect());
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
    fn versions_from_4_1_up_to_8_know_gen_2_and_those_from_8_on_uptv2() {
        let knows = |version| {
            let software = Software::version(version);
            (software.gen2, software.uptv2)
        };
        assert!([(4, 1), (5, 0), (6, 7), (7, 0)].into_iter().all(|v| knows(v) == (true, false)));
        assert!([(8, 0), (9, 0)].into_iter().all(|v| knows(v) == (false, true)));
        assert!([(4, 0), (0, 0)].into_iter().all(|v| knows(v) == (false, false)));
    }
}
