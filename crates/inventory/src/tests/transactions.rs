use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use vim25::Obj;

use super::*;
use crate::{ChangeKind, SystemClock};

#[test]
fn a_transaction_sees_its_own_writes_and_others_see_them_when_it_is_done() {
    let world = world();
    let vm1 = moref("VirtualMachine", "vm-1");
    let before = world.snapshot();
    let done = run(&world, |tx| {
        tx.insert(vm1.clone(), vm("a"));
        tx.edit::<VirtualMachine>(&vm1).unwrap().name = "b".into();
        assert!(world.snapshot().find("vm-1").is_none());
        tx.get::<ManagedEntity>(&vm1).unwrap().name.clone()
    });
    assert_eq!((done.value.as_str(), done.revision.number()), ("b", 1));
    assert!(before.is_empty());
    assert_eq!(world.snapshot().get::<VirtualMachine>(&vm1).unwrap().name, "b");
}

#[test]
fn a_reference_resolves_by_its_type_or_a_base_of_it_only() {
    let world = world();
    run(&world, |tx| tx.insert(moref("ComputeResource", "domain-c1"), ClusterComputeResource::default()));
    let now = world.snapshot();
    for kind in ["ClusterComputeResource", "ComputeResource", "ManagedEntity"] {
        assert_eq!(now.resolve(&moref(kind, "domain-c1")).unwrap().moref.kind, "ClusterComputeResource");
    }
    for kind in ["VirtualMachine", "NoSuchType", ""] {
        assert!(now.resolve(&moref(kind, "domain-c1")).is_none(), "{kind}");
    }
    assert!(now.resolve(&moref("ComputeResource", "domain-c2")).is_none());
    assert!(now.get::<HostSystem>(&moref("ComputeResource", "domain-c1")).is_none());
}

#[test]
fn editing_an_object_as_what_it_is_not_touches_nothing() {
    let world = world();
    run(&world, |tx| tx.insert(moref("Folder", "group-v1"), folder("vm")));
    let done = run(&world, |tx| {
        assert!(tx.edit::<HostSystem>(&moref("Folder", "group-v1")).is_none());
        assert!(tx.edit::<Folder>(&moref("VirtualMachine", "group-v1")).is_none());
        assert!(tx.edit::<Folder>(&moref("Folder", "group-v2")).is_none());
        assert!(!tx.remove(&moref("VirtualMachine", "group-v1")));
    });
    assert_eq!(done.revision.number(), 1);
}

#[test]
fn the_log_tells_what_came_changed_and_went_in_order_of_first_touch() {
    let world = world();
    let [a, b, c] = ["vm-3", "vm-1", "vm-2"].map(|id| moref("VirtualMachine", id));
    run(&world, |tx| [&a, &b].map(|m| tx.insert(m.clone(), vm("x"))));
    run(&world, |tx| {
        tx.edit::<VirtualMachine>(&b).unwrap().config.as_mut().unwrap().annotation = Some("hello".into());
        tx.insert(c.clone(), vm("c"));
        assert!(tx.remove(&a));
    });
    let commit = &log(&world)[1];
    let kinds: Vec<_> = commit.changes.iter().map(|c| (c.object.id.as_str(), c.kind)).collect();
    assert_eq!(kinds, [("vm-1", ChangeKind::Modify), ("vm-2", ChangeKind::Enter), ("vm-3", ChangeKind::Leave)]);
    assert_eq!(commit.changes[0].properties, ["config"]);
    let steps = commit.changes[0].steps();
    assert_eq!(steps.iter().map(|step| step.path.as_str()).collect::<Vec<_>>(), ["config.annotation"]);
    let sides: Vec<_> = commit.changes.iter().map(|c| (c.old.is_some(), c.new.is_some())).collect();
    assert_eq!(sides, [(true, true), (false, true), (true, false)]);
}

#[test]
fn what_ends_as_it_began_is_no_change_and_no_revision() {
    let world = world();
    let a = moref("VirtualMachine", "vm-1");
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    let (told, content) = (world.subscribe(), world.snapshot().find("vm-1").unwrap().content.clone());
    let done = run(&world, |tx| {
        tx.edit::<VirtualMachine>(&a).unwrap().name = "b".into();
        tx.index();
        tx.edit::<VirtualMachine>(&a).unwrap().name = "a".into();
        tx.insert(moref("VirtualMachine", "vm-2"), vm("short life"));
        tx.remove(&moref("VirtualMachine", "vm-2"));
    });
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    assert_eq!((done.revision.number(), world.snapshot().revision().number()), (1, 1));
    assert!(!told.has_changed().unwrap());
    assert!(Arc::ptr_eq(&content, &world.snapshot().find("vm-1").unwrap().content));
    assert!(world.snapshot().index().child_named(&moref("Folder", "group-v1"), "short life").is_none());
}

#[test]
fn an_object_replaced_by_one_of_another_type_leaves_and_another_enters() {
    let world = world();
    run(&world, |tx| tx.insert(moref("Folder", "x-1"), folder("f")));
    run(&world, |tx| tx.insert(moref("VirtualMachine", "x-1"), vm("v")));
    let kinds: Vec<_> = log(&world)[1].changes.iter().map(|c| (c.object.kind.to_string(), c.kind)).collect();
    assert_eq!(kinds, [("Folder".into(), ChangeKind::Leave), ("VirtualMachine".into(), ChangeKind::Enter)]);
}

#[test]
fn a_transaction_that_fails_leaves_no_trace() {
    let world = world();
    let a = moref("VirtualMachine", "vm-1");
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    let told = world.subscribe();
    let meddle = |tx: &mut Tx<'_>| {
        tx.edit::<VirtualMachine>(&a).unwrap().name = "b".into();
        tx.set_private("vm-1", 5_u8);
        tx.post(Obj::default());
        tx.insert(moref("Folder", "group-v9"), folder("f"));
        (tx.new_id("vm"), tx.uuid(), tx.random())
    };
    let mut taken = Vec::new();
    let failed: Result<Committed<()>, &str> = world.commit(|tx| {
        taken.push(meddle(tx));
        Err("no")
    });
    assert_eq!(failed.unwrap_err(), "no");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(&world, |tx| {
            taken.push(meddle(tx));
            resume_unwind(Box::new("ouch"))
        })
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"ouch"));
    let now = world.snapshot();
    assert_eq!((now.revision().number(), now.len(), now.events().len()), (1, 1, 0));
    assert_eq!(now.get::<VirtualMachine>(&a).unwrap().name, "a");
    assert!(now.private::<u8>("vm-1").is_none() && !told.has_changed().unwrap());
    taken.push(run(&world, meddle).value);
    assert_eq!(taken[0], taken[2], "ids and random numbers of failed transactions are used again");
    assert_eq!(taken[1], taken[2]);
}

#[test]
fn a_transaction_inside_a_transaction_panics_instead_of_waiting_for_itself() {
    let world = world();
    let nested = catch_unwind(AssertUnwindSafe(|| run(&world, |_| run(&world, |_| ()))));
    assert!(nested.unwrap_err().downcast_ref::<&str>().unwrap().contains("cannot commit another"));
    assert_eq!(run(&world, |tx| tx.insert(moref("Folder", "f"), folder("f"))).revision.number(), 1);
}

#[test]
fn ids_come_from_one_counter_and_avoid_those_in_use() {
    let world = world();
    run(&world, |tx| tx.insert(moref("Folder", "group-v3"), folder("f")));
    let ids = run(&world, |tx| ["vm", "group-v", "group-v", "domain-c"].map(|p| tx.new_id(p))).value;
    assert_eq!(ids, ["vm-1", "group-v2", "group-v4", "domain-c5"]);
    assert_eq!(run(&world, |tx| tx.new_id("task")).value, "task-6");
}

#[test]
fn uuids_are_version_4_and_differ() {
    let world = world();
    let mut all = run(&world, |tx| (0..200).map(|_| tx.uuid()).collect::<Vec<_>>()).value;
    for uuid in &all {
        let dashes: Vec<_> = uuid.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((uuid.len(), dashes), (36, vec![8, 13, 18, 23]), "{uuid}");
        assert!(&uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]), "{uuid}");
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 200);
}

#[test]
fn events_get_keys_times_and_chains_and_stand_in_commit_and_snapshot() {
    let world = Inventory::new(Options { event_retention: 2, ..options() });
    let keys = run(&world, |tx| {
        let first = tx.post(VmPoweredOnEvent::default().into());
        [first, tx.post(Event::with(|e| e.chain_id = first).into())]
    });
    assert_eq!(keys.value, [1, 2]);
    let commit = log(&world)[0].clone();
    assert!(commit.changes.is_empty() && commit.events[0].is::<VmPoweredOnEvent>());
    let facts: Vec<_> = commit.events.iter().map(|e| (e.key, e.chain_id, e.created_time)).collect();
    assert_eq!(facts, [(1, 1, commit.time), (2, 1, commit.time)]);
    run(&world, |tx| tx.post(Obj::default()));
    let kept: Vec<_> = world.snapshot().events().iter().map(|e| e.key).collect();
    assert_eq!(kept, [2, 3]);
}

#[test]
fn the_log_is_bounded_and_says_so() {
    let world = Inventory::new(Options { retention: 3, ..options() });
    for n in 0..5 {
        run(&world, |tx| tx.insert(moref("Folder", &format!("f-{n}")), folder("f")));
    }
    let since = |n| world.changes_since(Revision::new(n)).map(|log| log.iter().map(|c| c.revision.number()).collect());
    assert_eq!(since(2), Some(vec![3, 4, 5]));
    assert_eq!(since(5), Some(vec![]));
    assert_eq!(since(1), None::<Vec<_>>);
    assert_eq!(since(6), None, "that is still to come");
}

#[test]
fn a_long_history_is_cut_a_few_at_a_time_and_never_too_short() {
    let world = Inventory::new(Options { retention: 1024, event_retention: 1024, ..options() });
    for count in 1..=1030 {
        run(&world, |tx| tx.post(Obj::default()));
        let now = world.snapshot();
        assert!((count.min(1024)..=1026).contains(&now.events().len()), "{count}");
        assert!(now.changes_since(Revision::new(count.saturating_sub(1024) as u64)).is_some(), "{count}");
    }
    assert!(world.changes_since(Revision::new(1030 - 1027)).is_none());
}

#[test]
fn a_world_without_a_log_still_changes() {
    let world = Inventory::new(Options { retention: 0, event_retention: 0, ..options() });
    run(&world, |tx| tx.post(Obj::default()));
    assert!(world.changes_since(Revision::new(1)).unwrap().is_empty());
    assert!(world.changes_since(Revision::new(0)).is_none() && world.snapshot().events().is_empty());
}

#[test]
fn the_log_begins_after_the_commit_with_which_the_world_begins() {
    let world = Inventory::new(options());
    let begin = |tx: &mut Tx<'_>| {
        tx.insert(moref("VirtualMachine", "vm-1"), vm("a"));
        Ok::<(), ()>(())
    };
    let begun = world.begin(begin).unwrap();
    assert_eq!((begun.revision, world.snapshot().len()), (Revision::new(1), 1));
    assert!(world.changes_since(Revision::new(0)).is_none());
    run(&world, |tx| tx.insert(moref("VirtualMachine", "vm-2"), vm("b")));
    assert_eq!(world.changes_since(begun.revision).unwrap().len(), 1);
}

#[test]
fn private_state_that_objects_share_stays_what_it_is_for_the_others_when_one_changes_it() {
    let world = world();
    let same = std::sync::Arc::new(1_u32);
    run(&world, |tx| {
        for id in ["vm-1", "vm-2"] {
            tx.insert(moref("VirtualMachine", id), vm(id));
            assert!(tx.share_private(id, same.clone()));
        }
    });
    run(&world, |tx| *tx.edit_private::<u32>("vm-1").unwrap() += 1);
    let now = world.snapshot();
    assert_eq!((now.private::<u32>("vm-1"), now.private::<u32>("vm-2"), *same), (Some(&2), Some(&1), 1));
}

#[test]
fn private_state_is_typed_belongs_to_the_transaction_and_goes_with_the_object() {
    let world = world();
    let a = moref("VirtualMachine", "vm-1");
    run(&world, |tx| {
        assert!(!tx.set_private("vm-1", 1_u32));
        tx.insert(a.clone(), vm("a"));
        assert!(tx.set_private("vm-1", 1_u32) && tx.set_private("vm-1", "text"));
    });
    let first = world.snapshot();
    run(&world, |tx| *tx.edit_private::<u32>("vm-1").unwrap() += 1);
    run(&world, |tx| tx.insert(a.clone(), vm("replaced")));
    assert_eq!((first.private::<u32>("vm-1"), world.snapshot().private::<u32>("vm-1")), (Some(&1), Some(&2)));
    assert!(log(&world)[1].changes.is_empty());
    run(&world, |tx| assert!(tx.clear_private::<u32>("vm-1") && !tx.clear_private::<u32>("vm-1")));
    assert!(world.snapshot().private::<u32>("vm-1").is_none());
    assert_eq!(world.snapshot().private::<&str>("vm-1"), Some(&"text"));
    run(&world, |tx| {
        tx.remove(&a);
        tx.insert(a.clone(), vm("new"));
        assert!(tx.private::<&str>("vm-1").is_none());
    });
    assert!(world.snapshot().private::<&str>("vm-1").is_none());
}

#[test]
fn commits_are_dated_by_the_clock_and_never_backwards() {
    let start = DateTime::parse("2024-05-01T12:00:00Z").unwrap();
    let clock = Arc::new(ManualClock::new(start));
    let world = Inventory::new(Options { clock: clock.clone(), ..options() });
    let commit = || run(&world, |tx| (tx.random(), tx.now()).1).value;
    clock.advance(60);
    assert_eq!(commit(), start.plus_seconds(60));
    clock.set(start);
    assert_eq!((world.clock().now(), commit()), (start, start.plus_seconds(60)));
    assert_eq!(world.snapshot().time(), start.plus_seconds(60));
    let system = Inventory::new(Options { clock: Arc::new(SystemClock), ..options() });
    assert!(system.snapshot().time() > start);
}
