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

/// One whole reply. `content-length`, `date`, compression and what belongs to the connection are added by the front.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, not compressed.
    pub body: Bytes,
}

impl Response {
    /// A reply with no headers and no body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A reply with a body of the given content type.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self { status, headers: HeaderMap::with_capacity(4), body: body.into() };
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }

    /// A reply of plain text.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text)
    }

    /// This reply with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }
}
