//! Values that fit an option.

use vim25::{
    Any, DataType, Obj, Str,
    types::{BoolOption, ChoiceOption, FloatOption, IntOption, LongOption, OptionType, StringOption},
};

use crate::fault::Fault;

/// The value as the option's type has it.
pub(super) fn fit(key: &Str, value: Any, kind: &Obj<OptionType>) -> Result<Any, Fault> {
    if kind.value_is_readonly == Some(true) {
        return Err(refused(key, "it is read-only"));
    }
    if kind.is::<BoolOption>() {
        return like(key, value, &Any::Bool(false));
    }
    if let Some(kind) = kind.cast::<IntOption>() {
        let number = in_range(key, &value, kind.min.into(), kind.max.into())?;
        return i32::try_from(number).map(Any::Int).map_err(|_| refused(key, "it is too large"));
    }
    if let Some(kind) = kind.cast::<LongOption>() {
        return in_range(key, &value, kind.min, kind.max).map(Any::Long);
    }
    if let Some(kind) = kind.cast::<FloatOption>() {
        let value = like(key, value, &Any::Float(0.0))?;
        let fits = matches!(value, Any::Float(v) if (kind.min..=kind.max).contains(&v));
        return if fits { Ok(value) } else { Err(range(key, kind.min, kind.max)) };
    }
    if let Some(kind) = kind.cast::<ChoiceOption>() {
        let known = value.as_str().is_some_and(|v| kind.choice_info.iter().any(|choice| choice.key == v));
        return if known { Ok(value) } else { Err(refused(key, "it is not one of the option's choices")) };
    }
    if let Some(kind) = kind.cast::<StringOption>() {
        let value = like(key, value, &Any::Str(Str::default()))?;
        let valid = |text: &str| kind.valid_characters.as_ref().is_none_or(|v| text.chars().all(|c| v.contains(c)));
        return if value.as_str().is_some_and(valid) {
            Ok(value)
        } else {
            Err(refused(key, "it has other characters"))
        };
    }
    let name = kind.shared().descriptor().name;
    if name == OptionType::TYPE.name { simple(key, value) } else { Err(refused(key, format!("it is a {name}"))) }
}

/// The value as the type of `current`. Clients do not tell int from long: a whole number fits either.
pub(super) fn like(key: &Str, value: Any, current: &Any) -> Result<Any, Fault> {
    let wrong = |what: &str| Err(refused(key, format!("it needs a value of type {what}")));
    match (current, value) {
        (Any::Bool(_), value @ Any::Bool(_)) => Ok(value),
        (Any::Bool(_), _) => wrong("boolean"),
        (Any::Str(_) | Any::Uri(_), value @ (Any::Str(_) | Any::Uri(_))) => Ok(value),
        (Any::Str(_) | Any::Uri(_), _) => wrong("string"),
        (Any::Int(_), value) => match whole(&value).map(i32::try_from) {
            Some(Ok(number)) => Ok(Any::Int(number)),
            _ => wrong("int"),
        },
        (Any::Long(_), value) => whole(&value).map_or_else(|| wrong("long"), |number| Ok(Any::Long(number))),
        (Any::Float(_), value) => real(&value).map_or_else(|| wrong("float"), |number| Ok(Any::Float(number as f32))),
        (Any::Double(_), value) => real(&value).map_or_else(|| wrong("double"), |number| Ok(Any::Double(number))),
        (current, value) if std::mem::discriminant(current) == std::mem::discriminant(&value) => Ok(value),
        _ => Err(refused(key, "its value has another type")),
    }
}

/// A value of a new option: a truth value, number or text.
pub(super) fn simple(key: &Str, value: Any) -> Result<Any, Fault> {
    match value {
        Any::Bool(_) | Any::Str(_) | Any::Uri(_) => Ok(value),
        ref number if real(number).is_some() => Ok(value),
        _ => Err(refused(key, "an option is a boolean, a number or a string")),
    }
}

fn whole(value: &Any) -> Option<i64> {
    match *value {
        Any::Byte(v) => Some(v.into()),
        Any::Short(v) => Some(v.into()),
        Any::Int(v) => Some(v.into()),
        Any::Long(v) => Some(v),
        _ => None,
    }
}

fn real(value: &Any) -> Option<f64> {
    match *value {
        Any::Float(v) => Some(v.into()),
        Any::Double(v) => Some(v),
        _ => whole(value).map(|v| v as f64),
    }
}

fn in_range(key: &Str, value: &Any, min: i64, max: i64) -> Result<i64, Fault> {
    let number = whole(value).ok_or_else(|| refused(key, "it needs a whole number"))?;
    if (min..=max).contains(&number) { Ok(number) } else { Err(range(key, min, max)) }
}

fn range(key: &Str, min: impl std::fmt::Display, max: impl std::fmt::Display) -> Fault {
    refused(key, format!("it is not between {min} and {max}"))
}

/// The value of an option cannot be used.
pub(super) fn refused(key: &Str, why: impl std::fmt::Display) -> Fault {
    Fault::invalid_argument("changedValue.value", format!("the value of option '{key}': {why}"))
}
