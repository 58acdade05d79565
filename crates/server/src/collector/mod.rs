//! The property collector: what clients read, and how they learn of changes.
//!
//! `spec` checks a filter spec once; `select` finds the objects that it names in a [`Sight`](crate::sight::Sight);
//! `content` reads their properties; `update` compares two sights and says what a client that saw the first has to be
//! told to know the second. None of these waits or holds a lock. `filter`, `desk` and `handle` are the objects of a
//! session that keep what its client has seen; `wait` is the only place where a call sleeps; `lookout` follows the log,
//! and marks the filters that a change concerns.
//!
//! An update costs what has changed since the client looked, not what it watches; a change costs nothing for those whom
//! it does not concern. Only where a change may make a filter select other objects, they are all selected anew.

mod budget;
mod content;
mod desk;
mod due;
mod filter;
mod find;
mod handle;
mod lookout;
mod own;
mod pending;
mod retrieve;
mod select;
mod spec;
mod update;
mod wait;
mod watched;

#[cfg(test)]
mod tests;

pub use budget::{Budget, Share, restricted};
pub use filter::Filter;
pub use handle::Collector;
pub use lookout::Lookout;
pub use retrieve::{FEW, Pages, Retrieval, is_quick, plans};
pub use select::Reads;
pub use spec::{FilterPlan, invalid_property};
pub use wait::{Patience, wait};
