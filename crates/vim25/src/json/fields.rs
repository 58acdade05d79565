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
            Some(place) => field(context, object, &mut fields, place, members)?,
            None if key == FAULT_STRING && ty.fault => message = text(context, members)?,
            None => unknown(context, ty, &key, members)?,
        }
    }
    match fields.missing() {
        Some(field) if !context.limits.skip_missing => Err(context.fail(Problem::Missing { owner: ty.name, field })),
        _ => Ok((shared, message)),
    }
}

fn field<'de, A: MapAccess<'de>>(
    context: &Context,
    object: &mut dyn DataObject,
    fields: &mut Fields,
    at: Position,
    members: &mut A,
) -> Result<(), A::Error> {
    let field = fields.field(at);
    if fields.is_seen(at) {
        return Err(context.fail(Problem::Duplicate { field: field.name.into() }));
    }
    let place = Place { context, kind: field.kind, list: field.list };
    let value = members.next_value_seed(place).map_err(|e| context.in_field(field.name, e))?;
    let Some(value) = value else { return Ok(()) };
    fields.mark(at);
    let slot = level(object, fields.up(at)).and_then(|level| level.slot(at.index));
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

/// Types extend each other at most this often, and have at most this many fields; a test sees to it.
const LEVELS: usize = 16;
const FIELDS: usize = 256;

/// The fields of a type in wire order, which is the order in which they nearly always come, and which of them were there.
struct Fields {
    /// The furthest base first.
    levels: [&'static Type; LEVELS],
    count: usize,
    next: Position,
    seen: [u64; FIELDS / 64],
}

/// Where a field stands: level, index there, and its number over all levels.
#[derive(Clone, Copy, Default)]
struct Position {
    level: usize,
    index: usize,
    number: usize,
}

impl Fields {
    fn of(ty: &'static Type) -> Fields {
        let mut levels = [ty; LEVELS];
        let mut count = 0;
        for level in ty.lineage() {
            levels[count] = level;
            count += 1;
        }
        levels[..count].reverse();
        Fields { levels, count, next: Position::default(), seen: [0; FIELDS / 64] }
    }

    /// The field with this name, looked for from behind the one that was found last.
    fn find(&mut self, name: &str) -> Option<Position> {
        let at = self.find_from(self.next, name).or_else(|| self.find_from(Position::default(), name))?;
        self.next = Position { index: at.index + 1, number: at.number + 1, ..at };
        Some(at)
    }

    fn find_from(&self, mut at: Position, name: &str) -> Option<Position> {
        for level in at.level..self.count {
            let fields = &self.levels[level].fields[at.index..];
            if let Some(ahead) = fields.iter().position(|f| f.name == name) {
                return Some(Position { level, index: at.index + ahead, number: at.number + ahead });
            }
            at = Position { level, index: 0, number: at.number + fields.len() };
        }
        None
    }

    fn field(&self, at: Position) -> &'static Field {
        &self.levels[at.level].fields[at.index]
    }

    /// How many bases up from the type itself.
    fn up(&self, at: Position) -> usize {
        self.count - 1 - at.level
    }

    fn mark(&mut self, at: Position) {
        self.seen[at.number / 64] |= 1 << (at.number % 64);
    }

    fn is_seen(&self, at: Position) -> bool {
        self.seen[at.number / 64] & (1 << (at.number % 64)) != 0
    }

    /// A required field that was not there. A required list may be left out: it is empty.
    fn missing(&self) -> Option<&'static str> {
        let fields = self.levels[..self.count].iter().flat_map(|ty| ty.fields).enumerate();
        let mut required = fields.filter(|(_, field)| !field.optional && !field.list);
        let missing = required.find(|(number, _)| self.seen[number / 64] & (1 << (number % 64)) == 0);
        missing.map(|(_, field)| field.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{all_managed, all_types};

    #[test]
    fn every_type_fits() {
        let methods = all_managed().iter().flat_map(|t| t.methods).map(|m| m.params);
        for ty in all_types().iter().chain(all_managed()).copied().chain(methods) {
            assert!(ty.lineage().count() <= LEVELS && ty.all_fields().len() <= FIELDS, "{}", ty.name);
        }
    }

    #[test]
    fn fields_are_found_in_any_order_and_wherever_the_last_one_was() {
        for ty in all_types() {
            let names: Vec<&str> = ty.all_fields().iter().map(|f| f.name).collect();
            let mut fields = Fields::of(ty);
            for (number, name) in names.iter().enumerate().chain(names.iter().enumerate().rev()) {
                let at = fields.find(name).unwrap();
                assert_eq!((at.number, fields.field(at).name), (number, *name));
                assert_eq!(ty.field(name).map(|(up, index, _)| (up, index)), Some((fields.up(at), at.index)));
            }
            assert!(fields.find("nonsense").is_none());
        }
    }
}
