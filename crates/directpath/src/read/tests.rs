use vim25::{DataType, Obj, Str, types::*};

use super::*;
use crate::facts::{Driver, Interrupts, Nic, Vm};

fn option(key: &str, value: &str) -> Obj<OptionValue> {
    OptionValue { key: key.into(), value: Some(Any::Str(value.into())) }.into()
}

fn config(options: &[(&str, &str)]) -> VirtualMachineConfigInfo {
    VirtualMachineConfigInfo::with(|c| {
        c.version = "vmx-20".into();
        c.guest_id = "otherLinux64Guest".into();
        c.hardware = VirtualHardware::with(|h| (h.num_cpu, h.memory_mb) = (2, 1024)).into();
        c.memory_reservation_locked_to_max = Some(true);
        c.extra_config = Some(options.iter().map(|(key, value)| option(key, value)).collect());
    })
}

fn running() -> VirtualMachineRuntimeInfo {
    VirtualMachineRuntimeInfo::with(|r| {
        r.power_state = VirtualMachinePowerState::PoweredOn;
        r.fault_tolerance_state = VirtualMachineFaultToleranceState::NotConfigured;
        r.record_replay_state = VirtualMachineRecordReplayState::Inactive;
    })
}

fn tools(status: &str) -> GuestInfo {
    GuestInfo::with(|g| g.tools_running_status = Some(status.into()))
}

fn read(change: impl FnOnce(&mut VirtualMachineConfigInfo)) -> Vm {
    let mut config = config(&[]);
    change(&mut config);
    vm(&config, &running(), Some(&tools("guestToolsRunning")), Beside::default())
}

#[test]
fn a_running_machine_that_is_ready_has_nothing_against_it() {
    assert_eq!(read(|_| ()), Vm::default());
}

#[test]
fn each_fact_of_a_machine_is_read_from_its_property() {
    let is = |change: fn(&mut Vm)| {
        let mut vm = Vm::default();
        change(&mut vm);
        vm
    };
    assert_eq!(read(|c| c.guest_id = "rhel6Guest".into()), is(|vm| vm.guest = false));
    assert_eq!(read(|c| c.version = "vmx-19".into()), is(|vm| vm.hardware = 19));
    assert_eq!(read(|c| c.version = "vmx-04".into()), is(|vm| (vm.hardware, vm.guest) = (4, false)));
    assert_eq!(read(|c| c.memory_reservation_locked_to_max = None), is(|vm| vm.reserved = false));
    assert_eq!(read(|c| c.nested_hv_enabled = Some(true)), is(|vm| vm.monitor = true));
    assert_eq!(read(|c| c.flags.run_with_debug_info = Some(true)), is(|vm| vm.monitor = true));
    assert_eq!(read(|c| c.flags.monitor_type = Some("stats".into())), is(|vm| vm.monitor = true));
    assert_eq!(read(|c| c.flags.monitor_type = Some("release".into())), is(|_| ()));
    let tolerant = is(|vm| vm.fault_tolerance_or_replay = true);
    assert_eq!(read(|c| c.flags.record_replay_enabled = Some(true)), tolerant);
    assert_eq!(read(|c| c.ft_info = Some(FaultToleranceConfigInfo::default().into())), tolerant);
}

#[test]
fn a_reservation_as_large_as_the_memory_is_as_good_as_a_lock() {
    let reserved = |mb| {
        read(|c| {
            c.memory_reservation_locked_to_max = Some(false);
            let memory = ResourceAllocationInfo { reservation: Some(mb), ..Default::default() };
            c.memory_allocation = Some(memory.into());
        })
        .reserved
    };
    assert_eq!([1023, 1024, 2048].map(reserved), [false, true, true]);
}

#[test]
fn runtime_and_what_the_api_does_not_show_are_facts_too() {
    let config = config(&[]);
    let with = |change: fn(&mut VirtualMachineRuntimeInfo)| {
        let mut runtime = running();
        change(&mut runtime);
        vm(&config, &runtime, None, Beside { operation: true, vmci: true })
    };
    let machine = with(|r| r.fault_tolerance_state = VirtualMachineFaultToleranceState::Running);
    assert!(machine.on && machine.operation && machine.vmci && machine.fault_tolerance_or_replay);
    assert!(!with(|r| r.power_state = VirtualMachinePowerState::Suspended).on);
    assert!(with(|r| r.record_replay_state = VirtualMachineRecordReplayState::Recording).fault_tolerance_or_replay);
}

#[test]
fn the_driver_is_what_the_lab_says_or_else_what_the_tools_show() {
    let driver = |options: &[(&str, &str)], guest: Option<GuestInfo>| {
        vm(&config(options), &running(), guest.as_ref(), Beside::default()).driver
    };
    let key = "lab.guest.vmxnet3.driver";
    assert_eq!(driver(&[(key, "4")], None), Driver::Version(4));
    assert_eq!(driver(&[(key, "none")], Some(tools("guestToolsRunning"))), Driver::Missing);
    assert_eq!(driver(&[], Some(tools("guestToolsRunning"))), Driver::Version(7));
    assert_eq!(driver(&[], Some(tools("guestToolsNotRunning"))), Driver::Missing);
    assert_eq!(driver(&[], None), Driver::Unknown, "a client may not see the guest");
}

fn machine_with(devices: Vec<Obj<VirtualDevice>>, options: &[(&str, &str)]) -> Vec<(i32, Nic, Option<Str>)> {
    let mut config = config(options);
    config.hardware.device = Some(devices);
    let port = |card: &Card<'_>| card.connection.and_then(|connection| connection.port_key.clone());
    cards(&config).map(|card| (card.device.key, card.nic, port(&card))).collect()
}

fn vmxnet3(key: i32) -> Obj<VirtualDevice> {
    let card = VirtualVmxnet3::with(|v| {
        v.key = key;
        v.connectable = Some(VirtualDeviceConnectInfo { connected: true, ..Default::default() }.into());
        v.upt_compatibility_enabled = Some(true);
        v.uptv2_enabled = Some(true);
    });
    card.into()
}

#[test]
fn g6_a_machine_without_adapters_has_none() {
    let disk: Obj<VirtualDevice> = VirtualDisk::default().into();
    assert!(machine_with(vec![disk], &[]).is_empty());
}

#[test]
fn options_are_about_the_adapter_with_their_number() {
    let options = [
        ("ethernet1.lab.intrMode", "msi"),
        ("ethernet1.lab.txQueues", "4"),
        ("ethernet1.lab.rxQueues", "6"),
        ("ethernet1.lab.bootPhase", "pxe"),
        ("Ethernet1.Filter0.Name", "dvfilter-test"),
        ("ethernet0.filter0.onFailure", "failOpen"),
        ("ethernet0.lab.txQueues", ""),
    ];
    let cards = machine_with(vec![vmxnet3(4000), vmxnet3(4001)], &options);
    let plain = Nic { tx_queues: 2, rx_queues: 2, ..Nic::default() };
    assert_eq!((cards[0].0, cards[0].1), (4000, plain), "a queue for each virtual CPU");
    let changed = Nic { interrupts: Interrupts::Msi, tx_queues: 4, rx_queues: 6, pxe: true, filtered: true, ..plain };
    assert_eq!((cards[1].0, cards[1].1), (4001, changed));
}

#[test]
fn type_connection_and_requests_are_read_from_the_device() {
    let e1000 = VirtualE1000::with(|v| v.key = 4000);
    let port = VirtualEthernetCardDistributedVirtualPortBackingInfo::with(|b| {
        b.port = DistributedVirtualSwitchPortConnection { port_key: Some("7".into()), ..Default::default() }.into();
    });
    let on_port = VirtualVmxnet3::with(|v| {
        v.key = 4001;
        v.backing = Some(port.into());
    });
    let cards = machine_with(vec![e1000.into(), on_port.into()], &[]);
    let (_, e1000, port) = &cards[0];
    assert!(!e1000.vmxnet3 && !e1000.connected && port.is_none());
    let (_, on_port, port) = &cards[1];
    assert!(on_port.vmxnet3 && !on_port.upt_compatible && !on_port.uptv2);
    assert_eq!(port.as_deref(), Some("7"));
}

#[test]
fn what_a_host_says_of_gen2_is_believed() {
    let said = |supported, reasons: &[&str]| {
        let capability = HostCapability::with(|c| {
            c.vm_direct_path_gen2_supported = supported;
            c.vm_direct_path_gen2_unsupported_reason = Some(reasons.iter().map(|r| (*r).into()).collect());
        });
        gen2(&capability).names().collect::<Vec<_>>()
    };
    assert_eq!(said(Some(true), &[]), [""; 0]);
    assert_eq!(
        said(Some(false), &["hostNptDisabled", "hostNptIncompatibleHardware"]),
        ["hostNptIncompatibleHardware", "hostNptDisabled"]
    );
    assert_eq!(
        said(Some(false), &["hostNptOfTheNextRelease"]),
        ["hostNptIncompatibleProduct"],
        "never without a reason"
    );
    assert_eq!(said(None, &[]), ["hostNptIncompatibleProduct"], "too old to say");
}

fn policy(inherited: bool, value: Option<bool>) -> Option<Obj<BoolPolicy>> {
    Some(BoolPolicy { base: InheritablePolicy { inherited }, value }.into())
}

fn setting(change: impl FnOnce(&mut VMwareDVSPortSetting)) -> Obj<DVPortSetting> {
    VMwareDVSPortSetting::with(change).into()
}

#[test]
fn the_nearest_level_that_does_not_inherit_decides() {
    let allowed = |levels: [Option<(bool, Option<bool>)>; 3]| {
        let levels = levels.map(|level| {
            level.map(|(inherited, value)| setting(|s| s.vm_direct_path_gen2_allowed = policy(inherited, value)))
        });
        Chain([levels[0].as_ref(), levels[1].as_ref(), levels[2].as_ref()]).is_allowed()
    };
    assert!(allowed([None, None, None]), "nobody says no");
    assert!(!allowed([None, None, Some((false, Some(false)))]));
    assert!(allowed([None, Some((false, Some(true))), Some((false, Some(false)))]));
    assert!(!allowed([Some((true, Some(true))), Some((true, None)), Some((false, Some(false)))]));
    assert!(!allowed([Some((true, Some(false))), None, None]), "what the server took from levels that are not seen");
}

#[test]
fn traffic_passes_unless_the_nearest_level_that_says_something_blocks_it() {
    let blocked = |value| setting(|s| s.blocked = policy(false, Some(value)));
    let (yes, no, nothing) = (blocked(true), blocked(false), setting(|_| ()));
    let chain = |levels: [&Obj<DVPortSetting>; 3]| Chain(levels.map(Some)).blocked();
    assert!(!Chain::default().blocked() && !chain([&nothing; 3]));
    assert!(chain([&nothing, &yes, &no]) && !chain([&no, &yes, &yes]));
}

#[test]
fn filters_and_shaping_watch_a_port() {
    let watched = |change: fn(&mut VMwareDVSPortSetting)| Chain([Some(&setting(change)), None, None]).is_watched();
    assert!(!watched(|_| ()));
    assert!(watched(|s| s.in_shaping_policy = Some(shaping(false, false, true))));
    assert!(watched(|s| s.out_shaping_policy = Some(shaping(false, false, true))));
    assert!(!watched(|s| s.out_shaping_policy = Some(shaping(false, false, false))));
    assert!(watched(|s| s.filter_policy = Some(filters(false, 1))));
    assert!(!watched(|s| s.filter_policy = Some(filters(false, 0))));
}

#[test]
fn what_watches_a_port_is_inherited_like_any_policy() {
    let level = |shaping, filters| {
        setting(|s| {
            s.in_shaping_policy = shaping;
            s.filter_policy = filters;
        })
    };
    let watched = |port: &Obj<DVPortSetting>, group| Chain([Some(port), group, None]).is_watched();
    let idle = level(Some(shaping(false, false, false)), Some(filters(false, 0)));
    let shaped = level(Some(shaping(true, false, true)), None);
    let shaped_in_part = level(Some(shaping(false, true, true)), None);
    let filtered = level(None, Some(filters(true, 1)));
    for port in [&shaped, &shaped_in_part, &filtered] {
        assert!(watched(port, None), "what the server took from levels that are not seen");
        assert!(!watched(port, Some(&idle)));
        assert!(!watched(&idle, Some(port)));
    }
}

#[test]
fn enabled_sessions_mirror_ports_by_key_or_by_what_is_connected() {
    let source = |keys: &[&str], kinds: &[&str]| {
        let list = |names: &[&str]| Some(names.iter().map(|name| (*name).into()).collect());
        let (port_key, wildcard_port_connectee_type) = (list(keys), list(kinds));
        Some(VMwareVspanPort { port_key, wildcard_port_connectee_type, ..Default::default() }.into())
    };
    let session = |enabled, change: &dyn Fn(&mut VMwareVspanSession)| {
        let mut session = VMwareVspanSession { enabled, ..Default::default() };
        change(&mut session);
        Obj::from(session)
    };
    let sessions = [
        session(true, &|s| s.source_port_received = source(&["1"], &[])),
        session(true, &|s| s.source_port_transmitted = source(&["2"], &["hostVmkVnic"])),
        session(true, &|s| s.destination_port = source(&["3"], &["vmVnic"])),
        session(false, &|s| s.source_port_received = source(&["4"], &["vmVnic"])),
    ];
    let mirrored = Mirrored::by(&sessions);
    assert_eq!(["1", "2", "3", "4"].map(|key| mirrored.contains(key)), [true, true, false, false]);
    let all = [session(true, &|s| s.source_port_transmitted = source(&[], &["pnic", "vmVnic"]))];
    assert!(Mirrored::by(&all).contains("3"));
}

fn shaping(inherited: bool, in_part: bool, enabled: bool) -> Obj<DVSTrafficShapingPolicy> {
    let (base, enabled) = (InheritablePolicy { inherited }, policy(in_part, Some(enabled)));
    DVSTrafficShapingPolicy { base, enabled, ..Default::default() }.into()
}

fn filters(inherited: bool, count: usize) -> Obj<DvsFilterPolicy> {
    let filter_config = Some(vec![DvsFilterConfig::default().into(); count]);
    DvsFilterPolicy { base: InheritablePolicy { inherited }, filter_config }.into()
}

#[test]
fn a_port_leads_to_the_uplinks_of_its_teaming() {
    let teaming = |inherited, in_part, active: &str, standby: &[&str]| {
        let order = VMwareUplinkPortOrderPolicy {
            base: InheritablePolicy { inherited: in_part },
            active_uplink_port: Some(vec![active.into()]),
            standby_uplink_port: Some(standby.iter().map(|name| (*name).into()).collect()),
        };
        let (base, uplink_port_order) = (InheritablePolicy { inherited }, Some(order.into()));
        let policy = VmwareUplinkPortTeamingPolicy { base, uplink_port_order, ..Default::default() };
        setting(|s| s.uplink_teaming_policy = Some(policy.into()))
    };
    let uplinks = |port: &Obj<DVPortSetting>, group: Option<&Obj<DVPortSetting>>| {
        Chain([Some(port), group, None]).uplinks().map(|names| names.map(|n| n.to_string()).collect::<Vec<_>>())
    };
    let some = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let (nothing, group) = (setting(|_| ()), teaming(false, false, "up1", &["up2"]));
    assert_eq!(uplinks(&nothing, None), None, "nobody says");
    assert_eq!(uplinks(&nothing, Some(&group)), some(&["up1", "up2"]));
    for inherited in [teaming(true, false, "up3", &[]), teaming(false, true, "up3", &[])] {
        assert_eq!(uplinks(&inherited, Some(&group)), some(&["up1", "up2"]));
        assert_eq!(uplinks(&inherited, None), some(&["up3"]), "what the server took from levels that are not seen");
    }
}

#[test]
fn the_version_of_a_host_is_that_of_its_product() {
    let version = |text: &str| {
        let product = AboutInfo { version: text.into(), ..Default::default() };
        product_version(Some(&HostConfigInfo::with(|c| c.product = product.into())))
    };
    assert_eq!(["4.1.0", "8.0.3", "7", "soon"].map(version), [(4, 1), (8, 0), (7, 0), (0, 0)]);
    assert_eq!(product_version(None), (0, 0));
}
