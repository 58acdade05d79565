use vim25::{
    DataType, MoRef, Obj, Str, args, mo,
    types::{AuthorizationPrivilege, AuthorizationRole, Permission, RoleUpdatedEvent},
};

use crate::{
    fault::Fault,
    rights::same_user,
    testing::{World, moref, refused},
};

const PRIVILEGES: [&str; 5] =
    ["System.Anonymous", "System.Read", "System.View", "VirtualMachine.Interact.PowerOn", "Folder.Create"];
const READ_ONLY: i32 = -2;
const ADMIN: i32 = -1;

fn manager() -> MoRef {
    moref("AuthorizationManager", "AuthorizationManager")
}

fn root() -> MoRef {
    moref("Folder", "group-d1")
}

fn vm() -> MoRef {
    moref("VirtualMachine", "vm-22")
}

fn texts(texts: &[&str]) -> Vec<Str> {
    texts.iter().map(|t| (*t).into()).collect()
}

fn system_role(role_id: i32, name: &str, privileges: &[&str]) -> Obj<AuthorizationRole> {
    AuthorizationRole::with(|role| {
        role.role_id = role_id;
        role.system = true;
        role.name = name.into();
        role.privilege = Some(texts(privileges));
    })
    .into()
}

fn permission(principal: &str, role_id: i32, propagate: bool) -> Obj<Permission> {
    Permission { entity: None, principal: principal.into(), group: false, role_id, propagate }.into()
}

/// A world with two roles of the system and an administrator at its root.
fn world() -> World {
    let world = World::new();
    world.commit(|tx| {
        let content = tx.edit::<mo::AuthorizationManager>(&manager()).unwrap();
        let known = |id: &&str| AuthorizationPrivilege { priv_id: (*id).into(), ..Default::default() }.into();
        content.privilege_list = Some(PRIVILEGES.iter().map(known).collect());
        content.role_list =
            Some(vec![system_role(ADMIN, "Admin", &PRIVILEGES), system_role(READ_ONLY, "ReadOnly", &PRIVILEGES[..3])]);
        let mut admin = permission("LAB\\chief", ADMIN, true);
        admin.entity = Some(root());
        tx.edit::<mo::Folder>(&root()).unwrap().common.permission = Some(vec![admin]);
    });
    world
}

fn grant(world: &World, entity: MoRef, permission: Obj<Permission>) -> Result<(), Fault> {
    world.call(&manager(), args::SetEntityPermissions { entity, permission: Some(vec![permission]) })
}

fn add_role(world: &World, name: &str, privileges: &[&str]) -> Result<i32, Fault> {
    world.call(&manager(), args::AddAuthorizationRole { name: name.into(), priv_ids: Some(texts(privileges)) })
}

fn on_entity(world: &World, entity: MoRef, inherited: bool) -> Vec<(String, i32)> {
    let found = world.call(&manager(), args::RetrieveEntityPermissions { entity, inherited }).unwrap().unwrap();
    found.iter().map(|p| (p.principal.to_string(), p.role_id)).collect()
}

#[test]
fn a_role_is_added_changed_and_removed() {
    let world = world();
    let id = add_role(&world, "starter", &["VirtualMachine.Interact.PowerOn"]).unwrap();
    let role = || {
        let roles = world.get::<mo::AuthorizationManager>(&manager()).role_list.unwrap();
        roles.into_iter().find(|role| role.role_id == id)
    };
    let privileges = ["System.Anonymous", "System.Read", "System.View", "VirtualMachine.Interact.PowerOn"];
    assert_eq!(role().unwrap().privilege, Some(texts(&privileges)));
    let priv_ids = Some(texts(&["Folder.Create"]));
    let update = args::UpdateAuthorizationRole { role_id: id, new_name: "maker".into(), priv_ids };
    world.call(&manager(), update).unwrap();
    assert_eq!(role().unwrap().name, "maker");
    let snapshot = world.core.inventory.snapshot();
    let event = snapshot.events().back().unwrap().cast::<RoleUpdatedEvent>().unwrap().clone();
    assert_eq!(event.privileges_added, Some(texts(&["Folder.Create"])));
    assert_eq!(event.privileges_removed, Some(texts(&["VirtualMachine.Interact.PowerOn"])));
    world.call(&manager(), args::RemoveAuthorizationRole { role_id: id, fail_if_used: true }).unwrap();
    assert!(role().is_none());
    assert_eq!(world.event_names(), ["RoleAddedEvent", "RoleUpdatedEvent", "RoleRemovedEvent"]);
}

#[test]
fn roles_that_cannot_be_are_refused() {
    let world = world();
    assert_eq!(refused(add_role(&world, "", &[])).0, "InvalidName");
    assert_eq!(refused(add_role(&world, "Admin", &[])).0, "AlreadyExists");
    assert_eq!(refused(add_role(&world, "x", &["No.Such"])).0, "InvalidArgument");
    let update = |role_id| args::UpdateAuthorizationRole { role_id, new_name: "x".into(), priv_ids: None };
    assert_eq!(refused(world.call(&manager(), update(77))).0, "NotFound");
    assert_eq!(refused(world.call(&manager(), update(ADMIN))).0, "InvalidArgument");
    let remove = args::RemoveAuthorizationRole { role_id: READ_ONLY, fail_if_used: false };
    assert_eq!(refused(world.call(&manager(), remove)).0, "InvalidArgument");
}

#[test]
fn the_nearest_permission_of_each_user_holds_for_an_entity() {
    let world = world();
    let id = add_role(&world, "starter", &[]).unwrap();
    grant(&world, moref("Datacenter", "datacenter-2"), permission("bob@lab", READ_ONLY, true)).unwrap();
    grant(&world, moref("Folder", "group-v3"), permission("eve@lab", READ_ONLY, false)).unwrap();
    grant(&world, vm(), permission("LAB\\bob", id, false)).unwrap();
    assert_eq!(on_entity(&world, vm(), false), [("LAB\\bob".into(), id)]);
    assert_eq!(on_entity(&world, vm(), true), [("LAB\\bob".into(), id), ("LAB\\chief".into(), ADMIN)]);
    let all = world.call(&manager(), args::RetrieveAllPermissions {}).unwrap().unwrap();
    assert_eq!(all.len(), 4);
    let read_only = world.call(&manager(), args::RetrieveRolePermissions { role_id: READ_ONLY }).unwrap().unwrap();
    assert_eq!(read_only.len(), 2);
    assert!(read_only.iter().all(|p| p.entity.is_some()));
    let (fault, _) = refused(world.call(&manager(), args::RetrieveRolePermissions { role_id: 99 }));
    assert_eq!(fault, "NotFound");
}

#[test]
fn permissions_are_replaced_reset_and_removed() {
    let world = world();
    grant(&world, vm(), permission("bob@lab", READ_ONLY, true)).unwrap();
    grant(&world, vm(), permission("lab\\BOB", ADMIN, true)).unwrap();
    assert_eq!(on_entity(&world, vm(), false), [("lab\\BOB".into(), ADMIN)]);
    let permission_of_eve = Some(vec![permission("eve@lab", READ_ONLY, true)]);
    world.call(&manager(), args::ResetEntityPermissions { entity: vm(), permission: permission_of_eve }).unwrap();
    assert_eq!(on_entity(&world, vm(), false), [("eve@lab".into(), READ_ONLY)]);
    let remove = |user: &str| {
        let args = args::RemoveEntityPermission { entity: vm(), user: user.into(), is_group: false };
        world.call(&manager(), args)
    };
    assert_eq!(refused(remove("bob@lab")).0, "NotFound");
    remove("eve@lab").unwrap();
    assert_eq!(on_entity(&world, vm(), false), []);
    let told = ["PermissionAddedEvent", "PermissionUpdatedEvent", "PermissionRemovedEvent"];
    assert_eq!(world.event_names()[..3], told);
}

#[test]
fn permissions_that_cannot_be_are_refused() {
    let world = world();
    assert_eq!(refused(grant(&world, vm(), permission("bob", 99, true))).0, "NotFound");
    assert_eq!(refused(grant(&world, vm(), permission(" ", READ_ONLY, true))).0, "UserNotFound");
    let gone = moref("VirtualMachine", "vm-99");
    assert_eq!(refused(grant(&world, gone.clone(), permission("bob", READ_ONLY, true))).0, "ManagedObjectNotFound");
    let query = args::RetrieveEntityPermissions { entity: gone, inherited: true };
    assert_eq!(refused(world.call(&manager(), query)).0, "ManagedObjectNotFound");
}

#[test]
fn the_last_administrator_of_the_root_stays() {
    let world = world();
    let last = args::RemoveEntityPermission { entity: root(), user: "chief@lab".into(), is_group: false };
    assert_eq!(refused(world.call(&manager(), last)).0, "AuthMinimumAdminPermission");
    let merge = args::MergePermissions { src_role_id: ADMIN, dst_role_id: READ_ONLY };
    assert_eq!(refused(world.call(&manager(), merge)).0, "AuthMinimumAdminPermission");
    assert_eq!(on_entity(&world, root(), false), [("LAB\\chief".into(), ADMIN)]);
}

#[test]
fn a_role_in_use_is_removed_with_its_permissions_unless_that_is_to_fail() {
    let world = world();
    let id = add_role(&world, "starter", &[]).unwrap();
    grant(&world, vm(), permission("bob", id, true)).unwrap();
    let remove = |fail_if_used| world.call(&manager(), args::RemoveAuthorizationRole { role_id: id, fail_if_used });
    assert_eq!(refused(remove(true)).0, "RemoveFailed");
    remove(false).unwrap();
    assert_eq!(on_entity(&world, vm(), false), []);
}

#[test]
fn merging_roles_moves_their_permissions() {
    let world = world();
    let id = add_role(&world, "starter", &[]).unwrap();
    grant(&world, vm(), permission("bob", id, true)).unwrap();
    world.call(&manager(), args::MergePermissions { src_role_id: id, dst_role_id: READ_ONLY }).unwrap();
    assert_eq!(on_entity(&world, vm(), false), [("bob".into(), READ_ONLY)]);
}

#[test]
fn every_login_is_an_administrator_until_a_permission_names_it() {
    let world = world();
    let asked = Some(texts(&["System.Read", "VirtualMachine.Interact.PowerOn", "No.Such"]));
    let has = || {
        let session_id = world.session.key.clone();
        let args = args::HasPrivilegeOnEntity { entity: vm(), session_id, priv_id: asked.clone() };
        world.call(&manager(), args).unwrap().unwrap()
    };
    assert_eq!(has(), [true, true, false]);
    grant(&world, root(), permission("root@localos", READ_ONLY, true)).unwrap();
    assert_eq!(has(), [true, false, false]);
    let more = permission("LOCALOS\\root", ADMIN, false);
    assert_eq!(refused(grant(&world, vm(), more.clone())).0, "NoPermission");
    let more = args::SetEntityPermissions { entity: vm(), permission: Some(vec![more]) };
    world.call_as(&world.log_in("chief@lab"), &manager(), more).unwrap();
    assert_eq!(has(), [true, true, false]);
    let other = args::HasPrivilegeOnEntity { entity: vm(), session_id: "none".into(), priv_id: asked.clone() };
    assert_eq!(refused(world.call(&manager(), other)).0, "InvalidArgument");
}

#[test]
fn privileges_are_asked_for_many_entities_and_for_any_user() {
    let world = world();
    grant(&world, vm(), permission("bob", READ_ONLY, true)).unwrap();
    let entities = vec![vm(), root()];
    let priv_id = Some(texts(&["Folder.Create"]));
    let args = args::HasUserPrivilegeOnEntities { entities: entities.clone(), user_name: "bob".into(), priv_id };
    let answers = world.call(&manager(), args).unwrap().unwrap();
    assert_eq!(answers.iter().map(|e| e.priv_availability[0].is_granted).collect::<Vec<_>>(), [false, false]);
    let args = args::FetchUserPrivilegeOnEntities { entities, user_name: "bob".into() };
    let fetched = world.call(&manager(), args).unwrap().unwrap();
    assert_eq!(fetched[0].privileges, Some(texts(&PRIVILEGES[..3])));
    assert_eq!(fetched[1].privileges, Some(vec![]), "elsewhere he has nothing");
}

#[test]
fn a_user_has_several_spellings() {
    assert!(same_user("LAB\\ann", "Ann@lab"));
    assert!(same_user("ann", "ann@lab"));
    assert!(!same_user("ann@lab", "ann@home"));
    assert!(!same_user("ann@lab", "bob@lab"));
}
