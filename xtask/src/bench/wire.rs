//! HTTP/1.1 replies at the speed of the socket: bodies with a length or in chunks, counted, and kept only when asked.
//!
//! All clients of a measurement run on one thread, which asks the system once for all sockets that have news: a thread
//! for each would take the processors from the servers that are measured.

use super::tls;
use crate::http::{Reading, closed};
use anyhow::{Context, Result};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::timeout;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is read from the socket at once.
const BUFFER: usize = 256 * 1024;

/// Run clients on this thread.
pub fn block_on<T>(clients: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build().context("no runtime for the clients")?;
    LocalSet::new().block_on(&runtime, clients)
}

/// A reply.
#[derive(Debug)]
pub struct Reply {
    /// Status code
    pub status: u16,
    /// Value of the first `set-cookie`, without its attributes
    pub cookie: Option<String>,
    /// When the head had arrived
    pub first: Instant,
    /// Bytes of the body
    pub length: u64,
    /// The body, if it was to be kept
    pub body: Vec<u8>,
}

/// Where a server listens, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address and port
    pub address: SocketAddr,
    /// Whether it speaks TLS
    pub tls: bool,
}

/// A connection that stays open between requests.
pub struct Connection(BufReader<Box<dyn Stream>>);

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl Connection {
    /// Connect, and shake hands where the server speaks TLS.
    pub async fn open(endpoint: Endpoint) -> io::Result<Self> {
        timeout(PATIENCE, Self::with_buffer(endpoint, BUFFER)).await?
    }

    /// Connect, with a buffer for small replies: thousands of these may be open.
    pub async fn small(endpoint: Endpoint) -> io::Result<Self> {
        timeout(PATIENCE, Self::with_buffer(endpoint, 4096)).await?
    }

    async fn with_buffer(endpoint: Endpoint, bytes: usize) -> io::Result<Self> {
        let stream = TcpStream::connect(endpoint.address).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match endpoint.tls {
            true => Box::new(tls::secure(stream, bytes).await?),
            false => Box::new(stream),
        };
        Ok(Self(BufReader::with_capacity(bytes, stream)))
    }

    /// Send one request and read its reply.
    pub async fn ask(&mut self, request: &[u8], keep: bool) -> io::Result<Reply> {
        let answer = async {
            self.0.write_all(request).await?;
            self.0.flush().await?;
            read_reply(&mut self.0, keep).await
        };
        timeout(PATIENCE, answer).await?
    }
}

/// A whole GET request.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
}

/// A whole POST request; `headers` are lines that end with CR LF.
pub fn post(path: &str, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn read_reply(from: &mut (impl AsyncBufReadExt + Unpin), keep: bool) -> io::Result<Reply> {
    let (mut reading, mut first, mut length, mut body) = (Reading::default(), None, 0, Vec::new());
    while !reading.is_over() {
        let have = from.fill_buf().await?;
        if have.is_empty() {
            return Err(closed());
        }
        let used = reading.take(have, &mut |bytes: &[u8]| {
            length += bytes.len() as u64;
            if keep {
                body.extend_from_slice(bytes);
            }
        })?;
        from.consume(used);
        if first.is_none() && reading.has_head() {
            first = Some(Instant::now());
        }
    }
    let head = reading.into_head();
    let first = first.expect("what is over has begun");
    Ok(Reply { status: head.status, cookie: head.cookie, first, length, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_counted_and_kept_when_asked() {
        let mut wire =
            &b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx"[..];
        let replies = block_on(async {
            let kept = read_reply(&mut wire, true).await?;
            Ok((kept, read_reply(&mut wire, false).await?, read_reply(&mut wire, true).await))
        });
        let (kept, counted, none) = replies.unwrap();
        assert_eq!((kept.status, kept.length, kept.body.as_slice()), (200, 4, &b"body"[..]));
        assert_eq!((counted.status, counted.length, counted.body.len()), (500, 1, 0));
        assert_eq!(none.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
