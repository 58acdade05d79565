//! What stands behind the HTTP front, and what the two exchange.

use std::future::Future;
use std::net::SocketAddr;

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use bytes::Bytes;

/// What stands behind the HTTP front: it turns one request into one reply.
///
/// The returned future is dropped when the client goes away or the server shuts down, so it must be safe to drop at
/// any await point. A panic in it becomes status 500 for this request only.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. Unknown paths, methods and contents are the service's to refuse.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// One whole request, its body received and decompressed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, `GET` or any other.
    pub method: Method,
    /// Where the request goes: path and query as sent, not percent-decoded.
    pub uri: Uri,
    /// The headers as sent (`content-encoding` included, although `body` is already decoded).
    pub headers: HeaderMap,
    /// The body, decoded; empty if there is none.
    pub body: Bytes,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// Whether the connection is encrypted.
    pub secure: bool,
}

impl Request {
    /// The path, starting with `/`, not percent-decoded.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// What follows the first `?`, if anything, not percent-decoded.
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// A header's value, if it is there once or more and is visible ASCII.
    pub fn header(&self, name: impl ::http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A reply. `content-length`, `date`, compression and what belongs to the connection are added by the front.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, not compressed.
    pub body: Body,
}

/// How much of a large reply is written in one turn.
pub(super) const SLICE: usize = 64 * 1024;

/// Writes a body bit by bit.
pub trait Pieces: Send + 'static {
    /// Appends to `out` until it holds `enough` bytes or the body has ended, or less if that is more work than writing so
    /// many bytes is: others wait for their turn. Whether there is more.
    fn write(&mut self, out: &mut Vec<u8>, enough: usize) -> bool;
}

impl<F: FnMut(&mut Vec<u8>, usize) -> bool + Send + 'static> Pieces for F {
    fn write(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        self(out, enough)
    }
}

/// The body of a reply.
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Its beginning, and what writes the rest while it is sent.
    Stream(Stream),
}

/// A body that is written while it is sent.
pub struct Stream {
    pub(super) first: Bytes,
    pub(super) rest: Box<dyn Pieces>,
}

impl Body {
    /// Writes the first piece; what is larger is written while it is sent.
    pub fn in_pieces(mut pieces: impl Pieces) -> Self {
        let mut first = Vec::with_capacity(2048);
        match pieces.write(&mut first, SLICE) {
            false => Self::Whole(first.into()),
            true => Self::Stream(Stream { first: first.into(), rest: Box::new(pieces) }),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(stream) => write!(f, "more than {} bytes", stream.first.len()),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

impl Response {
    /// A reply with no headers and no body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Whole(Bytes::new()) }
    }

    /// A reply with a body of the given content type.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Self {
        let mut reply = Self { status, headers: HeaderMap::with_capacity(4), body: body.into() };
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }

    /// A reply of plain text.
    pub fn text(status: StatusCode, text: impl Into<Body>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text)
    }

    /// This reply with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }
}
