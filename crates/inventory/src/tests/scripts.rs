//! Random scripts against a naive model.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use proptest::{collection::vec, prelude::*};
use vim25::{Obj, Shared, diff};

use super::*;
use crate::{ChangeKind, Snapshot};

#[derive(Clone, Debug)]
enum Step {
    Insert(u8, u8),
    Rename(u8, u8),
    Annotate(u8, u8),
    PlugIn(u8, i32),
    PullOut(u8, i32),
    Remove(u8),
    Post,
    Ask,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Good,
    Error,
    Panic,
}

type Script = Vec<(Vec<Step>, End)>;
type Model = BTreeMap<String, VirtualMachine>;

fn script() -> impl Strategy<Value = Script> {
    let (id, word, key) = (0..6_u8, 0..3_u8, 0..4_i32);
    let step = prop_oneof![
        (id.clone(), word.clone()).prop_map(|(id, word)| Step::Insert(id, word)),
        (id.clone(), word.clone()).prop_map(|(id, word)| Step::Rename(id, word)),
        (id.clone(), word).prop_map(|(id, word)| Step::Annotate(id, word)),
        (id.clone(), key.clone()).prop_map(|(id, key)| Step::PlugIn(id, key)),
        (id.clone(), key).prop_map(|(id, key)| Step::PullOut(id, key)),
        id.prop_map(Step::Remove),
        Just(Step::Post),
        Just(Step::Ask),
    ];
    let end = prop_oneof![6 => Just(End::Good), 1 => Just(End::Error), 1 => Just(End::Panic)];
    vec((vec(step, 0..8), end), 0..12)
}

fn id(number: u8) -> String {
    format!("vm-x{number}")
}

fn name(word: u8) -> String {
    format!("name {word}")
}

fn devices(vm: &mut VirtualMachine) -> &mut Vec<Obj<VirtualDevice>> {
    vm.config.as_mut().unwrap().hardware.device.get_or_insert_default()
}

/// What a step does to one VM, in the world and in the model alike.
fn change(step: &Step, vm: &mut VirtualMachine) {
    match *step {
        Step::Rename(_, word) => vm.name = name(word).into(),
        Step::Annotate(_, word) => vm.config.as_mut().unwrap().annotation = Some(name(word).into()),
        Step::PlugIn(_, key) => {
            devices(vm).retain(|d| d.key != key);
            devices(vm).push(VirtualVmxnet3::with(|d| d.key = key).into());
        }
        Step::PullOut(_, key) => devices(vm).retain(|d| d.key != key),
        _ => {}
    }
}

fn play(step: &Step, tx: &mut Tx<'_>) {
    match *step {
        Step::Insert(n, word) => tx.insert(moref("VirtualMachine", &id(n)), vm(&name(word))),
        Step::Remove(n) => {
            tx.remove(&moref("VirtualMachine", &id(n)));
        }
        Step::Rename(n, _) | Step::Annotate(n, _) | Step::PlugIn(n, _) | Step::PullOut(n, _) => {
            if let Some(vm) = tx.edit(&moref("VirtualMachine", &id(n))) {
                change(step, vm);
            }
        }
        Step::Post => {
            let (id, uuid) = (tx.new_id("vm"), tx.uuid());
            tx.post(Event::with(|e| e.full_formatted_message = Some(format!("{id} {uuid}").into())).into());
        }
        Step::Ask => {
            tx.index();
        }
    }
}

fn play_naively(step: &Step, model: &mut Model) {
    match *step {
        Step::Insert(n, word) => {
            model.insert(id(n), vm(&name(word)));
        }
        Step::Remove(n) => {
            model.remove(&id(n));
        }
        Step::Rename(n, _) | Step::Annotate(n, _) | Step::PlugIn(n, _) | Step::PullOut(n, _) => {
            if let Some(vm) = model.get_mut(&id(n)) {
                change(step, vm);
            }
        }
        Step::Post | Step::Ask => {}
    }
}

fn perform(world: &Inventory, steps: &[Step], end: End) {
    let ended = catch_unwind(AssertUnwindSafe(|| {
        world.commit(|tx| {
            steps.iter().for_each(|step| play(step, tx));
            match end {
                End::Good => Ok(()),
                End::Error => Err(()),
                End::Panic => resume_unwind(Box::new("on purpose")),
            }
        })
    }));
    let seen = match ended {
        Ok(Ok(_)) => End::Good,
        Ok(Err(())) => End::Error,
        Err(_) => End::Panic,
    };
    assert_eq!(seen, end);
}

/// Every object by id.
fn contents(world: &Snapshot) -> BTreeMap<String, Shared> {
    world.iter().map(|object| (object.moref.id.to_string(), object.content.clone())).collect()
}

fn assert_same(a: &BTreeMap<String, Shared>, b: &BTreeMap<String, Shared>) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert!(a.iter().zip(b).all(|(a, b)| a.0 == b.0 && vim25::equal(&**a.1, &**b.1)));
}

/// The index finds what a walk over all objects finds.
fn assert_index(world: &Snapshot) {
    let home = moref("Folder", "group-v1");
    for word in 0..3 {
        let name = name(word);
        let carries = |o: &&crate::Object| vim25::cast::<VirtualMachine>(&*o.content).is_some_and(|vm| vm.name == name);
        let walked = world.iter().filter(carries).map(|o| o.moref.clone()).min();
        assert_eq!(world.index().child_named(&home, &name), walked);
    }
}

fn replay(mut state: BTreeMap<String, Shared>, log: &[Arc<Commit>]) -> BTreeMap<String, Shared> {
    for change in log.iter().flat_map(|commit| &commit.changes) {
        let id = change.object.id.to_string();
        match change.kind {
            ChangeKind::Enter => assert!(state.insert(id, change.new.clone().unwrap()).is_none()),
            ChangeKind::Leave => assert!(state.remove(&id).is_some()),
            ChangeKind::Modify => {
                assert!(!change.properties.is_empty());
                let mut copy = state[&id].clone_shared();
                diff::apply(Arc::get_mut(&mut copy).unwrap(), &change.steps()).unwrap();
                state.insert(id, copy);
            }
        }
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_world_is_what_a_naive_model_is_and_its_log_replays_to_it(script in script()) {
        let (world, mut model) = (world(), Model::new());
        let mut stations = vec![world.snapshot()];
        for (steps, end) in &script {
            perform(&world, steps, *end);
            if *end == End::Good {
                steps.iter().for_each(|step| play_naively(step, &mut model));
            }
            let now = world.snapshot();
            let expected = model.iter().map(|(id, vm)| (id.clone(), Arc::new(vm.clone()) as Shared)).collect();
            assert_same(&contents(&now), &expected);
            assert_index(&now);
            prop_assert!(*end == End::Good || now.revision() == stations.last().unwrap().revision());
            stations.push(now);
        }
        let last = stations.last().unwrap();
        for station in &stations {
            let log = last.changes_since(station.revision()).unwrap();
            assert_same(&replay(contents(station), &log), &contents(last));
        }
    }

    #[test]
    fn the_same_seed_and_script_give_the_same_log(script in script()) {
        let logs = [(); 2].map(|()| {
            let world = world();
            script.iter().for_each(|(steps, end)| perform(&world, steps, *end));
            format!("{:#?}", log(&world))
        });
        prop_assert_eq!(&logs[0], &logs[1]);
    }
}

#[test]
fn another_seed_gives_other_numbers() {
    let uuids = [1, 2].map(|seed| run(&Inventory::new(Options { seed, ..options() }), |tx| tx.uuid()).value);
    assert_ne!(uuids[0], uuids[1]);
}

#[test]
fn the_same_history_iterates_in_the_same_order() {
    let orders = [(); 2].map(|()| {
        let world = world();
        run(&world, |tx| (0..100).for_each(|n| tx.insert(moref("Folder", &format!("group-v{n}")), folder("f"))));
        world.snapshot().iter().map(|object| object.moref.clone()).collect::<Vec<_>>()
    });
    assert_eq!(orders[0], orders[1]);
}
