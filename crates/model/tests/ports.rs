//! Ports follow what is plugged into them.

mod common;

use inventory::{Inventory, Tx};
use model::{
    Settings,
    network::ports::{self, Connectee, Own, Place, PortSpace, Ports},
};
use vim25::{
    MoRef, Obj, Str,
    mo::{DistributedVirtualPortgroup, HostSystem, VirtualMachine, VmwareDistributedVirtualSwitch},
    types::{
        DistributedVirtualSwitchPortConnection, VirtualEthernetCardDistributedVirtualPortBackingInfo,
        VirtualMachinePowerState,
    },
};

type Connection = DistributedVirtualSwitchPortConnection;

fn commit(inventory: &Inventory, change: impl FnOnce(&mut Tx<'_>)) {
    inventory
        .commit(|tx| {
            change(tx);
            Ok::<(), ()>(())
        })
        .unwrap();
}

fn connection(vm: &VirtualMachine) -> Obj<Connection> {
    let device = vm.config.iter().flat_map(|c| c.hardware.device.iter().flatten()).find(|d| d.key == 4000).unwrap();
    let backing = device.backing.as_ref().unwrap();
    backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>().unwrap().port.clone()
}

/// Changes the connection of a machine's adapter, and whether it is connected.
fn replug(tx: &mut Tx<'_>, vm: &MoRef, change: impl FnOnce(&mut Connection)) {
    let config = tx.edit::<VirtualMachine>(vm).unwrap().config.as_mut().unwrap();
    let mut devices = config.hardware.device.iter_mut().flatten();
    let backing = devices.find(|d| d.key == 4000).unwrap().backing.as_mut().unwrap();
    change(&mut backing.cast_mut::<VirtualEthernetCardDistributedVirtualPortBackingInfo>().unwrap().port);
}

fn power(tx: &mut Tx<'_>, vm: &MoRef, on: bool) {
    let machine = tx.edit::<VirtualMachine>(vm).unwrap();
    let (on_, off) = (VirtualMachinePowerState::PoweredOn, VirtualMachinePowerState::PoweredOff);
    machine.runtime.power_state = if on { on_ } else { off };
    let devices = machine.config.iter_mut().flat_map(|c| c.hardware.device.iter_mut().flatten());
    for device in devices.filter(|d| d.key == 4000) {
        device.connectable.as_mut().unwrap().connected = on;
    }
}

fn adapter(vm: &MoRef) -> Option<Connectee> {
    Some(Connectee::Adapter { vm: vm.clone(), key: 4000 })
}

fn connectee(inventory: &Inventory, place: &Place) -> Option<Connectee> {
    ports::port(&inventory.snapshot(), place).and_then(|p| p.connectee.clone())
}

fn place_of(inventory: &Inventory, vm: &MoRef) -> Option<Place> {
    let world = inventory.snapshot();
    ports::of_connection(&world, &connection(world.get(vm).unwrap()))
}

/// The standard port group of the first switch.
fn group(inventory: &Inventory) -> MoRef {
    let world = inventory.snapshot();
    let groups = common::of_kind(&world, "DistributedVirtualPortgroup");
    groups.into_iter().map(|o| o.moref.clone()).find(|g| !is_uplink(inventory, g)).unwrap()
}

fn is_uplink(inventory: &Inventory, group: &MoRef) -> bool {
    inventory.snapshot().get::<DistributedVirtualPortgroup>(group).unwrap().config.uplink == Some(true)
}

fn rebind(inventory: &Inventory, group: &MoRef, kind: &'static str) {
    commit(inventory, |tx| {
        let group = tx.edit::<DistributedVirtualPortgroup>(group).unwrap();
        group.config.type_ = Str::new_static(kind);
        group.config.auto_expand = Some(false);
    });
}

/// Every port key has one owner, every connectee is plugged in where the port says, every plug has its port.
fn check(inventory: &Inventory) {
    let world = inventory.snapshot();
    for object in common::of_kind(&world, "DistributedVirtualPortgroup") {
        let group = world.get::<DistributedVirtualPortgroup>(&object.moref).unwrap();
        let ports = world.private::<Ports>(&object.moref.id).unwrap();
        let space = group.config.distributed_virtual_switch.as_ref().unwrap();
        let space = world.private::<PortSpace>(&space.id).unwrap();
        let keys: Vec<u32> = group.port_keys.iter().flatten().map(|k| k.parse().unwrap()).collect();
        let used = ports.iter().filter(|(_, p)| p.connectee.is_some()).count();
        assert_eq!(keys.len(), used + ports.free().len(), "{}", object.moref);
        for key in keys {
            assert!(ports.contains(key) && space.owner(key) == Some(&object.moref));
        }
        for (key, port) in ports.iter() {
            let Some(Connectee::Adapter { vm, .. }) = &port.connectee else { continue };
            let plugged = connection(world.get(vm).unwrap());
            let place = Place { portgroup: object.moref.clone(), key };
            assert_eq!(ports::of_connection(&world, &plugged), Some(place));
            assert_eq!(plugged.connection_cookie, port.cookie);
        }
    }
}

#[test]
fn a_new_world_has_its_machines_and_hosts_on_ports() {
    let (inventory, lab) = common::world(&Settings::default());
    check(&inventory);
    let world = inventory.snapshot();
    for vm in &lab.vms {
        let place = place_of(&inventory, vm).unwrap();
        let port = ports::port(&world, &place).unwrap();
        assert_eq!((port.connectee.clone(), port.link), (adapter(vm), true));
        let chain = ports::chain(&world, &place).unwrap();
        assert!(chain.is_allowed() && !chain.blocked());
        assert_eq!(chain.uplinks().map(Iterator::count), Some(4));
    }
    let switch = common::of_kind(&world, "VmwareDistributedVirtualSwitch")[0].moref.clone();
    for host in &lab.hosts {
        let uplinks = ports::uplinks(&world, &switch, host);
        let first = uplinks.iter().find(|u| u.device.is_some()).unwrap();
        let place = ports::find(&world, &switch, &first.port).unwrap();
        let port = ports::port(&world, &place).unwrap();
        let device = first.device.clone().unwrap();
        assert_eq!(port.connectee, Some(Connectee::PhysicalNic { host: host.clone(), device }));
        assert!(port.link);
        let uuid = &world.get::<VmwareDistributedVirtualSwitch>(&switch).unwrap().uuid;
        assert_eq!(ports::switch_of_host(&world, host, uuid), Some(switch.clone()));
    }
}

#[test]
fn an_adapter_that_moves_frees_its_port_and_one_without_a_port_gets_one() {
    let (inventory, lab) = common::world(&Settings::default());
    let vm = &lab.vms[0];
    let old = place_of(&inventory, vm).unwrap();
    commit(&inventory, |tx| {
        replug(tx, vm, |c| (c.port_key, c.connection_cookie) = (None, None));
    });
    assert_eq!(place_of(&inventory, vm), Some(old.clone()), "the first free port is the one just freed");
    let last = { inventory.snapshot().private::<Ports>(&old.portgroup.id).unwrap().free().iter().last() };
    commit(&inventory, |tx| replug(tx, vm, |c| c.port_key = last.map(|key| key.to_string().into())));
    assert_eq!(place_of(&inventory, vm).map(|p| p.key), last);
    assert_eq!(connectee(&inventory, &old), None);
    check(&inventory);
    commit(&inventory, |tx| {
        tx.remove(vm);
    });
    assert_eq!(inventory.snapshot().private::<Ports>(&old.portgroup.id).unwrap().get(last.unwrap()), None);
}

#[test]
fn two_adapters_on_one_port_get_two_ports() {
    let (inventory, lab) = common::world(&Settings::default());
    let [first, second] = [&lab.vms[0], &lab.vms[1]];
    let place = place_of(&inventory, first).unwrap();
    commit(&inventory, |tx| replug(tx, second, |c| c.port_key = Some(place.key.to_string().into())));
    assert_eq!(connectee(&inventory, &place), adapter(first));
    assert_ne!(place_of(&inventory, second), Some(place));
    check(&inventory);
}

#[test]
fn two_adapters_can_change_places_in_one_commit() {
    let (inventory, lab) = common::world(&Settings::default());
    let [a, b] = [0, 1].map(|i| place_of(&inventory, &lab.vms[i]).unwrap());
    commit(&inventory, |tx| {
        replug(tx, &lab.vms[0], |c| c.port_key = Some(b.key.to_string().into()));
        replug(tx, &lab.vms[1], |c| c.port_key = Some(a.key.to_string().into()));
    });
    assert_eq!(connectee(&inventory, &a), adapter(&lab.vms[1]));
    assert_eq!(connectee(&inventory, &b), adapter(&lab.vms[0]));
    check(&inventory);
}

#[test]
fn early_binding_keeps_the_port_of_a_machine_that_is_off_and_its_link_goes_down() {
    let (inventory, lab) = common::world(&Settings::default());
    let place = place_of(&inventory, &lab.vms[0]).unwrap();
    commit(&inventory, |tx| power(tx, &lab.vms[0], false));
    let world = inventory.snapshot();
    let port = ports::port(&world, &place).unwrap();
    assert_eq!((port.connectee.clone(), port.link), (adapter(&lab.vms[0]), false));
    assert_eq!(ports::host_of(&world, port.connectee.as_ref().unwrap()), {
        world.get::<VirtualMachine>(&lab.vms[0]).unwrap().runtime.host.as_ref()
    });
}

#[test]
fn late_binding_takes_a_port_while_the_machine_runs() {
    let (inventory, lab) = common::world(&Settings::default());
    let (vm, group) = (&lab.vms[0], group(&inventory));
    rebind(&inventory, &group, "lateBinding");
    commit(&inventory, |tx| power(tx, vm, false));
    assert_eq!(connection(inventory.snapshot().get(vm).unwrap()).port_key, None);
    check(&inventory);
    commit(&inventory, |tx| power(tx, vm, true));
    let place = place_of(&inventory, vm).unwrap();
    assert_eq!(connectee(&inventory, &place), adapter(vm));
    check(&inventory);
}

#[test]
fn ephemeral_ports_come_and_go_with_the_connection() {
    let (inventory, lab) = common::world(&Settings::default());
    let (vm, group) = (&lab.vms[0], group(&inventory));
    rebind(&inventory, &group, "ephemeral");
    let count = || inventory.snapshot().get::<DistributedVirtualPortgroup>(&group).unwrap().port_keys.clone().unwrap();
    let before = count().len();
    let old = place_of(&inventory, vm).unwrap().key;
    commit(&inventory, |tx| power(tx, vm, false));
    assert_eq!(count().len(), before - 1);
    check(&inventory);
    // Ports that were left over from early binding are taken first; without them a new one is made.
    commit(&inventory, |tx| {
        let free: Vec<u32> = tx.private::<Ports>(&group.id).unwrap().free().iter().collect();
        ports::shrink(tx, &group, &free);
    });
    let before = count().len();
    commit(&inventory, |tx| power(tx, vm, true));
    assert_eq!(count().len(), before + 1);
    assert!(place_of(&inventory, vm).unwrap().key > old, "a key never comes again");
    check(&inventory);
}

#[test]
fn a_full_group_expands_if_it_may() {
    let (inventory, lab) = common::world(&Settings::default());
    let (vm, group) = (&lab.vms[0], group(&inventory));
    let free: Vec<u32> = inventory.snapshot().private::<Ports>(&group.id).unwrap().free().iter().collect();
    commit(&inventory, |tx| {
        ports::shrink(tx, &group, &free);
        let second = connection(tx.get(&lab.vms[1]).unwrap()).port_key.clone();
        replug(tx, vm, |c| c.port_key = second);
    });
    let ports = inventory.snapshot().private::<Ports>(&group.id).unwrap().clone();
    // The port that the machine let go of is the first free one.
    assert_eq!((ports.free().len(), place_of(&inventory, vm).is_some()), (0, true));
    let copy = { inventory.snapshot().get::<VirtualMachine>(vm).unwrap().clone() };
    let other = MoRef::new("VirtualMachine", "vm-4711");
    commit(&inventory, |tx| tx.insert(other.clone(), copy));
    assert_eq!(inventory.snapshot().private::<Ports>(&group.id).unwrap().free().len(), ports::STEP as usize - 1);
    assert!(place_of(&inventory, &other).is_some());
    check(&inventory);
}

#[test]
fn an_uplink_without_its_physical_link_is_down() {
    let (inventory, lab) = common::world(&Settings::default());
    let (world, host) = (inventory.snapshot(), &lab.hosts[0]);
    let switch = common::of_kind(&world, "VmwareDistributedVirtualSwitch")[0].moref.clone();
    let uplinks = ports::uplinks(&world, &switch, host);
    let uplink = uplinks.iter().find(|u| u.device.is_some()).unwrap();
    let place = ports::find(&world, &switch, &uplink.port).unwrap();
    commit(&inventory, |tx| {
        let network = tx.edit::<HostSystem>(host).unwrap().config.as_mut().unwrap().network.as_mut().unwrap();
        let mut nics = network.pnic.iter_mut().flatten();
        nics.find(|n| Some(&n.device) == uplink.device.as_ref()).unwrap().link_speed = None;
    });
    assert!(!ports::port(&inventory.snapshot(), &place).unwrap().link);
}

#[test]
fn a_group_knows_to_which_ports_a_transaction_wrote() {
    let (inventory, lab) = common::world(&Settings::default());
    let place = place_of(&inventory, &lab.vms[0]).unwrap();
    let written = |tx: &Tx<'_>| tx.private::<Ports>(&place.portgroup.id).unwrap().written(tx).to_vec();
    for _ in 0..2 {
        commit(&inventory, |tx| {
            assert!(written(tx).is_empty());
            assert!(ports::configure(tx, &place, Some(Own::default())));
            assert_eq!(written(tx), [place.key]);
        });
    }
}

#[test]
fn a_new_world_is_what_the_rules_make_of_it_and_a_host_that_goes_leaves_its_switch() {
    let (inventory, lab) = common::world(&Settings { vms: 0, ..Settings::default() });
    let host = &lab.hosts[0];
    let world = inventory.snapshot();
    let switch = common::of_kind(&world, "VmwareDistributedVirtualSwitch")[0].moref.clone();
    let uplinks: Vec<Place> = ports::uplinks(&world, &switch, host)
        .iter()
        .map(|uplink| ports::find(&world, &switch, &uplink.port).unwrap())
        .collect();
    assert_eq!(uplinks.len(), 4);
    let proxies = world.get::<HostSystem>(host).unwrap().config.as_ref().unwrap().network.as_ref().unwrap();
    assert_eq!(proxies.proxy_switch.as_ref().unwrap()[0].uplink_port.as_ref().unwrap().len(), 4);
    commit(&inventory, |tx| {
        tx.remove(host);
    });
    let world = inventory.snapshot();
    let known = world.get::<VmwareDistributedVirtualSwitch>(&switch).unwrap();
    assert!(!known.summary.host_member.as_ref().unwrap().contains(host));
    assert_eq!(known.config.host.as_ref().unwrap().len(), lab.hosts.len() - 1);
    for place in &uplinks {
        assert!(!world.private::<Ports>(&place.portgroup.id).unwrap().contains(place.key));
    }
    for group in known.portgroup.as_ref().unwrap() {
        assert!(!world.get::<DistributedVirtualPortgroup>(group).unwrap().host.as_ref().unwrap().contains(host));
    }
    check(&inventory);
}

#[test]
fn thousands_of_machines_in_one_group_each_have_their_port() {
    let (inventory, lab) = common::world(&Settings { vms: 700, ..Settings::default() });
    check(&inventory);
    for vm in lab.vms.iter().step_by(100) {
        commit(&inventory, |tx| power(tx, vm, false));
    }
    check(&inventory);
}
