//! JSON text to values, checked against descriptors while it is read.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{context::Context, object};
use crate::{Any, AnyList, Binary, DateTime, DecodeError, Kind, Limits, MethodInfo, Problem, Shared, Type};

/// The arguments of a call of `method`: `body` is an object with the parameters as its members, or nothing at all.
pub fn decode_args(body: &[u8], method: &MethodInfo, limits: Limits) -> Result<Shared, DecodeError> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    decode_object(body, method.params, limits)
}

/// An object of type `declared` or a subtype.
pub fn decode_object(body: &[u8], declared: &'static Type, limits: Limits) -> Result<Shared, DecodeError> {
    match decode_value(body, Kind::Object(declared), false, limits)? {
        Any::Object(object) => Ok(object),
        other => Err(ill_typed(declared.name, &format!("{other:?}")).into()),
    }
}

/// A value as it stands in a place of type `anyType`.
pub fn decode_any(body: &[u8], limits: Limits) -> Result<Any, DecodeError> {
    decode_value(body, Kind::Any, false, limits)
}

/// A value, or with `list` a list of values, as it stands in a place of kind `kind`.
pub fn decode_value(body: &[u8], kind: Kind, list: bool, limits: Limits) -> Result<Any, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|e| not_utf8(body, e.valid_up_to()))?;
    let context = Context::new(limits);
    let place = Place { context: &context, kind, list };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match place.required().deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => Err(context.into_error(error)),
    }
}

fn not_utf8(body: &[u8], at: usize) -> Problem {
    let line = body[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let column = at - body[..at].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1) + 1;
    Problem::Malformed { line, column, reason: "not UTF-8".into() }
}

pub(super) fn ill_typed(expected: &str, found: &str) -> Problem {
    Problem::IllTyped { expected: expected.into(), found: found.into() }
}

/// A place to be filled. Yields nothing for `null`.
#[derive(Clone, Copy)]
pub(super) struct Place<'c> {
    pub(super) context: &'c Context,
    pub(super) kind: Kind,
    pub(super) list: bool,
}

impl<'c> Place<'c> {
    /// The same place, which refuses `null`.
    pub(super) fn required(self) -> Required<'c> {
        Required(self)
    }

    fn expected(&self) -> String {
        let name = self.kind.wire_name();
        if self.list { format!("list of {name}") } else { name.into() }
    }

    fn mismatch<E: Error>(&self, found: &str) -> E {
        self.context.fail(ill_typed(&self.expected(), found))
    }

    fn integer<E: Error>(&self, value: i128) -> Result<Option<Any>, E> {
        let fit = match self.kind {
            _ if self.list => return Err(self.mismatch("number")),
            Kind::Byte => i8::try_from(value).ok().map(Any::Byte),
            Kind::Short => i16::try_from(value).ok().map(Any::Short),
            Kind::Int => i32::try_from(value).ok().map(Any::Int),
            Kind::Long => i64::try_from(value).ok().map(Any::Long),
            _ => return Err(self.mismatch("number")),
        };
        match fit {
            Some(value) => Ok(Some(value)),
            None => Err(self.out_of_range(&value.to_string())),
        }
    }

    fn out_of_range<E: Error>(&self, value: &str) -> E {
        self.context.fail(Problem::OutOfRange { expected: self.kind.wire_name(), value: value.into() })
    }

    /// Floating-point numbers are read from their text, which alone gives back the very same number.
    fn float<E: Error>(&self, text: &str) -> Result<Option<Any>, E> {
        let text = match text {
            "null" => return Ok(None),
            "\"NaN\"" => "NaN",
            "\"Infinity\"" | "\"INF\"" => "inf",
            "\"-Infinity\"" | "\"-INF\"" => "-inf",
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => number,
            _ => return Err(self.mismatch("something else")),
        };
        let number = !text.ends_with(['N', 'f']);
        let (value, infinite) = match self.kind {
            Kind::Float => text.parse().map(|v: f32| (Any::Float(v), v.is_infinite())),
            _ => text.parse().map(|v: f64| (Any::Double(v), v.is_infinite())),
        }
        .map_err(|_| self.mismatch("something else"))?;
        if number && infinite { Err(self.out_of_range(text)) } else { Ok(Some(value)) }
    }

    fn text<E: Error>(&self, text: &str) -> Result<Option<Any>, E> {
        let value = match self.kind {
            _ if self.list => None,
            Kind::Str => Some(Any::Str(text.into())),
            Kind::Uri => Some(Any::Uri(text.into())),
            Kind::Enum(ty) => Some(Any::Enum(ty, text.into())),
            Kind::DateTime => DateTime::parse(text).map(Any::DateTime),
            Kind::Binary => STANDARD.decode(text).ok().map(|bytes| Any::Binary(Binary(bytes))),
            _ => None,
        };
        value.map(Some).ok_or_else(|| self.mismatch("string"))
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<Any>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Any>, D::Error> {
        if matches!(self.kind, Kind::Float | Kind::Double) && !self.list {
            return self.float(<&RawValue>::deserialize(deserializer)?.get());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Option<Any>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expected())
    }

    fn visit_unit<E: Error>(self) -> Result<Option<Any>, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<Any>, E> {
        match self.kind {
            Kind::Bool if !self.list => Ok(Some(Any::Bool(value))),
            _ => Err(self.mismatch("boolean")),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Option<Any>, E> {
        self.integer(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Option<Any>, E> {
        self.integer(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Option<Any>, E> {
        match self.kind {
            Kind::Byte | Kind::Short | Kind::Int | Kind::Long if !self.list && value.abs() >= 9.3e18 => {
                Err(self.out_of_range(&value.to_string()))
            }
            _ => Err(self.mismatch("number with a fraction")),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Option<Any>, E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Any>, A::Error> {
        if !self.list {
            return Err(self.mismatch("list"));
        }
        let item = Place { list: false, ..self }.required();
        let mut list = AnyList { item: self.kind, items: Vec::new() };
        self.context.deeper(|| {
            loop {
                let next = items.next_element_seed(item).map_err(|e| self.context.in_item(list.items.len(), e))?;
                let Some(value) = next else { return Ok(Some(Any::List(list))) };
                list.items.push(value);
            }
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<Any>, A::Error> {
        self.context
            .deeper(|| match self.kind {
                _ if self.list => Err(self.mismatch("object")),
                Kind::Object(declared) => object::typed(self.context, declared, map).map(Any::Object),
                Kind::Any => object::any(self.context, map),
                Kind::MoRef(_) => object::reference(self.context, map).map(Any::MoRef),
                _ => Err(self.mismatch("object")),
            })
            .map(Some)
    }
}

/// A place that refuses `null`.
#[derive(Clone, Copy)]
pub(super) struct Required<'c>(Place<'c>);

impl<'de> DeserializeSeed<'de> for Required<'_> {
    type Value = Any;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Any, D::Error> {
        let Required(place) = self;
        place.deserialize(deserializer)?.ok_or_else(|| place.mismatch("null"))
    }
}

/// A member's name, or a string that is read before its place is known; borrowed from the document where it can be.
#[derive(Clone, Copy)]
pub(super) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.into()))
    }
}
