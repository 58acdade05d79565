//! HTTP/1.1 replies at the speed of the socket: bodies with a length or in chunks, counted, and kept only when asked.

use super::tls::{self, Secured};
use crate::http::{connect, read_body, read_head};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is read from the socket at once.
const BUFFER: usize = 256 * 1024;

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
pub struct Connection(BufReader<Stream>);

enum Stream {
    Plain(TcpStream),
    Secured(Box<Secured>),
}

impl Connection {
    /// Connect, and shake hands where the server speaks TLS.
    pub fn open(endpoint: Endpoint) -> io::Result<Self> {
        Self::with_buffer(endpoint, BUFFER)
    }

    /// Connect, with a buffer for small replies: thousands of these may be open.
    pub fn small(endpoint: Endpoint) -> io::Result<Self> {
        Self::with_buffer(endpoint, 4096)
    }

    fn with_buffer(endpoint: Endpoint, bytes: usize) -> io::Result<Self> {
        let stream = connect(endpoint.address, PATIENCE)?;
        let stream = match endpoint.tls {
            true => Stream::Secured(tls::secure(stream, bytes)?.into()),
            false => Stream::Plain(stream),
        };
        Ok(Self(BufReader::with_capacity(bytes, stream)))
    }

    /// Send one request and read its reply.
    pub fn ask(&mut self, request: &[u8], keep: bool) -> io::Result<Reply> {
        self.0.get_mut().write_all(request)?;
        read_reply(&mut self.0, keep)
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Secured(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Secured(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Secured(stream) => stream.flush(),
        }
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

fn read_reply(from: &mut impl BufRead, keep: bool) -> io::Result<Reply> {
    let head = read_head(from)?;
    let (first, mut body) = (Instant::now(), Vec::new());
    let length = read_body(from, &head, |bytes| {
        if keep {
            body.extend_from_slice(bytes);
        }
    })?;
    Ok(Reply { status: head.status, cookie: head.cookie, first, length, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_with_a_length_leaves_the_next_one_alone() {
        let mut wire = &b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\ncontent-length: 4\r\n\r\nbodyHTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx"[..];
        let first = read_reply(&mut wire, true).unwrap();
        assert_eq!((first.status, first.cookie.as_deref(), first.length), (200, Some("a=b"), 4));
        assert_eq!(first.body, b"body");
        let second = read_reply(&mut wire, false).unwrap();
        assert_eq!((second.status, second.length, second.body.len()), (500, 1, 0));
        assert_eq!(read_reply(&mut wire, true).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn chunks_are_joined_and_counted() {
        let wire =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
        let reply = read_reply(&mut &wire[..], true).unwrap();
        assert_eq!((reply.length, reply.body.as_slice()), (14, &b"body0123456789"[..]));
    }

    #[test]
    fn what_breaks_off_or_is_not_http_is_an_error() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let bodies = ["zz\r\n", "4\r\nbodyx\r\n0\r\n\r\n", "4\r\nbo", ""].map(|body| format!("{head}{body}"));
        let others = ["hello\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"];
        for wire in bodies.iter().map(String::as_str).chain(others) {
            assert!(read_reply(&mut wire.as_bytes(), true).is_err(), "{wire:?}");
        }
    }
}
