//! What a transaction leaves in the log.

use std::fmt;

use vim25::{
    DateTime, MoRef, Obj, Shared,
    diff::{self, Change},
    types::Event,
};

/// The number of a state of the world. The empty world has revision 0; every commit that changes something adds one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Revision number `number`.
    pub fn new(number: u64) -> Revision {
        Revision(number)
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn next(self) -> Revision {
        Revision(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The outcome of a successful transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed<R> {
    /// What the transaction returned.
    pub value: R,
    /// The first revision that contains what it did; the one it started from if it changed nothing.
    pub revision: Revision,
}

/// One step from a revision to the next.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The revision that it made.
    pub revision: Revision,
    /// When.
    pub time: DateTime,
    /// What happened to objects, in the order in which they were first touched. Empty where only what the API has no
    /// property for changed: private state, events, ids taken.
    pub changes: Vec<ObjectChange>,
    /// Events posted, oldest first.
    pub events: Vec<Obj<Event>>,
}

/// What a commit did to one object.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    /// The object.
    pub object: MoRef,
    /// Whether it came, changed or went.
    pub kind: ChangeKind,
    /// For [`ChangeKind::Modify`] the names of the properties that differ, never empty; otherwise empty.
    pub properties: Vec<&'static str>,
    /// The content before; none for [`ChangeKind::Enter`].
    pub old: Option<Shared>,
    /// The content after; none for [`ChangeKind::Leave`].
    pub new: Option<Shared>,
}

impl ObjectChange {
    /// Whether a property differs, of an object that was there before and after.
    pub fn touches(&self, property: &str) -> bool {
        self.properties.contains(&property)
    }

    /// For [`ChangeKind::Modify`] what turns `old` into `new`, never empty; otherwise empty. Computed anew each time: most
    /// readers only want to know which properties differ.
    pub fn steps(&self) -> Vec<Change> {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => diff::diff(&**old, &**new),
            _ => Vec::new(),
        }
    }
}

/// What happened to an object as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was created.
    Enter,
    /// Its properties changed.
    Modify,
    /// It was removed.
    Leave,
}
