//! Definitions of fields.

use ::inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, Str, args, managed_type, mo,
    types::{
        CustomFieldDef, CustomFieldDefAddedEvent, CustomFieldDefEvent, CustomFieldDefRemovedEvent,
        CustomFieldDefRenamedEvent, DuplicateName, InvalidPrivilege, PrivilegePolicyDef,
    },
};

use super::{fields, no_field, no_such_key, tell, values};
use crate::{dispatch::Call, fault::Fault, service};

/// Privileges that a definition and its values need where the client names none.
const DEFINE: &str = "Global.ManageCustomFields";
const SET: &str = "Global.SetCustomField";

/// The key of the newest field: keys are not used twice.
#[derive(Clone, Copy)]
struct LastKey(i32);

/// Keys start above this.
const FIRST: i32 = 100;

/// `AddCustomFieldDef`.
pub(super) fn add(call: &Call, args: args::AddCustomFieldDef) -> Result<Obj<CustomFieldDef>, Fault> {
    check_name(&args.name)?;
    check_type(args.mo_type.as_ref())?;
    call.commit(|tx| {
        check_policy(tx, args.field_def_policy.as_ref())?;
        check_policy(tx, args.field_policy.as_ref())?;
        unused(tx, &call.this, &args.name, args.mo_type.as_ref(), None)?;
        let field: Obj<CustomFieldDef> = CustomFieldDef {
            key: next_key(tx, &call.this),
            name: args.name.clone(),
            type_: "string".into(),
            managed_object_type: args.mo_type.clone().filter(|t| !t.is_empty()),
            field_def_privileges: Some(args.field_def_policy.clone().unwrap_or_else(|| policy(DEFINE))),
            field_instance_privileges: Some(args.field_policy.clone().unwrap_or_else(|| policy(SET))),
        }
        .into();
        edit(tx, &call.this)?.push(field.clone());
        let event = CustomFieldDefAddedEvent::with(|event| describe(event, &field));
        tell(tx, call, event, format!("Created a custom field definition named {}", field.name));
        Ok(field)
    })
}

/// `RemoveCustomFieldDef`: the values of the field go with it.
pub(super) fn remove(call: &Call, args: args::RemoveCustomFieldDef) -> Result<(), Fault> {
    call.commit(|tx| {
        let at = position(tx, &call.this, args.key)?;
        let field = edit(tx, &call.this)?.remove(at);
        values::clear(tx, args.key);
        let event = CustomFieldDefRemovedEvent::with(|event| describe(event, &field));
        tell(tx, call, event, format!("Removed the custom field definition {}", field.name));
        Ok(())
    })
}

/// `RenameCustomFieldDef`.
pub(super) fn rename(call: &Call, args: args::RenameCustomFieldDef) -> Result<(), Fault> {
    check_name(&args.name)?;
    call.commit(|tx| {
        let at = position(tx, &call.this, args.key)?;
        let of_type = fields(tx, &call.this)?.field.as_ref().and_then(|f| f[at].managed_object_type.clone());
        unused(tx, &call.this, &args.name, of_type.as_ref(), Some(args.key))?;
        let field = &mut edit(tx, &call.this)?[at];
        let old = field.clone();
        field.name = args.name.clone();
        let event = CustomFieldDefRenamedEvent::with(|event| {
            describe(event, &old);
            event.new_name = args.name.clone();
        });
        tell(tx, call, event, format!("Renamed the custom field definition {} to {}", old.name, args.name));
        Ok(())
    })
}

fn describe(event: &mut CustomFieldDefEvent, field: &CustomFieldDef) {
    event.field_key = field.key;
    event.name = field.name.clone();
}

fn edit<'t>(tx: &'t mut Tx<'_>, this: &MoRef) -> Result<&'t mut Vec<Obj<CustomFieldDef>>, Fault> {
    let manager = tx.edit::<mo::CustomFieldsManager>(this).ok_or_else(|| Fault::object_not_found(this))?;
    Ok(manager.field.get_or_insert_default())
}

fn position(tx: &Tx<'_>, this: &MoRef, key: i32) -> Result<usize, Fault> {
    let found = fields(tx, this)?.field.iter().flatten().position(|field| field.key == key);
    found.ok_or_else(|| no_such_key(key))
}

fn next_key(tx: &mut Tx<'_>, this: &MoRef) -> i32 {
    let known = fields(tx, this).ok().and_then(|m| m.field.iter().flatten().map(|field| field.key).max());
    let last = tx.private::<LastKey>(&this.id).map_or(FIRST, |last| last.0).max(known.unwrap_or(FIRST));
    tx.set_private(&this.id, LastKey(last + 1));
    last + 1
}

fn check_name(name: &Str) -> Result<(), Fault> {
    if name.trim().is_empty() { Err(no_field("name", "it is empty")) } else { Ok(()) }
}

fn check_type(name: Option<&Str>) -> Result<(), Fault> {
    let entity = |t: &&'static vim25::Type| t.is_a(mo::ExtensibleManagedObject::TYPE);
    match name.filter(|name| !name.is_empty()) {
        Some(name) if managed_type(name).filter(entity).is_none() => {
            Err(no_field("moType", format!("objects of type '{name}' have no custom fields")))
        }
        _ => Ok(()),
    }
}

/// Two fields of one name may exist only for types that are different and not one of them for all.
fn unused(tx: &Tx<'_>, this: &MoRef, name: &Str, of_type: Option<&Str>, except: Option<i32>) -> Result<(), Fault> {
    let meets = |field: &&Obj<CustomFieldDef>| match (field.managed_object_type.as_ref(), of_type) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let mut others = fields(tx, this)?.field.iter().flatten().filter(|field| Some(field.key) != except);
    if !others.any(|field| field.name == *name && meets(&field)) {
        return Ok(());
    }
    let fault = DuplicateName { name: name.clone(), object: this.clone(), ..Default::default() };
    Err(Fault::new(fault, format!("There is a custom field '{name}' already.")))
}

fn policy(privilege: &'static str) -> Obj<PrivilegePolicyDef> {
    PrivilegePolicyDef {
        create_privilege: privilege.into(),
        read_privilege: "System.View".into(),
        update_privilege: privilege.into(),
        delete_privilege: privilege.into(),
    }
    .into()
}

fn check_policy(tx: &Tx<'_>, policy: Option<&Obj<PrivilegePolicyDef>>) -> Result<(), Fault> {
    let Some(policy) = policy else { return Ok(()) };
    let manager = service::manager(tx, |content| content.authorization_manager.clone());
    let Some(manager) = manager.and_then(|m| tx.get::<mo::AuthorizationManager>(&m)) else { return Ok(()) };
    let known = |id: &Str| manager.privilege_list.iter().flatten().any(|p| p.priv_id == *id);
    let named = [&policy.create_privilege, &policy.read_privilege, &policy.update_privilege, &policy.delete_privilege];
    match named.into_iter().find(|id| !known(id)) {
        Some(unknown) => {
            let fault = InvalidPrivilege { privilege: unknown.clone(), ..Default::default() };
            Err(Fault::new(fault, format!("There is no privilege '{unknown}'.")))
        }
        None => Ok(()),
    }
}
