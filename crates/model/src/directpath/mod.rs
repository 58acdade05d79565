//! Passthrough of virtual network adapters (VMDirectPath Gen 2 and UPTv2) in the living datacenter.
//!
//! The rule [`DirectPath`] keeps `runtime.device` of every machine true inside every commit: it gathers the facts of the
//! adapters that a change concerns, asks the crate `directpath` for the verdict, and serves adapters from the virtual
//! functions and interrupt vectors of their host in the order in which they came. What is said of a machine's adapters
//! is private state of the machine ([`Passthrough`]), who holds what is private state of the host ([`Pools`]).
//!
//! What ports show comes from the same verdict: [`show_port`]. Whoever wants to hear of changes gives the rule a
//! [`Teller`].

mod case;
mod concern;
mod facts;
mod judged;
mod known;
mod port;
mod round;
mod rule;
mod said;
mod write;

pub use port::show_port;
pub use round::Pools;
pub use rule::{DirectPath, Teller, Transition};
pub use said::{Adapter, Passthrough, PortSaid, Said};
