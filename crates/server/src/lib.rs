//! The vSphere API server: HTTP, sessions, dispatch, managed objects, property collector.
//!
//! A request travels `http` → `endpoint` (SOAP or VI/JSON, decoded) → `session` → `dispatch` (what holds for every
//! method, from the schema) → `objects` (the handler) → a transaction of the inventory → the reply. `collector` reads
//! the log of changes; `task` runs what takes longer than its call.

pub mod aside;
pub mod collector;
pub mod core;
pub mod dispatch;
pub mod endpoint;
pub mod events;
pub mod fault;
pub mod http;
pub mod objects;
pub mod passthrough;
pub mod rights;
pub mod service;
pub mod session;
pub mod sight;
pub mod task;
pub mod tree;
pub mod vmci;
pub mod wsdl;

mod server;
#[cfg(test)]
mod testing;

pub use server::{Server, coverage};
