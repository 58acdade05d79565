//! JSON objects: data objects, references, boxed values.

use std::sync::Arc;

use serde::de::{Error, IgnoredAny, MapAccess};

use super::{
    VALUE,
    context::Context,
    decode::{Place, Text, ill_typed},
    fields::fill,
    members::{Members, open},
    names,
};
use crate::{
    Any, Api, DataType, Kind, MoRef, Obj, Problem, Shared, Str, Type, type_named,
    types::{LocalizedMethodFault, MethodFault},
};

/// A data object of type `declared` or a subtype.
pub(super) fn typed<'de, A: MapAccess<'de>>(
    context: &Context,
    declared: &'static Type,
    mut map: A,
) -> Result<Shared, A::Error> {
    if declared.api != Api::Data {
        return Ok(fill(context, declared, &mut map)?.0);
    }
    let mut members = open(context, map)?;
    let wrapped = declared == LocalizedMethodFault::TYPE;
    let stands = if wrapped { MethodFault::TYPE } else { declared };
    let ty = match members.type_name.as_deref() {
        None => stands,
        Some(name) if name == declared.name => declared,
        Some(name) => subtype(context, stands, name)?,
    };
    let filled = fill(context, ty, &mut members)?;
    Ok(if wrapped && ty.fault { wrap(filled) } else { filled.0 })
}

fn subtype<E: Error>(context: &Context, declared: &'static Type, name: &str) -> Result<&'static Type, E> {
    match type_named(name) {
        Some(ty) if ty.is_a(declared) => Ok(ty),
        Some(ty) => Err(context.fail(ill_typed(declared.name, ty.name))),
        None => Err(context.fail(Problem::UnknownType { name: name.into() })),
    }
}

/// A fault in the wrapper in which values carry it.
fn wrap((fault, message): (Shared, Option<Str>)) -> Shared {
    match Obj::from_shared(fault) {
        Ok(fault) => Arc::new(LocalizedMethodFault::with(|w| {
            w.fault = fault;
            w.localized_message = message;
        })),
        Err(other) => other,
    }
}

/// What stands in a place of type `anyType`.
pub(super) fn any<'de, A: MapAccess<'de>>(context: &Context, map: A) -> Result<Any, A::Error> {
    let mut members = open(context, map)?;
    let Some(name) = members.type_name.take() else {
        return Err(context.fail(ill_typed(Kind::Any.wire_name(), "object without _typeName")));
    };
    match names::kind_named(&name) {
        Some(Kind::Object(ty)) => {
            let filled = fill(context, ty, &mut members)?;
            Ok(Any::Object(if ty.fault { wrap(filled) } else { filled.0 }))
        }
        Some(Kind::MoRef(_)) => reference_members(context, members).map(Any::MoRef),
        Some(kind) => boxed(context, Place { context, kind, list: false }, &name, members),
        None => match names::item_kind_named(&name) {
            Some(kind) => boxed(context, Place { context, kind, list: true }, &name, members),
            None => Err(context.fail(Problem::UnknownType { name: name.into() })),
        },
    }
}

/// The only other member of a boxed value.
fn boxed<'de, A: MapAccess<'de>>(
    context: &Context,
    place: Place<'_>,
    name: &str,
    mut members: Members<'_, 'de, A>,
) -> Result<Any, A::Error> {
    let mut value = None;
    while let Some(key) = members.next_key_seed(Text)? {
        match &*key {
            VALUE if value.is_none() => value = Some(members.next_value_seed(place.required())?),
            VALUE => return Err(context.fail(Problem::Duplicate { field: VALUE.into() })),
            other => return Err(context.fail(ill_typed(name, &format!("object with '{other}'")))),
        }
    }
    value.ok_or_else(|| context.fail(ill_typed(name, "object without _value")))
}

/// A reference in a place that asks for one.
pub(super) fn reference<'de, A: MapAccess<'de>>(context: &Context, map: A) -> Result<MoRef, A::Error> {
    let expected = Kind::MoRef("").wire_name();
    let members = open(context, map)?;
    match &members.type_name {
        Some(name) if name != expected => Err(context.fail(ill_typed(expected, name))),
        _ => reference_members(context, members),
    }
}

fn reference_members<'de, A: MapAccess<'de>>(
    context: &Context,
    mut members: Members<'_, 'de, A>,
) -> Result<MoRef, A::Error> {
    let owner = Kind::MoRef("").wire_name();
    let (mut kind, mut id) = (None, None);
    while let Some(key) = members.next_key_seed(Text)? {
        let part = match &*key {
            "type" => &mut kind,
            "value" => &mut id,
            // Tells linked vCenters apart; there is one here.
            "serverGuid" => {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            other => return Err(context.fail(Problem::UnknownField { owner, field: other.into() })),
        };
        let place = Place { context, kind: Kind::Str, list: false };
        let Any::Str(text) = members.next_value_seed(place.required())? else { continue };
        if part.replace(text).is_some() {
            return Err(context.fail(Problem::Duplicate { field: key.into() }));
        }
    }
    let missing = |field| context.fail(Problem::Missing { owner, field });
    Ok(MoRef { kind: kind.ok_or_else(|| missing("type"))?, id: id.ok_or_else(|| missing("value"))? })
}
