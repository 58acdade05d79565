//! Short forms for values that the builders write all the time.

use vim25::{Any, Obj, Str, types::*};

/// A constant text, without an allocation.
pub(crate) const fn text(constant: &'static str) -> Str {
    Str::new_static(constant)
}

/// A constant text in an optional place.
pub(crate) const fn some(constant: &'static str) -> Option<Str> {
    Some(text(constant))
}

/// Constant texts in a list.
pub(crate) fn texts<const N: usize>(constants: [&'static str; N]) -> Vec<Str> {
    constants.map(text).to_vec()
}

/// A key with its value, as option managers and `extraConfig` hold them.
pub(crate) fn option(key: &'static str, value: impl Into<Any>) -> Obj<OptionValue> {
    OptionValue { key: text(key), value: Some(value.into()) }.into()
}

/// A key with the words for it.
pub(crate) fn element(key: &'static str, label: &'static str, summary: &'static str) -> Obj<ElementDescription> {
    ElementDescription { base: Description { label: text(label), summary: text(summary) }, key: text(key) }.into()
}

/// Words for a key that is not a constant: the key itself is the label.
pub(crate) fn described(key: &str, label: &str) -> Obj<ElementDescription> {
    ElementDescription { base: Description { label: label.into(), summary: label.into() }, key: key.into() }.into()
}

/// `aVeryLongName` -> `A very long name`: a label for a name of the schema.
pub(crate) fn words(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        match c {
            _ if i == 0 => out.extend(c.to_uppercase()),
            'A'..='Z' if !out.ends_with(|p: char| p.is_ascii_uppercase() || p == ' ') => {
                out.push(' ');
                out.push(c.to_ascii_lowercase());
            }
            _ => out.push(c),
        }
    }
    out
}

/// Writes one value to many fields, required or optional.
macro_rules! set {
    ($object:ident, $value:expr, $($field:ident),+ $(,)?) => {
        $($object.$field = $value.into();)+
    };
}
pub(crate) use set;
