//! What the load generators share of HTTP/1.1: connecting, and reading replies.

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

/// Read the body that belongs to a head, with a length or in chunks, and hand it over as it comes. Its length.
pub fn read_body(from: &mut impl BufRead, head: &Head, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    match head.length {
        _ if head.chunked => chunks(from, take),
        Some(length) => pass(from, length, &mut take),
        None if head.status == 204 => Ok(0),
        None => Err(bad("a reply without a length".to_owned())),
    }
}

fn chunks(from: &mut impl BufRead, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let size = line(from)?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| bad(format!("not the size of a chunk: {digits:?}")))?;
        length += pass(from, size, &mut take)?;
        // After a chunk and after the last size there is one empty line: nobody here sends trailers.
        let end = line(from)?;
        if !end.is_empty() {
            return Err(bad(format!("a chunk does not end where it should: {end:?}")));
        }
        if size == 0 {
            return Ok(length);
        }
    }
}

fn pass(from: &mut impl BufRead, length: u64, take: &mut impl FnMut(&[u8])) -> io::Result<u64> {
    let mut left = length;
    while left > 0 {
        let have = from.fill_buf()?;
        if have.is_empty() {
            return Err(closed());
        }
        let used = have.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        take(&have[..used]);
        from.consume(used);
        left -= used as u64;
    }
    Ok(length)
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
