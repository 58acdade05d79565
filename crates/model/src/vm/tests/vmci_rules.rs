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
fn an_id_that_is_none_is_refused_while_it_runs_too() {
    for id in [0, 15, 1 << 40, i64::MAX, i64::MIN] {
        for on in [false, true] {
            let fault = edited(on, &fresh(), vmci(|d| d.id = Some(id))).unwrap_err();
            assert_eq!(property(&fault), "virtualDeviceSpec.device.id", "{id}");
        }
    }
}

#[test]
fn it_cannot_be_moved() {
    let moved = |controller, unit| {
        let change = vmci(|d| {
            d.controller_key = controller;
            d.unit_number = unit;
        });
        edited(false, &fresh(), change).map(|d| (device(&d).controller_key, device(&d).unit_number))
    };
    let stays = (Some(100), Some(17));
    assert_eq!(moved(None, None), Ok(stays));
    assert_eq!(moved(Some(100), Some(17)), Ok(stays));
    for (controller, unit, member) in [(Some(200), None, "controllerKey"), (Some(100), Some(18), "unitNumber")] {
        let fault = moved(controller, unit).unwrap_err();
        assert_eq!(
            (fault.name(), property(&fault)),
            ("InvalidDeviceSpec", format!("virtualDeviceSpec.device.{member}"))
        );
    }
}

#[test]
fn a_spec_for_a_new_vm_names_one_at_its_place_or_at_none() {
    let world = World::default();
    let created = |specs: Vec<VirtualMachineVMCIDevice>| {
        let specs: Vec<_> = specs.into_iter().map(add).collect();
        apply(Scene { creating: true, ..scene(&world) }, &specs).map(|c| device(&c.devices).filter_enable)
    };
    let at = |controller, unit| {
        vmci(|d| {
            d.controller_key = controller;
            d.unit_number = unit;
            d.filter_enable = Some(false);
        })
    };
    for (controller, unit) in [(None, None), (Some(100), Some(17)), (Some(-1), Some(-1)), (Some(0), Some(0))] {
        assert_eq!(created(vec![at(controller, unit)]), Ok(Some(false)));
    }
    assert_eq!(created(vec![at(Some(200), None)]).unwrap_err().name(), "InvalidDeviceSpec");
    assert_eq!(created(vec![at(None, Some(3))]).unwrap_err().name(), "InvalidDeviceSpec");
    let second = created(vec![at(None, None), at(None, None)]).unwrap_err();
    assert_eq!(second.name(), "TooManyDevices");
}

#[test]
fn it_cannot_be_removed() {
    let fault = apply(scene(&World::default()), &[remove(12000)]).unwrap_err();
    let operation = fault.fault.cast::<InvalidDeviceOperation>().unwrap();
    assert_eq!(operation.bad_op, Some(VirtualDeviceConfigSpecOperation::Remove));
}

#[test]
fn hardware_without_it_cannot_get_it() {
    let world = World::default();
    for creating in [false, true] {
        let fault = apply(Scene { creating, version: 4, ..scene(&world) }, &[add(vmci(|_| {}))]).unwrap_err();
        assert_eq!(fault.name(), "DeviceUnsupportedForVmVersion");
    }
}

#[test]
fn filters_need_the_hardware_of_the_release_that_brought_them() {
    let world = World::default();
    let old = |change: VirtualMachineVMCIDevice| {
        devices::apply(&fresh(), &[edit(&change.into())], Scene { version: 10, ..scene(&world) }).map(|_| ())
    };
    let refused = |change| {
        let fault = old(change).unwrap_err();
        (fault.name(), property(&fault))
    };
    let named = |member: &str| ("DeviceUnsupportedForVmVersion", format!("virtualDeviceSpec.device.{member}"));
    assert_eq!(refused(with_rules(vec![rule(1)])), named("filterInfo"));
    assert_eq!(refused(vmci(|d| d.filter_enable = Some(false))), named("filterEnable"));
    old(vmci(|d| d.filter_enable = Some(true))).expect("what it has can be sent back");
    old(vmci(|d| d.allow_unrestricted_communication = Some(true))).unwrap();
}

#[test]
fn there_is_a_most_of_rules() {
    let rules = |count: i64| (0..count).map(rule).collect::<Vec<_>>();
    assert!(edited(true, &fresh(), with_rules(rules(1024))).is_ok());
    for count in [1025, 100_000] {
        let fault = edited(true, &fresh(), with_rules(rules(count))).unwrap_err();
        assert_eq!(property(&fault), "virtualDeviceSpec.device.filterInfo.filters");
    }
}

mod property {
    use proptest::prelude::*;

    use super::*;

    fn word(known: &'static [&'static str]) -> impl Strategy<Value = String> {
        prop_oneof![
            9 => proptest::sample::select(known).prop_map(String::from),
            1 => "[a-z]{0,6}",
        ]
    }

    fn port() -> impl Strategy<Value = Option<i64>> {
        prop_oneof![
            Just(None),
            (0i64..3).prop_map(Some),
            (0xFFFF_FFFCi64..0x1_0000_0002).prop_map(Some),
            Just(Some(-1))
        ]
    }

    fn filter() -> impl Strategy<Value = Obj<VirtualMachineVMCIDeviceFilterSpec>> {
        let words = (
            word(&["allow", "deny"]),
            word(&["stream", "datagram", "anyProtocol"]),
            word(&["guest", "host", "anyDirection"]),
        );
        (-1i64..4, words, port(), port()).prop_map(|(rank, (action, protocol, direction), lower, upper)| {
            VirtualMachineVMCIDeviceFilterSpec {
                rank,
                action: action.into(),
                protocol: protocol.into(),
                direction: direction.into(),
                lower_dst_port_boundary: lower,
                upper_dst_port_boundary: upper,
            }
            .into()
        })
    }

    fn wish() -> impl Strategy<Value = VirtualMachineVMCIDevice> {
        let id = prop::option::of(prop_oneof![any::<i64>(), -2i64..20, 0xFFFF_FFF0i64..0x1_0000_0010]);
        let place = (prop::option::of(99i32..102), prop::option::of(16i32..19));
        let flags = (any::<Option<bool>>(), any::<Option<bool>>());
        let filters = prop::option::of(prop::collection::vec(filter(), 0..4));
        (id, place, flags, filters).prop_map(|(id, (controller, unit), (enable, open), filters)| {
            vmci(|d| {
                d.id = id;
                d.controller_key = controller;
                d.unit_number = unit;
                d.filter_enable = enable;
                d.allow_unrestricted_communication = open;
                d.filter_info = filters.map(|f| VirtualMachineVMCIDeviceFilterInfo { filters: Some(f) }.into());
            })
        })
    }

    proptest! {
        /// Whatever clients send: one device at its place, an id of 32 bits that is not reserved, rules that hold.
        #[test]
        fn every_edit_leaves_a_device_that_can_be(script in prop::collection::vec((any::<bool>(), wish()), 1..8)) {
            let mut devices = fresh();
            for (on, wish) in script {
                match edited(on, &devices, wish.clone()) {
                    Ok(after) => devices = after,
                    Err(fault) => prop_assert!(fault.fault.is::<InvalidDeviceSpec>(), "{fault:?}"),
                }
                prop_assert_eq!(devices.iter().filter(|d| d.is::<VirtualMachineVMCIDevice>()).count(), 1);
                let device = device(&devices);
                prop_assert_eq!((device.controller_key, device.unit_number), (Some(100), Some(17)));
                let id = i32::try_from(device.id.unwrap()).expect("it has 32 bits") as u32;
                prop_assert!(id > 15);
                let rules = device.filter_info.as_ref().and_then(|i| i.filters.clone()).unwrap_or_default();
                let ranks: std::collections::HashSet<i64> = rules.iter().map(|r| r.rank).collect();
                prop_assert_eq!(ranks.len(), rules.len());
                for rule in &rules {
                    let (low, high) = (rule.lower_dst_port_boundary, rule.upper_dst_port_boundary);
                    prop_assert!(low.unwrap_or(0) <= high.unwrap_or(0xFFFF_FFFE) && rule.rank >= 0);
                    prop_assert!(["allow", "deny"].contains(&rule.action.as_str()));
                }
            }
        }
    }
}
