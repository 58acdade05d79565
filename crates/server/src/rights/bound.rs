//! What permissions give a user who is bound by them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{MoRef, Obj, Str, types::Permission};

use super::{
    access::{READ, VIEW},
    names, of_roles, on,
};
use crate::tree;

/// How many places an entity may lie in, one in the other: far more than a real inventory has.
const DEPTH: usize = 512;

/// A user who is bound, in one state of the world: what he has in a place is worked out once for all that lies there.
///
/// On each way from an entity to the root (a VM has one through its folder, one through its pool and one through its host)
/// the nearest permission that names the user decides: on the entity itself, or above it if it propagates. What several
/// ways give adds up.
pub struct Bound {
    user: Str,
    places: Mutex<HashMap<Str, Arc<Roles>>>,
}

/// The roles that a user has somewhere.
#[derive(Default)]
pub(super) struct Roles {
    pub(super) ids: BTreeSet<i32>,
    /// Whether he may know what is there.
    pub(super) view: bool,
    /// Whether he may read what is not guarded by more.
    pub(super) read: bool,
}

impl Bound {
    /// A user of whom nothing is known yet.
    pub fn new(user: &Str) -> Bound {
        Bound { user: user.clone(), places: Mutex::default() }
    }

    /// The ids of the roles on an entity, sorted.
    pub fn role_ids(&self, world: &Snapshot, entity: &MoRef) -> Vec<i32> {
        self.on(world, entity).ids.iter().copied().collect()
    }

    /// The roles on an entity.
    pub(super) fn on(&self, world: &Snapshot, entity: &MoRef) -> Arc<Roles> {
        match self.permission(world, entity, |_| true) {
            Some(permission) => Roles::new(world, BTreeSet::from([permission.role_id])),
            None => self.above(world, entity, 0),
        }
    }

    /// The roles that come down to an entity.
    fn above(&self, world: &Snapshot, entity: &MoRef, depth: usize) -> Arc<Roles> {
        let mut ways = tree::ways_up(world, entity).into_iter().map(|place| self.inherited(world, &place, depth));
        let Some(first) = ways.next() else { return Arc::default() };
        ways.fold(first, |all, more| all.and(world, more))
    }

    /// The roles that come down from a place.
    fn inherited(&self, world: &Snapshot, place: &MoRef, depth: usize) -> Arc<Roles> {
        if let Some(known) = self.places.lock().get(&place.id) {
            return known.clone();
        }
        let roles = match self.permission(world, place, |permission| permission.propagate) {
            Some(permission) => Roles::new(world, BTreeSet::from([permission.role_id])),
            None if depth < DEPTH => self.above(world, place, depth + 1),
            None => Arc::default(),
        };
        self.places.lock().insert(place.id.clone(), roles.clone());
        roles
    }

    fn permission<'w>(
        &self,
        world: &'w Snapshot,
        at: &MoRef,
        holds: fn(&Permission) -> bool,
    ) -> Option<&'w Obj<Permission>> {
        on(world, at).iter().find(|permission| names(permission, &self.user) && holds(permission))
    }
}

impl Roles {
    fn new(world: &Snapshot, ids: BTreeSet<i32>) -> Arc<Roles> {
        let held = of_roles(world, &ids);
        let (view, read) = (held.contains(VIEW), held.contains(READ));
        Arc::new(Roles { ids, view, read })
    }

    /// These and others.
    fn and(self: Arc<Roles>, world: &Snapshot, more: Arc<Roles>) -> Arc<Roles> {
        if Arc::ptr_eq(&self, &more) || more.ids.is_subset(&self.ids) {
            return self;
        }
        Roles::new(world, self.ids.union(&more.ids).copied().collect())
    }
}
