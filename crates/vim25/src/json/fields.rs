//! Members of a JSON object to fields of a data object.

use std::sync::Arc;

use serde::de::{IgnoredAny, MapAccess};

use super::{
    FAULT_STRING, TYPE_NAME,
    context::Context,
    decode::{Place, Text, ill_typed},
};
use crate::{Any, Api, DataObject, Field, Kind, Problem, Shared, Str, Type};

/// An object of type `ty` from its members; with the localized message that a fault may carry.
pub(super) fn fill<'de, A: MapAccess<'de>>(
    context: &Context,
    ty: &'static Type,
    members: &mut A,
) -> Result<(Shared, Option<Str>), A::Error> {
    context.count_object()?;
    let mut shared = (ty.new)();
    let object = Arc::get_mut(&mut shared).expect("a new object has one owner");
    let mut fields = Fields::of(ty);
    let mut message = None;
    while let Some(key) = members.next_key_seed(Text)? {
        match fields.find(&key) {
            Some(entry) => field(context, object, entry, members)?,
            None if key == FAULT_STRING && ty.fault => message = text(context, members)?,
            None => unknown(context, ty, &key, members)?,
        }
    }
    match fields.missing() {
        Some(field) => Err(context.fail(Problem::Missing { owner: ty.name, field })),
        None => Ok((shared, message)),
    }
}

fn field<'de, A: MapAccess<'de>>(
    context: &Context,
    object: &mut dyn DataObject,
    entry: &mut Entry,
    members: &mut A,
) -> Result<(), A::Error> {
    let field = entry.field;
    if entry.seen {
        return Err(context.fail(Problem::Duplicate { field: field.name.into() }));
    }
    let place = Place { context, kind: field.kind, list: field.list };
    let value = members.next_value_seed(place).map_err(|e| context.in_field(field.name, e))?;
    let Some(value) = value else { return Ok(()) };
    entry.seen = true;
    let slot = level(object, entry.up).and_then(|level| level.slot(entry.index));
    match slot.map(|slot| slot.assign(value)) {
        Some(Ok(())) => Ok(()),
        refused => {
            let error = context.fail(ill_typed(field.kind.wire_name(), &format!("{refused:?}")));
            Err(context.in_field(field.name, error))
        }
    }
}

fn level(object: &mut dyn DataObject, up: usize) -> Option<&mut dyn DataObject> {
    if up == 0 { Some(object) } else { level(object.base_mut()?, up - 1) }
}

fn text<'de, A: MapAccess<'de>>(context: &Context, members: &mut A) -> Result<Option<Str>, A::Error> {
    let place = Place { context, kind: Kind::Str, list: false };
    Ok(match members.next_value_seed(place)? {
        Some(Any::Str(text)) => Some(text),
        _ => None,
    })
}

fn unknown<'de, A: MapAccess<'de>>(
    context: &Context,
    ty: &'static Type,
    key: &str,
    members: &mut A,
) -> Result<(), A::Error> {
    if context.limits.skip_unknown || key == TYPE_NAME && ty.api == Api::Arguments {
        return members.next_value::<IgnoredAny>().map(|_| ());
    }
    let field = key.to_string();
    let again = key == TYPE_NAME;
    Err(context.fail(if again {
        Problem::Duplicate { field }
    } else {
        Problem::UnknownField { owner: ty.name, field }
    }))
}

/// A field of the object that is being read: where it stands, and whether it was there.
struct Entry {
    field: &'static Field,
    up: usize,
    index: usize,
    seen: bool,
}

/// The fields of a type in wire order, which is the order in which they nearly always come.
struct Fields {
    entries: Vec<Entry>,
    next: usize,
}

impl Fields {
    fn of(ty: &'static Type) -> Fields {
        let count = ty.lineage().map(|t| t.fields.len()).sum();
        let mut entries = Vec::with_capacity(count);
        push_levels(ty, 0, &mut entries);
        Fields { entries, next: 0 }
    }

    /// The entry with this name, looked for from behind the one that was found last.
    fn find(&mut self, name: &str) -> Option<&mut Entry> {
        let (before, after) = self.entries.split_at(self.next);
        let named = |e: &Entry| e.field.name == name;
        let at = match after.iter().position(named) {
            Some(at) => self.next + at,
            None => before.iter().position(named)?,
        };
        self.next = at + 1;
        Some(&mut self.entries[at])
    }

    /// A required field that was not there. A required list may be left out: it is empty.
    fn missing(&self) -> Option<&'static str> {
        let missing = |e: &&Entry| !e.seen && !e.field.optional && !e.field.list;
        self.entries.iter().find(missing).map(|e| e.field.name)
    }
}

fn push_levels(ty: &'static Type, up: usize, entries: &mut Vec<Entry>) {
    if let Some(base) = ty.base {
        push_levels(base, up + 1, entries);
    }
    entries.extend(ty.fields.iter().enumerate().map(|(index, field)| Entry { field, up, index, seen: false }));
}
