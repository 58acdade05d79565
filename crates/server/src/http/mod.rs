//! The HTTP front: from a socket to one [`Request`], and from one [`Response`] back to the socket.
//!
//! A request travels through these files in this order:
//! `listen` (accept, bounds, shutdown) → `connection` (TLS, protocol, time limits) → `exchange` (one request) →
//! `body` (read, inflate) → the [`Service`] → `compress` → `flow` (large replies, piece by piece) → the socket.
//!
//! Invariants:
//! - Everything a client can make large or long has a limit in [`Limits`]; a client that is slow, silent or gone costs
//!   at most its own connection.
//! - A large reply is never held whole: it is written as the client takes it, and by turns with the others.
//! - When a client goes away, the future of its call is dropped, so a long poll ends with its client.
//! - A [`Service`] that panics answers that one request with status 500 and nothing else notices.
//! - [`Listener::serve`] returns within two seconds of its shutdown signal ([`Limits::drain`] and a short grace).
//!
//! Left out on purpose: routes, sessions and content (the service's), making certificates (the binary's), and
//! streaming requests (a request is held whole, so that the codecs can work on slices).

mod activity;
mod body;
mod compress;
mod connection;
mod contain;
mod exchange;
mod flow;
mod limits;
mod listen;
mod pace;
mod sealed;
mod service;
mod stream;
mod tls;
mod turns;

pub use limits::Limits;
pub use listen::{BindError, Listener};
pub use service::{Body, Pieces, Request, Response, Service, Stream};
pub use tls::{Identity, TlsError};

#[cfg(test)]
mod tests;
