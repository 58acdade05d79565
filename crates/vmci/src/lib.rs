//! VMCI: context ids, filter rules, the fabric of sockets.
//!
//! The core does no I/O: [`addr`] checks addresses, [`filter`] decides about packets, [`reach`] about who may talk to whom,
//! [`audit`] about settings; [`stream`], [`datagram`], [`doorbell`] and [`endpoint`] are what travels and where it
//! arrives; [`switch`] joins them.

pub mod addr;
pub mod audit;
pub mod counters;
pub mod datagram;
pub mod doorbell;
pub mod endpoint;
pub mod filter;
pub mod reach;
mod refusal;
pub mod stream;
pub mod switch;

pub use addr::{Address, Cid, Port};
pub use refusal::Refusal;
