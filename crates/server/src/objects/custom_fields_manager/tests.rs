use vim25::{
    MoRef, Obj, args, mo,
    types::{
        AuthorizationPrivilege, CustomFieldDef, CustomFieldStringValue, CustomFieldValue, CustomFieldValueChangedEvent,
        PrivilegePolicyDef,
    },
};

use crate::{
    fault::Fault,
    testing::{World, moref, refused},
};

fn manager() -> MoRef {
    moref("CustomFieldsManager", "CustomFieldsManager")
}

fn vm() -> MoRef {
    moref("VirtualMachine", "vm-20")
}

fn add(world: &World, name: &str, mo_type: Option<&str>) -> Result<Obj<CustomFieldDef>, Fault> {
    let mo_type = mo_type.map(Into::into);
    world.call(&manager(), args::AddCustomFieldDef { name: name.into(), mo_type, ..Default::default() })
}

fn set(world: &World, entity: MoRef, key: i32, value: &str) -> Result<(), Fault> {
    world.call(&manager(), args::SetField { entity, key, value: value.into() })
}

fn texts(values: &Option<Vec<Obj<CustomFieldValue>>>) -> Vec<(i32, &str)> {
    values.iter().flatten().map(|v| (v.key, v.cast::<CustomFieldStringValue>().unwrap().value.as_str())).collect()
}

#[test]
fn a_defined_field_is_available_where_it_applies_also_on_entities_that_come_later() {
    let world = World::new();
    let everywhere = add(&world, "owner", None).unwrap();
    let on_vms = add(&world, "backup", Some("VirtualMachine")).unwrap();
    assert!(on_vms.key > everywhere.key);
    let available = |moref: &MoRef| world.get::<mo::ManagedEntity>(moref).available_field.clone().unwrap_or_default();
    assert_eq!(available(&vm()), [everywhere.clone(), on_vms.clone()]);
    assert_eq!(available(&moref("HostSystem", "host-10")), std::slice::from_ref(&everywhere));
    let later = moref("VirtualMachine", "vm-40");
    world.commit(|tx| tx.insert(later.clone(), mo::VirtualMachine::default()));
    assert_eq!(available(&later), [everywhere, on_vms]);
}

#[test]
fn names_are_used_once_for_a_type() {
    let world = World::new();
    add(&world, "backup", Some("VirtualMachine")).unwrap();
    assert_eq!(refused(add(&world, "backup", Some("VirtualMachine"))).0, "DuplicateName");
    assert_eq!(refused(add(&world, "backup", None)).0, "DuplicateName");
    let on_hosts = add(&world, "backup", Some("HostSystem")).unwrap();
    let other = add(&world, "other", Some("HostSystem")).unwrap();
    let rename = |key, name: &str| world.call(&manager(), args::RenameCustomFieldDef { key, name: name.into() });
    assert_eq!(refused(rename(other.key, "backup")).0, "DuplicateName");
    rename(on_hosts.key, "backup").unwrap();
    rename(other.key, "restore").unwrap();
    assert_eq!(refused(rename(999, "x")).0, "InvalidArgument");
    for (name, of_type) in [(" ", None), ("x", Some("NoSuchType")), ("x", Some("ViewManager"))] {
        assert_eq!(refused(add(&world, name, of_type)).0, "InvalidArgument", "{name} {of_type:?}");
    }
}

#[test]
fn a_value_shows_in_both_places_and_replaces_the_one_before() {
    let world = World::new();
    let key = add(&world, "owner", None).unwrap().key;
    set(&world, vm(), key, "ann").unwrap();
    world.call(&vm(), args::SetCustomValue { key: "owner".into(), value: "bob".into() }).unwrap();
    let entity: mo::ManagedEntity = world.get(&vm());
    assert_eq!(texts(&entity.common.custom_value), [(key, "bob")]);
    assert_eq!(texts(&entity.base.value), [(key, "bob")]);
    let snapshot = world.core.inventory.snapshot();
    let event = snapshot.events().back().unwrap();
    assert_eq!(event.vm.as_ref().unwrap().name, "alpha");
    let changed = event.cast::<CustomFieldValueChangedEvent>().unwrap();
    assert_eq!((changed.name.as_str(), changed.value.as_str()), ("owner", "bob"));
    assert_eq!(changed.prev_state.as_deref(), Some("ann"));
}

#[test]
fn values_of_unknown_fields_or_on_other_types_are_refused() {
    let world = World::new();
    let key = add(&world, "backup", Some("VirtualMachine")).unwrap().key;
    assert_eq!(refused(set(&world, vm(), 999, "x")).0, "InvalidArgument");
    assert_eq!(refused(set(&world, moref("HostSystem", "host-10"), key, "x")).0, "InvalidArgument");
    assert_eq!(refused(set(&world, moref("VirtualMachine", "vm-99"), key, "x")).0, "ManagedObjectNotFound");
    let host = moref("HostSystem", "host-10");
    let by_name = world.call(&host, args::SetCustomValue { key: "backup".into(), value: "x".into() });
    assert_eq!(refused(by_name).0, "InvalidArgument");
}

#[test]
fn a_removed_field_takes_its_values_with_it_and_its_key_is_not_used_again() {
    let world = World::new();
    let key = add(&world, "owner", None).unwrap().key;
    set(&world, vm(), key, "ann").unwrap();
    world.call(&manager(), args::RemoveCustomFieldDef { key }).unwrap();
    let entity: mo::ManagedEntity = world.get(&vm());
    assert!(texts(&entity.common.custom_value).is_empty() && texts(&entity.base.value).is_empty());
    assert_eq!(entity.available_field, Some(vec![]));
    assert_eq!(refused(world.call(&manager(), args::RemoveCustomFieldDef { key })).0, "InvalidArgument");
    assert!(add(&world, "owner", None).unwrap().key > key);
    let defined = ["CustomFieldDefAddedEvent", "CustomFieldValueChangedEvent", "CustomFieldDefRemovedEvent"];
    assert_eq!(world.event_names()[..3], defined);
}

#[test]
fn a_policy_names_privileges_that_exist() {
    let world = World::new();
    let known = AuthorizationPrivilege { priv_id: "System.View".into(), ..Default::default() };
    world.commit(|tx| {
        let manager = moref("AuthorizationManager", "AuthorizationManager");
        tx.edit::<mo::AuthorizationManager>(&manager).unwrap().privilege_list = Some(vec![known.into()]);
    });
    let policy = PrivilegePolicyDef {
        create_privilege: "System.View".into(),
        read_privilege: "System.View".into(),
        update_privilege: "No.Such".into(),
        delete_privilege: "System.View".into(),
    };
    let args = args::AddCustomFieldDef { name: "x".into(), field_policy: Some(policy.into()), ..Default::default() };
    assert_eq!(refused(world.call(&manager(), args)).0, "InvalidPrivilege");
}
