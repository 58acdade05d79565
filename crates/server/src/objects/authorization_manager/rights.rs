//! What a user may do: the permission that decides, and the privileges that follow.

use vim25::{MoRef, Obj, Str, mo, types::Permission};

use crate::{
    service,
    tree::{self, Reader},
};

/// The privileges that a user has on an object.
///
/// The nearest permission that names the user decides: on the object itself, or above it if it propagates. Every login
/// is an administrator as long as no permission names it.
pub fn privileges<'w>(world: &'w impl Reader, user: &str, object: &MoRef) -> &'w [Str] {
    let Some(manager) = manager(world) else { return &[] };
    let role = deciding(world, user, object).map_or(super::ADMIN, |permission| permission.role_id);
    super::role(manager, role).ok().and_then(|role| role.privilege.as_deref()).unwrap_or_default()
}

/// The authorization manager's content.
fn manager(world: &impl Reader) -> Option<&mo::AuthorizationManager> {
    let manager = service::manager(world, |content| content.authorization_manager.clone())?;
    world.read(&manager)
}

/// The permission that decides what a user may do with an object, if one names the user.
fn deciding<'w>(world: &'w impl Reader, user: &str, object: &MoRef) -> Option<&'w Obj<Permission>> {
    let on = |at: &MoRef| {
        world.read::<mo::ManagedEntity>(at).and_then(|e| e.common.permission.as_deref()).unwrap_or_default()
    };
    let names = |p: &&Obj<Permission>| !p.group && same_user(&p.principal, user);
    let direct = on(object).iter().find(names);
    direct.or_else(|| tree::ancestors(world, object).find_map(|at| on(at).iter().find(|p| p.propagate && names(p))))
}

/// Whether two spellings name one user: `LAB\ann` is `ann@lab`, and `ann` without a domain any of them.
pub fn same_user(a: &str, b: &str) -> bool {
    let ((name, domain), (other, other_domain)) = (parts(a), parts(b));
    let same_domain = match (domain, other_domain) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => true,
    };
    name.eq_ignore_ascii_case(other) && same_domain
}

/// Name and domain.
fn parts(user: &str) -> (&str, Option<&str>) {
    match (user.split_once('\\'), user.rsplit_once('@')) {
        (Some((domain, name)), _) => (name, Some(domain)),
        (None, Some((name, domain))) => (name, Some(domain)),
        (None, None) => (user, None),
    }
}
