//! Asking what a session or user may do.

use ::inventory::Snapshot;
use vim25::{
    MoRef, Obj, Str, args,
    types::{EntityPrivilege, PrivilegeAvailability, UserPrivilegeResult},
};

use crate::{dispatch::Call, fault::Fault, rights::privileges};

/// `HasPrivilegeOnEntity`: one answer for each privilege, in their order.
pub(super) fn has_on_entity(call: &Call, args: args::HasPrivilegeOnEntity) -> Result<Option<Vec<bool>>, Fault> {
    let world = call.snapshot();
    let user = user_of(call, &args.session_id)?;
    exists(&world, &args.entity)?;
    let held = privileges(&world, &user, &args.entity);
    Ok(Some(args.priv_id.iter().flatten().map(|id| held.contains(id)).collect()))
}

/// `HasPrivilegeOnEntities`.
pub(super) fn has_on_entities(
    call: &Call,
    args: args::HasPrivilegeOnEntities,
) -> Result<Option<Vec<Obj<EntityPrivilege>>>, Fault> {
    let user = user_of(call, &args.session_id)?;
    availability(&call.snapshot(), &user, &args.entity, args.priv_id.as_deref()).map(Some)
}

/// `HasUserPrivilegeOnEntities`.
pub(super) fn user_has_on_entities(
    call: &Call,
    args: args::HasUserPrivilegeOnEntities,
) -> Result<Option<Vec<Obj<EntityPrivilege>>>, Fault> {
    availability(&call.snapshot(), &args.user_name, &args.entities, args.priv_id.as_deref()).map(Some)
}

/// `FetchUserPrivilegeOnEntities`.
pub(super) fn of_user_on_entities(
    call: &Call,
    args: args::FetchUserPrivilegeOnEntities,
) -> Result<Option<Vec<Obj<UserPrivilegeResult>>>, Fault> {
    let world = call.snapshot();
    let one = |entity: &MoRef| {
        exists(&world, entity)?;
        let held = privileges(&world, &args.user_name, entity).to_vec();
        Ok(UserPrivilegeResult { entity: entity.clone(), privileges: Some(held) }.into())
    };
    args.entities.iter().map(one).collect::<Result<_, Fault>>().map(Some)
}

fn availability(
    world: &Snapshot,
    user: &Str,
    entities: &[MoRef],
    ids: Option<&[Str]>,
) -> Result<Vec<Obj<EntityPrivilege>>, Fault> {
    let one = |entity: &MoRef| {
        exists(world, entity)?;
        let held = privileges(world, user, entity);
        let each = |id: &Str| PrivilegeAvailability { priv_id: id.clone(), is_granted: held.contains(id) }.into();
        let priv_availability = ids.unwrap_or_default().iter().map(each).collect();
        Ok(EntityPrivilege { entity: entity.clone(), priv_availability }.into())
    };
    entities.iter().map(one).collect()
}

/// Name of the user of an open session.
fn user_of(call: &Call, session: &Str) -> Result<Str, Fault> {
    let open = call.core.sessions.all().into_iter().find(|s| s.key == *session);
    open.map(|s| s.user.clone()).ok_or_else(|| Fault::invalid_argument("sessionId", "it names no open session"))
}

fn exists(world: &Snapshot, entity: &MoRef) -> Result<(), Fault> {
    world.resolve(entity).map(|_| ()).ok_or_else(|| Fault::object_not_found(entity))
}
