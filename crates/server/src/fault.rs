//! Faults: what a client is told when a call cannot be done.

pub use vim25::Fault;
