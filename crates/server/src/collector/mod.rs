//! The property collector: what clients read, and how they learn of changes.
//!
//! `spec` checks a filter spec once; `select` finds the objects that it names in a [`Sight`](crate::sight::Sight);
//! `content` reads their properties; `update` compares two sights and says what a client that saw the first has to be
//! told to know the second. None of these waits or holds a lock. `filter` and `wait` are the objects of a session that
//! keep the cursor, and the only place where a call sleeps; `waiters` wakes it when something changes that it watches.
//!
//! The cost of an update grows with what changed since the client's cursor, not with what it watches; a change costs
//! nothing for those who do not watch it.

mod content;
mod filter;
mod retrieve;
mod select;
mod spec;
mod update;
mod wait;
mod waiters;
mod watched;

#[cfg(test)]
mod tests;

pub use filter::{Collector, Filter};
pub use retrieve::{Pages, retrieve};
pub use select::Reads;
pub use spec::{FilterPlan, invalid_property};
pub use wait::{Patience, wait};
pub use waiters::Waiters;
