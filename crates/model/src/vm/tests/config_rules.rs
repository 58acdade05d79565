use vim25::Any;

use super::*;
use crate::vm::{
    config,
    testing::{host, now},
    version,
};

type Spec = VirtualMachineConfigSpec;
type Config = Obj<VirtualMachineConfigInfo>;

const OFF: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOff;
const ON: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOn;
const SUSPENDED: VirtualMachinePowerState = VirtualMachinePowerState::Suspended;

fn wish(fill: impl FnOnce(&mut Spec)) -> Spec {
    Spec::with(|s| {
        s.name = Some("vm".into());
        s.files =
            Some(VirtualMachineFileInfo { vm_path_name: Some("[LocalDS_0]".into()), ..Default::default() }.into());
        fill(s);
    })
}

fn created(fill: impl FnOnce(&mut Spec)) -> Result<Config, Fault> {
    let world = World::default();
    config::create(&wish(fill), &world.context())
}

fn changed(current: &Config, state: VirtualMachinePowerState, fill: impl FnOnce(&mut Spec)) -> Result<Config, Fault> {
    let world = World::default();
    config::reconfigure(current, &state, &Spec::with(fill), &world.context())
}

fn argument(fault: &Fault) -> String {
    let fault =
        fault.fault.cast::<InvalidArgument>().unwrap_or_else(|| panic!("{} is no InvalidArgument", fault.name()));
    fault.invalid_property.clone().unwrap_or_default().to_string()
}

fn fresh() -> Config {
    created(|_| ()).unwrap()
}

#[test]
fn a_new_vm_has_what_nobody_asked_for_by_default() {
    let config = fresh();
    assert_eq!((config.hardware.num_cpu, config.hardware.memory_mb), (1, 32));
    assert_eq!((config.guest_id.as_str(), config.version.as_str()), ("otherGuest", "vmx-21"));
    assert_eq!(config.files.vm_path_name.as_deref(), Some("[LocalDS_0] vm/vm.vmx"));
    assert_eq!(config.files.log_directory.as_deref(), Some("[LocalDS_0] vm"));
    assert_eq!(config.cpu_allocation.as_ref().unwrap().shares.as_ref().unwrap().shares, 1000);
    assert_eq!(config.memory_allocation.as_ref().unwrap().shares.as_ref().unwrap().shares, 320);
    assert_eq!(config.create_date, Some(now()));
    assert!(config.uuid.starts_with("42") && config.instance_uuid.as_ref().unwrap().starts_with("50"));
    assert_eq!(config.hardware.device.as_ref().unwrap().len(), 9);
}

#[test]
fn a_vm_needs_a_name_that_is_not_too_long() {
    for bad in ["", "  ", &"n".repeat(200)] {
        assert_eq!(created(|s| s.name = Some(bad.into())).unwrap_err().name(), "InvalidName");
    }
    assert_eq!(created(|s| s.name = None).unwrap_err().name(), "InvalidName");
    assert_eq!(created(|s| s.name = Some("a/b".into())).unwrap().name, "a%2fb");
}

#[test]
fn a_vm_needs_a_datastore_that_there_is() {
    let at = |path: Option<&str>| {
        created(|s| s.files.as_mut().unwrap().vm_path_name = path.map(Into::into))
            .map(|c| c.files.vm_path_name.clone().unwrap())
    };
    assert_eq!(at(None).unwrap_err().name(), "InvalidArgument");
    assert_eq!(at(Some("nonsense")).unwrap_err().name(), "InvalidDatastorePath");
    assert_eq!(at(Some("[nope]")).unwrap_err().name(), "InvalidDatastore");
    assert_eq!(at(Some("[small] dir/other.vmx")).unwrap(), "[small] dir/other.vmx");
    assert_eq!(at(Some("[small] dir")).unwrap(), "[small] dir/vm.vmx");
}

#[test]
fn a_folder_that_is_taken_gets_a_number() {
    let mut world = World::default();
    world.files.insert(("datastore-5".into(), "vm/vm.vmx".into()), 1);
    let config = config::create(&wish(|_| ()), &world.context()).unwrap();
    assert_eq!(config.files.vm_path_name.as_deref(), Some("[LocalDS_0] vm_1/vm.vmx"));
    let exact = wish(|s| s.files.as_mut().unwrap().vm_path_name = Some("[LocalDS_0] vm/vm.vmx".into()));
    assert_eq!(config::create(&exact, &world.context()).unwrap_err().name(), "FileAlreadyExists");
}

#[test]
fn what_is_out_of_range_is_named() {
    type Spoil = fn(&mut Spec);
    let bad: [(&str, Spoil); 9] = [
        ("configSpec.numCPUs", |s| s.num_cpus = Some(9999)),
        ("configSpec.numCPUs", |s| s.num_cpus = Some(0)),
        ("configSpec.memoryMB", |s| s.memory_mb = Some(-5)),
        ("configSpec.memoryMB", |s| s.memory_mb = Some(33)),
        ("configSpec.memoryMB", |s| s.memory_mb = Some(i64::MAX)),
        ("configSpec.guestId", |s| s.guest_id = Some("nonsenseGuest".into())),
        ("configSpec.version", |s| s.version = Some("latest".into())),
        ("configSpec.uuid", |s| s.uuid = Some("1234".into())),
        ("configSpec.firmware", |s| s.firmware = Some("coreboot".into())),
    ];
    for (property, spoil) in bad {
        assert_eq!(argument(&created(spoil).unwrap_err()), property);
    }
}

#[test]
fn an_unknown_hardware_version_is_not_supported() {
    for unknown in ["vmx-99", "vmx-22", "vmx-05", "vmx-3"] {
        assert_eq!(created(|s| s.version = Some(unknown.into())).unwrap_err().name(), "NotSupported");
    }
    for number in version::KNOWN {
        let config = created(|s| s.version = Some(version::key(number))).unwrap();
        assert_eq!(config.version, version::key(number));
    }
    assert_eq!(created(|s| s.version = Some("vmx-8".into())).unwrap().version, "vmx-08");
}

#[test]
fn an_older_host_refuses_newer_hardware_and_makes_its_own_newest_by_default() {
    let world = World { newest_hardware: 17, ..World::default() };
    let created = |version: Option<&str>| {
        let spec = wish(|s| s.version = version.map(Into::into));
        config::create(&spec, &world.context())
    };
    let fault = created(Some("vmx-19")).unwrap_err();
    let detail = fault.fault.cast::<VirtualHardwareVersionNotSupported>().expect("the fault for it");
    assert_eq!((&*detail.host_name, &*detail.host.id), ("esx1", "host-9"));
    assert_eq!(created(Some("vmx-13")).unwrap().version, "vmx-13");
    assert_eq!(created(None).unwrap().version, "vmx-17");
}

#[test]
fn sockets_hold_whole_cores() {
    let made = |cpus, cores| {
        created(|s| {
            s.num_cpus = Some(cpus);
            s.num_cores_per_socket = Some(cores);
        })
    };
    assert_eq!(made(8, 4).unwrap().hardware.num_cores_per_socket, Some(4));
    assert_eq!(argument(&made(8, 3).unwrap_err()), "configSpec.numCoresPerSocket");
    assert_eq!(argument(&made(8, -1).unwrap_err()), "configSpec.numCoresPerSocket");
    let automatic = made(8, 0).unwrap();
    assert_eq!(automatic.hardware.auto_cores_per_socket, Some(true));
}

#[test]
fn a_stale_change_version_is_concurrent_access() {
    let config = fresh();
    let stale = changed(&config, OFF, |s| s.change_version = Some("bogus".into())).unwrap_err();
    assert_eq!(stale.name(), "ConcurrentAccess");
    let right = config.change_version.clone();
    assert!(changed(&config, OFF, |s| s.change_version = Some(right)).is_ok());
}

#[test]
fn a_change_gives_a_new_change_version_and_no_change_gives_the_same_object() {
    let config = fresh();
    let noted = changed(&config, OFF, |s| s.annotation = Some("hello".into())).unwrap();
    assert_ne!(noted.change_version, config.change_version);
    let again = changed(&noted, OFF, |s| s.annotation = Some("hello".into())).unwrap();
    assert!(again.same(&noted));
    assert!(config.annotation.as_deref() == Some(""), "the old configuration is as it was");
}

#[test]
fn cpus_and_memory_of_a_running_vm_grow_only_where_hot_add_is_on() {
    let config = fresh();
    let cpu = |s: &mut Spec| s.num_cpus = Some(2);
    let memory = |s: &mut Spec| s.memory_mb = Some(64);
    assert_eq!(changed(&config, ON, cpu).unwrap_err().name(), "CpuHotPlugNotSupported");
    assert_eq!(changed(&config, ON, memory).unwrap_err().name(), "MemoryHotPlugNotSupported");
    assert_eq!(changed(&config, SUSPENDED, cpu).unwrap_err().name(), "InvalidPowerState");
    let hot = changed(&config, OFF, |s| {
        s.cpu_hot_add_enabled = Some(true);
        s.memory_hot_add_enabled = Some(true);
    });
    let hot = hot.unwrap();
    assert_eq!(changed(&hot, ON, cpu).unwrap().hardware.num_cpu, 2);
    assert_eq!(changed(&hot, ON, memory).unwrap().hardware.memory_mb, 64);
    assert_eq!(changed(&hot, ON, |s| s.memory_mb = Some(16)).unwrap_err().name(), "MemoryHotPlugNotSupported");
    assert_eq!(argument(&changed(&hot, ON, |s| s.memory_mb = Some(32 * 17)).unwrap_err()), "configSpec.memoryMB");
    assert_eq!(changed(&hot, ON, |s| s.cpu_hot_add_enabled = Some(false)).unwrap_err().name(), "InvalidPowerState");
}

#[test]
fn some_members_change_only_while_the_vm_is_off() {
    let config = fresh();
    let members: [fn(&mut Spec); 6] = [
        |s| s.guest_id = Some("ubuntu64Guest".into()),
        |s| s.firmware = Some("efi".into()),
        |s| s.nested_hv_enabled = Some(true),
        |s| s.uuid = Some("564d379a-0000-1111-2222-2ed352d83be0".into()),
        |s| s.num_cores_per_socket = Some(1),
        |s| {
            s.files =
                Some(VirtualMachineFileInfo { log_directory: Some("[small] x".into()), ..Default::default() }.into())
        },
    ];
    for change in members {
        let fault = changed(&config, ON, change).unwrap_err();
        let state = fault.fault.cast::<InvalidPowerState>().unwrap();
        assert_eq!((state.existing_state.clone(), state.requested_state.clone()), (ON, Some(OFF)));
        assert!(changed(&config, OFF, change).is_ok());
    }
    assert!(changed(&config, ON, |s| s.firmware = Some("bios".into())).is_ok(), "no change is none");
}

#[test]
fn shares_follow_from_the_level_and_the_size() {
    let config = created(|s| {
        s.num_cpus = Some(4);
        s.memory_mb = Some(1024);
        s.cpu_allocation = Some(level(SharesLevel::High, 0));
        s.memory_allocation = Some(level(SharesLevel::Custom, 77));
    });
    let config = config.unwrap();
    let shares = |a: &Option<Obj<ResourceAllocationInfo>>| a.as_ref().unwrap().shares.as_ref().unwrap().shares;
    assert_eq!((shares(&config.cpu_allocation), shares(&config.memory_allocation)), (8000, 77));
    let smaller = changed(&config, OFF, |s| s.num_cpus = Some(1)).unwrap();
    assert_eq!(shares(&smaller.cpu_allocation), 2000);
}

fn level(level: SharesLevel, shares: i32) -> Obj<ResourceAllocationInfo> {
    ResourceAllocationInfo { shares: Some(SharesInfo { shares, level }.into()), ..Default::default() }.into()
}

fn reserve(reservation: i64, limit: Option<i64>) -> Obj<ResourceAllocationInfo> {
    ResourceAllocationInfo { reservation: Some(reservation), limit, ..Default::default() }.into()
}

#[test]
fn a_reservation_fits_into_limit_and_memory() {
    let memory = |r, l| created(|s| s.memory_allocation = Some(reserve(r, l))).map(|_| ()).map_err(|f| argument(&f));
    assert_eq!(memory(32, None), Ok(()));
    assert_eq!(memory(33, None), Err("configSpec.memoryAllocation.reservation".into()));
    assert_eq!(memory(-1, None), Err("configSpec.memoryAllocation.reservation".into()));
    assert_eq!(memory(16, Some(8)), Err("configSpec.memoryAllocation.limit".into()));
    assert_eq!(memory(0, Some(-2)), Err("configSpec.memoryAllocation.limit".into()));
}

#[test]
fn a_locked_reservation_follows_the_memory() {
    let locked = created(|s| s.memory_reservation_locked_to_max = Some(true)).unwrap();
    let reserved = |c: &Config| c.memory_allocation.as_ref().unwrap().reservation;
    assert_eq!(reserved(&locked), Some(32));
    let larger = changed(&locked, OFF, |s| s.memory_mb = Some(64)).unwrap();
    assert_eq!(reserved(&larger), Some(64));
    let fault = changed(&locked, OFF, |s| s.memory_allocation = Some(reserve(16, None))).unwrap_err();
    assert_eq!(argument(&fault), "configSpec.memoryAllocation.reservation");
    let freed = changed(&larger, OFF, |s| {
        s.memory_reservation_locked_to_max = Some(false);
        s.memory_allocation = Some(reserve(16, None));
    });
    assert_eq!(reserved(&freed.unwrap()), Some(16), "a lock that is lifted in the same spec holds nothing");
    let unlocked = changed(&larger, ON, |s| s.memory_reservation_locked_to_max = Some(false)).unwrap();
    assert_eq!(reserved(&unlocked), Some(64), "what was reserved stays reserved");
}

#[test]
fn a_lock_and_a_limit_agree() {
    let locked = |limit| {
        created(|s| {
            s.memory_reservation_locked_to_max = Some(true);
            s.memory_allocation = Some(ResourceAllocationInfo { limit: Some(limit), ..Default::default() }.into());
        })
    };
    assert_eq!(argument(&locked(16).unwrap_err()), "configSpec.memoryAllocation.limit");
    let config = locked(32).unwrap();
    assert_eq!(
        argument(&changed(&config, OFF, |s| s.memory_mb = Some(64)).unwrap_err()),
        "configSpec.memoryAllocation.limit"
    );
    let smaller = changed(&config, OFF, |s| {
        s.memory_mb = Some(16);
        s.memory_allocation = Some(ResourceAllocationInfo { limit: Some(16), ..Default::default() }.into());
    });
    assert_eq!(smaller.unwrap().memory_allocation.as_ref().unwrap().reservation, Some(16));
}

fn option(key: &str, value: &str) -> Obj<OptionValue> {
    OptionValue { key: key.into(), value: Some(Any::Str(value.into())) }.into()
}

fn value<'a>(config: &'a Config, key: &str) -> Option<&'a str> {
    let found = config.extra_config.iter().flatten().find(|o| o.key == key)?;
    found.value.as_ref().and_then(Any::as_str)
}

#[test]
fn options_merge_and_an_empty_value_removes() {
    let config = created(|s| s.extra_config = Some(vec![option("a", "1"), option("b", "2")])).unwrap();
    let next =
        changed(&config, ON, |s| s.extra_config = Some(vec![option("a", "3"), option("b", ""), option("c", "")]));
    let next = next.unwrap();
    assert_eq!((value(&next, "a"), value(&next, "b"), value(&next, "c")), (Some("3"), None, None));
    assert_eq!(value(&next, "svga.present"), Some("TRUE"));
    let number = OptionValue { key: "n".into(), value: Some(Any::Int(7)) };
    let next = changed(&next, ON, |s| s.extra_config = Some(vec![number.into()])).unwrap();
    assert_eq!(value(&next, "n"), Some("7"));
    assert!(
        argument(&changed(&next, ON, |s| s.extra_config = Some(vec![option("", "x")])).unwrap_err()).contains("key")
    );
}

#[test]
fn options_of_the_vmci_device_and_the_device_agree() {
    let vmci = |c: &Config| {
        let device = by_key(c.hardware.device.as_ref().unwrap(), 12000);
        let vmci = device.cast::<VirtualMachineVMCIDevice>().unwrap();
        (vmci.id, vmci.filter_enable)
    };
    let options = vec![option("vmci0.id", "-1708029162"), option("vmci.filter.enable", "FALSE")];
    let config = created(|s| s.extra_config = Some(options)).unwrap();
    assert_eq!(vmci(&config), (Some(-1_708_029_162), Some(false)));
    let device = VirtualMachineVMCIDevice::with(|d| {
        d.key = 12000;
        d.filter_enable = Some(true);
    });
    let next = changed(&config, ON, |s| s.device_change = Some(vec![edit(&device.into())])).unwrap();
    assert_eq!((vmci(&next).1, value(&next, "vmci.filter.enable")), (Some(true), Some("TRUE")));
    let running = changed(&next, ON, |s| s.extra_config = Some(vec![option("vmci0.id", "99")])).unwrap();
    assert_eq!((vmci(&running).0, value(&running, "vmci0.id")), (Some(-1_708_029_162), Some("-1708029162")));
    assert!(created(|s| s.extra_config = Some(vec![option("vmci0.id", "2")])).is_err());
}

#[test]
fn a_device_that_cannot_be_added_leaves_nothing_changed() {
    let config = fresh();
    let before = config.clone();
    let fault = changed(&config, OFF, |s| {
        s.annotation = Some("half".into());
        s.device_change = Some(vec![add(nic()), disk(-77, 1024)]);
    });
    assert_eq!(fault.unwrap_err().name(), "InvalidController");
    assert_eq!(config, before);
}

#[test]
fn devices_of_a_suspended_vm_stay() {
    let fault = changed(&fresh(), SUSPENDED, |s| s.device_change = Some(vec![add(nic())])).unwrap_err();
    assert_eq!(fault.name(), "InvalidPowerState");
}

#[test]
fn an_upgrade_goes_up_and_only_while_the_vm_is_off() {
    let old = created(|s| s.version = Some("vmx-04".into())).unwrap();
    assert_eq!(old.hardware.device.as_ref().unwrap().len(), 8);
    let up = |state, key: &str| changed(&old, state, |s| s.version = Some(key.into()));
    let new = up(OFF, "vmx-19").unwrap();
    assert_eq!((new.version.as_str(), new.hardware.device.as_ref().unwrap().len()), ("vmx-19", 9));
    assert_eq!(children(new.hardware.device.as_ref().unwrap(), 100), [500, 12000]);
    assert_eq!(up(ON, "vmx-19").unwrap_err().name(), "InvalidPowerState");
    assert_eq!(argument(&changed(&new, OFF, |s| s.version = Some("vmx-10".into())).unwrap_err()), "configSpec.version");
}

#[test]
fn flags_and_boot_options_are_laid_over_what_is_there() {
    let config = changed(&fresh(), OFF, |s| {
        s.flags = Some(VirtualMachineFlagInfo { disk_uuid_enabled: Some(true), ..Default::default() }.into());
        s.boot_options = Some(VirtualMachineBootOptions { boot_delay: Some(500), ..Default::default() }.into());
    });
    let config = config.unwrap();
    assert_eq!((config.flags.disk_uuid_enabled, config.flags.enable_logging), (Some(true), Some(true)));
    let boot = config.boot_options.as_ref().unwrap();
    assert_eq!((boot.boot_delay, boot.boot_retry_delay), (Some(500), Some(10_000)));
}

#[test]
fn words_of_flags_and_latency_are_those_of_the_api() {
    let flags = |fill: fn(&mut VirtualMachineFlagInfo)| {
        changed(&fresh(), OFF, |s| s.flags = Some(VirtualMachineFlagInfo::with(fill).into()))
    };
    let fault = flags(|f| f.monitor_type = Some("loud".into())).unwrap_err();
    assert_eq!(argument(&fault), "configSpec.flags.monitorType");
    let set = flags(|f| {
        f.monitor_type = Some("debug".into());
        f.run_with_debug_info = Some(true);
        f.record_replay_enabled = Some(true);
    });
    let set = set.unwrap();
    assert_eq!((set.flags.run_with_debug_info, set.flags.record_replay_enabled), (Some(true), Some(true)));
    let latency = |level| {
        changed(&fresh(), OFF, |s| {
            s.latency_sensitivity = Some(LatencySensitivity { level, sensitivity: None }.into());
        })
    };
    assert!(latency(LatencySensitivitySensitivityLevel::High).is_ok());
    let fault = latency(LatencySensitivitySensitivityLevel::Other_("none".into())).unwrap_err();
    assert_eq!(argument(&fault), "configSpec.latencySensitivity.level");
}

#[test]
fn boot_options_are_checked() {
    let boot = |fill: fn(&mut VirtualMachineBootOptions)| {
        let options = VirtualMachineBootOptions::with(fill);
        argument(&changed(&fresh(), OFF, |s| s.boot_options = Some(options.into())).unwrap_err())
    };
    assert!(boot(|b| b.boot_delay = Some(-1)).ends_with("bootDelay"));
    assert!(boot(|b| b.efi_secure_boot_enabled = Some(true)).ends_with("efiSecureBootEnabled"));
    let missing = |b: &mut VirtualMachineBootOptions| {
        b.boot_order = Some(vec![VirtualMachineBootOptionsBootableDiskDevice::with(|d| d.device_key = 2000).into()]);
    };
    assert!(boot(missing).ends_with("bootOrder"));
}

#[test]
fn affinity_names_cpus_of_the_host_and_an_empty_set_clears_it() {
    let set = |cpus: Vec<i32>| Some(VirtualMachineAffinityInfo { affinity_set: Some(cpus) }.into());
    let pinned = changed(&fresh(), OFF, |s| s.cpu_affinity = set(vec![0, 1])).unwrap();
    assert!(pinned.cpu_affinity.is_some());
    assert!(changed(&pinned, OFF, |s| s.cpu_affinity = set(vec![])).unwrap().cpu_affinity.is_none());
    let beyond = host().cpu_threads;
    assert!(changed(&pinned, OFF, |s| s.cpu_affinity = set(vec![beyond])).is_err());
}

#[test]
fn v_app_properties_are_added_edited_and_removed() {
    let property = |operation, key, value: &str| VAppPropertySpec {
        base: ArrayUpdateSpec { operation, remove_key: Some(Any::Int(key)) },
        info: Some(VAppPropertyInfo { key, value: Some(value.into()), ..Default::default() }.into()),
    };
    let with = |p: VAppPropertySpec| Some(VmConfigSpec { property: Some(vec![p.into()]), ..Default::default() }.into());
    let config =
        changed(&fresh(), OFF, |s| s.v_app_config = with(property(ArrayUpdateOperation::Add, 1, "x"))).unwrap();
    let values = |c: &Config| {
        let all = c.v_app_config.as_ref().unwrap().property.clone().unwrap_or_default();
        all.iter().map(|p| p.value.clone().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(values(&config), ["x"]);
    let config =
        changed(&config, OFF, |s| s.v_app_config = with(property(ArrayUpdateOperation::Edit, 1, "y"))).unwrap();
    assert_eq!(values(&config), ["y"]);
    assert!(changed(&config, OFF, |s| s.v_app_config = with(property(ArrayUpdateOperation::Edit, 2, "z"))).is_err());
    let gone = changed(&config, OFF, |s| s.v_app_config = with(property(ArrayUpdateOperation::Remove, 1, ""))).unwrap();
    assert!(values(&gone).is_empty());
    assert!(changed(&gone, OFF, |s| s.v_app_config_removed = Some(true)).unwrap().v_app_config.is_none());
}

#[test]
fn a_config_made_by_a_spec_is_the_default_vms() {
    let world = World::default();
    let spec = wish(|s| {
        s.device_change = Some(vec![
            add(scsi(-1)),
            add(VirtualCdrom::with(|c| c.controller_key = Some(200))),
            disk(-1, crate::vm::default_vm::DISK_KB),
            add(nic()),
        ]);
    });
    let config = config::create(&spec, &world.context()).unwrap();
    let built = crate::vm::tests::default_vm::made(1, false).config.unwrap();
    let kinds = |c: &Config| {
        c.hardware
            .device
            .iter()
            .flatten()
            .map(|d| (d.key, d.controller_key, d.unit_number, d.device_info.clone().unwrap().label.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&config), kinds(&built));
    for key in [1000, 3000] {
        let of = |c: &Config| by_key(c.hardware.device.as_ref().unwrap(), key);
        assert_eq!(of(&config), of(&built), "the builder of default VMs makes what a spec makes");
    }
}
