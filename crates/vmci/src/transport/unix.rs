//! Unix sockets for the guests of simulated VMs and for programs of the host, in the hybrid convention that firecracker
//! and vhost-device-vsock use: see `docs/vmci.md`.
//!
//! [`Root`] is the folder of all VMs; [`Sockets`] are those of one, and make the two carriers of a VM. A program that
//! connects gets a task of its own: it reads the first line, asks the fabric, and then copies. Every wait is bounded until
//! a stream is open, and so is the number of those that wait.

mod accept;
mod dial;
mod folder;
pub mod handshake;
mod inbox;
mod place;
mod root;
mod session;
mod sockets;

use std::time::Duration;

pub use place::Place;
pub use root::{Root, RootError};
pub use sockets::{Keep, Sockets};

/// How much one socket takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Programs that have connected and not yet been answered; more wait in the socket's backlog.
    pub handshakes: usize,
    /// How long a program may take for its first line.
    pub patience: Duration,
    /// Datagram endpoints and doorbells of one side of a VM.
    pub endpoints: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { handshakes: 256, patience: Duration::from_secs(5), endpoints: 4096 }
    }
}
