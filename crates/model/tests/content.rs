//! What the managers of a new server and its hosts say of themselves.

mod common;

use std::collections::BTreeSet;

use common::{of_kind, world};
use inventory::Snapshot;
use model::{Settings, content};
use vim25::{DataType, all_managed, mo, types::*};

fn manager<T: DataType>(world: &Snapshot) -> T {
    let moref = content::manager(T::TYPE.name, false).unwrap();
    world.get::<T>(&moref).unwrap().clone()
}

#[test]
fn the_server_is_a_vcenter_of_the_version_that_the_settings_name() {
    let api_version = vim25::ApiVersion::parse("7.0.3.0").unwrap();
    let (inventory, _) = world(&Settings { api_version, ..Settings::vcenter() });
    let world = inventory.snapshot();
    let about = &world.get::<mo::ServiceInstance>(&content::service_instance()).unwrap().content.about;
    assert_eq!((&*about.version, &*about.build, &*about.api_type), ("8.0.3", "24022515", "VirtualCenter"));
    assert_eq!(about.api_version, "7.0.3.0");
    assert_eq!(about.instance_uuid.as_ref().unwrap().len(), 36);
}

#[test]
fn administrators_hold_every_privilege_that_a_method_asks_for() {
    let (inventory, _) = world(&Settings::vcenter());
    let authorization: mo::AuthorizationManager = manager(&inventory.snapshot());
    let known: BTreeSet<_> = authorization.privilege_list.iter().flatten().map(|p| p.priv_id.clone()).collect();
    let roles = authorization.role_list.as_ref().unwrap();
    let held = |id: i32| -> BTreeSet<_> {
        let role = roles.iter().find(|r| r.role_id == id).unwrap();
        role.privilege.iter().flatten().cloned().collect()
    };
    assert_eq!(held(-1), known);
    let read_only: Vec<_> = held(-2).into_iter().collect();
    assert_eq!(read_only, ["System.Anonymous", "System.Read", "System.View"]);
    assert!(held(-5).is_empty());
    assert!(held(-6).len() < known.len() && !held(-6).iter().any(|p| p.starts_with("Cryptographer.")));
    for method in all_managed().iter().flat_map(|t| t.methods) {
        for asked in method.privilege.into_iter().flat_map(content::single_privileges) {
            assert!(known.contains(asked), "{} asks for {asked}", method.name);
        }
    }
    for role in roles {
        assert_eq!(role.system, role.role_id < 0);
        assert!(role.privilege.iter().flatten().all(|p| known.contains(p)), "{}", role.name);
    }
}

#[test]
fn every_task_and_event_is_described_once() {
    let (inventory, _) = world(&Settings::vcenter());
    let world = inventory.snapshot();
    let tasks = manager::<mo::TaskManager>(&world);
    let keys: Vec<_> = tasks.description.method_info.iter().map(|m| m.key.clone()).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    for key in ["VirtualMachine.powerOn", "Folder.createVm", "VirtualMachine.reconfigure", "ManagedEntity.destroy"] {
        assert!(keys.iter().any(|k| k == key), "{key}");
    }
    let events = manager::<mo::EventManager>(&world);
    let details: Vec<_> = events.description.event_info.iter().map(|d| (&*d.key, &*d.category)).collect();
    for known in [
        ("VmPoweredOnEvent", "info"),
        ("VmFailedToPowerOnEvent", "error"),
        ("HostConnectionLostEvent", "error"),
        ("VmDisconnectedEvent", "warning"),
        ("GeneralUserEvent", "user"),
    ] {
        assert!(details.contains(&known), "{known:?}");
    }
    let categories = ["info", "warning", "error", "user"];
    assert!(details.iter().all(|(_, category)| categories.contains(category)));
}

#[test]
fn events_that_are_known_by_an_id_are_described_by_it() {
    let (inventory, _) = world(&Settings::vcenter());
    let events = manager::<mo::EventManager>(&inventory.snapshot());
    let described: Vec<_> = events.description.event_info.iter().filter(|d| d.key == "EventEx").collect();
    for (id, category) in [
        ("com.vmware.vc.npt.VmAdapterEnteredPassthroughEvent", "info"),
        ("com.vmware.vc.npt.VmAdapterExitedPassthroughEvent", "info"),
        ("com.vmware.vc.vm.Uptv2Active", "info"),
        ("com.vmware.vc.vm.Uptv2Inactive", "warning"),
    ] {
        let of_it: Vec<_> = described.iter().filter(|d| d.full_format.starts_with(&format!("{id}|"))).collect();
        assert_eq!(of_it.len(), 1, "{id}");
        assert_eq!(of_it[0].category, category);
    }
}

#[test]
fn settings_and_counters_have_unique_keys() {
    let (inventory, lab) = world(&Settings::vcenter());
    let world = inventory.snapshot();
    let host = world.get::<mo::HostSystem>(&lab.hosts[0]).unwrap();
    let advanced = host.config_manager.advanced_option.as_ref().unwrap();
    let managers = [manager::<mo::OptionManager>(&world), world.get::<mo::OptionManager>(advanced).unwrap().clone()];
    for options in managers {
        let keys: Vec<_> = options.setting.iter().flatten().map(|o| &o.key).collect();
        assert!(keys.len() > 20);
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    }
    let counters = manager::<mo::PerformanceManager>(&world).perf_counter.unwrap();
    assert_eq!(counters.iter().map(|c| c.key).collect::<BTreeSet<_>>().len(), counters.len());
}

#[test]
fn hosts_know_neither_direct_path_gen_2_nor_vmci_between_machines() {
    let (inventory, lab) = world(&Settings::vcenter());
    let world = inventory.snapshot();
    for host in &lab.hosts {
        let host = world.get::<mo::HostSystem>(host).unwrap();
        let capability = host.capability.as_ref().unwrap();
        assert_eq!(capability.vm_direct_path_gen2_supported, Some(false));
        let reasons = capability.vm_direct_path_gen2_unsupported_reason.as_ref().unwrap();
        assert_eq!(reasons, &["hostNptIncompatibleProduct"]);
        assert!(!capability.inter_vm_communication_through_vmci_supported);
        assert!(capability.maintenance_mode_supported && capability.cpu_memory_resource_configuration_supported);
        for pnic in host.config.as_ref().unwrap().network.as_ref().unwrap().pnic.iter().flatten() {
            assert_eq!((pnic.vm_direct_path_gen2_supported, &pnic.vm_direct_path_gen2_supported_mode), (None, &None));
        }
    }
}

/// Keys that parts of a host use for each other are there.
#[test]
fn links_inside_a_host_lead_somewhere() {
    let (inventory, lab) = world(&Settings { datastores: 2, ..Settings::vcenter() });
    let world = inventory.snapshot();
    let config = world.get::<mo::HostSystem>(&lab.hosts[1]).unwrap().config.clone().unwrap();
    let network = config.network.as_ref().unwrap();
    let switch = &network.vswitch.as_ref().unwrap()[0];
    let groups: Vec<_> = network.portgroup.iter().flatten().map(|g| g.key.clone().unwrap()).collect();
    assert_eq!(switch.portgroup.as_ref(), Some(&groups));
    assert!(network.portgroup.iter().flatten().all(|g| g.vswitch.as_ref() == Some(&switch.key)));
    let ports: Vec<_> = network.pnic.iter().flatten().map(|p| p.key.clone().unwrap()).collect();
    let proxy = &network.proxy_switch.as_ref().unwrap()[0];
    assert_eq!(ports, [switch.pnic.clone().unwrap(), proxy.pnic.clone().unwrap()].concat());
    let storage = config.storage_device.as_ref().unwrap();
    let adapters: Vec<_> = storage.host_bus_adapter.iter().flatten().map(|a| a.key.clone().unwrap()).collect();
    let disks: Vec<_> = storage.scsi_lun.iter().flatten().map(|d| d.key.clone().unwrap()).collect();
    assert_eq!(disks.len(), 3);
    let interfaces = storage.scsi_topology.as_ref().unwrap().adapter.clone().unwrap();
    assert_eq!(interfaces.iter().map(|i| i.adapter.clone()).collect::<Vec<_>>(), adapters);
    let targets = interfaces.iter().flat_map(|i| i.target.iter().flatten());
    let luns = targets.flat_map(|t| t.lun.iter().flatten());
    assert_eq!(luns.map(|l| l.scsi_lun.clone()).collect::<Vec<_>>(), disks);
    for unit in storage.multipath_info.as_ref().unwrap().lun.iter().flatten() {
        assert!(disks.contains(&unit.lun));
        assert!(unit.path.iter().all(|p| p.lun == unit.key && adapters.contains(&p.adapter)));
    }
}

#[test]
fn a_switch_and_its_hosts_agree() {
    let (inventory, lab) = world(&Settings::vcenter());
    let world = inventory.snapshot();
    let switch = of_kind(&world, "DistributedVirtualSwitch")[0].moref.clone();
    assert_eq!(switch.kind, "VmwareDistributedVirtualSwitch");
    let switch = world.get::<mo::DistributedVirtualSwitch>(&switch).unwrap();
    assert!(switch.uuid.starts_with("50 2f ") && switch.uuid.len() == 47, "{}", switch.uuid);
    let config = switch.config.cast::<VMwareDVSConfigInfo>().unwrap();
    let members: Vec<_> = config.host.iter().flatten().map(|m| m.config.host.clone().unwrap()).collect();
    assert_eq!(members, lab.hosts);
    for member in &members {
        let config = world.get::<mo::HostSystem>(member).unwrap().config.clone().unwrap();
        let proxy = config.network.as_ref().unwrap().proxy_switch.as_ref().unwrap()[0].clone();
        assert_eq!((&proxy.dvs_uuid, &proxy.dvs_name), (&switch.uuid, &switch.name));
    }
    let groups = switch.portgroup.iter().flatten();
    let ports =
        groups.flat_map(|g| world.get::<mo::DistributedVirtualPortgroup>(g).unwrap().port_keys.clone().unwrap());
    let ports: Vec<_> = ports.collect();
    assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), ports.len());
    assert_eq!((config.num_ports as usize, switch.summary.num_ports as usize), (ports.len(), ports.len()));
    let features = switch.capability.features_supported.as_ref().unwrap();
    assert!(features.is::<VMwareDVSFeatureCapability>());
    assert_eq!(features.vm_direct_path_gen2_supported, Some(true));
}
