//! Permissions: a user's or group's role on an entity.

use ::inventory::{Snapshot, Tx};
use vim25::{
    DataType, MoRef, Obj, args, mo,
    types::{NotFound, Permission, PermissionAddedEvent, PermissionRemovedEvent, PermissionUpdatedEvent, UserNotFound},
};

use super::{keep_an_administrator, role, role_argument};
use crate::{dispatch::Call, events, fault::Fault, rights::same_user, tree};

/// `RetrieveRolePermissions`.
pub(super) fn of_role(call: &Call, args: args::RetrieveRolePermissions) -> Result<Option<Vec<Obj<Permission>>>, Fault> {
    let world = call.snapshot();
    let manager =
        world.get::<mo::AuthorizationManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    role(manager, args.role_id)?;
    Ok(Some(with_role(&world, args.role_id)))
}

/// `RetrieveAllPermissions`.
pub(super) fn all(call: &Call, _: args::RetrieveAllPermissions) -> Result<Option<Vec<Obj<Permission>>>, Fault> {
    Ok(Some(everywhere(&call.snapshot()).cloned().collect()))
}

/// `RetrieveEntityPermissions`: those on the entity, and on demand those from above that hold for it too. The nearest
/// one of each user or group comes alone.
pub(super) fn of_entity(
    call: &Call,
    args: args::RetrieveEntityPermissions,
) -> Result<Option<Vec<Obj<Permission>>>, Fault> {
    let world = call.snapshot();
    let on = |at: &MoRef| world.get::<mo::ManagedEntity>(at).map(|e| e.common.permission.clone().unwrap_or_default());
    let mut found = on(&args.entity).ok_or_else(|| Fault::object_not_found(&args.entity))?;
    if args.inherited {
        for above in tree::ancestors(&world, &args.entity) {
            for permission in on(above).unwrap_or_default().into_iter().filter(|p| p.propagate) {
                if !found.iter().any(|nearer| same(nearer, &permission)) {
                    found.push(permission);
                }
            }
        }
    }
    Ok(Some(found))
}

/// `SetEntityPermissions`: adds or changes permissions, one for each user or group.
pub(super) fn set(call: &Call, args: args::SetEntityPermissions) -> Result<(), Fault> {
    let permissions = args.permission.unwrap_or_default();
    call.commit(|tx| {
        check(tx, call, &args.entity, &permissions)?;
        for permission in permissions {
            put(tx, call, &args.entity, permission)?;
        }
        keep_an_administrator(tx)
    })
}

/// `ResetEntityPermissions`: replaces all permissions of an entity.
pub(super) fn reset(call: &Call, args: args::ResetEntityPermissions) -> Result<(), Fault> {
    let permissions = args.permission.unwrap_or_default();
    call.commit(|tx| {
        check(tx, call, &args.entity, &permissions)?;
        let before = list(tx, &args.entity)?.clone();
        for gone in before.iter().filter(|old| !permissions.iter().any(|new| same(old, new))) {
            take(tx, call, &args.entity, gone)?;
        }
        for permission in permissions {
            put(tx, call, &args.entity, permission)?;
        }
        keep_an_administrator(tx)
    })
}

/// `RemoveEntityPermission`.
pub(super) fn remove(call: &Call, args: args::RemoveEntityPermission) -> Result<(), Fault> {
    call.commit(|tx| {
        let is_meant = |p: &&Obj<Permission>| p.group == args.is_group && same_user(&p.principal, &args.user);
        let found = list(tx, &args.entity)?.iter().find(is_meant).cloned();
        let missing = || Fault::new(NotFound::default(), format!("'{}' has no permission there.", args.user));
        let found = found.ok_or_else(missing)?;
        take(tx, call, &args.entity, &found)?;
        keep_an_administrator(tx)
    })
}

/// Every permission that gives a role.
pub(super) fn with_role(world: &Snapshot, role: i32) -> Vec<Obj<Permission>> {
    everywhere(world).filter(|permission| permission.role_id == role).cloned().collect()
}

/// Gives another role, or none, to those who have `from`.
pub(super) fn change_role(tx: &mut Tx<'_>, from: i32, to: Option<i32>) {
    let entities: Vec<MoRef> = with_role(tx.before(), from).iter().filter_map(|p| p.entity.clone()).collect();
    for entity in entities {
        let Some(list) = tx.edit::<mo::ManagedEntity>(&entity).and_then(|e| e.common.permission.as_mut()) else {
            continue;
        };
        match to {
            None => list.retain(|p| p.role_id != from),
            Some(to) => list.iter_mut().filter(|p| p.role_id == from).for_each(|p| p.role_id = to),
        }
    }
}

fn everywhere(world: &Snapshot) -> impl Iterator<Item = &Obj<Permission>> {
    let entities = world.iter().filter_map(|object| vim25::cast::<mo::ManagedEntity>(&*object.content));
    entities.flat_map(|entity| entity.common.permission.iter().flatten())
}

/// Whether two permissions are for one user or group.
fn same(a: &Permission, b: &Permission) -> bool {
    a.group == b.group && same_user(&a.principal, &b.principal)
}

fn list<'t>(tx: &'t mut Tx<'_>, entity: &MoRef) -> Result<&'t mut Vec<Obj<Permission>>, Fault> {
    let entity = tx.edit::<mo::ManagedEntity>(entity).ok_or_else(|| Fault::object_not_found(entity))?;
    Ok(entity.common.permission.get_or_insert_default())
}

fn check(tx: &Tx<'_>, call: &Call, entity: &MoRef, permissions: &[Obj<Permission>]) -> Result<(), Fault> {
    tx.get::<mo::ManagedEntity>(entity).ok_or_else(|| Fault::object_not_found(entity))?;
    let manager = call.this_in::<mo::AuthorizationManager>(tx)?;
    for permission in permissions {
        role(manager, permission.role_id)?;
        if permission.principal.trim().is_empty() {
            let fault = UserNotFound { principal: permission.principal.clone(), ..Default::default() };
            return Err(Fault::new(fault, "A permission needs a user or a group."));
        }
    }
    Ok(())
}

fn put(tx: &mut Tx<'_>, call: &Call, entity: &MoRef, mut permission: Obj<Permission>) -> Result<(), Fault> {
    permission.entity = Some(entity.clone());
    let list = list(tx, entity)?;
    let at = list.iter().position(|known| same(known, &permission));
    let before = match at {
        Some(at) => Some(std::mem::replace(&mut list[at], permission.clone())),
        None => {
            list.push(permission.clone());
            None
        }
    };
    if before.as_ref() != Some(&permission) {
        tell_set(tx, call, entity, &permission, before);
    }
    Ok(())
}

fn tell_set(tx: &mut Tx<'_>, call: &Call, entity: &MoRef, new: &Permission, before: Option<Obj<Permission>>) {
    let Some(manager) = tx.get::<mo::AuthorizationManager>(&call.this) else { return };
    let role = role_argument(manager, new.role_id);
    let text = format!("Permission for {} is {}, propagation is {}", new.principal, role.name, new.propagate);
    match before.map(|p| (role_argument(manager, p.role_id), p.propagate)) {
        None => {
            let event = PermissionAddedEvent::with(|event| {
                event.base = subject(tx, entity, new);
                event.role = role;
                event.propagate = new.propagate;
            });
            events::post(tx, call.user(), entity, event, text);
        }
        Some((prev_role, prev_propagate)) => {
            let event = PermissionUpdatedEvent::with(|event| {
                event.base = subject(tx, entity, new);
                event.role = role;
                event.propagate = new.propagate;
                event.prev_role = Some(prev_role);
                event.prev_propagate = Some(prev_propagate);
            });
            events::post(tx, call.user(), entity, event, text);
        }
    }
}

fn take(tx: &mut Tx<'_>, call: &Call, entity: &MoRef, gone: &Permission) -> Result<(), Fault> {
    list(tx, entity)?.retain(|known| !same(known, gone));
    let event = PermissionRemovedEvent { base: subject(tx, entity, gone) };
    let text = format!("Permission for {} removed", gone.principal);
    events::post(tx, call.user(), entity, event, text);
    Ok(())
}

fn subject(tx: &Tx<'_>, entity: &MoRef, permission: &Permission) -> vim25::types::PermissionEvent {
    vim25::types::PermissionEvent {
        entity: events::entity(tx, entity),
        principal: permission.principal.clone(),
        group: permission.group,
        ..Default::default()
    }
}
