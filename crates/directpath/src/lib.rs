//! VMDirectPath Gen 2 and UPTv2: facts in, verdict out.
//!
//! Whether a virtual network adapter passes through to the hardware is decided here and nowhere else. [`judge`] is
//! pure and total: for all [`Facts`] it gives "active" or a list of the API's own reasons that is never empty.
//!
//! - [`reason`]: every reason of the API, with its condition, remedy and how to raise it in a lab
//! - [`facts`]: what a verdict depends on, as plain values
//! - [`guest`]: guests that can pass through
//! - [`lab`]: settings for what the API has no property for
//! - [`read`]: the facts, read from objects of the API
//! - [`pool`]: virtual functions and interrupt vectors of a host, first come first served
//!
//! Left out on purpose: inventory, events, I/O.

pub mod facts;
pub mod guest;
pub mod lab;
pub mod pool;
pub mod read;
pub mod reason;
mod rules;
pub mod set;
mod verdict;

pub use facts::{Facts, Grant, Reporting};
pub use reason::{HostReason, OtherReason, PortOther, PortReason, Reason, VmReason};
pub use rules::{Technology, demand, host_reasons, judge};
pub use set::Set;
pub use verdict::Verdict;
