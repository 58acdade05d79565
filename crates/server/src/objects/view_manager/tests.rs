use ::inventory::Inventory;
use vim25::{DataType, MoRef, args, mo};

use super::members::{Search, find};
use crate::testing::{World, ids, moref, morefs, refused};

fn manager() -> MoRef {
    moref("ViewManager", "ViewManager")
}

fn container_view(world: &World, container: MoRef, types: &[&str], recursive: bool) -> MoRef {
    let types = types.iter().map(|t| (*t).into()).collect::<Vec<_>>();
    let type_ = Some(types).filter(|t| !t.is_empty());
    world.call(&manager(), args::CreateContainerView { container, type_, recursive }).unwrap()
}

fn members(world: &World, view: &MoRef) -> Vec<MoRef> {
    world.get::<mo::ManagedObjectView>(view).view.unwrap().to_vec()
}

fn list_view(world: &World, objects: Vec<MoRef>) -> MoRef {
    world.call(&manager(), args::CreateListView { obj: Some(objects) }).unwrap()
}

#[test]
fn a_view_of_the_root_finds_every_vm_once_also_those_in_folders_and_vapps() {
    let world = World::new();
    let view = container_view(&world, moref("Folder", "group-d1"), &["VirtualMachine"], true);
    assert_eq!(ids(&members(&world, &view)), ["vm-20", "vm-21", "vm-22", "vm-31"]);
    let content: mo::ContainerView = world.get(&view);
    assert_eq!(content.container, moref("Folder", "group-d1"));
    assert!(content.recursive);
    assert_eq!(content.type_, Some(vec!["VirtualMachine".into()]));
}

#[test]
fn a_base_type_stands_for_its_subtypes() {
    let world = World::new();
    let root = moref("Folder", "group-d1");
    let compute = container_view(&world, root.clone(), &["ComputeResource", "ResourcePool"], true);
    assert_eq!(ids(&members(&world, &compute)), ["domain-c7", "resgroup-8", "resgroup-v30"]);
    let all = container_view(&world, root.clone(), &["ManagedEntity"], true);
    let unfiltered = container_view(&world, root, &[], true);
    assert_eq!(members(&world, &all), members(&world, &unfiltered));
    assert_eq!(members(&world, &all).len(), 17);
}

#[test]
fn without_recursion_only_direct_children_are_found() {
    let world = World::new();
    let direct = |kind, id| {
        let view = container_view(&world, moref(kind, id), &[], false);
        ids(&members(&world, &view)).join(" ")
    };
    assert_eq!(direct("Folder", "group-v3"), "group-v9 resgroup-v30 vm-20 vm-21");
    assert_eq!(direct("Datacenter", "datacenter-2"), "group-h4 group-n6 group-s5 group-v3");
    assert_eq!(direct("ComputeResource", "domain-c7"), "host-10 host-11 resgroup-8");
    assert_eq!(direct("ResourcePool", "resgroup-8"), "resgroup-v30 vm-20 vm-21 vm-22");
    assert_eq!(direct("VirtualApp", "resgroup-v30"), "vm-31");
    assert_eq!(direct("HostSystem", "host-11"), "vm-21 vm-31");
}

#[test]
fn wrong_containers_and_types_are_refused() {
    let world = World::new();
    let create = |container, types: &[&str]| {
        let type_ = Some(types.iter().map(|t| (*t).into()).collect());
        refused(world.call(&manager(), args::CreateContainerView { container, type_, recursive: true }))
    };
    let root = moref("Folder", "group-d1");
    assert_eq!(create(moref("Folder", "group-x"), &[]).0, "ManagedObjectNotFound");
    let (fault, text) = create(moref("VirtualMachine", "vm-20"), &[]);
    assert_eq!((fault, text.contains("container")), ("InvalidArgument", true), "{text}");
    for unknown in ["NoSuchType", "Task", "VirtualMachineConfigInfo"] {
        let (fault, text) = create(root.clone(), &["VirtualMachine", unknown]);
        assert_eq!((fault, text.contains(unknown)), ("InvalidArgument", true), "{text}");
    }
}

#[test]
fn a_view_follows_the_inventory_and_is_not_computed_anew_for_other_changes() {
    let world = World::new();
    let view = container_view(&world, moref("Folder", "group-v3"), &["VirtualMachine"], true);
    let content = || world.core.sight(Some(world.session.clone())).content(&view).unwrap();
    let before = content();
    world.commit(|tx| tx.edit::<mo::VirtualMachine>(&moref("VirtualMachine", "vm-20")).unwrap().name = "new".into());
    world.commit(|tx| tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap().name = "production".into());
    assert!(std::sync::Arc::ptr_eq(&before, &content()), "a name is nothing that the membership depends on");
    world.commit(|tx| {
        tx.remove(&moref("VirtualMachine", "vm-22"));
        tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap().child_entity = Some(Default::default());
    });
    assert_eq!(ids(&members(&world, &view)), ["vm-20", "vm-21", "vm-31"]);
    world.commit(|tx| tx.remove(&moref("Folder", "group-v3")));
    assert_eq!(members(&world, &view), []);
}

#[test]
fn a_list_view_holds_what_exists_and_says_what_does_not() {
    let world = World::new();
    let vms = |ids: &[&str]| morefs("VirtualMachine", ids);
    let view = list_view(&world, vms(&["vm-20", "vm-99", "vm-21", "vm-20"]));
    assert_eq!(members(&world, &view), vms(&["vm-20", "vm-21"]));
    let modify = args::ModifyListView { add: Some(vms(&["vm-22", "vm-98"])), remove: Some(vms(&["vm-20", "vm-97"])) };
    assert_eq!(world.call(&view, modify).unwrap(), Some(vms(&["vm-98"])));
    assert_eq!(members(&world, &view), vms(&["vm-21", "vm-22"]));
    assert_eq!(world.call(&view, args::ResetListView { obj: Some(vms(&["vm-31"])) }).unwrap(), None);
    assert_eq!(members(&world, &view), vms(&["vm-31"]));
    world.commit(|tx| tx.remove(&moref("VirtualMachine", "vm-31")));
    assert_eq!(members(&world, &view), []);
}

#[test]
fn a_list_view_takes_over_the_members_of_another_view() {
    let world = World::new();
    let hosts = container_view(&world, moref("Folder", "group-d1"), &["HostSystem"], true);
    let list = world.call(&manager(), args::CreateListViewFromView { view: hosts.clone() }).unwrap();
    assert_eq!(ids(&members(&world, &list)), ["host-10", "host-11"]);
    world.call(&list, args::ResetListView { obj: None }).unwrap();
    world.call(&list, args::ResetListViewFromView { view: hosts }).unwrap();
    assert_eq!(ids(&members(&world, &list)), ["host-10", "host-11"]);
    let (fault, _) = refused(world.call(&list, args::ResetListViewFromView { view: moref("View", "none") }));
    assert_eq!(fault, "ManagedObjectNotFound");
}

#[test]
fn an_inventory_view_unfolds_and_folds() {
    let world = World::new();
    let view = world.call(&manager(), args::CreateInventoryView {}).unwrap();
    assert_eq!(ids(&members(&world, &view)), ["group-d1"]);
    let entity = vec![moref("Folder", "group-d1"), moref("Datacenter", "datacenter-2"), moref("Folder", "none")];
    let unknown = world.call(&view, args::OpenInventoryViewFolder { entity }).unwrap();
    assert_eq!(unknown, Some(vec![moref("Folder", "none")]));
    let unfolded = ["datacenter-2", "group-d1", "group-h4", "group-n6", "group-s5", "group-v3"];
    assert_eq!(ids(&members(&world, &view)), unfolded);
    world.call(&view, args::CloseInventoryViewFolder { entity: vec![moref("Folder", "group-d1")] }).unwrap();
    assert_eq!(ids(&members(&world, &view)), ["group-d1"]);
}

#[test]
fn the_view_manager_lists_the_views_of_the_own_session_until_they_are_destroyed() {
    let world = World::new();
    let view = list_view(&world, vec![]);
    let listed = || world.get::<mo::ViewManager>(&manager()).view_list.unwrap();
    assert_eq!(listed().to_vec(), std::slice::from_ref(&view));
    let other = world.log_in("other");
    let (fault, _) = refused(world.call_as(&other, &view, args::DestroyView {}));
    assert_eq!(fault, "ManagedObjectNotFound");
    world.call(&view, args::DestroyView {}).unwrap();
    assert_eq!(listed().to_vec(), []);
    assert_eq!(refused(world.call(&view, args::DestroyView {})).0, "ManagedObjectNotFound");
}

#[test]
fn a_large_folder_is_walked_once() {
    let inventory = Inventory::new(Default::default());
    let folder = moref("Folder", "group-v1");
    let vms: Vec<MoRef> = (0..20_000).map(|n| moref("VirtualMachine", &format!("vm-{n}"))).collect();
    let built = inventory.commit::<(), ()>(|tx| {
        vms.iter().for_each(|vm| tx.insert(vm.clone(), mo::VirtualMachine::default()));
        tx.insert(folder.clone(), mo::Folder { child_entity: Some(vms.clone().into()), ..Default::default() });
        Ok(())
    });
    built.unwrap();
    let search = Search { types: Some(vec![mo::VirtualMachine::TYPE]), recursive: true };
    let found = find(&inventory.snapshot(), &folder, &search);
    assert_eq!(found.members, vms);
    assert_eq!(found.reads.len(), 1, "only containers are depended on");
}
