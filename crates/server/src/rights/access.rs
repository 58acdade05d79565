//! Which properties of an object a caller may read.

use std::sync::Arc;

use inventory::Snapshot;
use vim25::{DataObject, Field, MoRef};

use super::{Bound, bound::Roles, guard::entity_of, of_roles};
use crate::{fault::Fault, service};

/// Properties that a client may read before it logs in have this privilege.
pub const ANONYMOUS: &str = "System.Anonymous";
/// Properties of which the API says nothing have this one.
pub(super) const READ: &str = "System.Read";
/// Who has it may know that an object is there.
pub(super) const VIEW: &str = "System.View";

/// What a caller may read of one object.
pub enum Access<'w> {
    /// Everything.
    All,
    /// What can be read before a login.
    Anonymous,
    /// What a bound user's roles allow.
    Bound(Granted<'w>),
}

/// What a bound user has on an object.
pub struct Granted<'w> {
    world: &'w Snapshot,
    view: bool,
    read: bool,
    roles: Arc<Roles>,
}

impl<'w> Access<'w> {
    /// What a bound user may read of an object. What belongs to no entity is there for everyone who has logged in; what is
    /// guarded there goes by the root.
    pub fn of(world: &'w Snapshot, user: &Bound, object: &MoRef) -> Access<'w> {
        let entity = entity_of(world, object);
        let is_service = entity.is_none();
        let at = entity.or_else(|| service::content(world).map(|content| content.root_folder.clone()));
        let roles = at.map(|at| user.on(world, &at)).unwrap_or_default();
        Access::Bound(Granted { world, view: is_service || roles.view, read: is_service || roles.read, roles })
    }

    /// Whether the caller may know that the object is there.
    pub fn shows(&self) -> bool {
        !matches!(self, Access::Bound(Granted { view: false, .. }))
    }

    /// Whether it allows to read a property.
    pub fn allows(&self, field: &Field) -> bool {
        match self {
            Access::All => true,
            Access::Anonymous => field.privilege == Some(ANONYMOUS),
            Access::Bound(granted) => match privilege(field) {
                ANONYMOUS => true,
                VIEW => granted.view,
                READ => granted.read,
                other => granted.view && of_roles(granted.world, &granted.roles.ids).contains(other),
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
