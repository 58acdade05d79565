//! Receives a request body: whole, decompressed, and within the limits.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, EXPECT, RETRY_AFTER};
use ::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::Limits;
use super::service::Response;

/// The unit in which room for bodies is handed out; a body's first unit is free.
const UNIT: usize = 64 * 1024;
/// Compressed bodies from this size on are inflated on a thread of their own.
const LARGE: usize = 4 * 1024;
/// Room reserved at once for a body of stated length; the rest grows as it arrives.
const FIRST_ROOM: usize = 1024 * 1024;
/// How long a refused body is still read, so that the client gets to see why it was refused.
const LINGER: Duration = Duration::from_secs(2);

/// Why a body was not received.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the request body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the request body did not arrive within {0:?}")]
    TooSlow(Duration),
    #[error("the request body ended early or is not well-formed")]
    Broken(#[source] hyper::Error),
    #[error("the request body is not valid gzip")]
    Inflate(#[source] io::Error),
    #[error("content-encoding {0:?} is not supported: send gzip or none")]
    Encoding(String),
    #[error("the server holds too many request bodies at the moment: try again")]
    Full,
    #[error("the server could not decompress the request body")]
    Crashed,
}

impl BodyError {
    /// The reply that tells the client.
    pub(super) fn response(&self) -> Response {
        let status = match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) | Self::Inflate(_) => StatusCode::BAD_REQUEST,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Crashed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let reply = Response::text(status, format!("{self}\n"));
        match self {
            Self::TooSlow(_) => reply.with(CONNECTION, HeaderValue::from_static("close")),
            Self::Encoding(_) => reply.with(ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
            Self::Full => reply.with(RETRY_AFTER, HeaderValue::from_static("1")),
            _ => reply,
        }
    }
}

/// A body and the room it takes; the room is given back when this is dropped.
pub(super) struct Received {
    pub(super) bytes: Bytes,
    pub(super) room: Room,
}

/// What is left of [`Limits::buffered_bytes`], in units.
pub(super) fn all_room(limits: &Limits) -> Arc<Semaphore> {
    Arc::new(Semaphore::new((limits.buffered_bytes / UNIT).min(Semaphore::MAX_PERMITS)))
}

/// The part of the room for bodies that one body takes.
pub(super) struct Room {
    all: Arc<Semaphore>,
    mine: Option<OwnedSemaphorePermit>,
}

impl Room {
    pub(super) fn new(all: Arc<Semaphore>) -> Self {
        Self { all, mine: None }
    }

    /// Makes this room large enough for `bytes`.
    fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        let missing = (bytes / UNIT).saturating_sub(self.mine.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return Ok(());
        }
        let units = u32::try_from(missing).map_err(|_| BodyError::Full)?;
        let more = Arc::clone(&self.all).try_acquire_many_owned(units).map_err(|_| BodyError::Full)?;
        match &mut self.mine {
            Some(mine) => mine.merge(more),
            mine => *mine = Some(more),
        }
        Ok(())
    }
}

/// Receives, and if need be inflates, the body of a request with these headers.
pub(super) async fn receive(
    headers: &HeaderMap,
    mut incoming: Incoming,
    limits: &Limits,
    room: Room,
) -> Result<Received, BodyError> {
    if incoming.is_end_stream() {
        return Ok(Received { bytes: Bytes::new(), room });
    }
    let outcome = match is_compressed(headers) {
        Ok(compressed) => take(&mut incoming, limits, room, compressed).await,
        Err(refused) => Err(refused),
    };
    if let Err(BodyError::TooLarge(_) | BodyError::Full | BodyError::Encoding(_)) = outcome
        && !headers.contains_key(EXPECT)
    {
        discard(incoming, limits.body_bytes).await;
    }
    outcome
}

async fn take(incoming: &mut Incoming, limits: &Limits, room: Room, compressed: bool) -> Result<Received, BodyError> {
    let collected = timeout(limits.body, collect(incoming, limits.body_bytes, room)).await;
    let received = collected.map_err(|_| BodyError::TooSlow(limits.body))??;
    if compressed { inflate(received, limits.body_bytes).await } else { Ok(received) }
}

fn is_compressed(headers: &HeaderMap) -> Result<bool, BodyError> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let (first, second) = (codings.next(), codings.next());
    let coding = first.map_or(b"" as &[u8], HeaderValue::as_bytes).trim_ascii().to_ascii_lowercase();
    match (coding.as_slice(), second) {
        (b"" | b"identity", None) => Ok(false),
        (b"gzip" | b"x-gzip", None) => Ok(true),
        _ => Err(BodyError::Encoding(String::from_utf8_lossy(&coding).into_owned())),
    }
}

async fn collect(incoming: &mut Incoming, limit: usize, mut room: Room) -> Result<Received, BodyError> {
    let stated = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if stated > limit {
        return Err(BodyError::TooLarge(limit));
    }
    room.grow(stated)?;
    let Some(first) = next(incoming).await? else { return Ok(Received { bytes: Bytes::new(), room }) };
    if first.len() == stated && incoming.is_end_stream() {
        return Ok(Received { bytes: first, room });
    }
    let mut whole = BytesMut::with_capacity(stated.min(FIRST_ROOM).max(first.len()));
    let mut piece = Some(first);
    while let Some(bytes) = piece {
        if whole.len() + bytes.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        room.grow(whole.len() + bytes.len())?;
        whole.extend_from_slice(&bytes);
        piece = next(incoming).await?;
    }
    Ok(Received { bytes: whole.freeze(), room })
}

/// The next piece of the body; trailers are passed over.
async fn next(incoming: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = incoming.frame().await {
        if let Ok(bytes) = frame.map_err(BodyError::Broken)?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// Reads on without keeping anything: a socket closed with bytes unread may take the reply back from the client.
async fn discard(mut incoming: Incoming, limit: usize) {
    let drained = timeout(LINGER, async {
        let mut seen = 0;
        while let Ok(Some(bytes)) = next(&mut incoming).await {
            seen += bytes.len();
            if seen > limit {
                break;
            }
        }
    });
    drained.await.unwrap_or_default();
}

async fn inflate(received: Received, limit: usize) -> Result<Received, BodyError> {
    if received.bytes.len() < LARGE {
        return gunzip(received, limit);
    }
    let inflated = tokio::task::spawn_blocking(move || gunzip(received, limit)).await;
    inflated.unwrap_or(Err(BodyError::Crashed))
}

fn gunzip(received: Received, limit: usize) -> Result<Received, BodyError> {
    let Received { bytes, mut room } = received;
    let mut decoder = MultiGzDecoder::new(bytes.as_ref());
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(UNIT));
    loop {
        let piece = (&mut decoder).take(UNIT as u64).read_to_end(&mut plain).map_err(BodyError::Inflate)?;
        if plain.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        if piece == 0 {
            return Ok(Received { bytes: plain.into(), room });
        }
        room.grow(plain.len())?;
    }
}
