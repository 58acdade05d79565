use super::*;
use crate::vm::testing::{PORTGROUP, SWITCH};

fn on_port(portgroup: Option<&str>, port: Option<&str>) -> VirtualVmxnet3 {
    let mut card = nic();
    let connection = DistributedVirtualSwitchPortConnection {
        switch_uuid: SWITCH.into(),
        portgroup_key: portgroup.map(Into::into),
        port_key: port.map(Into::into),
        connection_cookie: None,
    };
    let backing = VirtualEthernetCardDistributedVirtualPortBackingInfo::with(|b| b.port = connection.into());
    card.backing = Some(backing.into());
    card
}

fn with_address(kind: Option<&str>, mac: Option<&str>) -> VirtualVmxnet3 {
    let mut card = nic();
    card.address_type = kind.map(Into::into);
    card.mac_address = mac.map(Into::into);
    card
}

fn added(world: &World, card: impl Extends<VirtualDevice>) -> Result<Obj<VirtualDevice>, &'static str> {
    apply(scene(world), &[add(card)]).map(|c| by_key(&c.devices, 4000)).map_err(|f| f.name())
}

fn card(device: &Obj<VirtualDevice>) -> &VirtualEthernetCard {
    device.cast().unwrap()
}

fn port(device: &Obj<VirtualDevice>) -> Obj<DistributedVirtualSwitchPortConnection> {
    let backing = device.backing.as_ref().unwrap();
    backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>().unwrap().port.clone()
}

#[test]
fn an_adapter_gets_place_address_and_defaults() {
    let device = added(&World::default(), nic()).unwrap();
    assert_eq!((device.controller_key, device.unit_number), (Some(100), Some(7)));
    let card = card(&device);
    assert_eq!(card.address_type.as_deref(), Some("assigned"));
    assert!(card.mac_address.as_ref().unwrap().starts_with("00:50:56:"));
    assert_eq!((card.wake_on_lan_enabled, card.upt_compatibility_enabled), (Some(true), Some(true)));
    let backing = card.backing.as_ref().unwrap().cast::<VirtualEthernetCardNetworkBackingInfo>().unwrap();
    assert_eq!(backing.network.as_ref().unwrap().id, "network-7");
    assert_eq!(card.device_info.as_ref().unwrap().summary, "VM Network");
    assert!(!card.connectable.as_ref().unwrap().connected);
}

#[test]
fn an_adapter_on_a_port_group_gets_a_port_of_its_own() {
    let world = World::default();
    let group = || on_port(Some(PORTGROUP), None);
    let devices = apply(scene(&world), &[add(group()), add(group())]).unwrap().devices;
    let ports = [4000, 4001].map(|key| port(&by_key(&devices, key)));
    assert_eq!(ports.clone().map(|p| p.port_key.clone().unwrap()), ["0", "1"]);
    assert!(ports[0].connection_cookie.is_some());
    assert_eq!(by_key(&devices, 4000).device_info.clone().unwrap().summary, format!("DVSwitch: {SWITCH}"));
}

#[test]
fn a_full_group_that_expands_gives_a_port_later() {
    let device = added(&World { ports: 0, expands: true, ..World::default() }, on_port(Some(PORTGROUP), None)).unwrap();
    assert_eq!((&port(&device).port_key, port(&device).connection_cookie), (&None, None));
}

#[test]
fn a_port_that_somebody_uses_or_that_is_not_there_is_no_backing() {
    let world = World::default();
    assert_eq!(added(&world, on_port(Some(PORTGROUP), Some("77"))).unwrap_err(), "InvalidDeviceBacking");
    assert_eq!(added(&world, on_port(Some(PORTGROUP), Some("4711"))).unwrap_err(), "InvalidDeviceBacking");
    assert_eq!(added(&world, on_port(Some(PORTGROUP), Some("x"))).unwrap_err(), "InvalidDeviceBacking");
}

#[test]
fn a_port_may_be_named_without_its_group() {
    let device = added(&World::default(), on_port(None, Some("42"))).unwrap();
    assert_eq!(
        (port(&device).portgroup_key.as_deref(), port(&device).port_key.as_deref()),
        (Some(PORTGROUP), Some("42"))
    );
}

#[test]
fn unknown_networks_ports_and_groups_full_groups_and_uplinks_are_no_backing() {
    let world = World::default();
    let mut lost = nic();
    lost.backing = network("nowhere");
    assert_eq!(added(&world, lost).unwrap_err(), "InvalidDeviceBacking");
    assert_eq!(added(&world, on_port(Some("dvportgroup-99"), None)).unwrap_err(), "InvalidDeviceBacking");
    assert_eq!(added(&world, on_port(Some("dvportgroup-11"), None)).unwrap_err(), "InvalidDeviceBacking");
    assert_eq!(added(&world, on_port(None, Some("4711"))).unwrap_err(), "InvalidDeviceBacking");
    let full = World { ports: 0, ..World::default() };
    assert_eq!(added(&full, on_port(Some(PORTGROUP), None)).unwrap_err(), "InvalidDeviceBacking");
    let mut opaque = nic();
    opaque.backing = Some(devices::opaque_backing("nsx-9", "nsx.LogicalSwitch"));
    assert_eq!(added(&world, opaque).unwrap_err(), "InvalidDeviceBacking");
    let mut bare = nic();
    bare.backing = None;
    assert_eq!(added(&world, bare).unwrap_err(), "InvalidDeviceSpec");
}

#[test]
fn an_opaque_network_backs_an_adapter() {
    let mut opaque = nic();
    opaque.backing = Some(devices::opaque_backing("nsx-1", "nsx.LogicalSwitch"));
    assert!(added(&World::default(), opaque).is_ok());
}

#[test]
fn a_manual_address_is_of_the_range_for_manual_ones() {
    let world = World::default();
    let given = |kind, mac| added(&world, with_address(kind, mac)).map(|d| card(&d).mac_address.clone().unwrap());
    assert_eq!(given(Some("manual"), Some("00:50:56:3F:00:01")), Ok("00:50:56:3f:00:01".into()));
    assert_eq!(given(None, Some("00:50:56:00:00:01")), Ok("00:50:56:00:00:01".into()));
    for bad in ["00:50:56:40:00:01", "00:0c:29:00:00:01", "00:50:56:00:00", "00-50-56-00-00-01", "zz:50:56:00:00:01"] {
        assert_eq!(given(Some("manual"), Some(bad)), Err("InvalidDeviceSpec"), "{bad}");
    }
    assert_eq!(given(Some("manual"), None), Err("InvalidDeviceSpec"));
    assert_eq!(given(Some("sideways"), None), Err("InvalidDeviceSpec"));
    assert!(given(Some("generated"), None).unwrap().starts_with("00:0c:29:"));
}

#[test]
fn an_address_that_another_vm_has_is_not_given() {
    let mut world = World::default();
    let first = card(&added(&world, nic()).unwrap()).mac_address.clone().unwrap();
    world.macs.push(first.clone());
    assert_ne!(card(&added(&world, nic()).unwrap()).mac_address, Some(first));
}

#[test]
fn only_vmxnet3_can_be_upt_compatible() {
    let world = World::default();
    let e1000 = |upt| {
        VirtualE1000::with(|n| {
            n.backing = network("VM Network");
            n.upt_compatibility_enabled = upt;
        })
    };
    let fault = apply(scene(&world), &[add(e1000(Some(true)))]).unwrap_err();
    assert_eq!(
        (fault.name(), property(&fault)),
        ("InvalidDeviceSpec", "virtualDeviceSpec.device.uptCompatibilityEnabled".into())
    );
    assert_eq!(card(&added(&world, e1000(None)).unwrap()).upt_compatibility_enabled, Some(false));
    let mut v2 = nic();
    v2.uptv2_enabled = Some(true);
    assert!(added(&world, v2.clone()).is_ok());
    let old = Scene { version: 19, ..scene(&world) };
    assert_eq!(apply(old, &[add(v2)]).unwrap_err().name(), "DeviceUnsupportedForVmVersion");
}

#[test]
fn hosts_before_8_0_keep_the_flag_of_other_adapters() {
    let world = World { newest_hardware: 19, ..World::default() };
    let e1000 = VirtualE1000::with(|n| {
        n.backing = network("VM Network");
        n.upt_compatibility_enabled = Some(true);
    });
    assert_eq!(card(&added(&world, e1000).unwrap()).upt_compatibility_enabled, Some(true));
}

#[test]
fn an_edit_moves_an_adapter_to_another_network_and_keeps_its_address() {
    let world = World::default();
    let devices = apply(scene(&world), &[add(nic())]).unwrap().devices;
    let mut change = VirtualVmxnet3::with(|n| n.key = 4000);
    change.backing = on_port(Some(PORTGROUP), None).backing.clone();
    let on = Scene { on: true, ..scene(&world) };
    let moved = devices::apply(&devices, &[edit(&change.clone().into())], on).unwrap().devices;
    let (before, after) = (by_key(&devices, 4000), by_key(&moved, 4000));
    assert_eq!(card(&after).mac_address, card(&before).mac_address);
    assert_eq!(port(&after).port_key.as_deref(), Some("0"));
    let again = devices::apply(&moved, &[edit(&change.into())], on).unwrap().devices;
    assert_eq!(by_key(&again, 4000), after, "naming the group that it is in changes nothing");
}

#[test]
fn a_running_vms_adapter_keeps_address_and_upt_version() {
    let world = World::default();
    let devices = apply(scene(&world), &[add(nic())]).unwrap().devices;
    let on = Scene { on: true, ..scene(&world) };
    let mut change = VirtualVmxnet3::with(|n| n.key = 4000);
    change.mac_address = Some("00:50:56:01:02:03".into());
    let spec = [edit(&change.into())];
    assert_eq!(devices::apply(&devices, &spec, on).unwrap_err().name(), "InvalidPowerState");
    let changed = devices::apply(&devices, &spec, scene(&world)).unwrap().devices;
    let after = by_key(&changed, 4000);
    assert_eq!(
        (card(&after).mac_address.as_deref(), card(&after).address_type.as_deref()),
        (Some("00:50:56:01:02:03"), Some("manual"))
    );
}

#[test]
fn an_adapter_is_connected_and_disconnected_while_the_vm_runs() {
    let world = World::default();
    let on = Scene { on: true, ..scene(&world) };
    let devices = apply(on, &[add(nic())]).unwrap().devices;
    let mut device = by_key(&devices, 4000);
    device.connectable.as_mut().unwrap().connected = false;
    let off = devices::apply(&devices, &[edit(&device)], on).unwrap().devices;
    let info = by_key(&off, 4000).connectable.clone().unwrap();
    assert_eq!((info.connected, info.status.as_deref()), (false, Some("untried")));
}
