//! The world: every managed object of a simulated datacenter, changed by transactions, read through snapshots.
//!
//! Invariants:
//! 1. [`Inventory::commit`] is the only way in. Its transaction is applied as a whole or, after an error or a panic,
//!    not at all.
//! 2. [`Inventory::snapshot`] is the only way out. A [`Snapshot`] never changes; taking one never waits for a writer.
//! 3. Worlds of equal [`Revision`] are equal. A transaction that changes nothing makes no revision.
//! 4. The change log is computed: [`Commit::changes`] applied to the snapshot before gives the snapshot after. Debug
//!    builds check this for every object that a commit modifies.
//! 5. Derived state ([`Derive`]) is recomputed inside the commit that touches what it depends on.
//! 6. Ids, random numbers, event keys and time belong to the transaction: the same seed, clock and script give the same
//!    log, and a failed transaction uses none of them up.
//! 7. The cost of a commit grows with what it touches, not with the size of the world; log and events are bounded.
//!
//! Left out on purpose: I/O, tasks, privileges, and every rule of what a datacenter may do.

mod clock;
mod commit;
mod counters;
mod derive;
mod index;
mod inventory;
mod object;
mod objects;
mod seal;
mod slots;
mod snapshot;
mod tx;

pub use clock::{Clock, ManualClock, SystemClock};
pub use commit::{ChangeKind, Commit, Committed, ObjectChange, Revision};
pub use derive::Derive;
pub use imbl::Vector;
pub use index::{Index, Principal};
pub use inventory::{Inventory, Options};
pub use object::Object;
pub use slots::IdHash;
pub use snapshot::Snapshot;
pub use tx::Tx;

#[cfg(test)]
mod tests;
