use std::sync::Arc;

use vim25::{
    DataType, MoRef, Obj, Str, args, mo,
    types::{
        AuthorizationPrivilege, AuthorizationRole, NoPermission, ObjectSpec, Permission, PropertyFilterSpec,
        PropertySpec, SelectionSpec, TraversalSpec, VirtualDevice, VirtualDeviceConfigSpec,
        VirtualDeviceConfigSpecFileOperation, VirtualDeviceConfigSpecOperation, VirtualDisk,
        VirtualDiskFlatVer2BackingInfo, VirtualE1000, VirtualEthernetCardNetworkBackingInfo, VirtualMachineConfigSpec,
    },
};

use super::{
    demands,
    guard::{Attempt, Demand},
    spec,
};
use crate::{
    dispatch::Registry,
    fault::Fault,
    objects,
    session::Session,
    testing::{World, moref},
};

const SYSTEM: [&str; 3] = ["System.Anonymous", "System.Read", "System.View"];
const POWER_ON: &str = "VirtualMachine.Interact.PowerOn";

fn manager() -> MoRef {
    moref("AuthorizationManager", "AuthorizationManager")
}

fn root() -> MoRef {
    moref("Folder", "group-d1")
}

fn role(role_id: i32, privileges: &[&str]) -> Obj<AuthorizationRole> {
    let held: Vec<Str> = privileges.iter().copied().map(Str::new).collect();
    let name = role_id.to_string().into();
    AuthorizationRole { role_id, name, privilege: Some(held), ..Default::default() }.into()
}

/// A world with an administrator, and roles: read-only, view, none, and one that starts machines.
fn world() -> World {
    let world = World::new();
    let all = model::content::privilege_ids();
    world.commit(|tx| {
        let known = |id: &&str| AuthorizationPrivilege { priv_id: (*id).into(), ..Default::default() }.into();
        let content = tx.edit::<mo::AuthorizationManager>(&manager()).unwrap();
        content.privilege_list = Some(all.iter().map(known).collect());
        let everything: Vec<&str> = all.iter().copied().collect();
        let starter = [&SYSTEM[..], &[POWER_ON]].concat();
        content.role_list = Some(vec![
            role(-1, &everything),
            role(-2, &SYSTEM),
            role(-3, &[SYSTEM[0], SYSTEM[2]]),
            role(-5, &[]),
            role(7, &starter),
        ]);
        let admin =
            Permission { entity: Some(root()), principal: "chief".into(), group: false, role_id: -1, propagate: true };
        tx.edit::<mo::Folder>(&root()).unwrap().common.permission = Some(vec![admin.into()]);
    });
    world
}

fn grant(world: &World, user: &str, entity: MoRef, role_id: i32, propagate: bool) {
    let permission = Permission { entity: None, principal: user.into(), group: false, role_id, propagate };
    let set = args::SetEntityPermissions { entity, permission: Some(vec![permission.into()]) };
    world.call(&manager(), set).unwrap();
}

fn vm(id: &str) -> MoRef {
    moref("VirtualMachine", id)
}

fn power_on(world: &World, session: &Arc<Session>, id: &str) -> Result<MoRef, Fault> {
    world.call_as(session, &vm(id), args::PowerOnVM_Task::default())
}

fn lacking(fault: Fault) -> (String, String) {
    let fault = fault.fault.cast::<NoPermission>().expect("NoPermission").clone();
    (fault.object.unwrap().id.to_string(), fault.privilege_id.unwrap().to_string())
}

#[test]
fn whom_no_permission_names_may_do_everything() {
    let world = world();
    grant(&world, "bob", root(), -2, true);
    for user in ["ann", "chief", "LAB\\chief", "bobby"] {
        let sight = world.core.sight(Some(world.log_in(user)));
        assert!(!sight.is_bound(), "{user}");
    }
    for user in ["bob", "LAB\\Bob", "BOB@lab"] {
        assert!(world.core.sight(Some(world.log_in(user))).is_bound(), "{user}");
    }
}

#[test]
fn a_call_needs_its_privilege_where_it_works() {
    let world = world();
    let bob = world.log_in("bob");
    grant(&world, "bob", root(), -2, true);
    let fault = power_on(&world, &bob, "vm-20").unwrap_err();
    assert_eq!(lacking(fault.clone()), ("vm-20".into(), POWER_ON.into()));
    let lists = fault.fault.cast::<NoPermission>().unwrap().missing_privileges.clone().unwrap();
    assert_eq!((lists.len(), &*lists[0].entity.id), (1, "vm-20"));
    grant(&world, "bob", vm("vm-20"), 7, false);
    power_on(&world, &bob, "vm-20").unwrap();
    assert_eq!(lacking(power_on(&world, &bob, "vm-21").unwrap_err()).0, "vm-21");
    let destroyed = world.call_as(&bob, &vm("vm-20"), args::Destroy_Task {});
    assert_eq!(lacking(destroyed.unwrap_err()).1, "VirtualMachine.Inventory.Delete");
    assert!(world.core.inventory.snapshot().get::<mo::VirtualMachine>(&vm("vm-20")).is_some());
    power_on(&world, &world.log_in("ann"), "vm-21").unwrap();
}

#[test]
fn what_folder_pool_and_host_give_adds_up() {
    let world = world();
    let bob = world.log_in("bob");
    grant(&world, "bob", moref("Folder", "group-v3"), -2, true);
    assert!(power_on(&world, &bob, "vm-22").is_err());
    grant(&world, "bob", moref("ResourcePool", "resgroup-8"), 7, true);
    power_on(&world, &bob, "vm-22").unwrap();
    let snapshot = world.core.inventory.snapshot();
    let held = super::privileges(&snapshot, &"bob".into(), &moref("Datastore", "datastore-12"));
    assert!(held.to_vec().is_empty(), "elsewhere he has nothing");
}

#[test]
fn the_nearest_permission_decides_and_may_take_away() {
    let world = world();
    let bob = world.log_in("bob");
    grant(&world, "bob", root(), 7, true);
    power_on(&world, &bob, "vm-20").unwrap();
    for place in [moref("Folder", "group-v9"), moref("ResourcePool", "resgroup-8"), moref("HostSystem", "host-10")] {
        grant(&world, "bob", place, -5, true);
    }
    let sight = world.core.sight(Some(bob.clone()));
    assert!(!sight.shows(&vm("vm-22")) && !sight.shows(&moref("ManagedEntity", "vm-22")));
    assert_eq!(lacking(power_on(&world, &bob, "vm-22").unwrap_err()).0, "vm-22");
}

fn names(world: &World, session: &Arc<Session>, path: &str) -> Vec<(String, bool)> {
    let traverse = |name: &str, kind: &str, path: &str, selects: Vec<Obj<SelectionSpec>>| -> Obj<SelectionSpec> {
        TraversalSpec::with(|t| {
            (t.name, t.type_, t.path, t.select_set) = (Some(name.into()), kind.into(), path.into(), Some(selects));
        })
        .into()
    };
    let again = || SelectionSpec { name: Some("below".into()) }.into();
    let selects = vec![again(), traverse("dc", "Datacenter", "vmFolder", vec![again()])];
    let select_set = Some(vec![traverse("below", "Folder", "childEntity", selects)]);
    let properties = PropertySpec { type_: "VirtualMachine".into(), all: None, path_set: Some(vec![path.into()]) };
    let object = ObjectSpec { obj: root(), skip: Some(true), select_set };
    let spec =
        PropertyFilterSpec { prop_set: vec![properties.into()], object_set: vec![object.into()], ..Default::default() };
    let collector = moref("PropertyCollector", "propertyCollector");
    let call = args::RetrieveProperties { spec_set: vec![spec.into()] };
    let found = world.call_as(session, &collector, call).unwrap().unwrap_or_default();
    found.iter().map(|object| (object.obj.id.to_string(), object.prop_set.is_some())).collect()
}

#[test]
fn what_a_user_must_not_see_is_not_found() {
    let world = world();
    let bob = world.log_in("bob");
    let all = names(&world, &bob, "name").len();
    for (place, role) in
        [(root(), -2), (moref("Folder", "group-v9"), -5), (moref("ClusterComputeResource", "domain-c7"), -5)]
    {
        grant(&world, "bob", place, role, true);
    }
    let seen = names(&world, &bob, "name");
    assert!(seen.len() < all && !seen.iter().any(|(id, _)| id == "vm-22"), "{seen:?}");
    assert!(seen.iter().all(|(_, has)| *has));
    let uuid = |session| {
        let snapshot = world.core.inventory.snapshot();
        let path = args::FindByInventoryPath { inventory_path: "DC0/vm/prod/gamma".into() };
        assert!(snapshot.get::<mo::VirtualMachine>(&vm("vm-22")).is_some());
        world.call_as(session, &moref("SearchIndex", "SearchIndex"), path).unwrap()
    };
    assert_eq!((uuid(&bob), uuid(&world.session)), (None, Some(vm("vm-22"))));
}

#[test]
fn with_view_alone_names_are_read_and_nothing_more() {
    let world = world();
    let bob = world.log_in("bob");
    grant(&world, "bob", root(), -3, true);
    assert!(names(&world, &bob, "name").iter().all(|(_, has)| *has));
    assert!(names(&world, &bob, "config").iter().all(|(_, has)| !*has));
}

/// Every method of an entity that has a handler says somewhere what it needs.
#[test]
fn no_call_on_an_entity_goes_unasked() {
    let mut registry = Registry::default();
    objects::register(&mut registry).unwrap();
    let world = World::new();
    let snapshot = world.core.inventory.snapshot();
    let mut unasked = 0;
    for (owner, method, _) in registry.coverage().into_iter().filter(|(_, _, done)| *done) {
        // What entities have in common with others is theirs too.
        let on_entity = owner.is_a(mo::ManagedEntity::TYPE) || mo::ManagedEntity::TYPE.is_a(owner);
        if on_entity && method.privilege.is_none() {
            let (arguments, user) = ((method.params.new)(), Str::new("bob"));
            let attempt = Attempt { world: &snapshot, user: &user, this: &root(), method, arguments: &*arguments };
            assert!(demands::has_own(&attempt), "{}.{} asks for nothing", owner.name, method.name);
            unasked += 1;
        }
    }
    assert_eq!(unasked, 12);
}

/// A role can hold whatever is asked for.
#[test]
fn every_privilege_that_is_asked_for_is_known() {
    let known = model::content::privilege_ids();
    let asked = [include_str!("demands.rs"), include_str!("spec.rs")].concat();
    let texts = asked.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
    let asked: Vec<&str> = texts.filter(|text| text.contains('.')).collect();
    let unknown: Vec<&&str> = asked.iter().filter(|id| !known.contains(**id)).collect();
    assert!(unknown.is_empty() && asked.len() > 50, "{unknown:?} of {}", asked.len());
}

fn change(
    operation: VirtualDeviceConfigSpecOperation,
    device: impl vim25::Extends<VirtualDevice>,
) -> VirtualDeviceConfigSpec {
    VirtualDeviceConfigSpec { operation: Some(operation), device: device.into(), ..Default::default() }
}

#[test]
fn a_configuration_needs_what_it_changes() {
    let world = World::new();
    world.commit(|tx| {
        let datacenter = tx.edit::<mo::Datacenter>(&moref("Datacenter", "datacenter-2")).unwrap();
        datacenter.datastore = Some(vec![moref("Datastore", "datastore-12")].into());
        datacenter.network = Some(vec![moref("Network", "network-13")].into());
    });
    let snapshot = world.core.inventory.snapshot();
    let demands = |spec: VirtualMachineConfigSpec| -> Vec<(String, &'static str)> {
        let all = spec::reconfiguration(&snapshot, &vm("vm-20"), &spec);
        all.into_iter().map(|Demand { object, privilege }| (object.id.to_string(), privilege)).collect()
    };
    let on_vm = |privilege| ("vm-20".to_owned(), privilege);
    let spec = VirtualMachineConfigSpec {
        num_cpus: Some(2),
        num_cores_per_socket: Some(2),
        annotation: Some("x".into()),
        guest_id: Some("otherGuest".into()),
        change_version: Some("1".into()),
        ..Default::default()
    };
    let found = demands(spec);
    assert_eq!(found.len(), 3, "{found:?}");
    for id in ["VirtualMachine.Config.CPUCount", "VirtualMachine.Config.Annotation", "VirtualMachine.Config.Settings"] {
        assert!(found.contains(&on_vm(id)), "{id}");
    }
    let card = VirtualE1000::with(|card| {
        let backing = VirtualEthernetCardNetworkBackingInfo::with(|b| b.device_name = "VM Network".into());
        card.backing = Some(backing.into());
    });
    let disk = VirtualDisk::with(|disk| {
        let backing = VirtualDiskFlatVer2BackingInfo::with(|b| b.file_name = "[LocalDS_0]".into());
        disk.backing = Some(backing.into());
    });
    let mut disk = change(VirtualDeviceConfigSpecOperation::Add, disk);
    disk.file_operation = Some(VirtualDeviceConfigSpecFileOperation::Create);
    let card = change(VirtualDeviceConfigSpecOperation::Add, card);
    let spec = VirtualMachineConfigSpec { device_change: Some(vec![card.into(), disk.into()]), ..Default::default() };
    let expected = [
        on_vm("VirtualMachine.Config.AddRemoveDevice"),
        ("network-13".to_owned(), "Network.Assign"),
        on_vm("VirtualMachine.Config.AddNewDisk"),
        ("datastore-12".to_owned(), "Datastore.AllocateSpace"),
    ];
    assert_eq!(demands(spec), expected);
}
