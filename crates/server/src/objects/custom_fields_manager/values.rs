//! Values of fields on entities.

use ::inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, Str, args, mo,
    types::{CustomFieldDef, CustomFieldStringValue, CustomFieldValue, CustomFieldValueChangedEvent},
};

use super::{applies, fields, no_field, no_such_key};
use crate::{dispatch::Call, events, fault::Fault, service};

/// `SetField`: by the field's key.
pub(super) fn set_field(call: &Call, args: args::SetField) -> Result<(), Fault> {
    call.commit(|tx| {
        let object = tx.resolve(&args.entity).ok_or_else(|| Fault::object_not_found(&args.entity))?;
        let kind = object.content.descriptor();
        let mut known = fields(tx, &call.this)?.field.iter().flatten();
        let field = known.find(|field| field.key == args.key).cloned().ok_or_else(|| no_such_key(args.key))?;
        if !applies(&field, kind) {
            return Err(no_field("key", format!("a {} has no field '{}'", kind.name, field.name)));
        }
        set(tx, call, &args.entity, &field, args.value)
    })
}

/// `setCustomValue`: by the field's name.
pub(super) fn set_custom_value(call: &Call, args: args::SetCustomValue) -> Result<(), Fault> {
    call.commit(|tx| {
        let object = tx.resolve(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
        let kind = object.content.descriptor();
        let manager = service::manager(tx, |content| content.custom_fields_manager.clone());
        let manager = manager.and_then(|m| tx.get::<mo::CustomFieldsManager>(&m));
        let mut known = manager.into_iter().flat_map(|m| m.field.iter().flatten());
        let field = known.find(|field| field.name == args.key && applies(field, kind)).cloned();
        let missing = || no_field("key", format!("a {} has no field '{}'", kind.name, args.key));
        let field = field.ok_or_else(missing)?;
        set(tx, call, &call.this, &field, args.value)
    })
}

fn set(tx: &mut Tx<'_>, call: &Call, entity: &MoRef, field: &CustomFieldDef, value: Str) -> Result<(), Fault> {
    let content: Obj<CustomFieldValue> =
        CustomFieldStringValue { base: CustomFieldValue { key: field.key }, value: value.clone() }.into();
    let object = tx.edit::<mo::ExtensibleManagedObject>(entity).ok_or_else(|| Fault::object_not_found(entity))?;
    let before = put(&mut object.value, content.clone());
    let Some(of_entity) = tx.edit::<mo::ManagedEntity>(entity) else { return Ok(()) };
    put(&mut of_entity.common.custom_value, content);
    let name = of_entity.name.clone();
    let event = CustomFieldValueChangedEvent::with(|event| {
        event.entity = events::entity(tx, entity);
        event.field_key = field.key;
        event.name = field.name.clone();
        event.value = value.clone();
        event.prev_state = before;
    });
    let text = format!("Changed custom field {} on {name} to {value}", field.name);
    events::post(tx, call.user(), entity, event, text);
    Ok(())
}

/// Puts a value in the place of the one with the same key. Returns the text that was there.
fn put(values: &mut Option<Vec<Obj<CustomFieldValue>>>, value: Obj<CustomFieldValue>) -> Option<Str> {
    let values = values.get_or_insert_default();
    match values.iter_mut().find(|known| known.key == value.key) {
        Some(known) => {
            let before = known.cast::<CustomFieldStringValue>().map(|v| v.value.clone());
            *known = value;
            before
        }
        None => {
            values.push(value);
            None
        }
    }
}

/// Removes the values of a field from everything that has one.
pub(super) fn clear(tx: &mut Tx<'_>, key: i32) {
    let has = |values: &Option<Vec<Obj<CustomFieldValue>>>| values.iter().flatten().any(|v| v.key == key);
    let with_value = tx.before().iter().filter(|object| {
        vim25::cast::<mo::ExtensibleManagedObject>(&*object.content).is_some_and(|object| has(&object.value))
    });
    let without = |values: &mut Option<Vec<Obj<CustomFieldValue>>>| {
        values.iter_mut().for_each(|values| values.retain(|v| v.key != key));
    };
    for moref in with_value.map(|object| object.moref.clone()).collect::<Vec<_>>() {
        if let Some(object) = tx.edit::<mo::ExtensibleManagedObject>(&moref) {
            without(&mut object.value);
        }
        if let Some(entity) = tx.edit::<mo::ManagedEntity>(&moref) {
            without(&mut entity.common.custom_value);
        }
    }
}
