//! VMCI: context ids, filter rules, the fabric of sockets.
//!
//! The core does no I/O: [`addr`] checks addresses, [`filter`] decides about packets, [`reach`] about who may talk to whom,
//! [`audit`] about settings; [`stream`], [`datagram`], [`doorbell`] and [`endpoint`] are what travels and where it
//! arrives; [`switch`] joins them. Around it, [`fabric`] is the switch of one host at work, and [`transport`] what brings
//! packets to and from VMs.
//!
//! Invariant: a packet crosses only where trust, the firewall of every VM concerned and its grants say so; all carriers
//! ask [`switch::Switch::judge`].

pub mod addr;
pub mod audit;
pub mod counters;
pub mod datagram;
pub mod doorbell;
pub mod endpoint;
pub mod fabric;
pub mod filter;
pub mod reach;
mod refusal;
mod relay;
pub mod stream;
pub mod switch;
#[cfg(test)]
mod testing;
pub mod transport;

pub use addr::{Address, Cid, Port};
pub use refusal::Refusal;
