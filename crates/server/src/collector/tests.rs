//! The property collector through dispatch, over a small world.

mod cost;
mod limits;
mod mirror;
mod waiting;

use vim25::{
    Any, DataType, MoRef, Obj, Str, args, mo,
    types::{
        ObjectContent, ObjectSpec, ObjectUpdateKind, PropertyFilterSpec, PropertySpec, RetrieveOptions, SelectionSpec,
        TraversalSpec, UpdateSet, VirtualMachinePowerState, WaitOptions,
    },
};

use crate::testing::{World, ids, moref, refused};

fn collector() -> MoRef {
    moref("PropertyCollector", "propertyCollector")
}

fn properties(kind: &str, paths: &[&str]) -> Obj<PropertySpec> {
    let path_set = Some(paths.iter().map(|p| Str::from(*p)).collect());
    PropertySpec { type_: kind.into(), all: None, path_set }.into()
}

fn spec(object: MoRef, selects: Vec<Obj<SelectionSpec>>, properties: Obj<PropertySpec>) -> Obj<PropertyFilterSpec> {
    let skip = Some(!selects.is_empty());
    let object = ObjectSpec { obj: object, skip, select_set: Some(selects) };
    PropertyFilterSpec { prop_set: vec![properties], object_set: vec![object.into()], ..Default::default() }.into()
}

fn traverse(name: &str, kind: &str, path: &str, selects: Vec<Obj<SelectionSpec>>) -> Obj<SelectionSpec> {
    TraversalSpec::with(|t| {
        t.name = Some(name.into());
        t.type_ = kind.into();
        t.path = path.into();
        t.select_set = Some(selects);
    })
    .into()
}

fn named(name: &str) -> Obj<SelectionSpec> {
    SelectionSpec { name: Some(name.into()) }.into()
}

/// Every machine below the root: folders contain themselves, by name.
fn machines(paths: &[&str]) -> Obj<PropertyFilterSpec> {
    let below = traverse(
        "below",
        "Folder",
        "childEntity",
        vec![named("below"), traverse("dc", "Datacenter", "vmFolder", vec![named("below")])],
    );
    spec(moref("Folder", "group-d1"), vec![below], properties("VirtualMachine", paths))
}

fn one(paths: &[&str]) -> Obj<PropertyFilterSpec> {
    spec(moref("VirtualMachine", "vm-20"), vec![], properties("VirtualMachine", paths))
}

fn retrieve(world: &World, spec: Obj<PropertyFilterSpec>) -> Result<Vec<Obj<ObjectContent>>, crate::fault::Fault> {
    let found = world.call(&collector(), args::RetrieveProperties { spec_set: vec![spec] })?;
    Ok(found.unwrap_or_default())
}

fn watch(world: &World, spec: Obj<PropertyFilterSpec>, partial_updates: bool) -> MoRef {
    world.call(&collector(), args::CreateFilter { spec, partial_updates }).unwrap()
}

fn updates(world: &World, version: &str, max: Option<i32>) -> Result<Option<Obj<UpdateSet>>, crate::fault::Fault> {
    let options = WaitOptions { max_wait_seconds: Some(0), max_object_updates: max };
    world.call(&collector(), args::WaitForUpdatesEx { version: Some(version.into()), options: Some(options.into()) })
}

/// What a set says, a line per property: `modify vm-20 Assign runtime.powerState`.
fn told(set: &UpdateSet) -> Vec<String> {
    let mut lines = Vec::new();
    for object in set.filter_set.iter().flatten().flat_map(|f| f.object_set.iter().flatten()) {
        let kind = format!("{:?}", object.kind).to_lowercase();
        let changes = object.change_set.as_deref().unwrap_or_default();
        lines.extend(changes.iter().map(|c| format!("{kind} {} {:?} {}", object.obj.id, c.op, c.name)));
        if changes.is_empty() {
            lines.push(format!("{kind} {}", object.obj.id));
        }
    }
    lines
}

fn rename(world: &World, vm: &str, name: &str) {
    let vm = moref("VirtualMachine", vm);
    world.commit(|tx| tx.edit::<mo::VirtualMachine>(&vm).unwrap().name = name.into());
}

#[test]
fn a_traversal_that_names_itself_reaches_every_level_and_ends() {
    let world = World::new();
    let found: Vec<MoRef> = retrieve(&world, machines(&["name"])).unwrap().iter().map(|o| o.obj.clone()).collect();
    assert_eq!(ids(&found), ["vm-20", "vm-21", "vm-22"]);
}

#[test]
fn a_traversal_is_followed_only_from_its_type() {
    let world = World::new();
    let wrong = traverse("t", "Datacenter", "vmFolder", vec![]);
    let spec = spec(moref("Folder", "group-d1"), vec![wrong], properties("Folder", &["name"]));
    assert!(retrieve(&world, spec).unwrap().is_empty());
}

#[test]
fn what_the_api_does_not_have_faults_the_whole_call() {
    let world = World::new();
    assert_eq!(refused(retrieve(&world, one(&["name", "noSuchProp"]))).0, "InvalidProperty");
    let unknown = spec(moref("Folder", "group-d1"), vec![], properties("NoSuchType", &["name"]));
    assert_eq!(refused(retrieve(&world, unknown)).0, "InvalidArgument");
    let nameless = spec(moref("Folder", "group-d1"), vec![named("nowhere")], properties("Folder", &[]));
    assert_eq!(refused(retrieve(&world, nameless)).0, "InvalidArgument");
    let gone = spec(moref("Folder", "group-d99"), vec![], properties("Folder", &["name"]));
    assert_eq!(refused(retrieve(&world, gone)).0, "ManagedObjectNotFound");
    let data = traverse("t", "Folder", "name", vec![]);
    let data = spec(moref("Folder", "group-d1"), vec![data], properties("Folder", &["name"]));
    assert_eq!(refused(retrieve(&world, data)).0, "InvalidProperty");
}

#[test]
fn unset_properties_are_left_out_without_a_word() {
    let world = World::new();
    let found = retrieve(&world, one(&["name", "snapshot", "guest.net"])).unwrap();
    let names: Vec<&str> = found[0].prop_set.iter().flatten().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["name"]);
    assert!(found[0].missing_set.is_none());
}

#[test]
fn pages_come_one_after_the_other_and_can_be_given_up() {
    let world = World::new();
    let first = || {
        let options = RetrieveOptions { max_objects: Some(2) };
        let args = args::RetrievePropertiesEx { spec_set: vec![machines(&["name"])], options: options.into() };
        world.call(&collector(), args).unwrap().unwrap()
    };
    let page = first();
    assert_eq!(page.objects.len(), 2);
    let token = page.token.clone().unwrap();
    let rest = world.call(&collector(), args::ContinueRetrievePropertiesEx { token: token.clone() }).unwrap();
    assert_eq!((rest.objects.len(), rest.token.clone()), (1, None));
    let spent = world.call(&collector(), args::ContinueRetrievePropertiesEx { token });
    assert_eq!(refused(spent).0, "InvalidArgument");
    let token = first().token.clone().unwrap();
    world.call(&collector(), args::CancelRetrievePropertiesEx { token: token.clone() }).unwrap();
    assert_eq!(refused(world.call(&collector(), args::CancelRetrievePropertiesEx { token })).0, "InvalidArgument");
}

#[test]
fn a_filter_tells_everything_first_and_then_what_changed() {
    let world = World::new();
    watch(&world, machines(&["name"]), true);
    let set = updates(&world, "", None).unwrap().unwrap();
    assert_eq!(told(&set).len(), 3);
    assert!(updates(&world, &set.version, None).unwrap().is_none());
    rename(&world, "vm-21", "renamed");
    let set = updates(&world, &set.version, None).unwrap().unwrap();
    assert_eq!(told(&set), ["modify vm-21 Assign name"]);
}

#[test]
fn objects_enter_and_leave_as_the_tree_changes() {
    let world = World::new();
    watch(&world, machines(&["name"]), true);
    let set = updates(&world, "", None).unwrap().unwrap();
    let (folder, new, old) =
        (moref("Folder", "group-v9"), moref("VirtualMachine", "vm-90"), moref("VirtualMachine", "vm-22"));
    world.commit(|tx| {
        tx.insert(new.clone(), mo::VirtualMachine::with(|vm| vm.name = "new".into()));
        tx.edit::<mo::Folder>(&folder).unwrap().child_entity = Some([new.clone()].into());
        tx.remove(&old);
    });
    let set = updates(&world, &set.version, None).unwrap().unwrap();
    assert_eq!(told(&set), ["enter vm-90 Assign name", "leave vm-22"]);
}

#[test]
fn the_last_set_can_be_asked_for_once_more_and_no_other() {
    let world = World::new();
    watch(&world, one(&["name"]), true);
    let first = updates(&world, "", None).unwrap().unwrap();
    rename(&world, "vm-20", "second");
    let second = updates(&world, &first.version, None).unwrap().unwrap();
    let again = updates(&world, &first.version, None).unwrap().unwrap();
    assert_eq!(second, again);
    rename(&world, "vm-20", "third");
    let third = updates(&world, &second.version, None).unwrap().unwrap();
    assert_eq!(told(&third), ["modify vm-20 Assign name"]);
    for version in [first.version.as_str(), "bogus-77", "-1", "99"] {
        assert_eq!(refused(updates(&world, version, None)).0, "InvalidCollectorVersion", "{version}");
    }
}

#[test]
fn partial_updates_name_the_part_and_whole_ones_the_property_that_was_asked_for() {
    let world = World::new();
    for (partial, expected) in
        [(true, "modify vm-20 Assign runtime.powerState"), (false, "modify vm-20 Assign runtime")]
    {
        let filter = watch(&world, one(&["runtime"]), partial);
        let set = updates(&world, "", None).unwrap().unwrap();
        world.commit(|tx| {
            let vm = tx.edit::<mo::VirtualMachine>(&moref("VirtualMachine", "vm-20")).unwrap();
            vm.runtime.power_state = match vm.runtime.power_state {
                VirtualMachinePowerState::PoweredOn => VirtualMachinePowerState::PoweredOff,
                _ => VirtualMachinePowerState::PoweredOn,
            };
        });
        let set = updates(&world, &set.version, None).unwrap().unwrap();
        assert_eq!(told(&set), [expected]);
        world.call(&filter, args::DestroyPropertyFilter {}).unwrap();
    }
}

#[test]
fn a_change_above_or_beside_the_wanted_part_is_told_only_where_it_shows() {
    let world = World::new();
    watch(&world, one(&["config.hardware.numCPU"]), true);
    let set = updates(&world, "", None).unwrap().unwrap();
    let config = |change: &dyn Fn(&mut mo::VirtualMachine)| {
        world.commit(|tx| change(tx.edit::<mo::VirtualMachine>(&moref("VirtualMachine", "vm-20")).unwrap()));
    };
    config(&|vm| vm.config.get_or_insert_default().annotation = Some("beside".into()));
    let before = updates(&world, &set.version, None).unwrap();
    let version = before.map_or(set.version.clone(), |s| s.version.clone());
    config(&|vm| vm.config = None);
    let set = updates(&world, &version, None).unwrap().unwrap();
    assert_eq!(told(&set), ["modify vm-20 Assign config.hardware.numCPU"]);
    let change = &set.filter_set.as_ref().unwrap()[0].object_set.as_ref().unwrap()[0].change_set.as_ref().unwrap()[0];
    assert_eq!(change.val, None::<Any>);
}

#[test]
fn what_does_not_fit_into_a_set_comes_in_the_next_without_waiting() {
    let world = World::new();
    watch(&world, machines(&["name"]), true);
    let first = updates(&world, "", Some(2)).unwrap().unwrap();
    assert_eq!((told(&first).len(), first.truncated), (2, Some(true)));
    let second = updates(&world, &first.version, Some(2)).unwrap().unwrap();
    assert_eq!((told(&second).len(), second.truncated), (1, Some(false)));
    assert_eq!(second.filter_set.as_ref().unwrap()[0].object_set.as_ref().unwrap()[0].kind, ObjectUpdateKind::Enter);
}

#[test]
fn sessions_do_not_see_each_others_filters() {
    let world = World::new();
    let filter = watch(&world, one(&["name"]), true);
    let other = world.log_in("guest");
    assert_eq!(refused(world.call_as(&other, &filter, args::DestroyPropertyFilter {})).0, "ManagedObjectNotFound");
    let own = world.get::<mo::PropertyFilter>(&filter);
    assert!(own.partial_updates);
}

#[test]
fn a_filter_on_a_history_collector_tells_of_new_events() {
    let world = World::new();
    let events = moref("EventManager", "EventManager");
    let history = world.call(&events, args::CreateCollectorForEvents::default()).unwrap();
    watch(&world, spec(history.clone(), vec![], properties("EventHistoryCollector", &["latestPage"])), false);
    let first = updates(&world, "", None).unwrap().unwrap();
    rename(&world, "vm-20", "other");
    assert!(updates(&world, &first.version, None).unwrap().is_none(), "nothing was posted");
    let log = args::LogUserEvent { entity: moref("VirtualMachine", "vm-20"), msg: "hello".into() };
    world.call(&events, log).unwrap();
    let second = updates(&world, &first.version, None).unwrap().unwrap();
    assert_eq!(told(&second), [format!("modify {} Assign latestPage", history.id)]);
}

#[test]
fn a_filter_on_a_view_tells_of_its_members_and_of_its_end() {
    let world = World::new();
    let views = moref("ViewManager", "ViewManager");
    let view = world.call(&views, args::CreateListView { obj: None }).unwrap();
    watch(&world, spec(view.clone(), vec![], properties("ListView", &["view"])), false);
    let first = updates(&world, "", None).unwrap().unwrap();
    let add = Some(vec![moref("VirtualMachine", "vm-20")]);
    world.call(&view, args::ModifyListView { add, remove: None }).unwrap();
    let second = updates(&world, &first.version, None).unwrap().unwrap();
    assert_eq!(told(&second), [format!("modify {} Assign view", view.id)]);
    world.call(&view, args::DestroyView {}).unwrap();
    let third = updates(&world, &second.version, None).unwrap().unwrap();
    assert_eq!(told(&third), [format!("leave {}", view.id)]);
}

#[test]
fn machines_enter_and_leave_a_filter_that_is_rooted_in_a_view() {
    let world = World::new();
    let create = args::CreateContainerView {
        container: moref("Folder", "group-d1"),
        type_: Some(vec!["VirtualMachine".into()]),
        recursive: true,
    };
    let view = world.call(&moref("ViewManager", "ViewManager"), create).unwrap();
    let through = traverse("view", "ContainerView", "view", vec![]);
    watch(&world, spec(view.clone(), vec![through], properties("VirtualMachine", &["name"])), true);
    let first = updates(&world, "", None).unwrap().unwrap();
    assert_eq!(told(&first).len(), 4);
    let new = moref("VirtualMachine", "vm-40");
    world.commit(|tx| {
        tx.insert(new.clone(), mo::VirtualMachine::default());
        tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap().child_entity.as_mut().unwrap().push(new.clone());
    });
    let second = updates(&world, &first.version, None).unwrap().unwrap();
    assert_eq!(told(&second), ["enter vm-40 Assign name"]);
    world.call(&view, args::DestroyView {}).unwrap();
    let third = updates(&world, &second.version, None).unwrap().unwrap();
    assert_eq!(told(&third).len(), 5);
}
