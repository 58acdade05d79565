//! The difference between two states of an object, as property changes, and its application.
//!
//! Objects that share a pointer are equal without being looked at, so the cost grows with what changed. Items of lists
//! are matched by key where their type has one; any other list is assigned as a whole.
//!
//! [`fields`] only says which fields differ, and looks no further into a field than to its first difference.

use std::sync::Arc;

use crate::{
    Any, DataObject, Field, Kind, List, Ref, Str,
    path::{Key, Path, PathError, key_of, position_mut},
    unshared,
};

/// What happened to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// It was set; without a value it was unset.
    Assign,
    /// An item was added to a list: the path names it by key.
    Add,
    /// An item was removed from a list: the path names it by key.
    Remove,
}

/// One change of a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where.
    pub path: Str,
    /// What.
    pub op: Op,
    /// The new value; none if the property was unset or the item removed.
    pub value: Option<Any>,
}

/// The changes that turn `old` into `new`, two values of one type.
pub fn diff(old: &dyn DataObject, new: &dyn DataObject) -> Vec<Change> {
    let mut out = Vec::new();
    objects("", old, new, &mut out);
    out
}

/// The names of the fields in which two values of one type differ, those of the furthest base first: the fields in which
/// the paths of [`diff`] begin.
pub fn fields(old: &dyn DataObject, new: &dyn DataObject) -> Vec<&'static str> {
    let mut out = match (old.base(), new.base()) {
        (Some(old), Some(new)) => fields(old, new),
        _ => Vec::new(),
    };
    let differ = unshared(old, new).filter(|index| old.get(*index) != new.get(*index));
    out.extend(differ.map(|index| old.descriptor().fields[index].name));
    out
}

fn objects(prefix: &str, old: &dyn DataObject, new: &dyn DataObject, out: &mut Vec<Change>) {
    if let (Some(a), Some(b)) = (old.base(), new.base()) {
        objects(prefix, a, b, out);
    }
    for (index, field) in old.descriptor().fields.iter().enumerate() {
        values(prefix, field, old.get(index), new.get(index), out);
    }
}

fn values(prefix: &str, field: &Field, old: Ref<'_>, new: Ref<'_>, out: &mut Vec<Change>) {
    match (old, new) {
        (Ref::Object(a), Ref::Object(b)) => {
            if Arc::ptr_eq(a, b) {
                return;
            }
            if a.descriptor() == b.descriptor() {
                return objects(&join(prefix, field.name), &**a, &**b, out);
            }
        }
        (Ref::List(a), Ref::List(b)) if std::ptr::addr_eq(a, b) => return,
        (Ref::List(a), Ref::List(b)) if field.list && keyed(field) => {
            if let Some(plan) = match_items(a, b) {
                return items(&join(prefix, field.name), field, a, b, plan, out);
            }
        }
        _ => {}
    }
    if old != new {
        out.push(Change { path: join(prefix, field.name).into(), op: Op::Assign, value: new.to_any(field.kind) });
    }
}

fn items(prefix: &str, field: &Field, old: &dyn List, new: &dyn List, plan: Plan, out: &mut Vec<Change>) {
    let path = |item: Ref<'_>| format!("{prefix}{}", key_of(item).expect("matched items have keys"));
    for i in plan.removed {
        out.push(Change { path: path(old.at(i)).into(), op: Op::Remove, value: None });
    }
    for (i, j) in plan.kept {
        let (Ref::Object(a), Ref::Object(b)) = (old.at(i), new.at(j)) else { continue };
        if Arc::ptr_eq(a, b) {
            continue;
        }
        let path = path(new.at(j));
        if a.descriptor() == b.descriptor() {
            objects(&path, &**a, &**b, out);
        } else {
            out.push(Change { path: path.into(), op: Op::Assign, value: Some(Any::Object(b.clone())) });
        }
    }
    for j in plan.added {
        let item = new.at(j);
        out.push(Change { path: path(item).into(), op: Op::Add, value: item.to_any(field.kind) });
    }
}

/// Applies changes made by [`diff`].
pub fn apply(target: &mut dyn DataObject, changes: &[Change]) -> Result<(), PathError> {
    changes.iter().try_for_each(|change| apply_one(target, change))
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_string() } else { [prefix, ".", name].concat() }
}

fn keyed(field: &Field) -> bool {
    match field.kind {
        Kind::Object(item) => item.field("key").is_some_and(|(_, _, key)| matches!(key.kind, Kind::Int | Kind::Str)),
        _ => false,
    }
}

/// How the items of one list become those of another.
struct Plan {
    removed: Vec<usize>,
    kept: Vec<(usize, usize)>,
    added: Vec<usize>,
}

/// Matches items by key; none if keys repeat, or if removing and appending would not give the new order.
fn match_items(old: &dyn List, new: &dyn List) -> Option<Plan> {
    let old_keys = keys(old)?;
    let new_keys = keys(new)?;
    if old_keys == new_keys {
        return Some(Plan { removed: vec![], kept: (0..old_keys.len()).map(|i| (i, i)).collect(), added: vec![] });
    }
    let at: std::collections::HashMap<&Key, usize> = new_keys.iter().zip(0..).collect();
    let mut plan = Plan { removed: vec![], kept: vec![], added: vec![] };
    for (i, key) in old_keys.iter().enumerate() {
        match at.get(key) {
            Some(&j) => plan.kept.push((i, j)),
            None => plan.removed.push(i),
        }
    }
    let in_order = plan.kept.iter().enumerate().all(|(expected, &(_, j))| j == expected);
    plan.added = (plan.kept.len()..new.len()).collect();
    in_order.then_some(plan)
}

fn keys(list: &dyn List) -> Option<Vec<Key>> {
    let keys: Vec<Key> = (0..list.len()).map(|i| key_of(list.at(i))).collect::<Option<_>>()?;
    are_distinct(&keys).then_some(keys)
}

/// Lists of this length are looked through faster than sorted into a table.
const SHORT: usize = 16;

fn are_distinct(keys: &[Key]) -> bool {
    if keys.len() <= SHORT {
        return keys.iter().enumerate().all(|(i, key)| !keys[..i].contains(key));
    }
    let distinct: std::collections::HashSet<&Key> = keys.iter().collect();
    distinct.len() == keys.len()
}

fn apply_one(target: &mut dyn DataObject, change: &Change) -> Result<(), PathError> {
    let path = Path::parse(&change.path)?;
    let mismatch = || PathError::Mismatch(change.path.clone());
    let key = path.steps().last().and_then(|step| step.key.clone());
    path.with_slot(target, |slot| {
        let Some(key) = key else {
            return match change.value.clone() {
                Some(value) => slot.assign(value).map_err(|_| mismatch()),
                None => {
                    slot.clear();
                    Ok(())
                }
            };
        };
        let list = slot.list_mut().ok_or_else(mismatch)?;
        let place = position_mut(list, &key);
        match (change.op, place, change.value.clone()) {
            (Op::Add, None, Some(value)) => list.push(value).map_err(|_| mismatch()),
            (Op::Remove, Some(index), _) => {
                list.remove(index);
                Ok(())
            }
            (Op::Assign, Some(index), Some(value)) => {
                list.at_mut(index).ok_or_else(mismatch)?.assign(value).map_err(|_| mismatch())
            }
            _ => Err(mismatch()),
        }
    })
}

#[cfg(test)]
mod tests;
