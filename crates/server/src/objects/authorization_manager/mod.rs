//! `AuthorizationManager`: roles, and who has which one where.
//!
//! A permission stands on its entity (`permission`), a role in `roleList`. What follows from them for a user is worked
//! out in [`crate::rights`], the one place to ask.

mod permissions;
mod privileges;
mod roles;
#[cfg(test)]
mod tests;

use ::inventory::Tx;
use vim25::{
    Extends, MoRef, Obj, args, mo,
    types::{AuthMinimumAdminPermission, AuthorizationRole, Event, NotFound, RoleEventArgument},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    rights::ADMIN,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::AuthorizationManager, args::AddAuthorizationRole>(roles::add)?;
    registry.on::<mo::AuthorizationManager, args::UpdateAuthorizationRole>(roles::update)?;
    registry.on::<mo::AuthorizationManager, args::RemoveAuthorizationRole>(roles::remove)?;
    registry.on::<mo::AuthorizationManager, args::MergePermissions>(roles::merge)?;
    registry.on::<mo::AuthorizationManager, args::RetrieveRolePermissions>(permissions::of_role)?;
    registry.on::<mo::AuthorizationManager, args::RetrieveEntityPermissions>(permissions::of_entity)?;
    registry.on::<mo::AuthorizationManager, args::RetrieveAllPermissions>(permissions::all)?;
    registry.on::<mo::AuthorizationManager, args::SetEntityPermissions>(permissions::set)?;
    registry.on::<mo::AuthorizationManager, args::ResetEntityPermissions>(permissions::reset)?;
    registry.on::<mo::AuthorizationManager, args::RemoveEntityPermission>(permissions::remove)?;
    registry.on::<mo::AuthorizationManager, args::HasPrivilegeOnEntity>(privileges::has_on_entity)?;
    registry.on::<mo::AuthorizationManager, args::HasPrivilegeOnEntities>(privileges::has_on_entities)?;
    registry.on::<mo::AuthorizationManager, args::HasUserPrivilegeOnEntities>(privileges::user_has_on_entities)?;
    registry.on::<mo::AuthorizationManager, args::FetchUserPrivilegeOnEntities>(privileges::of_user_on_entities)
}

fn role(manager: &mo::AuthorizationManager, id: i32) -> Result<&Obj<AuthorizationRole>, Fault> {
    manager.role_list.iter().flatten().find(|role| role.role_id == id).ok_or_else(|| no_role(id))
}

fn no_role(id: i32) -> Fault {
    Fault::new(NotFound::default(), format!("There is no role {id}."))
}

fn role_argument(manager: &mo::AuthorizationManager, id: i32) -> Obj<RoleEventArgument> {
    let name = role(manager, id).map(|role| role.name.clone()).unwrap_or_default();
    RoleEventArgument { role_id: id, name, ..Default::default() }.into()
}

/// Posts an event that is about no entity.
fn tell(tx: &mut Tx<'_>, call: &Call, event: impl Extends<Event>, message: String) {
    let mut event: Obj<Event> = event.into();
    event.user_name = call.user();
    event.full_formatted_message = Some(message.into());
    tx.post(event);
}

/// Refuses a world without an administrator at its root.
fn keep_an_administrator(tx: &Tx<'_>) -> Result<(), Fault> {
    let root = crate::service::content(tx).map(|content| content.root_folder.clone());
    let permissions = |root: MoRef| tx.get::<mo::ManagedEntity>(&root).and_then(|e| e.common.permission.as_ref());
    let is_admin = |p: &&Obj<vim25::types::Permission>| p.role_id == ADMIN && p.propagate;
    if root.and_then(permissions).is_some_and(|all| all.iter().any(|p| is_admin(&p))) {
        return Ok(());
    }
    let message = "The root folder needs a permission with the administrator's role that propagates.";
    Err(Fault::new(AuthMinimumAdminPermission::default(), message))
}
