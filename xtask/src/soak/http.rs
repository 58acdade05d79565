//! HTTP/1.1 as far as the load needs it: one request after the other on one connection, replies kept whole.

use crate::http::{bad, connect, read};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer: the longest poll is a second.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status code
    pub status: u16,
    /// Value of the first `set-cookie`, without its attributes
    pub cookie: Option<String>,
    /// Body
    pub body: String,
}

/// A connection that stays open between requests.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connect.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        connect(address, PATIENCE).map(|stream| Self(BufReader::new(stream)))
    }

    /// Send bytes, whatever they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Read one reply.
    pub fn receive(&mut self) -> io::Result<Reply> {
        read_reply(&mut self.0)
    }
}

/// A request to the SOAP endpoint.
pub fn post(cookie: Option<&str>, body: &str) -> Vec<u8> {
    let cookie = cookie.map(|c| format!("Cookie: {c}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /sdk HTTP/1.1\r\nHost: soak\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"urn:vim25/8.0.3.0\"\
         \r\n{cookie}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn read_reply(from: &mut impl BufRead) -> io::Result<Reply> {
    let mut body = Vec::new();
    let head = read(from, |bytes| body.extend_from_slice(bytes))?;
    let body = String::from_utf8(body).map_err(|e| bad(format!("the body is not UTF-8: {e}")))?;
    Ok(Reply { status: head.status, cookie: head.cookie, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_has_status_cookie_and_exactly_its_body() {
        let mut wire = "HTTP/1.1 200 OK\r\nSet-Cookie: a=\"b\"; Path=/\r\ncontent-length: 4\r\n\r\nbodyHTTP/1.1 204 No\
                        \r\nContent-Length: 0\r\n\r\n"
            .as_bytes();
        let first = read_reply(&mut wire).unwrap();
        assert_eq!(first, Reply { status: 200, cookie: Some("a=\"b\"".into()), body: "body".into() });
        assert_eq!(read_reply(&mut wire).unwrap(), Reply { status: 204, cookie: None, body: String::new() });
        assert_eq!(read_reply(&mut wire).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        for wire in
            ["hello\r\n\r\n", "HTTP/1.1 2xx\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]
        {
            assert_eq!(read_reply(&mut wire.as_bytes()).unwrap_err().kind(), io::ErrorKind::InvalidData, "{wire}");
        }
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody";
        assert_eq!(read_reply(&mut cut.as_bytes()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_request_states_its_length_and_its_session() {
        let request = String::from_utf8(post(Some("s=1"), "<a/>")).unwrap();
        assert!(request.starts_with("POST /sdk HTTP/1.1\r\n"));
        assert!(request.contains("\r\nCookie: s=1\r\nContent-Length: 4\r\n\r\n<a/>"), "{request}");
    }
}
