//! Objects that only the session has, as a filter last saw them: the log does not tell of them.

use std::{collections::HashMap, sync::Arc};

use inventory::Snapshot;
use vim25::{MoRef, Shared, Str};

use crate::session::{Session, SessionObject};

/// The session's objects in a selection or on the way to it, as they were.
#[derive(Default)]
pub(super) struct Own(HashMap<Str, (MoRef, Shared)>);

impl Own {
    /// These objects as they are in this state of the world.
    pub fn of(objects: &[Arc<dyn SessionObject>], world: &Snapshot) -> Own {
        Own(objects.iter().map(|object| entry(&**object, world)).collect())
    }

    /// Those of the objects that are still there, as they are now.
    pub fn again(&self, session: Option<&Arc<Session>>, world: &Snapshot) -> Own {
        let now = self.0.keys().filter_map(|id| Some(entry(&*session?.object(id)?, world)));
        Own(now.collect())
    }

    /// An object as it was.
    pub fn content(&self, id: &str) -> Option<Shared> {
        self.0.get(id).map(|(_, content)| content.clone())
    }

    /// Objects that are not the same in `now`, or not there, in the order of their ids.
    pub fn changed(&self, now: &Own) -> Vec<MoRef> {
        let same = |old: &Shared, new: &Shared| Arc::ptr_eq(old, new) || vim25::equal(&**old, &**new);
        let differs = self.0.iter().filter(|(id, (_, old))| now.0.get(*id).is_none_or(|(_, new)| !same(old, new)));
        let mut changed: Vec<MoRef> = differs.map(|(_, (moref, _))| moref.clone()).collect();
        changed.sort_by(|a, b| a.id.cmp(&b.id));
        changed
    }
}

fn entry(object: &dyn SessionObject, world: &Snapshot) -> (Str, (MoRef, Shared)) {
    let moref = object.moref();
    (moref.id.clone(), (moref, object.content(world)))
}
