//! Worlds for tests, and ways to look at them.

use std::sync::Arc;

use inventory::{Inventory, ManualClock, Object, Options, Snapshot};
use model::{Lab, Settings};
use vim25::{DateTime, MoRef, Ref, cast, mo};

/// The moment at which every test world begins.
pub fn start() -> DateTime {
    DateTime::parse("2026-01-02T03:04:05Z").unwrap()
}

/// An inventory with the model's rules and a clock that stands still.
pub fn inventory(seed: u64) -> Inventory {
    let clock = Arc::new(ManualClock::new(start()));
    Inventory::new(Options { clock, seed, derive: model::derive::rules(), ..Options::default() })
}

/// A world after these settings.
#[allow(dead_code)]
pub fn world(settings: &Settings) -> (Inventory, Lab) {
    seeded(settings, 0)
}

/// A world after these settings and this seed.
#[allow(dead_code)]
pub fn seeded(settings: &Settings, seed: u64) -> (Inventory, Lab) {
    let inventory = inventory(seed);
    let lab = inventory.commit(|tx| model::build(tx, settings)).unwrap().value;
    (inventory, lab)
}

/// Every object below the root with its path, one a line, as clients find them.
#[allow(dead_code)]
pub fn find(world: &Snapshot, root: &MoRef) -> Vec<String> {
    let mut lines = vec![];
    walk(world, root, "", &mut lines);
    lines
}

fn walk(world: &Snapshot, moref: &MoRef, path: &str, lines: &mut Vec<String>) {
    for child in children(world, moref) {
        let object = world.resolve(&child).unwrap_or_else(|| panic!("{child} is not there"));
        let name = &cast::<mo::ManagedEntity>(&*object.content).expect("an entity").name;
        let path = format!("{path}/{name}");
        lines.push(format!("{} {path}", child.kind));
        walk(world, &child, &path, lines);
    }
}

fn children(world: &Snapshot, moref: &MoRef) -> Vec<MoRef> {
    let all = |lists: &[&Option<vim25::MoRefs>]| lists.iter().filter_map(|l| l.as_ref()).flatten().cloned().collect();
    if let Some(folder) = world.get::<mo::Folder>(moref) {
        return all(&[&folder.child_entity]);
    }
    if let Some(dc) = world.get::<mo::Datacenter>(moref) {
        return vec![
            dc.vm_folder.clone(),
            dc.host_folder.clone(),
            dc.datastore_folder.clone(),
            dc.network_folder.clone(),
        ];
    }
    if let Some(compute) = world.get::<mo::ComputeResource>(moref) {
        let mut found: Vec<MoRef> = all(&[&compute.host]);
        found.extend(compute.resource_pool.clone());
        return found;
    }
    world.get::<mo::ResourcePool>(moref).map_or(vec![], |pool| all(&[&pool.resource_pool]))
}

/// Objects of one type (or a subtype), in the order of their ids.
#[allow(dead_code)]
pub fn of_kind<'w>(world: &'w Snapshot, kind: &str) -> Vec<&'w Object> {
    let mut found: Vec<&Object> = world.iter().filter(|o| o.is_kind(kind)).collect();
    found.sort_by(|a, b| a.moref.cmp(&b.moref));
    found
}

/// Every value in an object, with its path.
#[allow(dead_code)]
pub fn visit(path: &str, value: Ref<'_>, see: &mut dyn FnMut(&str, Ref<'_>)) {
    see(path, value);
    match value {
        Ref::List(list) => (0..list.len()).for_each(|i| visit(&format!("{path}[{i}]"), list.at(i), see)),
        Ref::Object(object) => visit_object(path, &**object, see),
        _ => {}
    }
}

/// Every value in the fields of an object, own and inherited.
#[allow(dead_code)]
pub fn visit_object(path: &str, object: &dyn vim25::DataObject, see: &mut dyn FnMut(&str, Ref<'_>)) {
    if let Some(base) = object.base() {
        visit_object(path, base, see);
    }
    for (index, field) in object.descriptor().fields.iter().enumerate() {
        visit(&format!("{path}.{}", field.name), object.get(index), see);
    }
}
