//! The property collector: what clients read, and how they learn of changes.
//!
//! `spec` checks a filter spec once; `select` finds the objects that it names in a [`Sight`](crate::sight::Sight);
//! `content` reads their properties; `update` compares two sights and says what a client that saw the first has to be
//! told to know the second. None of these waits or holds a lock. `filter` and `wait` are the objects of a session that
//! keep the cursor, and the only place where a call sleeps: until the world's revision changes.
//!
//! The cost of an update grows with what changed since the client's cursor, not with what it watches.

mod content;
mod filter;
mod retrieve;
mod select;
mod spec;
mod update;
mod wait;

#[cfg(test)]
mod tests;

pub use filter::{Collector, Filter};
pub use retrieve::{Pages, retrieve};
pub use select::Reads;
pub use spec::{FilterPlan, invalid_property};
pub use wait::{Patience, wait};
