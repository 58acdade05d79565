//! Text of an element to a simple value.

use std::{num::IntErrorKind, str::FromStr};

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{cursor::quote, fail::Result};
use crate::{Any, Binary, DateTime, DecodeError, Kind, Problem, Str};

/// Reads base64 whether or not it is padded.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A value of `kind`, which is not an object, a reference or `anyType`. Strings keep their spaces.
pub(super) fn parse(kind: Kind, text: &str) -> Result<Any> {
    match kind {
        Kind::Uri => return Ok(Any::Uri(Str::new(text))),
        Kind::Enum(ty) => return Ok(Any::Enum(ty, Str::new(text))),
        _ => {}
    }
    let trimmed = text.trim_ascii();
    match kind {
        Kind::Bool => match trimmed {
            "true" | "1" => Ok(Any::Bool(true)),
            "false" | "0" => Ok(Any::Bool(false)),
            _ => Err(ill_typed(kind, trimmed)),
        },
        Kind::Byte => integer(kind, trimmed).map(Any::Byte),
        Kind::Short => integer(kind, trimmed).map(Any::Short),
        Kind::Int => integer(kind, trimmed).map(Any::Int),
        Kind::Long => integer(kind, trimmed).map(Any::Long),
        Kind::Float => match trimmed.parse::<f32>() {
            Ok(value) => Ok(Any::Float(if value.is_nan() { f32::NAN } else { value })),
            Err(_) => Err(ill_typed(kind, trimmed)),
        },
        Kind::Double => match trimmed.parse::<f64>() {
            Ok(value) => Ok(Any::Double(if value.is_nan() { f64::NAN } else { value })),
            Err(_) => Err(ill_typed(kind, trimmed)),
        },
        Kind::DateTime => DateTime::parse(trimmed).map(Any::DateTime).ok_or_else(|| ill_typed(kind, trimmed)),
        Kind::Binary => binary(trimmed).map(Any::Binary).ok_or_else(|| ill_typed(kind, trimmed)),
        _ => Ok(Any::Str(Str::new(text))),
    }
}

fn integer<T: FromStr<Err = std::num::ParseIntError>>(kind: Kind, text: &str) -> Result<T> {
    text.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
            Problem::OutOfRange { expected: kind.wire_name(), value: text.chars().take(60).collect() }.into()
        }
        _ => ill_typed(kind, text),
    })
}

fn binary(text: &str) -> Option<Binary> {
    let spaced = text.bytes().any(|b| b.is_ascii_whitespace());
    let bytes = if spaced {
        let dense: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        BASE64.decode(dense)
    } else {
        BASE64.decode(text)
    };
    bytes.ok().map(Binary)
}

fn ill_typed(kind: Kind, text: &str) -> Box<DecodeError> {
    Problem::IllTyped { expected: kind.wire_name().into(), found: quote(text) }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_switches_may_have_spaces_around_them_and_strings_keep_theirs() {
        for (kind, text, value) in [
            (Kind::Bool, " 1\n", Any::Bool(true)),
            (Kind::Bool, "false", Any::Bool(false)),
            (Kind::Int, "\t-7 ", Any::Int(-7)),
            (Kind::Long, "+9", Any::Long(9)),
            (Kind::Double, " -INF", Any::Double(f64::NEG_INFINITY)),
            (Kind::Float, "NaN", Any::Float(f32::NAN)),
            (Kind::Double, "-NaN", Any::Double(f64::NAN)),
            (Kind::Binary, " Y WI=\n", Any::Binary(Binary(b"ab".to_vec()))),
            (Kind::Str, " a ", Any::Str(" a ".into())),
        ] {
            assert_eq!(parse(kind, text).unwrap(), value);
        }
    }

    #[test]
    fn text_that_is_no_such_value_is_named() {
        for (kind, text, problem) in [
            (Kind::Int, "abc", "expected int, found 'abc'"),
            (Kind::Int, "", "expected int, found ''"),
            (Kind::Int, "2147483648", "2147483648 is out of the range of int"),
            (Kind::Byte, "-129", "-129 is out of the range of byte"),
            (Kind::Bool, "yes", "expected boolean, found 'yes'"),
            (Kind::Double, "1,5", "expected double, found '1,5'"),
            (Kind::DateTime, "tomorrow", "expected dateTime, found 'tomorrow'"),
            (Kind::Binary, "a", "expected base64Binary, found 'a'"),
        ] {
            assert_eq!(parse(kind, text).unwrap_err().to_string(), problem);
        }
    }
}
