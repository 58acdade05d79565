//! Uplinks and VMkernel interfaces of hosts.

use std::collections::BTreeSet;

use inventory::Tx;
use vim25::{
    MoRef, Obj, Str,
    mo::{DistributedVirtualSwitch, HostSystem},
    types::{
        DistributedVirtualSwitchHostMember, DistributedVirtualSwitchPortConnection, HostNetworkInfo,
        HostSystemConnectionState, HostVirtualNic,
    },
};

use super::{Happening, Plugs};
use crate::network::ports::{Connectee, Place, find, lookup, of_connection, port, shrink, switch_of_host};

/// Brings the uplinks of these switches up to date.
pub(super) fn follow_switches<'m>(rule: &Plugs, tx: &mut Tx<'_>, switches: impl Iterator<Item = &'m MoRef>) {
    for switch in switches {
        let (old, now) = (members(tx.was(switch)), members(tx.get(switch)));
        if old == now {
            continue;
        }
        let wanted: BTreeSet<(Place, Connectee)> = now.iter().flat_map(|m| plugs(tx, switch, m)).collect();
        for (place, connectee) in old.iter().flat_map(|m| plugs(tx, switch, m)).collect::<Vec<_>>() {
            let plug = (place, connectee);
            if !wanted.contains(&plug) {
                rule.unplug(tx, &plug.0, &plug.1);
            }
        }
        for (place, connectee) in wanted {
            let link = is_up(tx, &connectee);
            rule.plug(tx, &place, connectee, Some(0), link);
        }
        drop_uplinks(rule, tx, switch, &old, &now);
    }
}

/// Uplinks that no member has any longer go.
fn drop_uplinks(rule: &Plugs, tx: &mut Tx<'_>, switch: &MoRef, old: &[Member], now: &[Member]) {
    let keys = |members: &[Member]| -> BTreeSet<Str> {
        members.iter().flat_map(|m| m.uplink_port_key.iter().flatten()).cloned().collect()
    };
    let gone = keys(old).difference(&keys(now)).filter_map(|key| find(tx, switch, key)).collect::<Vec<Place>>();
    for group in gone.chunk_by(|a, b| a.portgroup == b.portgroup) {
        let numbers: Vec<u32> = group.iter().map(|place| place.key).collect();
        let removed = shrink(tx, &group[0].portgroup, &numbers);
        if !removed.is_empty() {
            rule.tell(tx, &group[0].portgroup, &removed, || Happening::Removed);
        }
    }
}

type Member = Obj<DistributedVirtualSwitchHostMember>;

fn members(switch: Option<&DistributedVirtualSwitch>) -> Vec<Member> {
    switch.and_then(|s| s.config.host.clone()).unwrap_or_default()
}

/// The physical adapters of a member with their ports.
fn plugs(tx: &Tx<'_>, switch: &MoRef, member: &DistributedVirtualSwitchHostMember) -> Vec<(Place, Connectee)> {
    let Some(host) = &member.config.host else { return vec![] };
    let plug = |(device, key): (Str, Str)| {
        Some((find(tx, switch, &key)?, Connectee::PhysicalNic { host: host.clone(), device }))
    };
    lookup::plugged(member).into_iter().filter_map(plug).collect()
}

/// Brings links of uplinks, and VMkernel interfaces on ports, of these hosts up to date.
pub(super) fn follow_hosts<'m>(rule: &Plugs, tx: &mut Tx<'_>, hosts: impl Iterator<Item = &'m MoRef>) {
    for moref in hosts {
        let (old, now) = (tx.was::<HostSystem>(moref), tx.get::<HostSystem>(moref));
        let same_network = old.map(network) == now.map(network);
        let state = |host: &HostSystem| host.runtime.connection_state.clone();
        if same_network && old.map(state) == now.map(state) {
            continue;
        }
        let interfaces = |host| interfaces(moref, host);
        let (old, now) = (old.map(interfaces).unwrap_or_default(), now.map(interfaces).unwrap_or_default());
        for (connection, connectee) in old.iter().filter(|plug| !now.contains(plug)) {
            if let Some(place) = of_connection(tx, connection) {
                rule.unplug(tx, &place, connectee);
            }
        }
        for (connection, connectee) in now {
            let Some(place) = of_connection(tx, &connection) else { continue };
            if port(tx, &place).and_then(|p| p.connectee.as_ref()).is_none_or(|known| *known == connectee) {
                let link = is_up(tx, &connectee);
                rule.plug(tx, &place, connectee, connection.connection_cookie, link);
            }
        }
        refresh_links(rule, tx, moref);
    }
}

type Interface = (Obj<DistributedVirtualSwitchPortConnection>, Connectee);

fn network(host: &HostSystem) -> Option<&Obj<HostNetworkInfo>> {
    host.config.as_ref()?.network.as_ref()
}

fn interfaces(host: &MoRef, system: &HostSystem) -> Vec<Interface> {
    let vnics = network(system).and_then(|n| n.vnic.as_deref()).unwrap_or_default();
    let plug = |vnic: &Obj<HostVirtualNic>| {
        let connection = vnic.spec.distributed_virtual_port.clone()?;
        Some((connection, Connectee::HostNic { host: host.clone(), device: vnic.device.clone() }))
    };
    vnics.iter().filter_map(plug).collect()
}

/// A host whose adapters or connection changed has other links.
fn refresh_links(rule: &Plugs, tx: &mut Tx<'_>, host: &MoRef) {
    let Some(info) = tx.get::<HostSystem>(host).and_then(network) else { return };
    let members: Vec<_> = info.proxy_switch.iter().flatten().cloned().collect();
    for proxy in members {
        let Some(switch) = switch_of_host(tx, host, &proxy.dvs_uuid) else { continue };
        for pair in proxy.uplink_port.iter().flatten() {
            let Some(place) = find(tx, &switch, &pair.key) else { continue };
            let Some(known) = port(tx, &place) else { continue };
            let (Some(connectee), cookie) = (known.connectee.clone(), known.cookie) else { continue };
            let link = is_up(tx, &connectee);
            rule.plug(tx, &place, connectee, cookie, link);
        }
    }
}

/// Whether a physical adapter has a link; an interface of a connected host has one.
fn is_up(tx: &Tx<'_>, connectee: &Connectee) -> bool {
    let (Connectee::PhysicalNic { host, .. } | Connectee::HostNic { host, .. }) = connectee else { return false };
    let Some(system) = tx.get::<HostSystem>(host) else { return false };
    let connected = system.runtime.connection_state == HostSystemConnectionState::Connected;
    let has_link = |device: &str| {
        let nics = network(system).and_then(|n| n.pnic.as_deref()).unwrap_or_default();
        nics.iter().any(|nic| nic.device == device && nic.link_speed.is_some())
    };
    connected
        && match connectee {
            Connectee::PhysicalNic { device, .. } => has_link(device),
            _ => true,
        }
}
