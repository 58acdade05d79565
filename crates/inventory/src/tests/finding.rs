use vim25::Obj;

use super::*;
use crate::Principal;

fn full_vm(uuid: &str, instance: &str) -> VirtualMachine {
    VirtualMachine::with(|vm| {
        vm.name = "web".into();
        vm.config = Some(
            VirtualMachineConfigInfo::with(|config| {
                config.uuid = uuid.into();
                config.instance_uuid = Some(instance.into());
            })
            .into(),
        );
        vm.guest = Some(
            GuestInfo::with(|guest| {
                guest.host_name = Some("Web.Example.org".into());
                guest.ip_address = Some("10.0.0.5".into());
                let nic = GuestNicInfo::with(|nic| nic.ip_address = Some(vec!["10.0.0.5".into(), "fe80::1".into()]));
                guest.net = Some(vec![nic.into()]);
            })
            .into(),
        );
    })
}

const BIOS: &str = "4212c5a1-0b52-4a55-9e1c-2f3e6d7c8b9a";
const INSTANCE: &str = "50127c11-aaaa-4bbb-8ccc-0123456789ab";

#[test]
fn a_vm_is_found_by_uuids_names_and_addresses_in_any_spelling() {
    let world = world();
    let a = moref("VirtualMachine", "vm-1");
    run(&world, |tx| tx.insert(a.clone(), full_vm(BIOS, INSTANCE)));
    let now = world.snapshot();
    let index = now.index();
    for found in [
        index.by_uuid("VirtualMachine", BIOS),
        index.by_uuid("VirtualMachine", &BIOS.to_uppercase()),
        index.by_instance_uuid(&INSTANCE.replace('-', "")),
        index.by_dns("web.EXAMPLE.org"),
        index.by_ip("10.0.0.5"),
        index.by_ip("fe80:0::1"),
    ] {
        assert_eq!(found, std::slice::from_ref(&a));
    }
    for none in [
        index.by_uuid("HostSystem", BIOS),
        index.by_uuid("Folder", BIOS),
        index.by_instance_uuid(BIOS),
        index.by_uuid("VirtualMachine", "nonsense"),
        index.by_dns(""),
        index.by_ip("10.0.0.50"),
    ] {
        assert!(none.is_empty());
    }
}

#[test]
fn a_host_is_found_by_what_its_hardware_and_network_say() {
    let world = world();
    let host = HostSystem::with(|host| {
        host.name = "esx1.example.org".into();
        let system = HostSystemInfo::with(|system| system.uuid = BIOS.into());
        host.hardware = Some(HostHardwareInfo::with(|hardware| hardware.system_info = system.into()).into());
        let ip = HostIpConfig::with(|ip| ip.ip_address = Some("192.168.1.2".into()));
        let spec = HostVirtualNicSpec::with(|spec| spec.ip = Some(ip.into()));
        let nic = HostVirtualNic::with(|nic| nic.spec = spec.into());
        let network = HostNetworkInfo::with(|network| network.vnic = Some(vec![nic.into()]));
        host.config = Some(HostConfigInfo::with(|config| config.network = Some(network.into())).into());
    });
    let a = moref("HostSystem", "host-1");
    run(&world, |tx| tx.insert(a.clone(), host));
    let now = world.snapshot();
    let index = now.index();
    for found in [index.by_uuid("HostSystem", BIOS), index.by_dns("ESX1.example.org"), index.by_ip("192.168.1.2")] {
        assert_eq!(found, std::slice::from_ref(&a));
    }
}

#[test]
fn several_objects_may_carry_the_same_and_come_in_order_of_their_ids() {
    let world = world();
    run(&world, |tx| ["vm-3", "vm-1", "vm-2"].map(|id| tx.insert(moref("VirtualMachine", id), full_vm(BIOS, ""))));
    run(&world, |tx| tx.remove(&moref("VirtualMachine", "vm-1")));
    let ids: Vec<_> = world.snapshot().index().by_uuid("VirtualMachine", BIOS).into_iter().map(|m| m.id).collect();
    assert_eq!(ids, ["vm-2", "vm-3"]);
}

#[test]
fn the_index_follows_a_change_within_the_transaction_and_after_it() {
    let world = world();
    let (a, home) = (moref("VirtualMachine", "vm-1"), moref("Folder", "group-v1"));
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    run(&world, |tx| {
        assert_eq!(tx.index().child_named(&home, "a"), Some(a.clone()));
        tx.edit::<VirtualMachine>(&a).unwrap().name = "b".into();
        assert_eq!((tx.index().child_named(&home, "a"), tx.index().child_named(&home, "b")), (None, Some(a.clone())));
    });
    let child = |name| world.snapshot().index().child_named(&home, name);
    assert_eq!((child("a"), child("b"), child("B")), (None, Some(a.clone()), None));
    run(&world, |tx| tx.edit::<VirtualMachine>(&a).unwrap().parent = Some(moref("Folder", "group-v2")));
    assert_eq!(child("b"), None);
}

#[test]
fn a_vm_in_a_vapp_is_a_child_of_its_folder_and_of_the_vapp() {
    let world = world();
    let (a, app) = (moref("VirtualMachine", "vm-1"), moref("VirtualApp", "resgroup-v2"));
    run(&world, |tx| {
        let mut content = vm("a");
        content.parent_v_app = Some(app.clone());
        tx.insert(a.clone(), content);
    });
    let now = world.snapshot();
    assert_eq!(now.index().child_named(&app, "a"), Some(a.clone()));
    assert_eq!(now.index().child_named(&moref("Folder", "group-v1"), "a"), Some(a));
}

#[test]
fn a_running_vm_is_found_by_its_context_id_on_its_host() {
    let world = world();
    let (a, host) = (moref("VirtualMachine", "vm-1"), moref("HostSystem", "host-1"));
    let mut vm = full_vm(BIOS, INSTANCE);
    let vmci = VirtualMachineVMCIDevice::with(|device| device.id = Some(77));
    vm.config.as_mut().unwrap().hardware.device = Some(vec![vmci.into()]);
    vm.runtime.host = Some(host.clone());
    run(&world, |tx| tx.insert(a.clone(), vm));
    let found = |id| world.snapshot().index().by_context_id(&host, id);
    let turn = |state| run(&world, |tx| tx.edit::<VirtualMachine>(&a).unwrap().runtime.power_state = state);
    turn(VirtualMachinePowerState::PoweredOff);
    assert!(found(77).is_empty());
    turn(VirtualMachinePowerState::PoweredOn);
    assert_eq!(found(77), std::slice::from_ref(&a));
    assert!(found(78).is_empty());
    let elsewhere = world.snapshot();
    assert!(elsewhere.index().by_context_id(&moref("HostSystem", "host-2"), 77).is_empty());
    turn(VirtualMachinePowerState::Suspended);
    assert!(found(77).is_empty());
}

fn disk(file: &str, parent: Option<&str>) -> Obj<VirtualDevice> {
    let backing = |file: &str| {
        VirtualDiskFlatVer2BackingInfo::with(|backing| {
            backing.file_name = file.into();
        })
    };
    let mut top = backing(file);
    top.parent = parent.map(|parent| backing(parent).into());
    VirtualDisk::with(|disk| disk.backing = Some(top.into())).into()
}

#[test]
fn a_vm_is_found_by_its_files_and_its_mac_addresses() {
    let world = world();
    let a = moref("VirtualMachine", "vm-1");
    run(&world, |tx| {
        let mut content = full_vm(BIOS, INSTANCE);
        let config = content.config.as_mut().unwrap();
        config.files.vm_path_name = Some("[ds] a/a.vmx".into());
        let card = VirtualVmxnet3::with(|card| card.mac_address = Some("00:50:56:00:00:01".into()));
        let disks = [disk("[ds] a/a.vmdk", None), disk("[ds] a/b-000001.vmdk", Some("[ds] a/b.vmdk"))];
        config.hardware.device = Some(disks.into_iter().chain([card.into()]).collect());
        tx.insert(a.clone(), content);
    });
    let index = |find: &dyn Fn(&crate::Index) -> Vec<MoRef>| find(world.snapshot().index());
    for file in ["[ds] a/a.vmx", "[ds] a/a.vmdk", "[ds] a/b.vmdk", "[ds] a/b-000001.vmdk"] {
        assert_eq!(index(&|index| index.by_file(file)), std::slice::from_ref(&a), "{file}");
    }
    assert_eq!(index(&|index| index.by_mac("00:50:56:00:00:01")), std::slice::from_ref(&a));
    assert!(index(&|index| index.by_file("[ds] a/A.vmx")).is_empty());
    run(&world, |tx| {
        let config = tx.edit::<VirtualMachine>(&a).unwrap().config.as_mut().unwrap();
        config.hardware.device.as_mut().unwrap().remove(0);
        config.hardware.device.as_mut().unwrap().pop();
    });
    assert!(index(&|index| index.by_file("[ds] a/a.vmdk")).is_empty());
    assert!(index(&|index| index.by_mac("00:50:56:00:00:01")).is_empty());
    assert_eq!(index(&|index| index.by_file("[ds] a/b.vmdk")), [a]);
}

#[test]
fn an_address_that_two_adapters_have_is_found_until_both_have_another() {
    let world = world();
    let vm = moref("VirtualMachine", "vm-1");
    let (same, other) = ("00:50:56:00:00:01", "00:50:56:00:00:02");
    let card = |mac: &str| VirtualVmxnet3::with(|card| card.mac_address = Some(mac.into())).into();
    run(&world, |tx| {
        let mut content = full_vm(BIOS, INSTANCE);
        content.config.as_mut().unwrap().hardware.device = Some(vec![card(same), card(same)]);
        tx.insert(vm.clone(), content);
    });
    let change = |at: usize| {
        run(&world, |tx| {
            let config = tx.edit::<VirtualMachine>(&vm).unwrap().config.as_mut().unwrap();
            config.hardware.device.as_mut().unwrap()[at] = card(other);
        });
    };
    let found = |mac: &str| world.snapshot().index().by_mac(mac).len();
    change(1);
    assert_eq!((found(same), found(other)), (1, 1));
    change(0);
    assert_eq!((found(same), found(other)), (0, 1));
}

#[test]
fn a_switch_is_found_by_its_uuid_and_a_vapp_in_its_folder() {
    let world = world();
    let (switch, app) = (moref("VmwareDistributedVirtualSwitch", "dvs-1"), moref("VirtualApp", "resgroup-v2"));
    let home = moref("Folder", "group-v1");
    run(&world, |tx| {
        let content = VmwareDistributedVirtualSwitch::with(|s| s.uuid = "50 0A 3b-c1".into());
        tx.insert(switch.clone(), content);
        let content = VirtualApp::with(|a| {
            a.name = "shop".into();
            a.parent = Some(moref("ResourcePool", "resgroup-1"));
            a.parent_folder = Some(home.clone());
        });
        tx.insert(app.clone(), content);
    });
    let now = world.snapshot();
    assert_eq!(now.index().by_switch_uuid("50 0a 3B-C1"), [switch]);
    assert!(now.index().by_switch_uuid("50 0a 3b c1").is_empty());
    assert_eq!(now.index().child_named(&home, "shop"), Some(app));
}

#[test]
fn what_an_extension_manages_and_whose_a_browser_is_are_found() {
    let world = world();
    let (a, cluster) = (moref("VirtualMachine", "vm-1"), moref("ClusterComputeResource", "domain-c1"));
    let browser = moref("EnvironmentBrowser", "envbrowser-1");
    run(&world, |tx| {
        let mut content = vm("a");
        let by = ManagedByInfo { extension_key: "com.example".into(), type_: "x".into() };
        content.config.as_mut().unwrap().managed_by = Some(by.into());
        content.environment_browser = browser.clone();
        tx.insert(a.clone(), content);
        let content = ClusterComputeResource::with(|c| c.environment_browser = Some(browser.clone()));
        tx.insert(cluster.clone(), content);
    });
    let now = world.snapshot();
    assert_eq!(now.index().managed_by("com.example"), [a]);
    assert!(now.index().managed_by("com.other").is_empty());
    assert_eq!(now.index().by_browser(&browser), Some(cluster));
}

#[test]
fn what_a_vapp_a_cluster_and_a_switch_carry_is_followed_when_nothing_else_of_them_changes() {
    let world = world();
    let (app, cluster) = (moref("VirtualApp", "resgroup-v2"), moref("ClusterComputeResource", "domain-c1"));
    let switch = moref("VmwareDistributedVirtualSwitch", "dvs-1");
    let browser = |n: u32| moref("EnvironmentBrowser", &format!("envbrowser-{n}"));
    let home = |n: u32| moref("Folder", &format!("group-v{n}"));
    run(&world, |tx| {
        tx.insert(app.clone(), VirtualApp::with(|a| a.name = "shop".into()));
        tx.insert(cluster.clone(), ClusterComputeResource::default());
        tx.insert(switch.clone(), VmwareDistributedVirtualSwitch::default());
    });
    for n in [1, 2] {
        run(&world, |tx| {
            let by = ManagedByInfo { extension_key: format!("com.{n}").into(), type_: "x".into() };
            let vapp = tx.edit::<VirtualApp>(&app).unwrap();
            vapp.v_app_config = Some(VAppConfigInfo::with(|config| config.managed_by = Some(by.into())).into());
        });
        run(&world, |tx| tx.edit::<VirtualApp>(&app).unwrap().parent_folder = Some(home(n)));
        run(&world, |tx| tx.edit::<ClusterComputeResource>(&cluster).unwrap().environment_browser = Some(browser(n)));
        run(&world, |tx| tx.edit::<DistributedVirtualSwitch>(&switch).unwrap().uuid = format!("uuid {n}").into());
    }
    let now = world.snapshot();
    let index = now.index();
    assert_eq!((index.managed_by("com.1"), index.managed_by("com.2")), (vec![], vec![app.clone()]));
    assert_eq!((index.child_named(&home(1), "shop"), index.child_named(&home(2), "shop")), (None, Some(app)));
    assert_eq!((index.by_browser(&browser(1)), index.by_browser(&browser(2))), (None, Some(cluster)));
    assert_eq!((index.by_switch_uuid("uuid 1"), index.by_switch_uuid("uuid 2")), (vec![], vec![switch]));
}

#[test]
fn whom_permissions_name_is_found_where_they_stand_and_no_longer_when_they_are_gone() {
    let world = world();
    let (a, folder) = (moref("VirtualMachine", "vm-1"), moref("Folder", "group-1"));
    let names = |principals: &[(&str, bool)]| -> Option<Vec<Obj<Permission>>> {
        let one = |&(principal, group): &(&str, bool)| {
            Permission { principal: principal.into(), group, ..Permission::default() }.into()
        };
        Some(principals.iter().map(one).collect())
    };
    let found = |user: &str| -> Vec<MoRef> { world.snapshot().index().by_principal(Principal::new(user)).collect() };
    run(&world, |tx| {
        tx.insert(a.clone(), vm("a"));
        tx.insert(folder.clone(), Folder::default());
    });
    run(&world, |tx| {
        let both = names(&[("LAB\\Ann", false), ("ann@home", false), ("staff", true)]);
        tx.edit::<VirtualMachine>(&a).unwrap().common.permission = both;
        tx.edit::<Folder>(&folder).unwrap().common.permission = names(&[("ann", false)]);
    });
    assert_eq!(found("ann@lab"), [folder.clone(), a.clone()]);
    assert!(found("staff").is_empty() && found("bob").is_empty());
    run(&world, |tx| tx.edit::<VirtualMachine>(&a).unwrap().common.permission = names(&[("ann@home", false)]));
    assert_eq!(found("ANN").len(), 2);
    run(&world, |tx| {
        tx.edit::<VirtualMachine>(&a).unwrap().common.permission = names(&[("bob", false)]);
        tx.remove(&folder);
    });
    assert!(found("ann").is_empty());
    assert_eq!(found("bob"), [a]);
}
