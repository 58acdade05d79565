//! What only VMware's switches have: MTU, discovery, flow export, private VLANs, offload.

use inventory::Tx;
use model::network::product::{Version, offload_specs};
use vim25::{
    MoRef, Obj, mo,
    types::{
        DVSConfigInfo, InvalidIpfixConfig, VMwareDVSConfigInfo, VMwareDVSConfigSpec, VMwareDVSPvlanMapEntry,
        VMwareIpfixConfig,
    },
};

use super::faults::{dvs, not_found};
use crate::fault::Fault;

/// The smallest MTU of a switch.
const LEAST_MTU: i32 = 1280;
/// The largest MTU of a switch.
const MOST_MTU: i32 = 9190;
const VLANS: std::ops::RangeInclusive<i32> = 1..=4094;

/// The version of a switch.
pub fn version(config: &DVSConfigInfo) -> Option<Version> {
    Version::parse(config.product_info.version.as_deref()?)
}

/// Changes what the spec names.
pub fn apply(tx: &mut Tx<'_>, switch: &MoRef, spec: &VMwareDVSConfigSpec) -> Result<(), Fault> {
    let known = tx.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    let mut config = known.config.clone();
    let newness = version(&config);
    let Some(vmware) = config.cast_mut::<VMwareDVSConfigInfo>() else {
        return Err(Fault::not_supported("The switch is none of VMware's."));
    };
    links(vmware, spec)?;
    if let Some(ipfix) = &spec.ipfix_config {
        vmware.ipfix_config = Some(checked_ipfix(ipfix)?);
    }
    words(vmware, spec)?;
    private_vlans(vmware, spec)?;
    offload(vmware, spec, newness)?;
    if let Some(switch) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        switch.config = config;
    }
    Ok(())
}

fn links(config: &mut VMwareDVSConfigInfo, spec: &VMwareDVSConfigSpec) -> Result<(), Fault> {
    if let Some(mtu) = spec.max_mtu {
        if !(LEAST_MTU..=MOST_MTU).contains(&mtu) {
            let why = format!("an MTU is {LEAST_MTU} to {MOST_MTU} bytes, not {mtu}");
            return Err(Fault::invalid_argument("spec.maxMtu", why));
        }
        config.max_mtu = mtu;
    }
    if let Some(discovery) = &spec.link_discovery_protocol_config {
        let known = ["cdp", "lldp"].contains(&discovery.protocol.as_str())
            && ["none", "listen", "advertise", "both"].contains(&discovery.operation.as_str());
        if !known {
            let why = "the protocol is cdp or lldp; the operation none, listen, advertise or both";
            return Err(Fault::invalid_argument("spec.linkDiscoveryProtocolConfig", why));
        }
        config.link_discovery_protocol_config = Some(discovery.clone());
    }
    Ok(())
}

fn checked_ipfix(ipfix: &Obj<VMwareIpfixConfig>) -> Result<Obj<VMwareIpfixConfig>, Fault> {
    let wrong = |property: &'static str| {
        let fault = InvalidIpfixConfig { property: Some(property.into()), ..Default::default() };
        Fault::new(fault, format!("The flow export cannot be like this: {property}."))
    };
    let address = ipfix.collector_ip_address.as_deref().filter(|a| !a.is_empty());
    if address.is_some_and(|a| a.parse::<std::net::IpAddr>().is_err()) {
        return Err(wrong("collectorIpAddress"));
    }
    if ipfix.collector_port.is_some_and(|port| !(0..=65_535).contains(&port)) {
        return Err(wrong("collectorPort"));
    }
    if !(60..=3600).contains(&ipfix.active_flow_timeout) {
        return Err(wrong("activeFlowTimeout"));
    }
    if ipfix.idle_flow_timeout.is_some_and(|t| !(10..=600).contains(&t)) {
        return Err(wrong("idleFlowTimeout"));
    }
    match (0..=16_384).contains(&ipfix.sampling_rate) {
        true => Ok(ipfix.clone()),
        false => Err(wrong("samplingRate")),
    }
}

fn words(config: &mut VMwareDVSConfigInfo, spec: &VMwareDVSConfigSpec) -> Result<(), Fault> {
    if let Some(version) = &spec.lacp_api_version {
        if !["singleLag", "multipleLag"].contains(&version.as_str()) {
            return Err(Fault::invalid_argument("spec.lacpApiVersion", format!("'{version}' is none")));
        }
        config.lacp_api_version = Some(version.clone());
    }
    if let Some(mode) = &spec.multicast_filtering_mode {
        if !["legacyFiltering", "snooping"].contains(&mode.as_str()) {
            return Err(Fault::invalid_argument("spec.multicastFilteringMode", format!("'{mode}' is none")));
        }
        config.multicast_filtering_mode = Some(mode.clone());
    }
    Ok(())
}

fn private_vlans(config: &mut VMwareDVSConfigInfo, spec: &VMwareDVSConfigSpec) -> Result<(), Fault> {
    let list = config.pvlan_config.get_or_insert_default();
    for change in spec.pvlan_config_spec.iter().flatten() {
        let entry = &change.pvlan_entry;
        let same = |e: &Obj<VMwareDVSPvlanMapEntry>| e.secondary_vlan_id == entry.secondary_vlan_id;
        match change.operation.as_str() {
            "add" if list.iter().any(same) => {
                return Err(dvs(format!("The private VLAN {} is there already.", entry.secondary_vlan_id)));
            }
            "add" => {
                check_private_vlan(entry)?;
                list.push(entry.clone());
            }
            "edit" => {
                check_private_vlan(entry)?;
                let known = list.iter_mut().find(|e| same(e));
                *known.ok_or_else(|| no_private_vlan(entry))? = entry.clone();
            }
            "remove" if !list.iter().any(same) => return Err(no_private_vlan(entry)),
            "remove" => list.retain(|e| !same(e)),
            other => {
                let why = format!("'{other}' is no operation");
                return Err(Fault::invalid_argument("spec.pvlanConfigSpec.operation", why));
            }
        }
    }
    Ok(())
}

fn no_private_vlan(entry: &VMwareDVSPvlanMapEntry) -> Fault {
    not_found(format!("There is no private VLAN {}.", entry.secondary_vlan_id))
}

fn check_private_vlan(entry: &VMwareDVSPvlanMapEntry) -> Result<(), Fault> {
    let promiscuous = entry.pvlan_type == "promiscuous";
    let right = ["promiscuous", "isolated", "community"].contains(&entry.pvlan_type.as_str())
        && VLANS.contains(&entry.primary_vlan_id)
        && VLANS.contains(&entry.secondary_vlan_id)
        && promiscuous == (entry.primary_vlan_id == entry.secondary_vlan_id);
    match right {
        true => Ok(()),
        false => {
            let why = "VLANs are 1 to 4094; a promiscuous one is its own secondary, and only that one is";
            Err(Fault::invalid_argument("spec.pvlanConfigSpec.pvlanEntry", why))
        }
    }
}

fn offload(
    config: &mut VMwareDVSConfigInfo,
    spec: &VMwareDVSConfigSpec,
    version: Option<Version>,
) -> Result<(), Fault> {
    let Some(wanted) = &spec.network_offload_spec_id else { return Ok(()) };
    if config.network_offload_spec_id.as_ref() == Some(wanted) {
        return Ok(());
    }
    let known = version.map(offload_specs).unwrap_or_default();
    if !known.iter().any(|s| s.id == *wanted) {
        let why = format!("a switch of this version has no offload '{wanted}'");
        return Err(Fault::invalid_argument("spec.networkOffloadSpecId", why));
    }
    if config.host.iter().flatten().next().is_some() {
        return Err(dvs("The offload can only be chosen while no host is a member of the switch."));
    }
    config.network_offload_spec_id = Some(wanted.clone());
    Ok(())
}
