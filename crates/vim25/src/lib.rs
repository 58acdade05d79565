//! The vSphere API language: every type ([`types`], [`mo`], [`args`]), property paths, the generic diff, faults with
//! their texts, and the SOAP and JSON codecs. Everything here is driven by the descriptors of the types; nothing here does I/O.

pub use vim25_types::*;

mod error;
pub use error::{DecodeError, Limits, Problem};
mod fault;
pub use fault::Fault;

pub mod diff;
pub mod json;
pub mod path;
pub mod pieces;
pub mod soap;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod words;
