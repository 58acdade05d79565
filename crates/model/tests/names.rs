//! Names, counts and places of what a world has at start: those of the simulator that people know.

mod common;

use common::{find, world};
use model::{BuildError, Settings};
use vim25::mo;

/// Checks the tree below the root. The number in the name of an uplink port group is its switch's, and not compared.
fn check(settings: &Settings, expected: &str) {
    let (inventory, lab) = world(settings);
    let mut found = find(&inventory.snapshot(), &lab.root);
    for line in &mut found {
        if let Some(at) = line.find("-DVUplinks-") {
            line.truncate(at + "-DVUplinks-".len());
        }
    }
    let mut expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_default_world_has_one_datacenter_with_a_cluster_a_host_and_four_machines() {
    check(
        &Settings::vcenter(),
        "Datacenter /DC0
         Folder /DC0/vm
         VirtualMachine /DC0/vm/DC0_H0_VM0
         VirtualMachine /DC0/vm/DC0_H0_VM1
         VirtualMachine /DC0/vm/DC0_C0_RP0_VM0
         VirtualMachine /DC0/vm/DC0_C0_RP0_VM1
         Folder /DC0/host
         ComputeResource /DC0/host/DC0_H0
         HostSystem /DC0/host/DC0_H0/DC0_H0
         ResourcePool /DC0/host/DC0_H0/Resources
         ClusterComputeResource /DC0/host/DC0_C0
         HostSystem /DC0/host/DC0_C0/DC0_C0_H0
         HostSystem /DC0/host/DC0_C0/DC0_C0_H1
         HostSystem /DC0/host/DC0_C0/DC0_C0_H2
         ResourcePool /DC0/host/DC0_C0/Resources
         Folder /DC0/datastore
         Datastore /DC0/datastore/LocalDS_0
         Folder /DC0/network
         Network /DC0/network/VM Network
         VmwareDistributedVirtualSwitch /DC0/network/DVS0
         DistributedVirtualPortgroup /DC0/network/DVS0-DVUplinks-
         DistributedVirtualPortgroup /DC0/network/DC0_DVPG0",
    );
}

#[test]
fn folders_hold_the_last_datacenters_and_everything_in_them() {
    check(
        &Settings { datacenters: 2, folders: 1, datastores: 2, clusters: 0, vms: 1, ..Settings::vcenter() },
        "Datacenter /DC0
         Folder /DC0/vm
         VirtualMachine /DC0/vm/DC0_H0_VM0
         Folder /DC0/host
         ComputeResource /DC0/host/DC0_H0
         HostSystem /DC0/host/DC0_H0/DC0_H0
         ResourcePool /DC0/host/DC0_H0/Resources
         Folder /DC0/datastore
         Datastore /DC0/datastore/LocalDS_0
         Datastore /DC0/datastore/LocalDS_1
         Folder /DC0/network
         Network /DC0/network/VM Network
         VmwareDistributedVirtualSwitch /DC0/network/DVS0
         DistributedVirtualPortgroup /DC0/network/DVS0-DVUplinks-
         DistributedVirtualPortgroup /DC0/network/DC0_DVPG0
         Folder /F0
         Datacenter /F0/DC1
         Folder /F0/DC1/vm
         Folder /F0/DC1/vm/F0
         VirtualMachine /F0/DC1/vm/F0/DC1_H0_VM0
         Folder /F0/DC1/host
         Folder /F0/DC1/host/F0
         ComputeResource /F0/DC1/host/F0/DC1_H0
         HostSystem /F0/DC1/host/F0/DC1_H0/DC1_H0
         ResourcePool /F0/DC1/host/F0/DC1_H0/Resources
         Folder /F0/DC1/datastore
         Folder /F0/DC1/datastore/F0
         Datastore /F0/DC1/datastore/F0/LocalDS_0
         Datastore /F0/DC1/datastore/F0/LocalDS_1
         Folder /F0/DC1/network
         Network /F0/DC1/network/VM Network
         Folder /F0/DC1/network/F0
         VmwareDistributedVirtualSwitch /F0/DC1/network/F0/DVS0
         DistributedVirtualPortgroup /F0/DC1/network/F0/DVS0-DVUplinks-
         DistributedVirtualPortgroup /F0/DC1/network/F0/DC1_DVPG0",
    );
}

#[test]
fn pools_apps_pods_and_nsx_networks_have_their_names_and_places() {
    let settings = Settings {
        standalone_hosts: 0,
        hosts: 1,
        pools: 2,
        apps: 1,
        pods: 2,
        vms: 1,
        nsx_portgroups: 1,
        opaque_networks: 2,
        ..Settings::vcenter()
    };
    check(
        &settings,
        "Datacenter /DC0
         Folder /DC0/vm
         VirtualMachine /DC0/vm/DC0_C0_RP1_VM0
         VirtualMachine /DC0/vm/DC0_C0_RP2_VM0
         VirtualMachine /DC0/vm/DC0_C0_APP0_VM0
         Folder /DC0/host
         ClusterComputeResource /DC0/host/DC0_C0
         HostSystem /DC0/host/DC0_C0/DC0_C0_H0
         ResourcePool /DC0/host/DC0_C0/Resources
         ResourcePool /DC0/host/DC0_C0/Resources/DC0_C0_RP1
         ResourcePool /DC0/host/DC0_C0/Resources/DC0_C0_RP2
         VirtualApp /DC0/host/DC0_C0/Resources/DC0_C0_APP0
         Folder /DC0/datastore
         StoragePod /DC0/datastore/DC0_POD0
         StoragePod /DC0/datastore/DC0_POD1
         Datastore /DC0/datastore/LocalDS_0
         Folder /DC0/network
         Network /DC0/network/VM Network
         VmwareDistributedVirtualSwitch /DC0/network/DVS0
         DistributedVirtualPortgroup /DC0/network/DVS0-DVUplinks-
         DistributedVirtualPortgroup /DC0/network/DC0_DVPG0
         DistributedVirtualPortgroup /DC0/network/DC0_NSXPG0
         DistributedVirtualPortgroup /DC0/network/DC0_NSXPG1
         DistributedVirtualPortgroup /DC0/network/DC0_NSXPG2
         OpaqueNetwork /DC0/network/DC0_NSX0
         OpaqueNetwork /DC0/network/DC0_NSX1",
    );
}

#[test]
fn an_esxi_host_is_a_world_of_its_own() {
    check(
        &Settings::esx(),
        "Datacenter /ha-datacenter
         Folder /ha-datacenter/vm
         VirtualMachine /ha-datacenter/vm/ha-host_VM0
         VirtualMachine /ha-datacenter/vm/ha-host_VM1
         Folder /ha-datacenter/host
         ComputeResource /ha-datacenter/host/localhost.localdomain
         HostSystem /ha-datacenter/host/localhost.localdomain/localhost.localdomain
         ResourcePool /ha-datacenter/host/localhost.localdomain/Resources
         Folder /ha-datacenter/datastore
         Datastore /ha-datacenter/datastore/LocalDS_0
         Folder /ha-datacenter/network
         Network /ha-datacenter/network/VM Network",
    );
    let (inventory, _) = world(&Settings::esx());
    let world = inventory.snapshot();
    let content = &world.get::<mo::ServiceInstance>(&model::content::service_instance()).unwrap().content;
    assert_eq!((content.about.api_type.as_str(), content.root_folder.id.as_str()), ("HostAgent", "ha-folder-root"));
    assert_eq!(content.property_collector.id, "ha-property-collector");
    assert!(content.alarm_manager.is_none() && content.extension_manager.is_none());
}

#[test]
fn ids_are_those_of_a_real_vcenter() {
    let (inventory, lab) = world(&Settings::vcenter());
    let world = inventory.snapshot();
    assert_eq!(lab.root.id, "group-d1");
    assert_eq!(lab.datacenters[0].id, "datacenter-2");
    let ids =
        |kind: &str| -> Vec<String> { common::of_kind(&world, kind).iter().map(|o| o.moref.id.to_string()).collect() };
    assert_eq!(ids("Folder"), ["group-d1", "group-h4", "group-n6", "group-s5", "group-v3"]);
    let prefixes = [
        ("HostSystem", "host-"),
        ("ClusterComputeResource", "domain-c"),
        ("ResourcePool", "resgroup-"),
        ("Datastore", "datastore-"),
        ("VmwareDistributedVirtualSwitch", "dvs-"),
        ("DistributedVirtualPortgroup", "dvportgroup-"),
        ("VirtualMachine", "vm-"),
        ("EnvironmentBrowser", "envbrowser-"),
    ];
    for (kind, prefix) in prefixes {
        let ids = ids(kind);
        assert!(!ids.is_empty() && ids.iter().all(|id| id.starts_with(prefix)), "{kind}: {ids:?}");
    }
}

#[test]
fn counts_multiply() {
    let settings = Settings {
        datacenters: 2,
        clusters: 3,
        hosts: 4,
        standalone_hosts: 2,
        pools: 2,
        apps: 1,
        vms: 3,
        portgroups: 2,
        ..Settings::vcenter()
    };
    let (inventory, lab) = world(&settings);
    let world = inventory.snapshot();
    let count = |kind: &str| common::of_kind(&world, kind).len();
    assert_eq!(count("HostSystem"), 2 * (3 * 4 + 2));
    assert_eq!(count("VirtualMachine"), 2 * (3 * 3 * 3 + 2 * 3));
    assert_eq!((lab.vms.len(), lab.hosts.len()), (count("VirtualMachine"), count("HostSystem")));
    assert_eq!(count("ResourcePool"), 2 * (3 * (1 + 2 + 1) + 2));
    assert_eq!(count("DistributedVirtualPortgroup"), 2 * 3);
}

#[test]
fn settings_that_cannot_be_met_are_refused_and_leave_the_world_empty() {
    let refused = |settings: Settings| {
        let inventory = common::inventory(0);
        let error = inventory.commit(|tx| model::build(tx, &settings)).unwrap_err();
        assert!(inventory.snapshot().is_empty());
        error
    };
    let base = Settings::vcenter;
    assert!(matches!(refused(Settings { hosts: 0, ..base() }), BuildError::NoHost { .. }));
    assert_eq!(refused(Settings { datastores: 0, ..base() }), BuildError::NoDatastore);
    let many = refused(Settings { vms: u32::MAX, clusters: u32::MAX, ..base() });
    assert!(matches!(many, BuildError::TooMany { what: "virtual machines", .. }), "{many}");
    assert!(matches!(refused(Settings { pods: u32::MAX, vms: 0, ..base() }), BuildError::TooMany { .. }));
}

#[test]
fn a_world_without_hosts_or_machines_is_fine() {
    let settings = Settings { hosts: 0, standalone_hosts: 0, vms: 0, portgroups: 0, ..Settings::vcenter() };
    let (inventory, lab) = world(&settings);
    let found = find(&inventory.snapshot(), &lab.root);
    assert!(found.contains(&"ClusterComputeResource /DC0/host/DC0_C0".to_string()));
    assert!(!found.iter().any(|line| line.starts_with("Datastore ") || line.contains("DVS")), "{found:?}");
}
