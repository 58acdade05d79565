//! Adapters of virtual machines.

use inventory::Tx;
use vim25::{
    MoRef, Obj, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, VirtualMachine},
    types::{
        DistributedVirtualSwitchPortConnection, VirtualDevice, VirtualEthernetCardDistributedVirtualPortBackingInfo,
        VirtualMachineConfigInfo, VirtualMachinePowerState,
    },
};

use super::{super::lookup::group, Happening, Plugs};
use crate::{
    network::ports::{Binding, Connectee, Place, Ports, STEP, binding, grow, of_connection, port, shrink},
    seen::Memory,
};

/// An adapter that is backed by a distributed switch.
struct Plug {
    key: i32,
    connection: Obj<DistributedVirtualSwitchPortConnection>,
    /// Whether its machine has power (runs or is suspended) and it is connected.
    active: bool,
    /// Whether its machine runs and it is connected.
    link: bool,
}

/// What of a machine its ports follow from: its configuration, and whether it has power.
#[derive(PartialEq)]
pub(super) struct Sight {
    config: Option<Obj<VirtualMachineConfigInfo>>,
    power: VirtualMachinePowerState,
}

impl Sight {
    fn of(vm: &VirtualMachine) -> Sight {
        Sight { config: vm.config.clone(), power: vm.runtime.power_state.clone() }
    }

    /// Whether it certainly is what [`Sight::of`] gives.
    fn is_of(&self, vm: &VirtualMachine) -> bool {
        let config = self.config.as_ref().zip(vm.config.as_ref());
        config.is_some_and(|(then, now)| then.same(now)) && self.power == vm.runtime.power_state
    }
}

/// Brings the ports of these machines up to date: first all that let go of a port, then all that take one.
pub(super) fn follow<'m>(rule: &Plugs, tx: &mut Tx<'_>, machines: impl Iterator<Item = &'m MoRef>) {
    let mut seen = rule.seen.in_this(tx);
    let changed: Vec<&MoRef> = machines.filter(|vm| may_differ(&seen, tx, vm)).collect();
    for vm in &changed {
        let_go(rule, tx, vm);
    }
    for vm in changed {
        for plug in tx.get(vm).map(plugs).unwrap_or_default() {
            settle(rule, tx, vm, &plug);
        }
        if let Some(now) = tx.get(vm) {
            seen.remember(&vm.id, Sight::of(now));
        }
    }
}

/// Whether a machine may be another than when it was last seen, in this commit or before it.
fn may_differ(seen: &Memory<Sight>, tx: &Tx<'_>, vm: &MoRef) -> bool {
    let Some(now) = tx.get::<VirtualMachine>(vm) else { return true };
    match seen.get(&vm.id) {
        Some(then) => !then.is_of(now),
        None => !tx.was(vm).is_some_and(|then| Sight::of(then).is_of(now)),
    }
}

fn devices(vm: &VirtualMachine) -> &[Obj<VirtualDevice>] {
    vm.config.as_ref().and_then(|config| config.hardware.device.as_deref()).unwrap_or_default()
}

/// Whether two states of a machine certainly have the same devices with the same backings.
fn share_backings(before: &VirtualMachine, now: &VirtualMachine) -> bool {
    let (before, now) = (devices(before), devices(now));
    let shared = |(a, b): (&Obj<VirtualDevice>, &Obj<VirtualDevice>)| {
        let same = || a.key == b.key && a.backing.as_ref().zip(b.backing.as_ref()).is_some_and(|(a, b)| a.same(b));
        a.same(b) || same()
    };
    before.len() == now.len() && before.iter().zip(now).all(shared)
}

fn plugs(vm: &VirtualMachine) -> Vec<Plug> {
    let state = &vm.runtime.power_state;
    let (off, on) = (*state == VirtualMachinePowerState::PoweredOff, *state == VirtualMachinePowerState::PoweredOn);
    let plug = |device: &Obj<VirtualDevice>| {
        let backing = device.backing.as_ref()?.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
        let connected = device.connectable.as_ref().is_some_and(|c| c.connected);
        let connection = backing.port.clone();
        Some(Plug { key: device.key, connection, active: !off && connected, link: on && connected })
    };
    devices(vm).iter().filter_map(plug).collect()
}

fn connectee(vm: &MoRef, key: i32) -> Connectee {
    Connectee::Adapter { vm: vm.clone(), key }
}

/// Frees the ports that adapters of a machine had and no longer name.
fn let_go(rule: &Plugs, tx: &mut Tx<'_>, vm: &MoRef) {
    let (Some(before), now) = (tx.was(vm), tx.get(vm)) else { return };
    if now.is_some_and(|now| share_backings(before, now)) {
        return;
    }
    let now = now.map(plugs).unwrap_or_default();
    for plug in plugs(before) {
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
