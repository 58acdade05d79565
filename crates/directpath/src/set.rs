//! Small sets of reasons.

use std::{fmt, marker::PhantomData};

use crate::Reason;

/// A set of reasons of one kind, in the order of the API's enumeration.
pub struct Set<R>(u16, PhantomData<R>);

impl<R: Reason> Set<R> {
    /// The empty set.
    pub const EMPTY: Set<R> = Set(0, PhantomData);

    /// Adds a reason if it holds.
    pub fn put(&mut self, reason: R, holds: bool) {
        self.0 |= u16::from(holds) << reason.index();
    }

    /// The set and one more reason.
    #[must_use]
    pub fn with(mut self, reason: R) -> Set<R> {
        self.put(reason, true);
        self
    }

    /// Whether no reason is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many reasons are in it.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether a reason is in it.
    pub fn contains(self, reason: R) -> bool {
        self.0 >> reason.index() & 1 == 1
    }

    /// The reasons of this set that are in the other one too.
    #[must_use]
    pub fn and(self, other: Set<R>) -> Set<R> {
        Set(self.0 & other.0, PhantomData)
    }

    /// The reasons of both sets.
    #[must_use]
    pub fn or(self, other: Set<R>) -> Set<R> {
        Set(self.0 | other.0, PhantomData)
    }

    /// The reasons of this set that are not in the other one.
    #[must_use]
    pub fn without(self, other: Set<R>) -> Set<R> {
        Set(self.0 & !other.0, PhantomData)
    }

    /// The reasons, in the order of the API.
    pub fn iter(self) -> impl Iterator<Item = R> {
        R::ALL.iter().copied().filter(move |reason| self.contains(*reason))
    }

    /// The reasons as the API names them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(R::name)
    }
}

impl<R: Reason> FromIterator<R> for Set<R> {
    fn from_iter<I: IntoIterator<Item = R>>(reasons: I) -> Set<R> {
        reasons.into_iter().fold(Set::EMPTY, Set::with)
    }
}

impl<R> Clone for Set<R> {
    fn clone(&self) -> Set<R> {
        *self
    }
}

impl<R> Copy for Set<R> {}

impl<R> PartialEq for Set<R> {
    fn eq(&self, other: &Set<R>) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for Set<R> {}

impl<R> std::hash::Hash for Set<R> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<R: Reason> Default for Set<R> {
    fn default() -> Set<R> {
        Set::EMPTY
    }
}

impl<R: Reason> fmt::Debug for Set<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
