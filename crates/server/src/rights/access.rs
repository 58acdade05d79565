//! Which properties of an object a caller may read.

use inventory::Snapshot;
use vim25::{DataObject, Field, MoRef};

use super::{Held, guard::entity_of, of_bound};
use crate::{fault::Fault, service, session::Session};

/// Properties that a client may read before it logs in have this privilege.
pub const ANONYMOUS: &str = "System.Anonymous";
/// Properties of which the API says nothing have this one.
const READ: &str = "System.Read";
const VIEW: &str = "System.View";

/// What a caller may read of one object.
pub enum Access<'w> {
    /// Everything.
    All,
    /// What can be read before a login.
    Anonymous,
    /// What these privileges allow.
    Bound {
        /// Whether he may know that it is there.
        view: bool,
        /// Whether he may read what is not guarded by more.
        read: bool,
        /// All that he has there.
        held: Held<'w>,
    },
}

impl<'w> Access<'w> {
    /// What a bound user may read of an object. What belongs to no entity is there for everyone who has logged in.
    pub fn of(world: &'w Snapshot, session: &Session, object: &MoRef) -> Access<'w> {
        match entity_of(world, object) {
            Some(entity) => {
                let held = of_bound(world, &session.user, &entity);
                Access::Bound { view: held.contains(VIEW), read: held.contains(READ), held }
            }
            None => {
                let root = service::content(world).map(|content| content.root_folder.clone());
                let held = root.map(|root| of_bound(world, &session.user, &root)).unwrap_or_default();
                Access::Bound { view: true, read: true, held }
            }
        }
    }

    /// Whether the caller may know that the object is there.
    pub fn shows(&self) -> bool {
        !matches!(self, Access::Bound { view: false, .. })
    }

    /// Whether it allows to read a property.
    pub fn allows(&self, field: &Field) -> bool {
        match self {
            Access::All => true,
            Access::Anonymous => field.privilege == Some(ANONYMOUS),
            Access::Bound { view, read, held } => match privilege(field) {
                ANONYMOUS => true,
                VIEW => *view,
                READ => *read,
                other => *view && held.contains(other),
            },
        }
    }

    /// Whether it allows to read a property of an object by its name.
    pub fn allows_named(&self, object: &dyn DataObject, name: &str) -> bool {
        matches!(self, Access::All) || object.descriptor().field(name).is_some_and(|(_, _, field)| self.allows(field))
    }

    /// Why it does not.
    pub fn refusal(&self, object: &MoRef, field: Option<&'static Field>) -> Fault {
        let privilege = field.map_or(VIEW, privilege);
        match self {
            Access::Anonymous => Fault::not_authenticated(object, privilege),
            _ => Fault::no_permission(&[(object.clone(), privilege)]),
        }
    }
}

fn privilege(field: &Field) -> &'static str {
    field.privilege.unwrap_or(READ)
}
