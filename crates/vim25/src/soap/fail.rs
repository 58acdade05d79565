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

/// The same error, seen from the object whose field holds the place.
pub(super) fn in_field(error: Box<DecodeError>, field: &str) -> Box<DecodeError> {
    Box::new(error.in_field(field))
}

/// The same error, seen from the list whose item holds the place.
pub(super) fn in_item(error: Box<DecodeError>, index: usize) -> Box<DecodeError> {
    Box::new(error.in_item(index))
}
