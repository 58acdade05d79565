//! What the load generators share of HTTP/1.1: connecting, and the head of a reply.

use std::io::{self, BufRead, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The head of a reply.
#[derive(Debug)]
pub struct Head {
    /// Status code
    pub status: u16,
    /// Value of the first `set-cookie`, without its attributes
    pub cookie: Option<String>,
    /// How long the body is, if the head says so
    pub length: Option<u64>,
    /// Whether the body comes in chunks
    pub chunked: bool,
}

/// A TCP stream that neither delays nor waits longer than `patience`.
pub fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// Read up to the empty line.
pub fn read_head(from: &mut impl BufRead) -> io::Result<Head> {
    let first = line(from)?;
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| bad(format!("not a status line: {first:?}")))?;
    let mut head = Head { status, cookie: None, length: None, chunked: false };
    loop {
        let header = line(from)?;
        if header.is_empty() {
            return Ok(head);
        }
        let (name, value) = header.split_once(':').ok_or_else(|| bad(format!("not a header: {header:?}")))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = value.parse().ok(),
            "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
            "set-cookie" => head.cookie = head.cookie.or_else(|| value.split(';').next().map(str::to_owned)),
            _ => {}
        }
    }
}

/// Read one line, without its end.
pub fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.take(64 * 1024).read_line(&mut line)? == 0 {
        return Err(closed());
    }
    Ok(line.trim_end().to_owned())
}

/// The server has gone.
pub fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")
}

/// The server says something that is not HTTP as it is spoken here.
pub fn bad(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
