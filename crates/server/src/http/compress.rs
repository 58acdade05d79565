//! Compresses replies for clients that ask for it.

use std::io::Write;

use ::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::service::{Body, Pieces, Response, SLICE, Stream};

/// Replies up to this size go out as they are: compressing them saves no packet.
const SMALL: usize = 1024;
/// Replies from this size on are compressed on a thread of their own, so that they delay nobody.
const LARGE: usize = 256 * 1024;

/// Whether the client takes gzip: an `Accept-Encoding` names `gzip` (or, failing that, `*`) with a weight above zero.
pub(super) fn accepted(headers: &HeaderMap) -> bool {
    let mut any = false;
    for value in headers.get_all(ACCEPT_ENCODING) {
        for offer in value.to_str().unwrap_or("").split(',') {
            let mut parts = offer.split(';').map(str::trim);
            let coding = parts.next().unwrap_or("");
            let wanted = parts.all(|parameter| !weighs_nothing(parameter));
            if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
                return wanted;
            }
            any |= coding == "*" && wanted;
        }
    }
    any
}

fn weighs_nothing(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
}

/// Compresses the reply if that is worth it and the client `accepts` it.
pub(super) async fn compress(mut reply: Response, accepts: bool) -> Response {
    let small = matches!(&reply.body, Body::Whole(bytes) if bytes.len() <= SMALL);
    if small || reply.headers.contains_key(CONTENT_ENCODING) || !is_text(&reply.headers) {
        return reply;
    }
    reply.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    if !accepts {
        return reply;
    }
    match &mut reply.body {
        Body::Stream(stream) => pack(stream),
        Body::Whole(bytes) => match gzip(bytes).await {
            Some(packed) => *bytes = packed,
            None => return reply,
        },
    }
    reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    kind.starts_with("text/") || ["xml", "json", "javascript"].iter().any(|name| kind.contains(name))
}

async fn gzip(plain: &Bytes) -> Option<Bytes> {
    if plain.len() < LARGE {
        return deflate(plain);
    }
    let plain = plain.clone();
    tokio::task::spawn_blocking(move || deflate(&plain)).await.ok().flatten()
}

fn deflate(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 6), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Has a reply compressed while it is written.
fn pack(stream: &mut Stream) {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&stream.first).expect("memory takes what is written");
    stream.first = std::mem::take(packer.get_mut()).into();
    let plain = std::mem::replace(&mut stream.rest, Box::new(|_: &mut Vec<u8>, _| false));
    stream.rest = Box::new(Packed { plain, slice: Vec::new(), packer });
}

/// A body that is compressed slice by slice: a call packs one, which often leaves less than was asked for.
struct Packed {
    plain: Box<dyn Pieces>,
    slice: Vec<u8>,
    packer: GzEncoder<Vec<u8>>,
}

impl Pieces for Packed {
    fn write(&mut self, out: &mut Vec<u8>, _enough: usize) -> bool {
        self.slice.clear();
        let more = self.plain.write(&mut self.slice, SLICE);
        self.packer.write_all(&self.slice).expect("memory takes what is written");
        if !more {
            self.packer.try_finish().expect("memory takes what is written");
        }
        out.append(self.packer.get_mut());
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(offer: &'static str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(offer));
        assert_eq!(accepted(&headers), expected, "{offer}");
    }

    #[test]
    fn gzip_is_used_only_when_the_client_gives_it_weight() {
        check("gzip", true);
        check("deflate, GZIP;q=0.5, br", true);
        check("identity, *;q=0.1", true);
        check("*, gzip;q=0", false);
        check("gzip; q=0.000", false);
        check("deflate, br", false);
        check("", false);
        assert!(!accepted(&HeaderMap::new()));
    }
}
