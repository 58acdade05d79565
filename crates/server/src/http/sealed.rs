//! TLS over a socket, which encrypts no more ahead of the client than a reply brings at once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::service::SLICE;

/// The most that is encrypted before it is sent: fewer writes wake the client less often, but more of them have left the
/// processor's cache when they are sent.
const MOST: usize = 8 * SLICE;

/// A TLS stream that holds at most as much encrypted as the last write brought, between a slice and [`MOST`].
///
/// A client that stops reading keeps what is encrypted: of a narrow piece that is one slice.
pub(super) struct Sealed<S>(TlsStream<S>);

impl<S> Sealed<S> {
    pub(super) fn new(stream: TlsStream<S>) -> Self {
        Self(stream)
    }

    fn admit(&mut self, bytes: usize) {
        self.0.get_mut().1.set_buffer_limit(Some(bytes.clamp(SLICE, MOST)));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Sealed<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Sealed<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.admit(bytes.len());
        Pin::new(&mut this.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.admit(slices.iter().map(|slice| slice.len()).sum());
        Pin::new(&mut this.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}
