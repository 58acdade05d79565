//! A client that knows only what it is told knows what is so: after any history, whatever it was that woke it.

use std::collections::BTreeMap;

use vim25::types::VirtualMachineConfigInfo;

use super::*;
use crate::collector::Collector;

type Objects = BTreeMap<Str, BTreeMap<Str, Any>>;

/// A client with several filters, each of whole properties.
struct Mirror {
    specs: Vec<(MoRef, Obj<PropertyFilterSpec>)>,
    known: BTreeMap<Str, Objects>,
    version: Str,
}

impl Mirror {
    fn apply(&mut self, set: &UpdateSet) {
        self.version = set.version.clone();
        for filter in set.filter_set.iter().flatten() {
            let known = self.known.entry(filter.filter.id.clone()).or_default();
            for update in filter.object_set.iter().flatten() {
                let id = &update.obj.id;
                match update.kind {
                    ObjectUpdateKind::Enter => {
                        assert!(known.insert(id.clone(), BTreeMap::new()).is_none(), "{id} twice")
                    }
                    ObjectUpdateKind::Modify => assert!(known.contains_key(id), "{id} was never told"),
                    ObjectUpdateKind::Leave => assert!(known.remove(id).is_some(), "{id} was never told"),
                    ref other => panic!("{id}: {other:?}"),
                }
                for change in update.change_set.iter().flatten() {
                    let object = known.get_mut(id).unwrap();
                    match &change.val {
                        Some(value) => object.insert(change.name.clone(), value.clone()),
                        None => object.remove(&change.name),
                    };
                }
            }
        }
    }

    /// Follows up to now, in sets of up to `max`.
    fn follow(&mut self, world: &World, max: i32) {
        while let Some(set) = updates(world, &self.version, Some(max)).unwrap() {
            self.apply(&set);
        }
    }

    fn check(&self, world: &World) {
        for (filter, spec) in &self.specs {
            let found = retrieve(world, spec.clone()).unwrap();
            let values =
                |o: &ObjectContent| o.prop_set.iter().flatten().map(|p| (p.name.clone(), p.val.clone())).collect();
            let now: Objects = found.iter().map(|o| (o.obj.id.clone(), values(o))).collect();
            assert_eq!(self.known.get(&filter.id).unwrap_or(&Objects::new()), &now);
        }
    }
}

/// The numbers of a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Filters of every form: by folders, through views, on views, few objects and many, a property and all of them.
fn specs(world: &World, list: &MoRef) -> Vec<Obj<PropertyFilterSpec>> {
    let views = moref("ViewManager", "ViewManager");
    let (container, type_) = (moref("Folder", "group-d1"), Some(vec!["VirtualMachine".into()]));
    let all = world.call(&views, args::CreateContainerView { container, type_, recursive: true }).unwrap();
    let events = moref("EventManager", "EventManager");
    let history = world.call(&events, args::CreateCollectorForEvents::default()).unwrap();
    let to_host = traverse("host", "VirtualMachine", "runtime.host", vec![]);
    let everything = PropertySpec { type_: "VirtualMachine".into(), all: Some(true), path_set: None };
    let through = |kind: &str, selects| traverse("view", kind, "view", selects);
    vec![
        machines(&["name", "runtime.powerState"]),
        machines(&["config.annotation"]),
        spec(all.clone(), vec![through("ContainerView", vec![])], properties("VirtualMachine", &["name"])),
        spec(all, vec![through("ContainerView", vec![to_host])], properties("HostSystem", &["name", "vm"])),
        spec(list.clone(), vec![through("ListView", vec![])], everything.into()),
        spec(list.clone(), vec![], properties("ListView", &["view"])),
        spec(history, vec![], properties("EventHistoryCollector", &["latestPage"])),
        one(&["name"]),
    ]
}

fn machine(number: u64) -> MoRef {
    moref("VirtualMachine", &format!("vm-{}", 5000 + number))
}

/// One thing happens.
fn happen(world: &World, dice: &mut Dice, list: &MoRef, machines: u64) {
    let vm = machine(dice.roll(machines));
    let folder = moref("Folder", ["group-v3", "group-v9"][dice.roll(2) as usize]);
    let (text, host) = (Str::from(dice.roll(5).to_string()), ["host-10", "host-11"][dice.roll(2) as usize]);
    let exists = world.core.inventory.snapshot().find(&vm.id).is_some();
    match dice.roll(9) {
        0..3 if exists => world.commit(|tx| tx.edit::<mo::VirtualMachine>(&vm).unwrap().name = text),
        3 if exists => world.commit(|tx| {
            let vm = tx.edit::<mo::VirtualMachine>(&vm).unwrap();
            vm.config = Some(VirtualMachineConfigInfo::with(|config| config.annotation = Some(text)).into());
        }),
        4 if exists => world.commit(|tx| {
            tx.edit::<mo::VirtualMachine>(&vm).unwrap().runtime.host = Some(moref("HostSystem", host));
        }),
        5 if exists => world.commit(|tx| {
            for folder in ["group-v3", "group-v9"] {
                let folder = tx.edit::<mo::Folder>(&moref("Folder", folder)).unwrap();
                folder.child_entity.get_or_insert_default().retain(|child| *child != vm);
            }
            if text != "0" {
                tx.remove(&vm);
            }
        }),
        6 => {
            let change = args::ModifyListView { add: Some(vec![vm]), remove: Some(vec![machine(dice.roll(machines))]) };
            world.call(list, change).unwrap();
        }
        7 => {
            let event = args::LogUserEvent { entity: folder, msg: text };
            world.call(&moref("EventManager", "EventManager"), event).unwrap();
        }
        _ => world.commit(|tx| {
            if !exists {
                tx.insert(vm.clone(), mo::VirtualMachine::default());
            }
            let children = &mut tx.edit::<mo::Folder>(&folder).unwrap().child_entity;
            if !children.get_or_insert_default().contains(&vm) {
                children.get_or_insert_default().push(vm);
            }
        }),
    }
}

fn live(seed: u64, machines: u64, steps: u64) {
    let mut dice = Dice(seed);
    let world = World::new();
    let list = world.call(&moref("ViewManager", "ViewManager"), args::CreateListView { obj: None }).unwrap();
    let first = if machines > 100 { machines } else { 0 };
    world.commit(|tx| {
        for vm in (0..first).map(machine) {
            tx.insert(vm.clone(), mo::VirtualMachine::default());
            let folder = tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap();
            folder.child_entity.get_or_insert_default().push(vm);
        }
    });
    let specs = specs(&world, &list).into_iter().map(|spec| (watch(&world, spec.clone(), false), spec)).collect();
    let mut mirror = Mirror { specs, known: BTreeMap::new(), version: Str::default() };
    mirror.apply(&updates(&world, "", None).unwrap().unwrap());
    for step in 0..steps {
        happen(&world, &mut dice, &list, machines);
        match dice.roll(40) {
            // Another session, or the task that follows the log, comes first.
            0..15 => world.core.lookout.follow(&world.core.inventory.snapshot()),
            15..20 => {
                mirror.follow(&world, 1 + dice.roll(150) as i32);
                mirror.check(&world);
            }
            // Only a part is fetched.
            20 => mirror.apply(&updates(&world, &mirror.version, Some(1)).unwrap().unwrap_or_else(|| {
                let set = UpdateSet { version: mirror.version.clone(), ..Default::default() };
                set.into()
            })),
            // More commits than filters rest for, or even than the log keeps.
            21 if step % 10 == 0 => {
                for number in 0..[1_100, 4_200][dice.roll(2) as usize] {
                    rename(&world, "vm-31", &number.to_string());
                    if dice.roll(100) == 0 {
                        world.core.lookout.follow(&world.core.inventory.snapshot());
                    }
                }
            }
            _ => {}
        }
    }
    mirror.follow(&world, 100);
    mirror.check(&world);
    assert!(world.session.object_as::<Collector>("propertyCollector").unwrap().filters().len() == mirror.specs.len());
}

#[test]
fn a_client_that_stays_away_for_long_keeps_no_old_state_of_the_world_and_is_told_all_values_anew() {
    let world = World::new();
    let filters = [machines(&["name", "config.annotation"]), machines(&["guestHeartbeatStatus"])];
    let specs: Vec<_> = filters.into_iter().map(|spec| (watch(&world, spec.clone(), true), spec)).collect();
    let mut mirror = Mirror { specs, known: BTreeMap::new(), version: Str::default() };
    mirror.apply(&updates(&world, "", None).unwrap().unwrap());
    let away = mirror.version.clone();
    let filter = mirror.specs[0].0.clone();
    let seen =
        |filter: &MoRef| world.session.object_as::<crate::collector::Filter>(&filter.id).unwrap().seen().unwrap();
    let start = seen(&filter);
    rename(&world, "vm-20", "one");
    world.commit(|tx| {
        let folder = tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap();
        folder.child_entity = Some([machine(1)].into());
        tx.insert(machine(1), mo::VirtualMachine::default());
        tx.remove(&moref("VirtualMachine", "vm-22"));
    });
    for number in 0..4_500 {
        rename(&world, "vm-31", &number.to_string());
        if number % 500 == 0 {
            world.core.lookout.follow(&world.core.inventory.snapshot());
        }
    }
    assert_eq!(seen(&filter), start, "a while is not long");
    for number in 0..2_000 {
        rename(&world, "vm-31", &number.to_string());
        if number % 500 == 0 {
            world.core.lookout.follow(&world.core.inventory.snapshot());
        }
    }
    assert!(seen(&filter).number() > start.number() + 5_000);
    let set = updates(&world, &away, None).unwrap().unwrap();
    let lines = told(&set);
    for line in ["modify vm-21 Assign name", "modify vm-21 Assign config.annotation", "enter vm-5001 Assign name"] {
        assert!(lines.contains(&line.to_string()), "{lines:?}");
    }
    assert!(lines.contains(&"leave vm-22".to_string()), "{lines:?}");
    mirror.apply(&set);
    mirror.follow(&world, 100);
    mirror.check(&world);
}

#[test]
fn a_client_knows_what_is_so_after_any_history_of_a_small_world() {
    for seed in 0..12 {
        live(seed, 12, 250);
    }
}

#[test]
fn a_client_knows_what_is_so_after_any_history_of_a_world_with_wide_filters() {
    for seed in 0..2 {
        live(100 + seed, 400, 800);
    }
}
