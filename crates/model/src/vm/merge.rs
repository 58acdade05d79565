//! Laying one data object over another: what the one sets is taken, what it leaves open stays.

use vim25::{DataObject, DataType, Field, Obj, Scalar};

/// `old` with every member that `new` sets. Objects and lists within are taken whole.
pub(crate) fn over<T: DataType>(old: Option<&Obj<T>>, new: &Obj<T>) -> Obj<T> {
    let Some(old) = old.filter(|o| o.shared().descriptor() == new.shared().descriptor()) else { return new.clone() };
    let mut merged = old.clone();
    if let Some(target) = merged.inner_mut() {
        copy(target, &**new.shared(), &[]);
    }
    if merged == *old { old.clone() } else { merged }
}

/// Copies every member that `source` sets into `target`, a value of the same type, but for those named in `but`.
pub(crate) fn copy(target: &mut dyn DataObject, source: &dyn DataObject, but: &[&str]) {
    for (index, field) in source.descriptor().fields.iter().enumerate() {
        if but.contains(&field.name) {
            continue;
        }
        if let (Some(value), Some(slot)) = (source.get(index).to_any(field.kind), target.slot(index)) {
            // Both are of one type, so that what one holds fits the other.
            let _ = slot.assign(value);
        }
    }
    if let (Some(target), Some(source)) = (target.base_mut(), source.base()) {
        copy(target, source, but);
    }
}

/// Copies the named members that `source` sets from one type to another that has them too.
pub(crate) fn copy_named(target: &mut dyn DataObject, source: &dyn DataObject, names: &[&str]) {
    for (index, field) in named(source, names) {
        if let (Some(value), Some(slot)) = (source.get(index).to_any(field.kind), target.field_mut(field.name)) {
            let fits = slot.assign(value).is_ok();
            debug_assert!(fits, "'{}' is of one type in both", field.name);
        }
    }
    if let Some(base) = source.base() {
        copy_named(target, base, names);
    }
}

/// Whether `source` sets any of these members.
pub(crate) fn sets_any(source: &dyn DataObject, names: &[&str]) -> bool {
    named(source, names).next().is_some() || source.base().is_some_and(|base| sets_any(base, names))
}

/// The own members of these names that are set: few, as a rule, so that names are compared last.
fn named<'s>(source: &'s dyn DataObject, names: &'s [&str]) -> impl Iterator<Item = (usize, &'static Field)> + 's {
    let own = source.descriptor().fields.iter().enumerate();
    own.filter(move |(index, field)| !source.get(*index).is_unset() && names.contains(&field.name))
}
