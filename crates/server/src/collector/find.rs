//! The objects of a spec, found while they are read where one list names them all: the common read of a view. Its first
//! objects cost no more among a hundred thousand than among ten, and what nobody reads is not looked for.

use std::collections::HashSet;

use inventory::IdHash;
use vim25::{Any, MoRef, MoRefs, Str};

use super::{
    select::select,
    spec::{FilterPlan, Select},
};
use crate::{fault::Fault, sight::Sight};

/// Objects in the order in which they are found, each once.
pub(super) enum Finding {
    /// Found already.
    Found(std::vec::IntoIter<MoRef>),
    /// The rest of a list.
    List { list: MoRefs, next: usize, seen: HashSet<Str, IdHash> },
}

impl Finding {
    /// The objects that a plan names. They may be gone: then there is nothing to be read of them.
    pub(super) fn new(plan: &FilterPlan, sight: &Sight) -> Result<Finding, Fault> {
        Ok(match only_list(plan, sight) {
            Some(list) => Finding::List { list, next: 0, seen: HashSet::default() },
            None => Finding::Found(select(plan, sight)?.objects.into_iter()),
        })
    }

    /// How many there are at the most.
    pub(super) fn left(&self) -> usize {
        match self {
            Finding::Found(objects) => objects.len(),
            Finding::List { list, next, .. } => list.len() - next,
        }
    }

    /// The next object, which stays.
    pub(super) fn peek(&mut self) -> Option<&MoRef> {
        match self {
            Finding::Found(objects) => objects.as_slice().first(),
            Finding::List { list, next, seen } => {
                while list.get(*next).is_some_and(|object| seen.contains(&object.id)) {
                    *next += 1;
                }
                list.get(*next)
            }
        }
    }
}

impl Iterator for Finding {
    type Item = MoRef;

    fn next(&mut self) -> Option<MoRef> {
        match self {
            Finding::Found(objects) => objects.next(),
            Finding::List { list, next, seen } => loop {
                let object = list.get(*next)?;
                *next += 1;
                if seen.insert(object.id.clone()) {
                    return Some(object.clone());
                }
            },
        }
    }
}

/// The list that names all objects of a plan, if there is such a one: in a property of the only object that the plan starts
/// from, which is not reported itself, and nothing leads on from what it names. For a bound user there is none, because each
/// object has to be looked at.
fn only_list(plan: &FilterPlan, sight: &Sight) -> Option<MoRefs> {
    if sight.is_bound() {
        return None;
    }
    let [root] = plan.roots.as_slice() else { return None };
    let [select] = root.selects.as_slice() else { return None };
    let traversal = match select {
        Select::Traverse(traversal) => traversal,
        Select::Named(name) => &plan.named[name],
    };
    if !root.skip || traversal.skip || !traversal.selects.is_empty() {
        return None;
    }
    let content = sight.content(&root.object)?;
    match content.descriptor().is_a(traversal.kind).then(|| traversal.path.read(&*content))? {
        Ok(Some(Any::MoRefs(list))) => Some(list),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::moref;

    #[test]
    fn what_a_list_names_twice_is_found_once() {
        let names = ["vm-1", "vm-2", "vm-1", "vm-1", "vm-3", "vm-3"].map(|id| moref("VirtualMachine", id));
        let mut finding = Finding::List { list: names.to_vec().into(), next: 0, seen: HashSet::default() };
        assert_eq!(finding.peek(), Some(&names[0]));
        let found: Vec<_> = finding.by_ref().map(|object| object.id).collect();
        assert_eq!(found, ["vm-1", "vm-2", "vm-3"]);
        assert_eq!((finding.left(), finding.peek()), (0, None));
    }
}
