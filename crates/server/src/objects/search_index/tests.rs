use vim25::{MoRef, Str, args, mo};

use crate::testing::{World, moref, refused};

fn index() -> MoRef {
    moref("SearchIndex", "SearchIndex")
}

fn vm(id: &str) -> MoRef {
    moref("VirtualMachine", id)
}

fn datacenter() -> MoRef {
    moref("Datacenter", "datacenter-2")
}

/// A second, empty datacenter.
fn empty_datacenter(world: &World) -> MoRef {
    let other = moref("Datacenter", "datacenter-99");
    world.commit(|tx| tx.insert(other.clone(), mo::Datacenter::default()));
    other
}

#[test]
fn a_vm_is_found_by_its_bios_and_its_instance_uuid() {
    let world = World::new();
    let find = |uuid: &str, instance_uuid, vm_search, datacenter| {
        let args = args::FindByUuid { uuid: uuid.into(), instance_uuid, vm_search, datacenter };
        world.call(&index(), args).unwrap()
    };
    let (bios, instance) = ("42000000-0000-0000-0000-000000000021", "50000000-0000-0000-0000-000000000021");
    assert_eq!(find(bios, None, true, None), Some(vm("vm-21")));
    assert_eq!(find(bios, Some(true), true, None), None);
    assert_eq!(find(instance, Some(true), true, Some(datacenter())), Some(vm("vm-21")));
    assert_eq!(find(instance, Some(false), true, None), None);
    assert_eq!(find(bios, None, false, None), None, "it is not a host's");
    assert_eq!(find("not a uuid", None, true, None), None);
    assert_eq!(find(bios, None, true, Some(empty_datacenter(&world))), None);
}

#[test]
fn all_vms_with_one_uuid_are_found() {
    let world = World::new();
    let uuid: Str = "42000000-0000-0000-0000-000000000020".into();
    world.commit(|tx| {
        let vm = tx.edit::<mo::VirtualMachine>(&vm("vm-31")).unwrap();
        vm.config.as_mut().unwrap().uuid = uuid.clone();
    });
    let args = args::FindAllByUuid { uuid, vm_search: true, instance_uuid: None, datacenter: Some(datacenter()) };
    assert_eq!(world.call(&index(), args).unwrap(), [vm("vm-20"), vm("vm-31")]);
}

#[test]
fn vms_and_hosts_are_found_by_dns_name_and_address() {
    let world = World::new();
    let dns = |name: &str, vm_search| {
        let args = args::FindByDnsName { dns_name: name.into(), vm_search, datacenter: None };
        world.call(&index(), args).unwrap()
    };
    assert_eq!(dns("Alpha.Lab.Local", true), Some(vm("vm-20")));
    assert_eq!(dns("alpha.lab.local", false), None);
    assert_eq!(dns("esx-10.lab.local", false), Some(moref("HostSystem", "host-10")));
    let ip = |ip: &str, vm_search| {
        let args = args::FindAllByIp { ip: ip.into(), vm_search, datacenter: Some(datacenter()) };
        world.call(&index(), args).unwrap()
    };
    assert_eq!(ip("10.0.0.31", true), [vm("vm-31")]);
    assert_eq!(ip("10.0.1.11", false), [moref("HostSystem", "host-11")]);
    assert_eq!(ip("10.0.1.11", true), []);
}

#[test]
fn an_unknown_datacenter_faults() {
    let world = World::new();
    let args = args::FindByIp { ip: "10.0.0.1".into(), vm_search: true, datacenter: Some(moref("Datacenter", "none")) };
    assert_eq!(refused(world.call(&index(), args)).0, "ManagedObjectNotFound");
}

#[test]
fn inventory_paths_lead_through_folders_hosts_pools_and_vapps() {
    let world = World::new();
    world.commit(|tx| tx.edit::<mo::VirtualMachine>(&vm("vm-22")).unwrap().name = "front%2fend".into());
    let find = |path: &str| {
        let found = world.call(&index(), args::FindByInventoryPath { inventory_path: path.into() }).unwrap();
        found.map_or_else(|| "none".to_string(), |m| m.id.to_string())
    };
    for (path, id) in [
        ("", "group-d1"),
        ("/", "group-d1"),
        ("DC0", "datacenter-2"),
        ("/DC0/vm/alpha/", "vm-20"),
        ("DC0/vm/prod/front%2fend", "vm-22"),
        ("DC0/vm/prod/front%2Fend", "vm-22"),
        ("DC0/vm/app", "resgroup-v30"),
        ("DC0/vm/app/delta", "vm-31"),
        ("DC0/host/DC0_C0/esx-10.lab.local", "host-10"),
        ("DC0/host/DC0_C0/Resources/app", "resgroup-v30"),
        ("DC0/datastore/LocalDS_0", "datastore-12"),
        ("DC0/vm/nobody", "none"),
        ("DC0/alpha", "none"),
        ("Datacenters/DC0", "none"),
    ] {
        assert_eq!(find(path), id, "{path}");
    }
}

#[test]
fn a_child_is_found_by_its_plain_or_kept_name() {
    let world = World::new();
    world.commit(|tx| tx.edit::<mo::VirtualMachine>(&vm("vm-22")).unwrap().name = "a%2fb".into());
    let prod = moref("Folder", "group-v9");
    let find = |entity: &MoRef, name: &str| {
        world.call(&index(), args::FindChild { entity: entity.clone(), name: name.into() }).unwrap()
    };
    assert_eq!(find(&prod, "a/b"), Some(vm("vm-22")));
    assert_eq!(find(&prod, "a%2fb"), Some(vm("vm-22")));
    assert_eq!(find(&datacenter(), "vm"), Some(moref("Folder", "group-v3")));
    assert_eq!(find(&prod, "alpha"), None);
    let missing = args::FindChild { entity: moref("Folder", "none"), name: "x".into() };
    assert_eq!(refused(world.call(&index(), missing)).0, "ManagedObjectNotFound");
}

#[test]
fn a_vm_is_found_by_the_path_of_its_configuration_file() {
    let world = World::new();
    let find =
        |path: &str| world.call(&index(), args::FindByDatastorePath { datacenter: datacenter(), path: path.into() });
    assert_eq!(find("[LocalDS_0] alpha/alpha.vmx").unwrap(), Some(vm("vm-20")));
    assert_eq!(find("[LocalDS_0]alpha/alpha.vmx").unwrap(), Some(vm("vm-20")));
    assert_eq!(find("[LocalDS_0] alpha/beta.vmx").unwrap(), None);
    assert_eq!(refused(find("[NoSuch] alpha/alpha.vmx")).0, "InvalidDatastore");
    assert_eq!(refused(find("alpha.vmx")).0, "InvalidDatastorePath");
}
