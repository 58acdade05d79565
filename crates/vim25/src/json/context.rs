//! What one decoding carries along: limits, and the error with its path, which serde's own error type cannot hold.

use std::cell::{Cell, RefCell};

use serde::de::Error;

use crate::{DecodeError, Limits, Problem};

/// serde_json itself stops at 128.
const DEEPEST: usize = 120;

pub(super) struct Context {
    pub(super) limits: Limits,
    depth: Cell<usize>,
    objects: Cell<usize>,
    failure: RefCell<Failure>,
}

#[derive(Default)]
struct Failure {
    problem: Option<Problem>,
    /// Path, innermost step first.
    path: Vec<Step>,
}

enum Step {
    Field(&'static str),
    Item(usize),
}

impl Context {
    pub(super) fn new(limits: Limits) -> Context {
        let limits = Limits { depth: limits.depth.min(DEEPEST), ..limits };
        Context { limits, depth: Cell::new(0), objects: Cell::new(0), failure: RefCell::default() }
    }

    /// Notes what is wrong and returns an error that stands for it.
    pub(super) fn fail<E: Error>(&self, problem: Problem) -> E {
        self.failure.borrow_mut().problem = Some(problem);
        E::custom("refused")
    }

    /// Takes over an error of a part of the document that was read by itself.
    pub(super) fn carry<E: Error>(&self, error: &serde_json::Error) -> E {
        self.failure.borrow_mut().problem.get_or_insert_with(|| problem(error));
        E::custom("refused")
    }

    /// Notes that the error on its way out happened in a field.
    pub(super) fn in_field<E>(&self, name: &'static str, error: E) -> E {
        self.failure.borrow_mut().path.push(Step::Field(name));
        error
    }

    /// Notes that the error on its way out happened in an item of a list.
    pub(super) fn in_item<E>(&self, index: usize, error: E) -> E {
        self.failure.borrow_mut().path.push(Step::Item(index));
        error
    }

    /// Runs `inside` one level deeper.
    pub(super) fn deeper<T, E: Error>(&self, inside: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let limit = self.limits.depth;
        if self.depth.get() >= limit {
            return Err(self.fail(Problem::TooDeep { limit }));
        }
        self.depth.set(self.depth.get() + 1);
        let result = inside();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// Counts one more object.
    pub(super) fn count_object<E: Error>(&self) -> Result<(), E> {
        let limit = self.limits.objects;
        if self.objects.get() >= limit {
            return Err(self.fail(Problem::TooManyObjects { limit }));
        }
        self.objects.set(self.objects.get() + 1);
        Ok(())
    }

    /// The error that the caller gets: what was noted, or else what serde_json found wrong with the text.
    pub(super) fn into_error(self, error: serde_json::Error) -> DecodeError {
        let Failure { problem, path } = self.failure.into_inner();
        let Some(problem) = problem else { return self::problem(&error).into() };
        path.into_iter().fold(problem.into(), |inner: DecodeError, step| match step {
            Step::Field(name) => inner.in_field(name),
            Step::Item(index) => inner.in_item(index),
        })
    }
}

/// What serde_json itself found: broken text, or a name that is not a string.
fn problem(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default().to_string();
    match error.is_data() {
        true => Problem::IllTyped { expected: "string".into(), found: reason },
        false => Problem::Malformed { line: error.line(), column: error.column(), reason },
    }
}
