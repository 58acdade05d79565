//! What a change costs: counted in objects read and in filters looked at, so that no clock has a say.

use super::{waiting::populate, *};
use crate::sight::READ;

/// How many objects a piece of work reads.
fn read<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = READ.get();
    let done = work();
    (READ.get() - before, done)
}

fn view(world: &World) -> Obj<PropertyFilterSpec> {
    let view = args::CreateContainerView {
        container: moref("Folder", "group-d1"),
        type_: Some(vec!["VirtualMachine".into()]),
        recursive: true,
    };
    let view = world.call(&moref("ViewManager", "ViewManager"), view).unwrap();
    let through = traverse("view", "ContainerView", "view", vec![]);
    spec(view, vec![through], properties("VirtualMachine", &["name", "runtime.powerState"]))
}

/// Has a client told everything, and returns the version that it has then.
fn everything(world: &World) -> Str {
    let mut set = updates(world, "", None).unwrap().unwrap();
    while set.truncated == Some(true) {
        set = updates(world, &set.version, None).unwrap().unwrap();
    }
    set.version.clone()
}

#[test]
fn a_change_of_one_object_costs_the_same_however_many_are_watched() {
    let costs = [100, 3_000].map(|machines| {
        let world = World::new();
        populate(&world, machines);
        for spec in [super::machines(&["name"]), view(&world)] {
            watch(&world, spec, false);
        }
        let version = everything(&world);
        let (idle, nothing) = read(|| updates(&world, &version, None).unwrap());
        assert!(nothing.is_none());
        rename(&world, "vm-1050", "new");
        let (one, set) = read(|| updates(&world, &version, None).unwrap().unwrap());
        assert_eq!(told(&set), ["modify vm-1050 Assign name"; 2]);
        for number in 0..50 {
            rename(&world, "vm-31", &format!("a machine in a vApp, which no folder holds: {number}"));
        }
        let (beside, set) = read(|| updates(&world, &set.version, None).unwrap());
        assert!(set.is_none() || told(&set.unwrap()) == ["modify vm-31 Assign name"]);
        (idle, one, beside)
    });
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].1 < 20, "{costs:?}");
}

#[test]
fn a_page_costs_the_same_however_many_objects_follow() {
    let costs = [100, 3_000].map(|machines| {
        let world = World::new();
        populate(&world, machines);
        let options = RetrieveOptions { max_objects: Some(10) };
        let args = args::RetrievePropertiesEx { spec_set: vec![view(&world)], options: options.into() };
        let (first, page) = read(|| world.call(&collector(), args).unwrap().unwrap());
        let token = page.token.clone().unwrap();
        let (second, next) = read(|| world.call(&collector(), args::ContinueRetrievePropertiesEx { token }).unwrap());
        assert_eq!((page.objects.len(), next.objects.len()), (10, 10));
        (first, second)
    });
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0 < 40 && costs[0].1 < 40, "{costs:?}");
}

#[test]
fn a_change_is_looked_at_only_for_the_filters_that_it_concerns() {
    let world = World::new();
    populate(&world, 2_000);
    for number in 1000..3000 {
        watch(&world, spec(waiting::vm(number), vec![], properties("VirtualMachine", &["name"])), false);
    }
    let version = everything(&world);
    let before = waiting::steps(&world);
    rename(&world, "vm-1700", "new");
    rename(&world, "vm-20", "nobody watches it");
    let set = updates(&world, &version, None).unwrap().unwrap();
    assert_eq!(told(&set), ["modify vm-1700 Assign name"]);
    assert_eq!(waiting::steps(&world), before + 1);
}

#[test]
fn a_new_filter_or_view_of_the_session_costs_the_other_filters_nothing() {
    let world = World::new();
    populate(&world, 300);
    watch(&world, view(&world), false);
    let version = everything(&world);
    view(&world);
    let (read, nothing) = read(|| updates(&world, &version, None).unwrap());
    assert!(nothing.is_none());
    assert!(read < 20, "{read}");
}

#[test]
fn the_first_page_of_a_retrieval_and_the_first_set_of_a_filter_read_what_they_hold() {
    let world = World::new();
    populate(&world, 2_000);
    let selected = read(|| retrieve(&world, super::machines(&[])).unwrap()).0 / 2;
    let options = RetrieveOptions { max_objects: Some(10) };
    let page = args::RetrievePropertiesEx { spec_set: vec![super::machines(&["name"])], options: options.into() };
    let (cost, page) = read(|| world.call(&collector(), page.clone()).unwrap().unwrap());
    assert_eq!(page.objects.len(), 10);
    assert!(cost < selected + 100, "{cost} {selected}");
    watch(&world, super::machines(&["name"]), false);
    let (cost, set) = read(|| updates(&world, "", None).unwrap().unwrap());
    assert_eq!((told(&set).len(), set.truncated), (100, Some(true)));
    assert!(cost < selected + 200, "{cost} {selected}");
}
