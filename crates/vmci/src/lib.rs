//! VMCI: context ids, filter rules, the fabric of sockets.
//!
//! The core does no I/O: [`addr`] checks addresses, [`filter`] decides about packets, [`reach`] about who may talk to whom,
//! [`audit`] about settings.

pub mod addr;
pub mod audit;
pub mod filter;
pub mod reach;
mod refusal;

pub use addr::{Address, Cid, Port};
pub use refusal::Refusal;
