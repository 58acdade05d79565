//! Roles.

use std::collections::BTreeSet;

use ::inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, Str, args, mo,
    types::{
        AlreadyExists, AuthorizationRole, Description, InvalidName, RemoveFailed, RoleAddedEvent, RoleRemovedEvent,
        RoleUpdatedEvent,
    },
};

use super::{keep_an_administrator, no_role, permissions, role, role_argument, tell};
use crate::{dispatch::Call, fault::Fault};

/// Part of every role.
const IMPLIED: [&str; 3] = ["System.Anonymous", "System.Read", "System.View"];

/// `AddAuthorizationRole`.
pub(super) fn add(call: &Call, args: args::AddAuthorizationRole) -> Result<i32, Fault> {
    call.commit(|tx| {
        let manager = call.this_in::<mo::AuthorizationManager>(tx)?;
        check_name(manager, &args.name, None)?;
        let privilege = privileges(manager, args.priv_ids.unwrap_or_default())?;
        let id = manager.role_list.iter().flatten().map(|role| role.role_id).max().unwrap_or(0).max(0) + 1;
        let info = Description { label: args.name.clone(), summary: args.name.clone() }.into();
        let role = AuthorizationRole {
            role_id: id,
            system: false,
            name: args.name.clone(),
            info,
            privilege: Some(privilege.clone()),
        };
        roles(tx, &call.this)?.push(role.into());
        let event = RoleAddedEvent::with(|event| {
            event.role = role_argument_in(tx, &call.this, id);
            event.privilege_list = Some(privilege);
        });
        tell(tx, call, event, format!("New role {} created", args.name));
        Ok(id)
    })
}

/// `UpdateAuthorizationRole`: another name and other privileges.
pub(super) fn update(call: &Call, args: args::UpdateAuthorizationRole) -> Result<(), Fault> {
    call.commit(|tx| {
        let manager = call.this_in::<mo::AuthorizationManager>(tx)?;
        let before = own_role(manager, args.role_id)?.clone();
        check_name(manager, &args.new_name, Some(args.role_id))?;
        let privilege = privileges(manager, args.priv_ids.unwrap_or_default())?;
        let role = edit(tx, &call.this, args.role_id)?;
        role.name = args.new_name.clone();
        role.privilege = Some(privilege.clone());
        let event = RoleUpdatedEvent::with(|event| {
            event.role = role_argument_in(tx, &call.this, args.role_id);
            event.prev_role_name = Some(before.name.clone());
            let had = before.privilege.clone().unwrap_or_default();
            event.privileges_added = Some(privilege.iter().filter(|p| !had.contains(p)).cloned().collect());
            event.privileges_removed = Some(had.into_iter().filter(|p| !privilege.contains(p)).collect());
            event.privilege_list = Some(privilege);
        });
        tell(tx, call, event, format!("Role {} was changed", before.name));
        Ok(())
    })
}

/// `RemoveAuthorizationRole`: with the permissions that give it, unless that is to fail.
pub(super) fn remove(call: &Call, args: args::RemoveAuthorizationRole) -> Result<(), Fault> {
    call.commit(|tx| {
        let name = own_role(call.this_in(tx)?, args.role_id)?.name.clone();
        if args.fail_if_used && !permissions::with_role(tx.before(), args.role_id).is_empty() {
            let message = format!("The role {name} is used by permissions.");
            return Err(Fault::new(RemoveFailed::default(), message));
        }
        permissions::change_role(tx, args.role_id, None);
        keep_an_administrator(tx)?;
        let role = role_argument_in(tx, &call.this, args.role_id);
        roles(tx, &call.this)?.retain(|role| role.role_id != args.role_id);
        let event = RoleRemovedEvent::with(|event| event.role = role);
        tell(tx, call, event, format!("Role {name} removed"));
        Ok(())
    })
}

/// `MergePermissions`: who has one role gets another instead.
pub(super) fn merge(call: &Call, args: args::MergePermissions) -> Result<(), Fault> {
    call.commit(|tx| {
        let manager = call.this_in::<mo::AuthorizationManager>(tx)?;
        role(manager, args.src_role_id)?;
        role(manager, args.dst_role_id)?;
        permissions::change_role(tx, args.src_role_id, Some(args.dst_role_id));
        keep_an_administrator(tx)
    })
}

fn role_argument_in(tx: &Tx<'_>, this: &MoRef, id: i32) -> Obj<vim25::types::RoleEventArgument> {
    tx.get::<mo::AuthorizationManager>(this).map(|manager| role_argument(manager, id)).unwrap_or_default()
}

/// A role that is not the system's own.
fn own_role(manager: &mo::AuthorizationManager, id: i32) -> Result<&Obj<AuthorizationRole>, Fault> {
    let role = role(manager, id)?;
    if role.system {
        return Err(Fault::invalid_argument("roleId", format!("{} is a role of the system", role.name)));
    }
    Ok(role)
}

fn check_name(manager: &mo::AuthorizationManager, name: &Str, except: Option<i32>) -> Result<(), Fault> {
    if name.trim().is_empty() {
        let fault = InvalidName { name: name.clone(), ..Default::default() };
        return Err(Fault::new(fault, "A role needs a name."));
    }
    let mut others = manager.role_list.iter().flatten().filter(|role| Some(role.role_id) != except);
    if others.any(|role| role.name == *name) {
        let fault = AlreadyExists { name: Some(name.clone()), ..Default::default() };
        return Err(Fault::new(fault, format!("There is a role {name} already.")));
    }
    Ok(())
}

/// The privileges, each once and with those that every role has.
fn privileges(manager: &mo::AuthorizationManager, ids: Vec<Str>) -> Result<Vec<Str>, Fault> {
    let known: BTreeSet<&Str> = manager.privilege_list.iter().flatten().map(|p| &p.priv_id).collect();
    if let Some(unknown) = ids.iter().find(|id| !known.contains(id)) {
        return Err(Fault::invalid_argument("privIds", format!("there is no privilege '{unknown}'")));
    }
    let all: BTreeSet<Str> = ids.into_iter().chain(IMPLIED.map(Str::new_static)).collect();
    Ok(all.into_iter().collect())
}

fn roles<'t>(tx: &'t mut Tx<'_>, this: &MoRef) -> Result<&'t mut Vec<Obj<AuthorizationRole>>, Fault> {
    let manager = tx.edit::<mo::AuthorizationManager>(this).ok_or_else(|| Fault::object_not_found(this))?;
    Ok(manager.role_list.get_or_insert_default())
}

fn edit<'t>(tx: &'t mut Tx<'_>, this: &MoRef, id: i32) -> Result<&'t mut Obj<AuthorizationRole>, Fault> {
    roles(tx, this)?.iter_mut().find(|role| role.role_id == id).ok_or_else(|| no_role(id))
}
