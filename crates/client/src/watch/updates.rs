//! What a watch tells, from what the property collector sends.

use std::collections::VecDeque;

use vim25::{
    Any, MoRef, Str,
    types::{ObjectUpdate, ObjectUpdateKind, PropertyChangeOp, UpdateSet},
};

use crate::{Missing, Properties};

/// One thing that happened to what is watched.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Update {
    /// An object is watched from now on; with all the properties asked for.
    Entered(Properties),
    /// Properties of an object changed.
    Changed {
        /// The object.
        object: MoRef,
        /// Each property once or more often, in order.
        changes: Vec<Change>,
    },
    /// An object is gone, or no longer among those that are watched.
    Left(MoRef),
    /// All that was there at the beginning has been told.
    Complete,
    /// The server no longer knows what it has told: everything told so far is void, all objects enter again.
    Restarted,
}

/// A property with its new value, as a whole: the paths are those that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The property.
    pub path: Str,
    /// Its value; none if it is unset now.
    pub value: Option<Any>,
}

/// The updates in a set, in order.
pub(super) fn collect(set: &UpdateSet, into: &mut VecDeque<Update>) {
    for filter in set.filter_set.iter().flatten() {
        into.extend(filter.object_set.iter().flatten().filter_map(|object| update(object)));
        let gone = filter.missing_set.iter().flatten();
        into.extend(gone.map(|missing| Update::Left(missing.obj.clone())));
    }
}

fn update(update: &ObjectUpdate) -> Option<Update> {
    let changes = update.change_set.iter().flatten().map(|change| {
        let value = match change.op {
            PropertyChangeOp::Add | PropertyChangeOp::Assign => change.val.clone(),
            _ => None,
        };
        Change { path: change.name.clone(), value }
    });
    Some(match update.kind {
        ObjectUpdateKind::Leave => Update::Left(update.obj.clone()),
        ObjectUpdateKind::Enter => {
            let mut entered = Properties::new(update.obj.clone());
            changes.for_each(|change| entered.set(&change.path, change.value));
            let missing = update.missing_set.iter().flatten();
            entered.missing = missing.map(|m| Missing { path: m.path.clone(), fault: m.fault.clone() }).collect();
            Update::Entered(entered)
        }
        ObjectUpdateKind::Modify => Update::Changed { object: update.obj.clone(), changes: changes.collect() },
        ObjectUpdateKind::Other_(_) => return None,
    })
}
