//! Short forms for values that the builders write all the time.

use std::cell::RefCell;

use vim25::{Any, Common, Group, Obj, Str, types::*};

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

/// Groups of fields that were made lately: what is made again and equals one of them is kept once.
pub(crate) struct Recent<T>(RefCell<Vec<Common<T>>>);

impl<T: Group> Recent<T> {
    /// So many are remembered.
    const KEPT: usize = 16;

    /// Nothing made yet.
    pub(crate) const fn new() -> Recent<T> {
        Recent(RefCell::new(Vec::new()))
    }

    /// Shares the fields with those that are remembered, or remembers them.
    pub(crate) fn share(&self, made: &mut Common<T>) {
        let mut known = self.0.borrow_mut();
        // The last to be used stands at the end, where it is found first.
        if let Some(at) = known.iter().rposition(|known| known == made) {
            made.clone_from(&known[at]);
            known[at..].rotate_left(1);
            return;
        }
        if known.len() == Self::KEPT {
            known.remove(0);
        }
        known.push(made.clone());
    }
}

/// Writes one value to many fields, required or optional.
macro_rules! set {
    ($object:ident, $value:expr, $($field:ident),+ $(,)?) => {
        $($object.$field = $value.into();)+
    };
}
pub(crate) use set;
