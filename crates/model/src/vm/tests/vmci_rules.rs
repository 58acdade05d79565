use super::*;

fn vmci(fill: impl FnOnce(&mut VirtualMachineVMCIDevice)) -> VirtualMachineVMCIDevice {
    VirtualMachineVMCIDevice::with(|d| {
        d.key = 12000;
        fill(d);
    })
}

fn rule(rank: i64) -> Obj<VirtualMachineVMCIDeviceFilterSpec> {
    VirtualMachineVMCIDeviceFilterSpec {
        rank,
        action: "deny".into(),
        protocol: "stream".into(),
        direction: "host".into(),
        lower_dst_port_boundary: Some(1024),
        upper_dst_port_boundary: None,
    }
    .into()
}

fn with_rules(rules: Vec<Obj<VirtualMachineVMCIDeviceFilterSpec>>) -> VirtualMachineVMCIDevice {
    vmci(|d| d.filter_info = Some(VirtualMachineVMCIDeviceFilterInfo { filters: Some(rules) }.into()))
}

fn edited(on: bool, from: &Devices, change: VirtualMachineVMCIDevice) -> Result<Devices, Fault> {
    let world = World::default();
    devices::apply(from, &[edit(&change.into())], Scene { on, ..scene(&world) }).map(|c| c.devices)
}

fn device(devices: &Devices) -> VirtualMachineVMCIDevice {
    by_key(devices, 12000).cast::<VirtualMachineVMCIDevice>().unwrap().clone()
}

fn fresh() -> Devices {
    hardware::default_devices(21)
}

#[test]
fn adding_one_to_a_new_vm_changes_the_one_that_it_has() {
    let world = World::default();
    let wish = || {
        vmci(|d| {
            d.key = -5;
            d.filter_enable = Some(false);
        })
    };
    let made = apply(Scene { creating: true, ..scene(&world) }, &[add(wish())]).unwrap().devices;
    assert_eq!(
        (device(&made).key, device(&made).filter_enable, device(&made).unit_number),
        (12000, Some(false), Some(17))
    );
    assert_eq!(made.iter().filter(|d| d.is::<VirtualMachineVMCIDevice>()).count(), 1);
    assert_eq!(apply(scene(&world), &[add(wish())]).unwrap_err().name(), "TooManyDevices");
}

#[test]
fn filters_are_set_kept_and_cleared() {
    let set = edited(true, &fresh(), with_rules(vec![rule(10), rule(5)])).unwrap();
    assert_eq!(device(&set).filter_info.as_ref().unwrap().filters.as_ref().unwrap().len(), 2);
    let kept = edited(true, &set, vmci(|d| d.filter_enable = Some(false))).unwrap();
    assert_eq!(device(&kept).filter_info, device(&set).filter_info);
    assert_eq!(device(&kept).filter_enable, Some(false));
    let cleared = edited(true, &kept, with_rules(vec![])).unwrap();
    assert!(device(&cleared).filter_info.is_none());
    let unset = vmci(|d| d.filter_info = Some(VirtualMachineVMCIDeviceFilterInfo::default().into()));
    assert!(device(&edited(true, &set, unset).unwrap()).filter_info.is_none());
}

#[test]
fn a_rule_that_is_none_is_named_by_its_member() {
    type Rule = VirtualMachineVMCIDeviceFilterSpec;
    type Spoil = fn(&mut Rule);
    let broken: [(&str, Spoil); 6] = [
        ("action", |r| r.action = "maybe".into()),
        ("protocol", |r| r.protocol = "ipx".into()),
        ("direction", |r| r.direction = "sideways".into()),
        ("lowerDstPortBoundary", |r| r.lower_dst_port_boundary = Some(-1)),
        ("upperDstPortBoundary", |r| r.upper_dst_port_boundary = Some(0xFFFF_FFFF)),
        ("lowerDstPortBoundary", |r| r.upper_dst_port_boundary = Some(5)),
    ];
    for (member, spoil) in broken {
        let mut bad = rule(1);
        spoil(&mut bad);
        let fault = edited(false, &fresh(), with_rules(vec![bad])).unwrap_err();
        let want = format!("virtualDeviceSpec.device.filterInfo.filters.{member}");
        assert_eq!((fault.name(), property(&fault)), ("InvalidDeviceSpec", want));
    }
    let fault = edited(false, &fresh(), with_rules(vec![rule(1), rule(1)])).unwrap_err();
    assert!(property(&fault).ends_with("rank"));
}

#[test]
fn a_context_id_is_a_wish_that_counts_while_the_vm_is_off() {
    let asked = |on, id| edited(on, &fresh(), vmci(|d| d.id = Some(id))).map(|d| device(&d).id).map_err(|f| f.name());
    assert_eq!(asked(false, 4711), Ok(Some(4711)));
    assert_eq!(asked(false, 0x9431_1d06), Ok(Some(i64::from(0x9431_1d06_u32 as i32))));
    assert_eq!(asked(false, -1), Ok(Some(-1)));
    assert_eq!(asked(true, 4711), Ok(Some(-1)));
    assert_eq!(asked(false, 2), Err("InvalidDeviceSpec"));
    assert_eq!(asked(false, 1 << 40), Err("InvalidDeviceSpec"));
}

#[test]
fn its_place_and_key_stay() {
    let moved = vmci(|d| {
        d.controller_key = Some(200);
        d.unit_number = Some(1);
    });
    let after = edited(false, &fresh(), moved).unwrap();
    assert_eq!((device(&after).controller_key, device(&after).unit_number), (Some(100), Some(17)));
}
