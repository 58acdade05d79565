//! What brings packets to a guest, or to the host side of a VM, and takes them from there.
//!
//! The fabric knows nothing of sockets or devices: it asks a [`Carrier`] to open a stream, deliver a datagram or ring a
//! doorbell, and a carrier asks the [`Fabric`](crate::fabric::Fabric) for the same in the other direction. [`unix`] is
//! the carrier of simulated VMs. A carrier of real guests answers the same calls: one over vhost-user-vsock sends a
//! connect request into the guest's ring and gives back a pipe of credit-controlled packets (it has no datagrams and no
//! doorbells and refuses them); one over vfio-user does so with queue pairs and passes datagrams and doorbells to the
//! device. Both outlive a suspended guest by being unplugged and plugged in again, as the fabric does with any VM.

pub mod unix;

use std::{future::Future, pin::Pin};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    addr::{Address, Cid},
    datagram::Datagram,
    refusal::Refusal,
};

/// One end of an open stream. Its shutdown is a half-close; dropped, it is closed.
pub trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

/// A stream that is being opened.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Pipe>, Refusal>> + Send + 'a>>;

/// The guest of a VM, or the host side of it.
pub trait Carrier: Send + Sync + 'static {
    /// Opens a stream from an endpoint elsewhere to one here. The fabric has decided that it may be, and gives up on it
    /// after a while.
    fn open(&self, from: Address, to: Address) -> Opening<'_>;

    /// Delivers a datagram, or says at once why it cannot.
    fn deliver(&self, datagram: &Datagram) -> Result<(), Refusal>;

    /// Rings a doorbell.
    fn ring(&self, to: Address) -> Result<(), Refusal>;

    /// The context id of the VM is another one from now on.
    fn cid_changed(&self, cid: Cid);
}
