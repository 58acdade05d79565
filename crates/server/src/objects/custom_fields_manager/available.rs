//! Which fields each entity can have.

use ::inventory::{Derive, Tx};
use vim25::{DataType, MoRef, Obj, Type, mo, types::CustomFieldDef};

use super::applies;
use crate::service;

/// `availableField` of every entity: the definitions that apply to its type.
///
/// Costs nothing while nobody defines a field; a new definition is written to all entities that can have it.
#[derive(Clone, Copy, Debug, Default)]
pub struct AvailableFields;

impl Derive for AvailableFields {
    fn reads_private(&self) -> bool {
        false
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let is_entity = |kind: &'static Type| kind.is_a(mo::ManagedEntity::TYPE);
        let concerned = |moref: &&MoRef| match tx.changed(moref) {
            Some(changed) => changed.contains(&"availableField"),
            None => tx.find(&moref.id).is_some_and(|new| is_entity(new.content.descriptor())),
        };
        let concerned: Vec<&MoRef> = touched.iter().filter(concerned).collect();
        let defined = touched.iter().any(|moref| moref.kind == mo::CustomFieldsManager::TYPE.name);
        if concerned.is_empty() && !defined {
            return;
        }
        let manager = service::manager(tx, |content| content.custom_fields_manager.clone());
        let Some(manager) = manager else { return };
        let Some(fields) = tx.get::<mo::CustomFieldsManager>(&manager).map(|m| m.field.clone()) else { return };
        let fields = fields.unwrap_or_default();
        for moref in concerned {
            bring(tx, moref, &fields);
        }
        if defined {
            let others = tx.before().iter().filter(|o| is_entity(o.content.descriptor()));
            for moref in others.map(|o| o.moref.clone()).collect::<Vec<_>>() {
                bring(tx, &moref, &fields);
            }
        }
    }
}

fn bring(tx: &mut Tx<'_>, moref: &MoRef, fields: &[Obj<CustomFieldDef>]) {
    let Some(object) = tx.find(&moref.id) else { return };
    let kind = object.content.descriptor();
    let Some(entity) = tx.get::<mo::ManagedEntity>(moref) else { return };
    let known = entity.available_field.as_deref().unwrap_or_default();
    let wanted = || fields.iter().filter(|field| applies(field, kind));
    if known.iter().eq(wanted()) {
        return;
    }
    let wanted: Vec<Obj<CustomFieldDef>> = wanted().cloned().collect();
    if let Some(entity) = tx.edit::<mo::ManagedEntity>(moref) {
        entity.available_field = Some(wanted);
    }
}
