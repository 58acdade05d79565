//! Reading alike from a transaction and from a snapshot.

use std::any::Any;

use inventory::{Snapshot, Tx};
use vim25::{DataType, MoRef};

/// The world as a transaction sees it, or at one revision.
pub trait View {
    /// The properties of the object that a reference names, as a `T`.
    fn read<T: DataType>(&self, moref: &MoRef) -> Option<&T>;

    /// State of an object that the API has no property for.
    fn state<P: Any + Send + Sync + Clone>(&self, id: &str) -> Option<&P>;
}

impl View for Snapshot {
    fn read<T: DataType>(&self, moref: &MoRef) -> Option<&T> {
        self.get(moref)
    }

    fn state<P: Any + Send + Sync + Clone>(&self, id: &str) -> Option<&P> {
        self.private(id)
    }
}

impl View for Tx<'_> {
    fn read<T: DataType>(&self, moref: &MoRef) -> Option<&T> {
        self.get(moref)
    }

    fn state<P: Any + Send + Sync + Clone>(&self, id: &str) -> Option<&P> {
        self.private(id)
    }
}
