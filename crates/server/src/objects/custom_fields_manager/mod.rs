//! `CustomFieldsManager`: fields that users define, and their values on entities.
//!
//! A value stands on its entity twice, as the API has it: in `value` and in `customValue`. Which fields an entity can
//! have (`availableField`) follows from the definitions: [`AvailableFields`] derives it.

mod available;
mod definitions;
#[cfg(test)]
mod tests;
mod values;

use ::inventory::Tx;
pub use available::AvailableFields;
use vim25::{
    Extends, MoRef, Str, Type, args, managed_type, mo,
    types::{CustomFieldDef, Event},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::CustomFieldsManager, args::AddCustomFieldDef>(definitions::add)?;
    registry.on::<mo::CustomFieldsManager, args::RemoveCustomFieldDef>(definitions::remove)?;
    registry.on::<mo::CustomFieldsManager, args::RenameCustomFieldDef>(definitions::rename)?;
    registry.on::<mo::CustomFieldsManager, args::SetField>(values::set_field)?;
    registry.on::<mo::ExtensibleManagedObject, args::SetCustomValue>(values::set_custom_value)
}

/// Whether objects of a type can have a field.
fn applies(field: &CustomFieldDef, to: &'static Type) -> bool {
    let wanted = field.managed_object_type.as_deref().filter(|t| !t.is_empty());
    wanted.is_none_or(|wanted| managed_type(wanted).is_some_and(|wanted| to.is_a(wanted)))
}

/// Posts an event that is about no entity.
fn tell(tx: &mut Tx<'_>, call: &Call, event: impl Extends<Event>, message: String) {
    let mut event: vim25::Obj<Event> = event.into();
    event.user_name = call.user();
    event.full_formatted_message = Some(message.into());
    tx.post(event);
}

fn no_field(name: impl Into<Str>, why: impl std::fmt::Display) -> Fault {
    Fault::invalid_argument(name, why)
}

fn no_such_key(key: i32) -> Fault {
    no_field("key", format!("there is no custom field with key {key}"))
}

/// The custom fields manager as the call's receiver.
fn fields<'t>(tx: &'t Tx<'_>, this: &MoRef) -> Result<&'t mo::CustomFieldsManager, Fault> {
    tx.get::<mo::CustomFieldsManager>(this).ok_or_else(|| Fault::object_not_found(this))
}
