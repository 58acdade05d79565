//! Roles, and how privileges are shown. The roles are the system's own and the common samples of a vCenter.

use std::collections::BTreeSet;

use vim25::{DataType, Obj, Str, mo::AuthorizationManager, types::*};

use super::privileges::privilege_ids;
use crate::{
    entity::ADMIN,
    kit::{described, text, words},
};

/// The authorization manager of a fresh server.
pub(crate) fn authorization_manager() -> AuthorizationManager {
    let ids = privilege_ids();
    AuthorizationManager::with(|a| {
        a.privilege_list = Some(ids.iter().map(|id| privilege(id).into()).collect());
        a.role_list = Some(ROLES.iter().map(|r| role(r, &ids).into()).collect());
        a.description = description(&ids).into();
    })
}

fn parts(id: &str) -> (&str, &str) {
    id.rsplit_once('.').expect("a privilege has a group")
}

fn privilege(id: &'static str) -> AuthorizationPrivilege {
    let (group, name) = parts(id);
    // Creating and moving in is a right on the container, not on the thing itself.
    let on_parent = matches!(name, "Create" | "CreateFromExisting" | "Register" | "Move") && group.contains('.');
    AuthorizationPrivilege { priv_id: text(id), on_parent, name: name.into(), priv_group_name: group.into() }
}

fn description(ids: &BTreeSet<&'static str>) -> AuthorizationDescription {
    let groups: BTreeSet<&str> = ids.iter().map(|id| parts(id).0).collect();
    let label = |key: &str| words(key.rsplit('.').next().unwrap_or(key));
    AuthorizationDescription {
        privilege: ids.iter().map(|id| described(id, &label(id))).collect(),
        privilege_group: groups.iter().map(|group| described(group, &label(group))).collect(),
    }
}

/// Id, name, label, and which privileges it holds.
struct Role(i32, &'static str, &'static str, fn(&str) -> bool);

const ROLES: &[Role] = &[
    Role(-8, "NoTrustedAdmin", "No Trusted Infrastructure administrator", |p| !p.starts_with("TrustedAdmin.")),
    Role(-6, "NoCryptoAdmin", "No cryptography administrator", |p| !p.starts_with("Cryptographer.")),
    Role(-5, "NoAccess", "No access", |_| false),
    Role(-4, "Anonymous", "Anonymous", |p| p == "System.Anonymous"),
    Role(-3, "View", "View", |p| matches!(p, "System.Anonymous" | "System.View")),
    Role(-2, "ReadOnly", "Read-only", |p| p.starts_with("System.")),
    Role(ADMIN, "Admin", "Administrator", |_| true),
    Role(4, "VirtualMachinePowerUser", "Virtual machine power user (sample)", |p| {
        ["System.", "VirtualMachine.Interact.", "VirtualMachine.Config.", "VirtualMachine.State.", "ScheduledTask."]
            .iter()
            .any(|group| p.starts_with(group))
            || matches!(p, "Datastore.Browse" | "Global.CancelTask")
    }),
    Role(5, "VirtualMachineUser", "Virtual machine user (sample)", |p| {
        ["System.", "VirtualMachine.Interact.", "ScheduledTask."].iter().any(|group| p.starts_with(group))
            || p == "Global.CancelTask"
    }),
    Role(8, "DatastoreConsumer", "Datastore consumer (sample)", |p| {
        p.starts_with("System.") || p == "Datastore.AllocateSpace"
    }),
    Role(9, "NetworkConsumer", "Network administrator (sample)", |p| p.starts_with("System.") || p == "Network.Assign"),
];

fn role(Role(id, name, label, holds): &Role, ids: &BTreeSet<&'static str>) -> AuthorizationRole {
    let info: Obj<Description> = Description { label: text(label), summary: text(label) }.into();
    let privilege: Vec<Str> = ids.iter().filter(|p| holds(p)).map(|p| text(p)).collect();
    AuthorizationRole { role_id: *id, system: *id < 0, name: text(name), info, privilege: Some(privilege) }
}
