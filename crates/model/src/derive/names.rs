//! What networks repeat: their names, and on a switch what its port groups have.

use std::collections::BTreeSet;

use inventory::{Derive, Tx};
use vim25::{
    MoRef, MoRefs, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, Network},
};

/// The rule.
pub(super) struct Mirrors;

impl Derive for Mirrors {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Network",
            "OpaqueNetwork",
            "DistributedVirtualPortgroup",
            "VmwareDistributedVirtualSwitch",
            "DistributedVirtualSwitch",
        ])
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn reads_private(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let mut switches = BTreeSet::new();
        for moref in touched {
            match moref.kind.as_str() {
                "Network" | "OpaqueNetwork" => network(tx, moref),
                "DistributedVirtualPortgroup" => switches.extend(portgroup(tx, moref)),
                "DistributedVirtualSwitch" | "VmwareDistributedVirtualSwitch" => {
                    switch(tx, moref);
                    switches.insert(moref.clone());
                }
                _ => {}
            }
        }
        switches.iter().for_each(|switch| switch_summary(tx, switch));
    }
}

fn network(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(network) = tx.get::<Network>(moref) else { return };
    let name = network.name.clone();
    if network.summary.name != name
        && let Some(network) = tx.edit::<Network>(moref)
    {
        network.summary.name = name;
    }
}

/// Brings a port group up to date; returns its switch.
fn portgroup(tx: &mut Tx<'_>, moref: &MoRef) -> Option<MoRef> {
    network(tx, moref);
    let Some(portgroup) = tx.get::<DistributedVirtualPortgroup>(moref) else {
        let before = tx.was::<DistributedVirtualPortgroup>(moref)?;
        return before.config.distributed_virtual_switch.clone();
    };
    let name = portgroup.name.clone();
    let switch = portgroup.config.distributed_virtual_switch.clone();
    if portgroup.config.name != name
        && let Some(portgroup) = tx.edit::<DistributedVirtualPortgroup>(moref)
    {
        portgroup.config.name = name;
    }
    switch
}

fn switch(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(known) = tx.get::<DistributedVirtualSwitch>(moref) else { return };
    let name = known.name.clone();
    if (known.config.name != name || known.summary.name != name)
        && let Some(switch) = tx.edit::<DistributedVirtualSwitch>(moref)
    {
        switch.config.name = name.clone();
        switch.summary.name = name;
    }
}

/// The summary of a switch names its port groups, counts ports, and lists member hosts and virtual machines.
fn switch_summary(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(switch) = tx.get::<DistributedVirtualSwitch>(moref) else { return };
    let groups = switch.portgroup.iter().flatten();
    let groups: Vec<_> = groups.filter_map(|g| tx.get::<DistributedVirtualPortgroup>(g)).collect();
    let names: Vec<Str> = groups.iter().map(|g| g.name.clone()).collect();
    let ports: usize = groups.iter().map(|g| g.port_keys.as_ref().map_or(0, Vec::len)).sum();
    let ports = i32::try_from(ports).unwrap_or(i32::MAX);
    let members = switch.config.host.iter().flatten().filter_map(|m| m.config.host.clone());
    let members: MoRefs = members.collect();
    let mut summary = switch.summary.clone();
    if summary.portgroup_name.as_ref() != Some(&names) {
        summary.portgroup_name = Some(names);
    }
    if summary.num_ports != ports {
        summary.num_ports = ports;
    }
    if summary.host_member.as_ref() != Some(&members) {
        summary.num_hosts = Some(members.len() as i32);
        summary.host_member = Some(members);
    }
    let same = switch.summary == summary && switch.config.num_ports == ports;
    if !same && let Some(switch) = tx.edit::<DistributedVirtualSwitch>(moref) {
        if switch.config.num_ports != ports {
            switch.config.num_ports = ports;
        }
        super::put(&mut switch.summary, summary);
    }
}
