//! What one session sees: the world at one revision, and the objects that only the session has (filters, views,
//! collectors).

use std::sync::Arc;

use inventory::Snapshot;
use vim25::{Any, AnyList, DataType, Kind, MoRef, Shared, Type, managed_type, mo};

use crate::{
    rights::{Access, Bound},
    session::Session,
};

#[cfg(test)]
thread_local! {
    /// How many objects this thread has looked at.
    pub static READ: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The world at one revision through the eyes of one session.
#[derive(Clone)]
pub struct Sight {
    /// The world.
    pub snapshot: Snapshot,
    /// The session; none before login.
    pub session: Option<Arc<Session>>,
    /// The session's user, if he may not see and do everything.
    bound: Option<Arc<Bound>>,
}

impl Sight {
    /// What a session sees of a world; before login without one.
    pub fn new(snapshot: Snapshot, session: Option<Arc<Session>>) -> Sight {
        let bound = session.as_ref().filter(|session| session.is_bound(&snapshot));
        let bound = bound.map(|session| Arc::new(Bound::new(&session.user)));
        Sight { snapshot, session, bound }
    }

    /// What the session may read of an object.
    pub fn access(&self, moref: &MoRef) -> Access<'_> {
        match (&self.session, &self.bound) {
            (None, _) => Access::Anonymous,
            (Some(_), Some(user)) => Access::of(&self.snapshot, user, moref),
            (Some(_), None) => Access::All,
        }
    }

    /// Whether there may be objects that the session must not see.
    pub fn is_bound(&self) -> bool {
        self.bound.is_some()
    }

    /// Whether the session may know that an object is there.
    pub fn shows(&self, moref: &MoRef) -> bool {
        self.bound.is_none() || self.access(moref).shows()
    }

    /// The properties of an object, if it exists and is of the type that the reference names.
    pub fn content(&self, moref: &MoRef) -> Option<Shared> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        let content = self.own(moref).or_else(|| self.snapshot.find(&moref.id).map(|o| o.content.clone()))?;
        let declared = managed_type(&moref.kind)?;
        content.descriptor().is_a(declared).then(|| self.overlay(moref, content))
    }

    /// The exact type of an object, under the same conditions. Costs less where the properties are computed.
    pub fn kind(&self, moref: &MoRef) -> Option<&'static Type> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        let own = self.session.as_ref().and_then(|session| session.object(&moref.id));
        let kind = match own {
            Some(object) => managed_type(&object.moref().kind)?,
            None => self.snapshot.find(&moref.id)?.content.descriptor(),
        };
        kind.is_a(managed_type(&moref.kind)?).then_some(kind)
    }

    /// The properties of an object of which only one will be read.
    pub fn part(&self, moref: &MoRef, field: &str) -> Option<Shared> {
        match self.session.as_ref().and_then(|session| session.object(&moref.id)) {
            Some(object) if self.is_bound() => Some(self.thinned(object.part(&self.snapshot, field))),
            Some(object) => Some(object.part(&self.snapshot, field)),
            None => self.content(moref),
        }
    }

    /// Whether reading an object takes no longer than a look.
    pub fn is_at_hand(&self, moref: &MoRef) -> bool {
        let own = self.session.as_ref().and_then(|session| session.object(&moref.id));
        own.is_none_or(|object| object.is_at_hand(&self.snapshot))
    }

    /// The properties of an object of type `T`.
    pub fn get<T: DataType>(&self, moref: &MoRef) -> Option<T> {
        vim25::cast::<T>(&*self.content(moref)?).cloned()
    }

    fn own(&self, moref: &MoRef) -> Option<Shared> {
        let content = self.session.as_ref()?.object(&moref.id)?.content(&self.snapshot);
        Some(if self.is_bound() { self.thinned(content) } else { content })
    }

    /// A view without what the session must not see.
    fn thinned(&self, view: Shared) -> Shared {
        let Some(all) = vim25::cast::<mo::ManagedObjectView>(&*view).and_then(|view| view.view.as_ref()) else {
            return view;
        };
        let shown: Vec<MoRef> = all.iter().filter(|at| self.shows(at)).cloned().collect();
        with(view, "view", Any::MoRefs(shown.into()))
    }

    /// Properties of shared objects that each session sees in its own way.
    fn overlay(&self, moref: &MoRef, content: Shared) -> Shared {
        let Some(session) = &self.session else { return content };
        if let Some(user) = self.bound.as_ref().filter(|_| content.is::<mo::ManagedEntity>()) {
            let roles = user.role_ids(&self.snapshot, moref).into_iter().map(Any::Int).collect();
            return with(content, "effectiveRole", Any::List(AnyList { item: Kind::Int, items: roles }));
        }
        if let Some(manager) = vim25::cast::<mo::SessionManager>(&*content) {
            let current = Some(session.info().into());
            return Arc::new(mo::SessionManager { current_session: current, ..manager.clone() });
        }
        if content.is::<mo::ViewManager>() {
            let views = Some(session.objects_of(mo::View::TYPE).into());
            return Arc::new(mo::ViewManager { view_list: views });
        }
        content
    }
}

/// An object with another value of a property.
fn with(object: Shared, field: &str, value: Any) -> Shared {
    let mut own = object.clone_shared();
    let slot = Arc::get_mut(&mut own).and_then(|object| object.field_mut(field));
    let set = slot.map(|slot| slot.assign(value).is_ok());
    debug_assert_eq!(set, Some(true), "'{field}' takes the value");
    own
}
