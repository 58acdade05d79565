//! Adapters of virtual machines.

use std::sync::Arc;

use inventory::Tx;
use vim25::{
    MoRef, Obj, Shared, Str, cast,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, VirtualMachine},
    types::{
        DistributedVirtualSwitchPortConnection, VirtualDevice, VirtualEthernetCardDistributedVirtualPortBackingInfo,
        VirtualMachinePowerState,
    },
};

use super::{super::lookup::group, Happening, Plugs};
use crate::network::ports::{Binding, Connectee, Place, Ports, STEP, binding, grow, of_connection, port, shrink};

/// An adapter that is backed by a distributed switch.
struct Plug {
    key: i32,
    connection: Obj<DistributedVirtualSwitchPortConnection>,
    /// Whether its machine has power (runs or is suspended) and it is connected.
    active: bool,
    /// Whether its machine runs and it is connected.
    link: bool,
}

/// Brings the ports of these machines up to date: first all that let go of a port, then all that take one.
pub(super) fn follow<'m>(rule: &Plugs, tx: &mut Tx<'_>, machines: impl Iterator<Item = &'m MoRef>) {
    let changed: Vec<&MoRef> = machines.filter(|vm| !same_as_before(tx, vm)).collect();
    for vm in &changed {
        let_go(rule, tx, vm);
    }
    for vm in changed {
        for plug in tx.get(vm).map(plugs).unwrap_or_default() {
            settle(rule, tx, vm, &plug);
        }
    }
}

fn same_as_before(tx: &Tx<'_>, vm: &MoRef) -> bool {
    let (before, now) = (tx.before().find(&vm.id), tx.find(&vm.id));
    before.zip(now).is_some_and(|(a, b)| Arc::ptr_eq(&a.content, &b.content) || same_plugs(&a.content, &b.content))
}

/// Whether two states of a machine share the configuration, and both have power or neither has.
fn same_plugs(before: &Shared, now: &Shared) -> bool {
    let (Some(before), Some(now)) = (cast::<VirtualMachine>(&**before), cast::<VirtualMachine>(&**now)) else {
        return false;
    };
    let config = before.config.as_ref().zip(now.config.as_ref());
    config.is_some_and(|(before, now)| before.same(now)) && before.runtime.power_state == now.runtime.power_state
}

fn plugs(vm: &VirtualMachine) -> Vec<Plug> {
    let state = &vm.runtime.power_state;
    let (off, on) = (*state == VirtualMachinePowerState::PoweredOff, *state == VirtualMachinePowerState::PoweredOn);
    let devices = vm.config.iter().flat_map(|c| c.hardware.device.iter().flatten());
    let plug = |device: &Obj<VirtualDevice>| {
        let backing = device.backing.as_ref()?.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
        let connected = device.connectable.as_ref().is_some_and(|c| c.connected);
        let connection = backing.port.clone();
        Some(Plug { key: device.key, connection, active: !off && connected, link: on && connected })
    };
    devices.filter_map(plug).collect()
}

fn connectee(vm: &MoRef, key: i32) -> Connectee {
    Connectee::Adapter { vm: vm.clone(), key }
}

/// Frees the ports that adapters of a machine had and no longer name.
fn let_go(rule: &Plugs, tx: &mut Tx<'_>, vm: &MoRef) {
    let old = tx.before().get(vm).map(plugs).unwrap_or_default();
    if old.is_empty() {
        return;
    }
    let now = tx.get(vm).map(plugs).unwrap_or_default();
    for plug in old {
        let stays = |p: &Plug| {
            let (a, b) = (&p.connection, &plug.connection);
            p.key == plug.key && (a.same(b) || (a.portgroup_key == b.portgroup_key && a.port_key == b.port_key))
        };
        if now.iter().any(stays) {
            continue;
        }
        if let Some(place) = of_connection(tx, &plug.connection) {
            free(rule, tx, &place, &connectee(vm, plug.key));
        }
    }
}

/// Disconnects an adapter; its port goes too, where ports are made for a connection.
fn free(rule: &Plugs, tx: &mut Tx<'_>, place: &Place, connectee: &Connectee) {
    rule.unplug(tx, place, connectee);
    let ephemeral = binding_of(tx, &place.portgroup) == Some(Binding::Ephemeral);
    if ephemeral && !shrink(tx, &place.portgroup, &[place.key]).is_empty() {
        rule.tell(tx, &place.portgroup, &[place.key], || Happening::Removed);
    }
}

fn binding_of(tx: &Tx<'_>, portgroup: &MoRef) -> Option<Binding> {
    tx.get::<DistributedVirtualPortgroup>(portgroup).map(binding)
}

/// Connects an adapter to the port that it names, chooses one for it, or takes its port from it.
fn settle(rule: &Plugs, tx: &mut Tx<'_>, vm: &MoRef, plug: &Plug) {
    let named = of_connection(tx, &plug.connection);
    let portgroup = match &named {
        Some(place) => place.portgroup.clone(),
        None => match portgroup_of(tx, &plug.connection) {
            Some(portgroup) => portgroup,
            None => return,
        },
    };
    let wants = plug.active || binding_of(tx, &portgroup) == Some(Binding::Early);
    let this = connectee(vm, plug.key);
    if !wants {
        if let Some(place) = &named {
            free(rule, tx, place, &this);
        }
        return name(tx, vm, plug, None);
    }
    let is_ours = |place: &Place| port(tx, place).and_then(|p| p.connectee.as_ref()).is_none_or(|c| *c == this);
    if let Some(place) = named.filter(is_ours) {
        return rule.plug(tx, &place, this, plug.connection.connection_cookie, plug.link);
    }
    match choose(rule, tx, &portgroup) {
        Some(place) => {
            let cookie = Some((tx.random() >> 33) as i32);
            rule.plug(tx, &place, this, cookie, plug.link);
            name(tx, vm, plug, Some((place.key, cookie)));
        }
        None => name(tx, vm, plug, None),
    }
}

/// The port group that a connection names, if it is one of the switch that it names.
fn portgroup_of(tx: &Tx<'_>, connection: &DistributedVirtualSwitchPortConnection) -> Option<MoRef> {
    let portgroup = group(connection.portgroup_key.clone()?);
    let switch = tx.get::<DistributedVirtualPortgroup>(&portgroup)?.config.distributed_virtual_switch.as_ref()?;
    let uuid = &tx.get::<DistributedVirtualSwitch>(switch)?.uuid;
    uuid.eq_ignore_ascii_case(&connection.switch_uuid).then_some(portgroup)
}

/// A free port of a group, made if the group makes ports when it needs them.
fn choose(rule: &Plugs, tx: &mut Tx<'_>, portgroup: &MoRef) -> Option<Place> {
    if let Some(key) = tx.private::<Ports>(&portgroup.id)?.free().first() {
        return Some(Place { portgroup: portgroup.clone(), key });
    }
    let group = tx.get::<DistributedVirtualPortgroup>(portgroup)?;
    let count = match binding(group) {
        Binding::Ephemeral => 1,
        _ if group.config.auto_expand == Some(true) => STEP,
        _ => return None,
    };
    let made = grow(tx, portgroup, count).ok()?;
    rule.tell(tx, portgroup, &made, || Happening::Created);
    Some(Place { portgroup: portgroup.clone(), key: *made.first()? })
}

/// Writes the port of an adapter into its backing.
fn name(tx: &mut Tx<'_>, vm: &MoRef, plug: &Plug, port: Option<(u32, Option<i32>)>) {
    let key = port.map(|(key, _)| Str::from(key.to_string()));
    let cookie = port.and_then(|(_, cookie)| cookie);
    if plug.connection.port_key == key && plug.connection.connection_cookie == cookie {
        return;
    }
    let Some(machine) = tx.edit::<VirtualMachine>(vm) else { return };
    let devices = machine.config.iter_mut().flat_map(|c| c.hardware.device.iter_mut().flatten());
    let Some(device) = devices.into_iter().find(|d| d.key == plug.key) else { return };
    let backing = device.backing.as_mut();
    let backing = backing.and_then(|b| b.cast_mut::<VirtualEthernetCardDistributedVirtualPortBackingInfo>());
    if let Some(backing) = backing {
        backing.port.port_key = key;
        backing.port.connection_cookie = cookie;
    }
}
