//! The privileges that there are.

use std::collections::BTreeSet;

use vim25::{Field, all_managed};

/// Every privilege: those that a property, method or parameter of the API asks for, and those that are checked within
/// operations or by other services. Sorted.
pub fn privilege_ids() -> BTreeSet<&'static str> {
    let guarded = |fields: &'static [Field]| fields.iter().filter_map(|f| f.privilege);
    let mut ids = BTreeSet::from(["System.Anonymous", "System.Read", "System.View"]);
    ids.extend(MORE.lines().filter(|line| !line.is_empty()));
    for managed in all_managed() {
        ids.extend(guarded(managed.fields).flat_map(single_privileges));
        for method in managed.methods {
            ids.extend(method.privilege.into_iter().flat_map(single_privileges));
            ids.extend(guarded(method.params.fields).flat_map(single_privileges));
        }
    }
    ids
}

/// Each of the privileges that a method, property or parameter asks for: in a few places the schema names several at once.
pub fn single_privileges(ids: &'static str) -> impl Iterator<Item = &'static str> {
    ids.split([',', '|', '+']).filter(|id| id.contains('.'))
}

/// Privileges of a vCenter that no method or property of the schema asks for, one a line: the ids that govmomi v0.53.1 has
/// in its recorded inventories.
const MORE: &str = include_str!("privileges.txt");
