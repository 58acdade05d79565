//! Changes of ports: made, removed, connected, disconnected, configured.

use std::sync::Arc;

use inventory::Tx;
use vim25::{
    MoRef, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch},
};

use super::{Binding, Connectee, Own, Place, Port, PortSpace, Ports, binding, lookup::number};

/// How many ports a port group that expands gets at a time.
pub const STEP: u32 = 8;

/// The switch has as many ports as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Gives a new port group of a switch its state: the ports that its `portKeys` name, which nobody uses yet.
pub(super) fn establish(tx: &mut Tx<'_>, portgroup: &MoRef) {
    let Some(group) = tx.get::<DistributedVirtualPortgroup>(portgroup) else { return };
    let Some(switch) = group.config.distributed_virtual_switch.clone() else { return };
    let keys: Vec<u32> = group.port_keys.iter().flatten().filter_map(|key| number(key)).collect();
    let mut ports = Ports::default();
    if tx.private::<PortSpace>(&switch.id).is_none() {
        tx.set_private(&switch.id, PortSpace::default());
    }
    for run in keys.chunk_by(|a, b| a + 1 == *b) {
        let (first, last) = (run[0], run[run.len() - 1]);
        ports.free.insert_range(first, last);
        if let Some(space) = tx.edit_private::<PortSpace>(&switch.id) {
            space.take(portgroup, first, last);
        }
    }
    tx.set_private(&portgroup.id, ports);
}

/// Makes `count` more ports in a port group. Returns their keys.
///
/// # Errors
/// If the switch would have more ports than it may have.
pub fn grow(tx: &mut Tx<'_>, portgroup: &MoRef, count: u32) -> Result<Vec<u32>, Full> {
    let group = tx.get::<DistributedVirtualPortgroup>(portgroup).ok_or(Full)?;
    let switch = group.config.distributed_virtual_switch.clone().ok_or(Full)?;
    let config = &tx.get::<DistributedVirtualSwitch>(&switch).ok_or(Full)?.config;
    if i64::from(config.num_ports) + i64::from(count) > i64::from(config.max_ports) {
        return Err(Full);
    }
    if count == 0 {
        return Ok(vec![]);
    }
    if tx.private::<Ports>(&portgroup.id).is_none() {
        establish(tx, portgroup);
    }
    let (first, last) = tx.edit_private::<PortSpace>(&switch.id).ok_or(Full)?.allot(portgroup, count);
    if let Some(ports) = tx.edit_private::<Ports>(&portgroup.id) {
        ports.free.insert_range(first, last);
    }
    if let Some(group) = tx.edit::<DistributedVirtualPortgroup>(portgroup) {
        group.port_keys.get_or_insert_default().extend((first..=last).map(|key| Str::from(key.to_string())));
        count_ports(group);
    }
    Ok((first..=last).collect())
}

/// Removes ports to which nobody is connected; others stay. Returns the keys of those removed.
pub fn shrink(tx: &mut Tx<'_>, portgroup: &MoRef, keys: &[u32]) -> Vec<u32> {
    let by = tx.number();
    let Some(ports) = tx.edit_private::<Ports>(&portgroup.id) else { return vec![] };
    let gone: Vec<u32> = keys.iter().copied().filter(|key| ports.free.remove(*key)).collect();
    for key in &gone {
        ports.put(by, *key, None);
    }
    let Some(group) = tx.edit::<DistributedVirtualPortgroup>(portgroup) else { return gone };
    let mut known = gone.clone();
    known.sort_unstable();
    let is_gone = |key: &Str| number(key).is_some_and(|key| known.binary_search(&key).is_ok());
    group.port_keys.get_or_insert_default().retain(|key| !is_gone(key));
    count_ports(group);
    let switch = group.config.distributed_virtual_switch.clone().unwrap_or_default();
    if let Some(space) = tx.edit_private::<PortSpace>(&switch.id) {
        gone.iter().for_each(|key| space.release(*key));
    }
    gone
}

/// Gives back the keys of a port group that is about to be removed.
pub fn abandon(tx: &mut Tx<'_>, portgroup: &MoRef) {
    let Some(group) = tx.get::<DistributedVirtualPortgroup>(portgroup) else { return };
    let Some(switch) = group.config.distributed_virtual_switch.clone() else { return };
    let keys: Vec<u32> = group.port_keys.iter().flatten().filter_map(|key| number(key)).collect();
    if let Some(space) = tx.edit_private::<PortSpace>(&switch.id) {
        keys.iter().for_each(|key| space.release(*key));
    }
}

/// Ports that come and go with their connection are not counted.
fn count_ports(group: &mut DistributedVirtualPortgroup) {
    let count = group.port_keys.as_ref().map_or(0, Vec::len);
    if binding(group) != Binding::Ephemeral {
        group.config.num_ports = i32::try_from(count).unwrap_or(i32::MAX);
    }
}

/// Moves a port, with all that is said of it, to another group of its switch. The adapter that is connected to it has to
/// name the group too. Whether there is such a port.
pub fn transfer(tx: &mut Tx<'_>, place: &Place, to: &MoRef) -> bool {
    let Some(group) = tx.get::<DistributedVirtualPortgroup>(to) else { return false };
    let switch = group.config.distributed_virtual_switch.clone().unwrap_or_default();
    let by = tx.number();
    let Some(ports) = tx.edit_private::<Ports>(&place.portgroup.id).filter(|p| p.contains(place.key)) else {
        return false;
    };
    let (free, entry) = (ports.free.remove(place.key), ports.entries.get(&place.key).cloned());
    ports.put(by, place.key, None);
    let key = Str::from(place.key.to_string());
    if let Some(group) = tx.edit::<DistributedVirtualPortgroup>(&place.portgroup) {
        group.port_keys.get_or_insert_default().retain(|known| *known != key);
        count_ports(group);
    }
    if let Some(group) = tx.edit::<DistributedVirtualPortgroup>(to) {
        group.port_keys.get_or_insert_default().push(key);
        count_ports(group);
    }
    if let Some(space) = tx.edit_private::<PortSpace>(&switch.id) {
        space.release(place.key);
        space.take(to, place.key, place.key);
    }
    let Some(ports) = tx.edit_private::<Ports>(&to.id) else { return false };
    if free {
        ports.free.insert(place.key);
    }
    if let Some(entry) = entry {
        ports.put(by, place.key, Some(entry));
    }
    true
}

/// Gives a port a configuration of its own, or takes it back. Whether there is such a port.
pub fn configure(tx: &mut Tx<'_>, place: &Place, own: Option<Own>) -> bool {
    change(tx, place, |port| port.own = own.map(Arc::new))
}

/// Connects a port that is free, or says anew how it is connected.
pub(super) fn connect(tx: &mut Tx<'_>, place: &Place, connectee: Connectee, cookie: Option<i32>, link: bool) {
    change(tx, place, |port| {
        port.connectee = Some(connectee);
        port.cookie = cookie;
        port.link = link;
    });
}

/// Disconnects a port. Its own configuration goes too, if the policy of the group says so.
pub(super) fn disconnect(tx: &mut Tx<'_>, place: &Place) {
    let group = tx.get::<DistributedVirtualPortgroup>(&place.portgroup);
    let reset = group.is_some_and(|g| g.config.policy.port_config_reset_at_disconnect);
    change(tx, place, |port| {
        port.connectee = None;
        port.cookie = None;
        port.link = false;
        if reset {
            port.own = None;
        }
    });
}

/// Changes the entry of a port; an entry that says nothing goes.
fn change(tx: &mut Tx<'_>, place: &Place, change: impl FnOnce(&mut Port)) -> bool {
    let (now, by) = (tx.now(), tx.number());
    let Some(ports) = tx.edit_private::<Ports>(&place.portgroup.id) else { return false };
    let (free, mut port) = match ports.entries.get(&place.key) {
        Some(entry) => (entry.connectee.is_none(), (**entry).clone()),
        None => (true, Port { connectee: None, cookie: None, link: false, own: None, changed: now }),
    };
    if free && !ports.free.remove(place.key) {
        return false;
    }
    change(&mut port);
    port.changed = now;
    if port.connectee.is_none() {
        ports.free.insert(place.key);
    }
    let says_nothing = port.connectee.is_none() && port.own.is_none();
    ports.put(by, place.key, (!says_nothing).then(|| Arc::new(port)));
    true
}
