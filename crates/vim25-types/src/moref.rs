//! References to managed objects.

use std::fmt;

use crate::Str;

/// A reference to a managed object: its type and its id (`moref`), for example `VirtualMachine:vm-21`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MoRef {
    /// Wire name of the managed object's type.
    pub kind: Str,
    /// The id, unique in one server.
    pub id: Str,
}

impl MoRef {
    /// A reference from its two parts.
    pub fn new(kind: impl Into<Str>, id: impl Into<Str>) -> MoRef {
        MoRef { kind: kind.into(), id: id.into() }
    }
}

impl fmt::Display for MoRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl fmt::Debug for MoRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
