//! What both decoders refuse, and how far they go. The server maps a [`Problem`] to the fault that the API has for it.

use std::fmt;

/// Why a document was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct DecodeError {
    /// Where: the property path from the outermost object, for example `config.hardware.device[3].key`; empty if the
    /// whole document is meant.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is not well-formed XML or JSON, is cut off, or is followed by something else. Line and column count from
    /// the start of the document, or if the error has a path, from the start of the value there.
    #[error("malformed at line {line}, column {column}: {reason}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 if unknown.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// The value names a type that the API does not have.
    #[error("there is no type '{name}'")]
    UnknownType {
        /// The name as sent.
        name: String,
    },
    /// The value is of another type than the place asks for.
    #[error("expected {expected}, found {found}")]
    IllTyped {
        /// Wire name of the type that the place asks for.
        expected: String,
        /// What was sent, in a few words.
        found: String,
    },
    /// The number does not fit the type that the place asks for.
    #[error("{value} is out of the range of {expected}")]
    OutOfRange {
        /// Wire name of the type that the place asks for.
        expected: &'static str,
        /// The number as sent.
        value: String,
    },
    /// A required field or argument was not sent.
    #[error("{owner} requires '{field}'")]
    Missing {
        /// Wire name of the type or method.
        owner: &'static str,
        /// Wire name of the field.
        field: &'static str,
    },
    /// A field or argument was sent that the type or method does not have.
    #[error("{owner} has no '{field}'")]
    UnknownField {
        /// Wire name of the type or method.
        owner: &'static str,
        /// The name as sent.
        field: String,
    },
    /// A field that holds one value was sent more than once.
    #[error("'{field}' is given more than once")]
    Duplicate {
        /// Wire name of the field.
        field: String,
    },
    /// The document nests deeper than [`Limits::depth`].
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The document holds more objects than [`Limits::objects`].
    #[error("more than {limit} objects")]
    TooManyObjects {
        /// The limit.
        limit: usize,
    },
}

/// How far a decoder goes, and what it does about fields that it does not know or misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many objects and lists may stand inside each other.
    pub depth: usize,
    /// How many data objects a document may hold: an empty one is a few bytes on the wire and a kilobyte in memory.
    pub objects: usize,
    /// Whether fields that the type does not have are skipped (a client that reads a newer server) or refused.
    pub skip_unknown: bool,
    /// Whether required fields that were not sent have their default (a client that reads an older server, or one that
    /// is careless) or are refused.
    pub skip_missing: bool,
}

impl Limits {
    /// For what a client sends.
    pub const REQUEST: Limits = Limits { depth: 64, objects: 200_000, skip_unknown: false, skip_missing: false };
    /// For what a server sends.
    pub const REPLY: Limits = Limits { depth: 64, objects: 20_000_000, skip_unknown: true, skip_missing: true };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::REQUEST
    }
}

impl DecodeError {
    /// The same problem, seen from the object whose field `name` holds the place.
    #[must_use]
    pub fn in_field(mut self, name: &str) -> DecodeError {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }

    /// The same problem, seen from the list whose item `index` holds the place.
    #[must_use]
    pub fn in_item(self, index: usize) -> DecodeError {
        self.in_field(&format!("[{index}]"))
    }
}

impl From<Problem> for DecodeError {
    fn from(problem: Problem) -> DecodeError {
        DecodeError { path: String::new(), problem }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_grows_from_the_inside_out() {
        let error = DecodeError::from(Problem::UnknownType { name: "Foo".into() });
        let error = error.in_field("backing").in_item(2).in_field("device").in_field("config");
        assert_eq!(error.to_string(), "config.device[2].backing: there is no type 'Foo'");
    }
}
