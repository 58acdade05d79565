//! Names of entities: what they may be, and how they are kept.

use inventory::Tx;
use vim25::{
    MoRef, Str,
    types::{DuplicateName, InvalidName},
};

use crate::fault::Fault;

/// How many characters a name may have.
const MAX: usize = 80;

/// The name as the inventory keeps it: `/`, `\` and `%` are written `%2f`, `%5c` and `%25`. A name that is empty or too
/// long is refused.
pub fn kept(name: &str, entity: Option<&MoRef>) -> Result<Str, Fault> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '/' => out.push_str("%2f"),
            '\\' => out.push_str("%5c"),
            '%' if !is_escape(after) => out.push_str("%25"),
            _ => out.push(c),
        }
        rest = after;
    }
    match name.trim().is_empty() || name.chars().count() > MAX || name.chars().any(char::is_control) {
        true => Err(invalid(name, entity)),
        false => Ok(out.into()),
    }
}

/// Whether what follows a `%` makes it an escape that clients send themselves.
fn is_escape(after: &str) -> bool {
    ["2f", "2F", "5c", "5C", "25"].iter().any(|code| after.starts_with(code))
}

fn invalid(name: &str, entity: Option<&MoRef>) -> Fault {
    let shown: String = name.chars().take(MAX).collect();
    let fault = InvalidName { name: shown.as_str().into(), entity: entity.cloned(), ..Default::default() };
    Fault::new(fault, format!("The name '{shown}' is not valid: it needs 1 to {MAX} characters."))
}

/// Refuses a name that a child of `parent` has already, unless the child is `except`.
pub fn unused(tx: &mut Tx<'_>, parent: &MoRef, name: &Str, except: Option<&MoRef>) -> Result<(), Fault> {
    match tx.index().child_named(parent, name) {
        Some(object) if Some(&object) != except => {
            let message = format!("The name '{name}' already exists.");
            Err(Fault::new(DuplicateName { name: name.clone(), object, ..Default::default() }, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_escaped_once() {
        for (name, expected) in [("web", "web"), ("a/b\\c", "a%2fb%5cc"), ("50%", "50%25"), ("a%2fb", "a%2fb")] {
            assert_eq!(kept(name, None).unwrap(), expected);
        }
    }

    #[test]
    fn names_have_one_to_eighty_characters() {
        for bad in ["", "  ", &"x".repeat(81), "a\nb"] {
            assert_eq!(kept(bad, None).unwrap_err().name(), "InvalidName");
        }
        assert!(kept(&"ä".repeat(80), None).is_ok());
    }
}
