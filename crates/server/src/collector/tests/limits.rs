//! Clients that ask for too much.

use super::{waiting::populate, *};

const REFUSED: &str = "RestrictedByAdministrator";

fn create(world: &World, spec: Obj<PropertyFilterSpec>) -> Result<MoRef, crate::fault::Fault> {
    world.call(&collector(), args::CreateFilter { spec, partial_updates: false })
}

#[test]
fn a_session_that_opens_filters_without_end_is_refused_and_others_are_not() {
    let world = World::new();
    let mut filters = Vec::new();
    let refusal = loop {
        match create(&world, one(&["name"])) {
            Ok(filter) => filters.push(filter),
            Err(fault) => break fault,
        }
    };
    assert_eq!(refusal.name(), REFUSED);
    assert!((9_000..=10_000).contains(&filters.len()), "{}", filters.len());
    assert_eq!(refused(world.call(&collector(), args::CreatePropertyCollector {})).0, REFUSED);
    let views = moref("ViewManager", "ViewManager");
    assert_eq!(refused(world.call(&views, args::CreateListView { obj: None })).0, REFUSED);
    let other = world.log_in("other");
    world.call_as(&other, &collector(), args::CreateFilter { spec: one(&["name"]), partial_updates: false }).unwrap();
    world.call(&filters[0], args::DestroyPropertyFilter {}).unwrap();
    create(&world, one(&["name"])).unwrap();
    let set = updates(&world, "", Some(1)).unwrap().unwrap();
    assert_eq!(told(&set), ["enter vm-20 Assign name"]);
}

#[test]
fn filters_over_more_objects_than_a_session_may_hold_are_refused_until_others_are_destroyed() {
    let world = World::new();
    populate(&world, 500);
    let kept = create(&world, machines(&["name"])).unwrap();
    updates(&world, "", None).unwrap().unwrap();
    let held = world.core.budget.held();
    assert!(held > 500);
    let most = world.core.budget.take(&world.session.key, 2_500_000 - held - 400).unwrap();
    let more = create(&world, machines(&["name"])).unwrap();
    assert_eq!(refused(updates(&world, "", None)).0, REFUSED);
    assert_eq!(refused(updates(&world, "", None)).0, REFUSED, "as long as nothing is destroyed");
    world.call(&kept, args::DestroyPropertyFilter {}).unwrap();
    let set = updates(&world, "", None).unwrap().unwrap();
    assert_eq!(set.filter_set.as_ref().unwrap()[0].filter, more);
    drop(most);
    world.core.sessions.close(&world.session.key);
    assert_eq!(world.core.budget.held(), 0);
}

#[test]
fn a_filter_that_grows_beyond_what_the_session_may_hold_is_refused() {
    let world = World::new();
    create(&world, machines(&["name"])).unwrap();
    let version = updates(&world, "", None).unwrap().unwrap().version.clone();
    let left = 2_500_000 - world.core.budget.held();
    let most = world.core.budget.take(&world.session.key, left - 10).unwrap();
    populate(&world, 50);
    assert_eq!(refused(updates(&world, &version, None)).0, REFUSED);
    drop(most);
    let set = updates(&world, &version, None).unwrap().unwrap();
    assert_eq!(told(&set).len(), 53, "everything once more: what the client has seen was given up");
}

#[test]
fn pages_that_are_not_fetched_count_and_are_given_back() {
    let world = World::new();
    populate(&world, 500);
    let options = RetrieveOptions { max_objects: Some(100) };
    let page = args::RetrievePropertiesEx { spec_set: vec![machines(&["name"])], options: options.into() };
    let mut tokens: Vec<Str> = Vec::new();
    let mut held = Vec::new();
    for _ in 0..20 {
        tokens.extend(world.call(&collector(), page.clone()).unwrap().unwrap().token.clone());
        held.push(world.core.budget.held());
    }
    assert!(held[0] > 400);
    assert_eq!(held[19], 16 * held[0], "the oldest are forgotten");
    assert_eq!(
        refused(world.call(&collector(), args::ContinueRetrievePropertiesEx { token: tokens[0].clone() })).0,
        "InvalidArgument"
    );
    let most = world.core.budget.take(&world.session.key, 2_500_000 - world.core.budget.held()).unwrap();
    assert_eq!(refused(world.call(&collector(), page)).0, REFUSED);
    drop(most);
    for token in &tokens[4..] {
        world.call(&collector(), args::CancelRetrievePropertiesEx { token: token.clone() }).unwrap();
    }
    assert_eq!(world.core.budget.held(), 0);
}

#[test]
fn objects_that_came_in_long_sets_are_told_as_they_were_and_then_what_changed_meanwhile() {
    let world = World::new();
    populate(&world, 250);
    create(&world, machines(&["name"])).unwrap();
    let mut set = updates(&world, "", None).unwrap().unwrap();
    rename(&world, "vm-1240", "late");
    let mut lines = told(&set);
    while set.truncated == Some(true) {
        set = updates(&world, &set.version, None).unwrap().unwrap();
        lines.extend(told(&set));
    }
    assert_eq!(lines.iter().filter(|line| line.starts_with("enter")).count(), 253);
    assert_eq!(lines.last().unwrap(), "modify vm-1240 Assign name");
}

#[test]
fn a_set_is_truncated_only_if_there_is_more_to_tell() {
    let world = World::new();
    populate(&world, 200);
    // The folders on the way are reported first, the machines after them are not.
    let below = traverse(
        "below",
        "Folder",
        "childEntity",
        vec![named("below"), traverse("dc", "Datacenter", "vmFolder", vec![named("below")])],
    );
    let folders = spec(moref("Folder", "group-d1"), vec![below], properties("Folder", &["name"]));
    create(&world, folders).unwrap();
    let set = updates(&world, "", Some(2)).unwrap().unwrap();
    assert_eq!((told(&set).len(), set.truncated), (2, Some(false)));
}
