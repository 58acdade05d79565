//! Whether ports can be set so.

use inventory::Tx;
use vim25::{
    MoRef, Obj, Str, mo,
    types::{
        DVPortSetting, NumericRange, VMwareDVSConfigInfo, VMwareDVSPortSetting,
        VmwareDistributedVirtualSwitchPvlanSpec, VmwareDistributedVirtualSwitchTrunkVlanSpec,
        VmwareDistributedVirtualSwitchVlanIdSpec, VmwareDistributedVirtualSwitchVlanSpec,
        VmwareUplinkPortTeamingPolicy,
    },
};

use super::{create::names_of, faults::dvs};
use crate::fault::Fault;

/// Refuses what the switch does not have or no port can be set to.
pub fn check(tx: &Tx<'_>, switch: &MoRef, setting: &Obj<DVPortSetting>) -> Result<(), Fault> {
    let Some(known) = tx.get::<mo::DistributedVirtualSwitch>(switch) else { return Ok(()) };
    shaping(setting)?;
    let Some(vmware) = setting.cast::<VMwareDVSPortSetting>() else { return Ok(()) };
    if let Some(vlan) = vmware.vlan.as_ref().filter(|v| !v.inherited) {
        let pvlans = known.config.cast::<VMwareDVSConfigInfo>().and_then(|c| c.pvlan_config.as_deref());
        let known: Vec<i32> = pvlans.unwrap_or_default().iter().map(|e| e.secondary_vlan_id).collect();
        vlan_exists(vlan, &known)?;
    }
    match vmware.uplink_teaming_policy.as_ref().filter(|t| !t.inherited) {
        Some(teaming) => teaming_possible(known, teaming),
        None => Ok(()),
    }
}

fn shaping(setting: &DVPortSetting) -> Result<(), Fault> {
    for policy in [&setting.in_shaping_policy, &setting.out_shaping_policy].into_iter().flatten() {
        let numbers = [&policy.average_bandwidth, &policy.peak_bandwidth, &policy.burst_size];
        if numbers.into_iter().flatten().any(|n| n.value.is_some_and(|v| v < 0)) {
            return Err(Fault::invalid_argument("setting.shapingPolicy", "no bandwidth is below 0"));
        }
    }
    Ok(())
}

fn vlan_exists(vlan: &Obj<VmwareDistributedVirtualSwitchVlanSpec>, private: &[i32]) -> Result<(), Fault> {
    let wrong = |why: String| Err(Fault::invalid_argument("setting.vlan", why));
    if let Some(single) = vlan.cast::<VmwareDistributedVirtualSwitchVlanIdSpec>() {
        return match single.vlan_id {
            0..=4094 => Ok(()),
            other => wrong(format!("a VLAN is 0 (none) to 4094, not {other}")),
        };
    }
    if let Some(trunk) = vlan.cast::<VmwareDistributedVirtualSwitchTrunkVlanSpec>() {
        let bad = |r: &&Obj<NumericRange>| r.start < 0 || r.end > 4094 || r.start > r.end;
        return match trunk.vlan_id.iter().flatten().find(bad) {
            Some(range) => wrong(format!("{} to {} is no range of VLANs", range.start, range.end)),
            None => Ok(()),
        };
    }
    match vlan.cast::<VmwareDistributedVirtualSwitchPvlanSpec>() {
        Some(spec) if !private.contains(&spec.pvlan_id) => {
            Err(dvs(format!("The switch has no private VLAN {}.", spec.pvlan_id)))
        }
        _ => Ok(()),
    }
}

fn teaming_possible(
    switch: &mo::DistributedVirtualSwitch,
    teaming: &VmwareUplinkPortTeamingPolicy,
) -> Result<(), Fault> {
    let features = switch.capability.features_supported.as_ref();
    let policies = features.and_then(|f| f.nic_teaming_policy.as_deref()).unwrap_or_default();
    if let Some(policy) = teaming.policy.as_ref().filter(|p| !p.inherited).and_then(|p| p.value.as_ref())
        && !policies.contains(policy)
    {
        return Err(Fault::invalid_argument("setting.uplinkTeamingPolicy.policy", format!("'{policy}' is none here")));
    }
    let Some(order) = teaming.uplink_port_order.as_ref().filter(|o| !o.inherited) else { return Ok(()) };
    let names: Vec<Str> = names_of(&switch.config.uplink_port_policy).unwrap_or_default().to_vec();
    let asked = || order.active_uplink_port.iter().flatten().chain(order.standby_uplink_port.iter().flatten());
    let mut seen = std::collections::HashSet::new();
    if let Some(unknown) = asked().find(|name| !names.contains(name)) {
        let why = format!("the switch has no uplink '{unknown}'; it has {}", names.join(", "));
        return Err(Fault::invalid_argument("setting.uplinkTeamingPolicy.uplinkPortOrder", why));
    }
    match asked().find(|name| !seen.insert(*name)) {
        Some(twice) => {
            let why = format!("'{twice}' is named twice");
            Err(Fault::invalid_argument("setting.uplinkTeamingPolicy.uplinkPortOrder", why))
        }
        None => Ok(()),
    }
}
