//! What users may do: the permissions that decide, and what follows from them for a call and for a read.
//!
//! A user whom no permission names is an administrator, as any login is by default. One whom a permission names somewhere
//! is bound by it: he has what his permissions give him, and nothing elsewhere. [`guard`] asks before every call, and
//! [`Access`] for every property that is read.

mod access;
mod bound;
mod demands;
pub mod guard;
mod spec;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use access::{ANONYMOUS, Access};
pub use bound::Bound;
use inventory::{Principal, Snapshot};
use vim25::{MoRef, Obj, Str, mo, types::Permission};

use crate::{
    service,
    tree::{self, Reader},
};

/// Role of an administrator.
pub const ADMIN: i32 = -1;

/// The privileges of some roles together.
#[derive(Default)]
pub struct Held<'w>(Vec<&'w [Str]>);

impl Held<'_> {
    /// Whether a privilege is among them.
    pub fn contains(&self, privilege: &str) -> bool {
        self.0.iter().any(|role| role.iter().any(|held| held == privilege))
    }

    /// All of them, sorted.
    pub fn to_vec(&self) -> Vec<Str> {
        let all: BTreeSet<&Str> = self.0.iter().copied().flatten().collect();
        all.into_iter().cloned().collect()
    }
}

/// The privileges that a user has on an entity.
pub fn privileges<'w>(world: &'w Snapshot, user: &Str, entity: &MoRef) -> Held<'w> {
    match is_bound(world, user, Principal::new(user)) {
        true => of_roles(world, &Bound::new(user).on(world, entity).ids),
        false => of_roles(world, &BTreeSet::from([ADMIN])),
    }
}

fn of_roles<'w>(world: &'w Snapshot, roles: &BTreeSet<i32>) -> Held<'w> {
    let known = manager(world).and_then(|manager| manager.role_list.as_deref()).unwrap_or_default();
    Held(known.iter().filter(|role| roles.contains(&role.role_id)).filter_map(|r| r.privilege.as_deref()).collect())
}

/// Whether there is anything that a user may not do: a permission names him, and it is not that of an administrator of
/// everything.
pub fn is_bound(world: &Snapshot, user: &str, principal: Principal) -> bool {
    let mut named = world.index().by_principal(principal).flat_map(|at| {
        let is_root = tree::parent(world, &at).is_none();
        let permissions = on(world, &at).iter().filter(|permission| names(permission, user));
        permissions.map(move |permission| (is_root, permission)).collect::<Vec<_>>()
    });
    let is_all = |(is_root, permission): (bool, &Obj<Permission>)| {
        is_root && permission.propagate && permission.role_id == ADMIN
    };
    named.any(|found| !is_all(found))
}

fn on<'w>(world: &'w Snapshot, entity: &MoRef) -> &'w [Obj<Permission>] {
    let entity = world.read::<mo::ManagedEntity>(entity);
    entity.and_then(|entity| entity.common.permission.as_deref()).unwrap_or_default()
}

fn names(permission: &Permission, user: &str) -> bool {
    !permission.group && same_user(&permission.principal, user)
}

/// The authorization manager's content.
fn manager(world: &Snapshot) -> Option<&mo::AuthorizationManager> {
    let manager = service::manager(world, |content| content.authorization_manager.clone())?;
    world.read(&manager)
}

/// Whether two spellings name one user: `LAB\ann` is `ann@lab`, and `ann` without a domain any of them.
pub fn same_user(a: &str, b: &str) -> bool {
    let ((name, domain), (other, other_domain)) = (parts(a), parts(b));
    let same_domain = match (domain, other_domain) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => true,
    };
    name.to_lowercase() == other.to_lowercase() && same_domain
}

/// Name and domain.
fn parts(user: &str) -> (&str, Option<&str>) {
    match (user.split_once('\\'), user.rsplit_once('@')) {
        (Some((domain, name)), _) => (name, Some(domain)),
        (None, Some((name, domain))) => (name, Some(domain)),
        (None, None) => (user, None),
    }
}
