//! What the load generators share of HTTP/1.1: how they connect, and a reply while it arrives.
//!
//! [`Reading`] takes bytes as the socket brings them and never waits, so that a client with a thread of its own and one
//! of thousands on one thread read in the same way.

use std::io::{self, BufRead};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No line of a head or between chunks is longer.
const LINE: usize = 64 * 1024;

/// The head of a reply.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Status code
    pub status: u16,
    /// Value of the first `set-cookie`, without its attributes
    pub cookie: Option<String>,
    length: Option<u64>,
    chunked: bool,
}

/// A reply of which some has arrived.
#[derive(Default)]
pub struct Reading {
    head: Head,
    state: State,
    /// The beginning of a line whose end has not arrived
    line: Vec<u8>,
}

/// What comes next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Status,
    Header,
    /// So many bytes of the body, which has a length
    Body(u64),
    ChunkSize,
    /// So many bytes of a chunk
    Chunk(u64),
    ChunkEnd,
    /// The line after the last size: nobody here sends trailers
    End,
    Over,
}

impl Reading {
    /// Take bytes, and hand over what they have of the body. How many of them belonged to this reply.
    pub fn take(&mut self, bytes: &[u8], body: &mut impl FnMut(&[u8])) -> io::Result<usize> {
        let mut left = bytes;
        while !left.is_empty() && !self.is_over() {
            left = match self.state {
                State::Body(size) | State::Chunk(size) => self.pass(size, left, body),
                _ => self.collect(left)?,
            };
        }
        Ok(bytes.len() - left.len())
    }

    /// Whether the head has arrived.
    pub fn has_head(&self) -> bool {
        !matches!(self.state, State::Status | State::Header)
    }

    /// Whether all of it has arrived.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// The head, as far as it has arrived.
    pub fn into_head(self) -> Head {
        self.head
    }

    /// The part of the body with `size` bytes to come.
    fn pass<'a>(&mut self, size: u64, bytes: &'a [u8], body: &mut impl FnMut(&[u8])) -> &'a [u8] {
        let (part, rest) = bytes.split_at(bytes.len().min(usize::try_from(size).unwrap_or(usize::MAX)));
        body(part);
        self.state = match (self.state, size - part.len() as u64) {
            (State::Body(_), 0) => State::Over,
            (State::Body(_), left) => State::Body(left),
            (_, 0) => State::ChunkEnd,
            (_, left) => State::Chunk(left),
        };
        rest
    }

    /// A line, or what there is of one.
    fn collect<'a>(&mut self, bytes: &'a [u8]) -> io::Result<&'a [u8]> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        if self.line.len() + part.len() > LINE {
            return Err(bad("a line without an end".to_owned()));
        }
        if end.is_none() {
            self.line.extend_from_slice(part);
        } else if self.line.is_empty() {
            self.understand(part)?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(part);
            self.understand(&line)?;
        }
        Ok(rest)
    }

    fn understand(&mut self, line: &[u8]) -> io::Result<()> {
        let line = std::str::from_utf8(line).map_err(|_| bad("a line that is not text".to_owned()))?.trim_end();
        self.state = match self.state {
            State::Status => {
                let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
                self.head.status = status.ok_or_else(|| bad(format!("not a status line: {line:?}")))?;
                State::Header
            }
            State::Header if line.is_empty() => self.head.body()?,
            State::Header => self.head.header(line)?,
            State::ChunkSize => {
                let digits = line.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(digits, 16);
                match size.map_err(|_| bad(format!("not the size of a chunk: {digits:?}")))? {
                    0 => State::End,
                    size => State::Chunk(size),
                }
            }
            _ if !line.is_empty() => return Err(bad(format!("a chunk does not end where it should: {line:?}"))),
            State::ChunkEnd => State::ChunkSize,
            _ => State::Over,
        };
        Ok(())
    }
}

impl Head {
    fn header(&mut self, line: &str) -> io::Result<State> {
        let (name, value) = line.split_once(':').ok_or_else(|| bad(format!("not a header: {line:?}")))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            self.length = value.parse().ok();
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("set-cookie") && self.cookie.is_none() {
            self.cookie = value.split(';').next().map(str::to_owned);
        }
        Ok(State::Header)
    }

    /// How the body begins.
    fn body(&self) -> io::Result<State> {
        match self.length {
            _ if self.chunked => Ok(State::ChunkSize),
            Some(0) => Ok(State::Over),
            Some(length) => Ok(State::Body(length)),
            None if self.status == 204 => Ok(State::Over),
            None => Err(bad("a reply without a length".to_owned())),
        }
    }
}

/// A TCP stream that neither delays nor waits longer than `patience`.
pub fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// Read one reply, and hand its body over as it comes.
pub fn read(from: &mut impl BufRead, mut body: impl FnMut(&[u8])) -> io::Result<Head> {
    let mut reading = Reading::default();
    while !reading.is_over() {
        let have = from.fill_buf()?;
        if have.is_empty() {
            return Err(closed());
        }
        let used = reading.take(have, &mut body)?;
        from.consume(used);
    }
    Ok(reading.into_head())
}

/// The server has gone.
pub fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")
}

/// The server says something that is not HTTP as it is spoken here.
pub fn bad(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply that arrives in pieces of some size: its head, its body, and how much was left of `wire`.
    fn arrive(wire: &[u8], piece: usize) -> io::Result<(Head, Vec<u8>, usize)> {
        let (mut reading, mut body, mut used) = (Reading::default(), Vec::new(), 0);
        for piece in wire.chunks(piece) {
            used += reading.take(piece, &mut |bytes: &[u8]| body.extend_from_slice(bytes))?;
        }
        if reading.is_over() { Ok((reading.into_head(), body, wire.len() - used)) } else { Err(closed()) }
    }

    fn in_all_pieces(wire: &[u8], body: &[u8], left: usize) {
        for piece in 1..=wire.len() {
            let (head, found, rest) = arrive(wire, piece).unwrap();
            assert_eq!((head.status, found.as_slice(), rest), (200, body, left), "in pieces of {piece}");
        }
    }

    #[test]
    fn a_reply_with_a_length_leaves_the_next_one_alone() {
        let wire = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\ncontent-length: 4\r\n\r\nbodyHTTP/1.1 500 No";
        in_all_pieces(wire, b"body", 15);
        assert_eq!(arrive(wire, 7).unwrap().0.cookie.as_deref(), Some("a=b"));
    }

    #[test]
    fn chunks_are_joined() {
        let chunks =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
        in_all_pieces(chunks, b"body0123456789", 0);
    }

    #[test]
    fn there_may_be_nothing_in_it() {
        in_all_pieces(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", 0);
        let (head, body, _) = arrive(b"HTTP/1.1 204 No Content\r\n\r\n", 9).unwrap();
        assert_eq!((head.status, body.len()), (204, 0));
    }

    #[test]
    fn what_breaks_off_or_is_not_http_is_an_error() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let bodies = ["zz\r\n", "4\r\nbodyx\r\n0\r\n\r\n", "4\r\nbo", "0\r\nx: y\r\n\r\n", ""];
        let bodies = bodies.map(|body| format!("{head}{body}"));
        let others = [
            "hello\r\n\r\n",
            "HTTP/1.1 2xx\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody",
        ];
        for wire in bodies.iter().map(String::as_str).chain(others) {
            assert!(arrive(wire.as_bytes(), 5).is_err(), "{wire:?}");
        }
        assert!(arrive(&[b'x'; LINE + 1], 1024).is_err());
    }

    #[test]
    fn one_reply_after_the_other_is_read_from_a_stream() {
        let mut wire =
            &b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx"[..];
        let mut bodies = Vec::new();
        let mut next = || read(&mut wire, |bytes| bodies.extend_from_slice(bytes)).map(|head| head.status);
        assert_eq!((next().unwrap(), next().unwrap()), (200, 500));
        assert_eq!(next().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(bodies, b"ax");
    }
}
