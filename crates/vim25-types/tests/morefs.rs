//! Lists of references behave as vectors do, whatever their length, and clones share what they can.

use vim25_types::{Any, AnyList, Kind, MoRef, MoRefs, Slot, Value};

fn vm(number: usize) -> MoRef {
    MoRef::new("VirtualMachine", format!("vm-{number}"))
}

fn some(count: usize) -> Vec<MoRef> {
    (0..count).map(vm).collect()
}

/// The lengths around the one where the representation changes, and a long one.
const LENGTHS: [usize; 6] = [0, 1, 31, 32, 33, 1_000];

#[test]
fn a_list_has_what_was_put_into_it() {
    for length in LENGTHS {
        let mut pushed = MoRefs::new();
        some(length).into_iter().for_each(|item| pushed.push(item));
        let made: MoRefs = some(length).into();
        assert_eq!(pushed, made);
        assert_eq!(pushed.to_vec(), some(length));
        assert_eq!(pushed.len(), length);
        assert_eq!(pushed.first(), some(length).first());
        assert_eq!(pushed.last(), some(length).last());
        assert_eq!(
            pushed.iter().rev().cloned().collect::<Vec<_>>(),
            some(length).into_iter().rev().collect::<Vec<_>>()
        );
        assert_eq!(made.into_iter().collect::<Vec<_>>(), some(length));
    }
}

#[test]
fn removing_keeps_the_order_of_the_rest() {
    for length in LENGTHS {
        let mut list: MoRefs = some(length).into();
        assert!(!list.remove(&vm(length)));
        for gone in [0, length / 2, length.saturating_sub(1)].into_iter().filter(|_| length >= 3) {
            assert!(list.remove(&vm(gone)));
            assert!(!list.contains(&vm(gone)));
        }
        let mut rest = some(length);
        rest.retain(|item| list.contains(item));
        assert_eq!(list, rest);
        assert_eq!(list.len(), if length >= 3 { length - 3 } else { length });
    }
}

#[test]
fn retaining_few_many_or_all_equals_that_of_a_vector() {
    for length in LENGTHS {
        for step in [1, 2, 100] {
            let is_kept = |item: &MoRef| item.id.strip_prefix("vm-").unwrap().parse::<usize>().unwrap() % step != 0;
            let (mut list, mut plain) = (MoRefs::from(some(length)), some(length));
            list.retain(is_kept);
            plain.retain(is_kept);
            assert_eq!(list, plain, "{length} {step}");
        }
    }
}

#[test]
fn a_clone_does_not_see_later_changes() {
    for length in LENGTHS {
        let old: MoRefs = some(length).into();
        let mut new = old.clone();
        assert_eq!(old, new);
        new.push(vm(7_777));
        assert_ne!(old, new);
        assert_eq!(old, some(length));
    }
}

#[test]
fn generic_code_reads_and_sets_it_as_a_list() {
    for length in LENGTHS {
        let list: MoRefs = some(length).into();
        let kind = Kind::MoRef("VirtualMachine");
        let shared = list.read().to_any(kind).unwrap();
        let plain = Any::List(AnyList { item: kind, items: some(length).into_iter().map(Any::MoRef).collect() });
        assert_eq!(shared, plain);
        assert_eq!(plain.read(), shared.read());
        for value in [shared, plain] {
            let mut field = Some(MoRefs::new());
            field.assign(value).unwrap();
            assert_eq!(field.as_ref(), Some(&list));
        }
    }
}

#[test]
fn values_that_are_no_references_are_refused_and_change_nothing() {
    let mut field: MoRefs = some(2).into();
    let wrong = Any::List(AnyList { item: Kind::Int, items: vec![Any::Int(1)] });
    assert!(field.assign(wrong).is_err());
    assert!(field.assign(Any::Bool(true)).is_err());
    let slot: &mut dyn Slot = &mut field;
    assert!(slot.list_mut().unwrap().push(Any::Int(3)).is_err());
    assert_eq!(field, some(2));
}
