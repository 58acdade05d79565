//! What one session sees: the world at one revision, and the objects that only the session has (filters, views,
//! collectors).

use std::sync::Arc;

use inventory::Snapshot;
use vim25::{DataType, MoRef, Shared, Type, managed_type, mo};

use crate::session::Session;

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
}

impl Sight {
    /// The properties of an object, if it exists and is of the type that the reference names.
    pub fn content(&self, moref: &MoRef) -> Option<Shared> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        let content = self.own(moref).or_else(|| self.snapshot.find(&moref.id).map(|o| o.content.clone()))?;
        let declared = managed_type(&moref.kind)?;
        content.descriptor().is_a(declared).then(|| self.overlay(content))
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
        self.session.as_ref()?.object(&moref.id).map(|object| object.content(&self.snapshot))
    }

    /// Properties of shared objects that each session sees in its own way.
    fn overlay(&self, content: Shared) -> Shared {
        let Some(session) = &self.session else { return content };
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
