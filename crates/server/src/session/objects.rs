//! Managed objects that live in one session: property filters and collectors, views, history collectors. They end with
//! it.

use std::{any::Any, collections::BTreeMap, sync::Arc};

use inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{MoRef, Shared, Str, Type, managed_type};

use crate::collector::Reads;

/// A managed object of one session.
pub trait SessionObject: Any + Send + Sync {
    /// The reference to it.
    fn moref(&self) -> MoRef;
    /// Whether [`SessionObject::content`] takes no longer than a look.
    fn is_at_hand(&self, world: &Snapshot) -> bool {
        let _ = world;
        true
    }
    /// Its properties, given the world.
    fn content(&self, world: &Snapshot) -> Shared;
    /// The same, of which only one field will be read.
    fn part(&self, world: &Snapshot, field: &str) -> Shared {
        let _ = field;
        self.content(world)
    }
    /// The properties of world objects on which `content` depends, by object id.
    fn reads(&self, world: &Snapshot) -> Reads {
        let _ = world;
        Reads::default()
    }
}

#[derive(Default)]
pub(super) struct Objects {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    made: u64,
    by_age: BTreeMap<u64, Arc<dyn SessionObject>>,
    ages: std::collections::HashMap<Str, u64>,
}

impl Objects {
    pub(super) fn get(&self, id: &str) -> Option<Arc<dyn SessionObject>> {
        let inner = self.inner.lock();
        inner.by_age.get(inner.ages.get(id)?).cloned()
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().by_age.len()
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn SessionObject>> {
        self.inner.lock().by_age.values().cloned().collect()
    }

    pub(super) fn of(&self, kind: &'static Type) -> Vec<MoRef> {
        let is_one = |moref: &MoRef| managed_type(&moref.kind).is_some_and(|t| t.is_a(kind));
        self.inner.lock().by_age.values().map(|o| o.moref()).filter(is_one).collect()
    }

    pub(super) fn add<T: SessionObject>(&self, session: &str, make: impl FnOnce(Str) -> T) -> Arc<T> {
        let mut inner = self.inner.lock();
        inner.made += 1;
        let age = inner.made;
        let id = Str::from(format!("session[{session}]{age:08x}"));
        let object = Arc::new(make(id.clone()));
        inner.ages.insert(id, age);
        inner.by_age.insert(age, object.clone());
        object
    }

    pub(super) fn get_or_add<T: SessionObject>(&self, id: &str, make: impl FnOnce() -> T) -> Arc<dyn SessionObject> {
        let mut inner = self.inner.lock();
        if let Some(found) = inner.ages.get(id).and_then(|age| inner.by_age.get(age)) {
            return found.clone();
        }
        inner.made += 1;
        let age = inner.made;
        let object: Arc<dyn SessionObject> = Arc::new(make());
        inner.ages.insert(id.into(), age);
        inner.by_age.insert(age, object.clone());
        object
    }

    pub(super) fn remove(&self, id: &str) -> bool {
        let mut inner = self.inner.lock();
        match inner.ages.remove(id) {
            Some(age) => inner.by_age.remove(&age).is_some(),
            None => false,
        }
    }

    pub(super) fn clear(&self) {
        let emptied = std::mem::take(&mut *self.inner.lock());
        drop(emptied);
    }
}
