//! Errors on their way out: boxed, because every value that is read is returned past the room that an error needs.

use crate::{DecodeError, Problem};

pub(super) type Result<T> = std::result::Result<T, Box<DecodeError>>;

impl From<Problem> for Box<DecodeError> {
    fn from(problem: Problem) -> Box<DecodeError> {
        Box::new(problem.into())
    }
}

impl From<Box<DecodeError>> for DecodeError {
    fn from(error: Box<DecodeError>) -> DecodeError {
        *error
    }
}

/// Results that know where they are.
pub(super) trait Placed {
    /// The same error, seen from the object whose field holds the place.
    fn in_field(self, field: &str) -> Self;
    /// The same error, seen from the list whose item holds the place.
    fn in_item(self, index: usize) -> Self;
}

impl<T> Placed for Result<T> {
    fn in_field(self, field: &str) -> Self {
        self.map_err(|error| Box::new(error.in_field(field)))
    }

    fn in_item(self, index: usize) -> Self {
        self.map_err(|error| Box::new(error.in_item(index)))
    }
}
