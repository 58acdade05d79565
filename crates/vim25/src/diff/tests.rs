//! Diff, application and paths: on hand-made objects, and on random ones of every type.

use super::*;
use crate::{DataType, Obj, mo, path::Path, types::*};

fn machine() -> mo::VirtualMachine {
    let nic: Obj<VirtualDevice> = VirtualVmxnet3::with(|n| n.key = 4000).into();
    let disk: Obj<VirtualDevice> = VirtualDisk::with(|d| d.key = 2000).into();
    let config = VirtualMachineConfigInfo::with(|c| {
        c.name = "web".into();
        c.hardware.num_cpu = 2;
        c.hardware.device = Some(vec![nic, disk]);
    });
    mo::VirtualMachine::with(|v| v.config = Some(config.into()))
}

fn check(old: &mo::VirtualMachine, new: &mo::VirtualMachine, expected: &[&str]) {
    let changes = diff(old, new);
    let shown: Vec<String> = changes.iter().map(|c| format!("{:?} {}", c.op, c.path)).collect();
    assert_eq!(shown, expected);
    let mut applied = old.clone();
    apply(&mut applied, &changes).unwrap();
    assert_eq!(&applied, new);
}

#[test]
fn equal_states_have_no_difference() {
    check(&machine(), &machine(), &[]);
}

#[test]
fn a_nested_scalar_is_assigned_at_its_own_path() {
    let old = machine();
    let mut new = old.clone();
    new.config.as_mut().unwrap().hardware.num_cpu = 4;
    check(&old, &new, &["Assign config.hardware.numCPU"]);
}

#[test]
fn items_with_keys_are_added_removed_and_changed_one_by_one() {
    let old = machine();
    let mut new = old.clone();
    let devices = new.config.as_mut().unwrap().hardware.device.as_mut().unwrap();
    devices.remove(1);
    devices[0].cast_mut::<VirtualEthernetCard>().unwrap().mac_address = Some("00:50:56:00:00:01".into());
    devices.push(VirtualDisk::with(|d| d.key = 2001).into());
    check(
        &old,
        &new,
        &[
            "Remove config.hardware.device[2000]",
            "Assign config.hardware.device[4000].macAddress",
            "Add config.hardware.device[2001]",
        ],
    );
}

#[test]
fn a_new_order_assigns_the_whole_list() {
    let old = machine();
    let mut new = old.clone();
    new.config.as_mut().unwrap().hardware.device.as_mut().unwrap().reverse();
    check(&old, &new, &["Assign config.hardware.device"]);
}

#[test]
fn unsetting_is_an_assignment_without_a_value() {
    let old = machine();
    let mut new = old.clone();
    new.config = None;
    check(&old, &new, &["Assign config"]);
    check(&new, &old, &["Assign config"]);
}

#[test]
fn another_type_in_the_same_place_is_assigned_whole() {
    let old = machine();
    let mut new = old.clone();
    let devices = new.config.as_mut().unwrap().hardware.device.as_mut().unwrap();
    devices[0] = VirtualE1000::with(|n| n.key = 4000).into();
    check(&old, &new, &["Assign config.hardware.device[4000]"]);
}

fn read(path: &str) -> Result<Option<Any>, PathError> {
    let path = Path::parse(path)?;
    path.check(mo::VirtualMachine::TYPE)?;
    path.read(&machine())
}

#[test]
fn paths_reach_nested_values_and_items_by_key() {
    assert_eq!(read("config.hardware.numCPU").unwrap(), Some(Any::Int(2)));
    assert_eq!(read("config.hardware.device[4000].key").unwrap(), Some(Any::Int(4000)));
    assert_eq!(read("config.hardware.device[4000].macAddress").unwrap(), None);
    assert_eq!(read("config.hardware.device[2000].macAddress").unwrap(), None);
    assert_eq!(read("config.hardware.device[9].backing").unwrap(), None);
    assert_eq!(read("guest.net").unwrap(), None);
}

#[test]
fn paths_that_no_value_can_have_are_refused() {
    for path in ["nonsense", "config.nonsense", "name.x", "config.hardware.device.key", "config[1]", "guest.net[1].x"] {
        assert!(matches!(read(path), Err(PathError::Unknown { .. })), "{path}");
    }
    for path in ["", ".", "config.", "config..x", "a[", "a[x]", "a[\"x]", "a]b", "config hardware"] {
        assert!(matches!(read(path), Err(PathError::Malformed(_))), "{path}");
    }
}

#[test]
fn paths_print_as_they_are_read() {
    for text in ["name", "config.hardware.device[-4000].backing", "a[\"x \\\"y\\\" [1].z\"].b"] {
        assert_eq!(Path::parse(text).unwrap().to_string(), text);
    }
}

/// Two random values of a type; the second shares what the first has in every other field.
fn random_pair(ty: &'static crate::Type, seed: u64) -> (crate::Shared, crate::Shared) {
    use crate::testing::{Shape, arbitrary_object};
    let (old, other) = (arbitrary_object(ty, seed, Shape::FULL), arbitrary_object(ty, seed + 1_000, Shape::FULL));
    let mut new = old.clone_shared();
    let target = Arc::get_mut(&mut new).expect("a fresh copy has one owner");
    for field in ty.all_fields().into_iter().step_by(1 + (seed % 2) as usize) {
        let slot = target.field_mut(field.name).expect("a field of the type");
        match other.field(field.name).and_then(|value| value.to_any(field.kind)) {
            Some(value) => slot.assign(value).expect("a value of the field's own type"),
            None => slot.clear(),
        }
    }
    (old, new)
}

#[test]
fn old_and_difference_give_new_for_every_type() {
    for ty in crate::all_types().iter().chain(crate::all_managed()).copied() {
        for seed in [1, 2, 3] {
            let (old, new) = random_pair(ty, seed);
            let changes = diff(&*old, &*new);
            let mut applied = old.clone_shared();
            let target = Arc::get_mut(&mut applied).expect("a fresh copy has one owner");
            apply(target, &changes).unwrap_or_else(|e| panic!("{} {seed}: {e}: {changes:?}", ty.name));
            assert!(crate::equal(&*applied, &*new), "{} {seed}: {changes:?}", ty.name);
            assert!(diff(&*new, &*applied).is_empty(), "{} {seed}: equal states differ", ty.name);
            let mut begin: Vec<&str> = changes.iter().filter_map(|c| c.path.split(['.', '[']).next()).collect();
            begin.dedup();
            assert_eq!(fields(&*old, &*new), begin, "{} {seed}", ty.name);
        }
    }
}
