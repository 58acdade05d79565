//! A reply that is written while it is sent: piece by piece, only as fast as the client takes them, in turns with other
//! replies, and not for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::{self, sleep};

use super::activity::Running;
use super::contain::message;
use super::limits::Limits;
use super::pace::{self, Pace};
use super::service::{Body, Pieces, SLICE, Stream};
use super::turns::{Turn, Turns};

/// A piece goes as it is when writing it has taken so long: the client is not to wait for what is slow to write.
const GATHER: Duration = Duration::from_millis(2);

/// What all large replies of a server share.
pub(super) struct Outlet {
    turns: Arc<Turns>,
    spare: Arc<Semaphore>,
}

impl Outlet {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Turns::new()), spare: pace::spare() }
    }
}

/// Why a reply ends before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the client was too slow to take the reply")]
    TooSlow,
    #[error("the reply could not be written to its end")]
    Crashed,
}

/// The body of a reply as hyper takes it. The request counts as running until it is dropped.
pub(super) struct Sent {
    kind: Kind,
    _running: Running,
}

enum Kind {
    Whole(Bytes),
    Flowing { next: Next, _guard: Guard },
    Over,
}

/// The next piece on its way; none when the reply has ended.
type Next = Pin<Box<dyn Future<Output = (Flow, Option<Result<Bytes, Broken>>)> + Send>>;

impl Sent {
    pub(super) fn new(body: Body, running: Running, limits: &Limits, outlet: &Outlet) -> Self {
        let kind = match body {
            Body::Whole(bytes) => Kind::Whole(bytes),
            Body::Stream(stream) => begin(stream, limits, outlet),
        };
        Self { kind, _running: running }
    }
}

fn begin(stream: Stream, limits: &Limits, outlet: &Outlet) -> Kind {
    let pieces = Mutex::new(Some(stream.rest));
    let source = Arc::new(Source { pieces, taken: AtomicUsize::new(0), due: AtomicUsize::new(1) });
    let guard = Guard(tokio::spawn(watch(Arc::downgrade(&source), limits.clone())).abort_handle());
    let flow = Flow {
        first: stream.first,
        source,
        turn: Turn::new(&outlet.turns),
        pace: Pace::new(&outlet.spare),
        over: false,
    };
    Kind::Flowing { next: Box::pin(flow.next()), _guard: guard }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        match &mut this.kind {
            Kind::Over => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                this.kind = Kind::Over;
                Poll::Ready(Some(bytes).filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
            }
            Kind::Flowing { next, .. } => {
                let (flow, piece) = ready!(next.as_mut().poll(context));
                match &piece {
                    Some(Ok(_)) => *next = Box::pin(flow.next()),
                    Some(Err(_)) | None => this.kind = Kind::Over,
                }
                Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Over => true,
            Kind::Flowing { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Over => SizeHint::with_exact(0),
            Kind::Flowing { .. } => SizeHint::default(),
        }
    }
}

/// What a reply is written from; taken away from a client that is too slow, wherever its connection hangs.
struct Source {
    pieces: Mutex<Option<Box<dyn Pieces>>>,
    /// How many pieces the client has taken.
    taken: AtomicUsize,
    /// How many slices the piece has that it is to take now.
    due: AtomicUsize,
}

/// A reply on its way.
struct Flow {
    /// What was written before the head of the reply went out.
    first: Bytes,
    source: Arc<Source>,
    turn: Turn,
    pace: Pace,
    over: bool,
}

impl Flow {
    /// The next piece; none when the reply has ended.
    async fn next(mut self) -> (Self, Option<Result<Bytes, Broken>>) {
        self.source.taken.fetch_add(1, Relaxed);
        let mut piece = Ok(std::mem::take(&mut self.first));
        if matches!(&piece, Ok(first) if first.is_empty()) {
            piece = self.gather().await;
        }
        self.pace.sent();
        (self, Some(piece).filter(|piece| !matches!(piece, Ok(end) if end.is_empty())))
    }

    /// Writes a piece, by turns of a slice. It is empty only at the end.
    async fn gather(&mut self) -> Result<Bytes, Broken> {
        if self.over {
            return Ok(Bytes::new());
        }
        let enough = self.pace.taken() * SLICE;
        let mut out = Vec::with_capacity(enough + SLICE);
        let started = Instant::now();
        while !self.over && out.len() < enough && (out.is_empty() || started.elapsed() < GATHER) {
            let _turn = self.turn.come().await;
            self.over = !self.source.write(&mut out)?;
        }
        self.source.due.store(out.len().div_ceil(SLICE), Relaxed);
        Ok(out.into())
    }
}

impl Source {
    /// Appends a slice. Whether there is more.
    fn write(&self, out: &mut Vec<u8>) -> Result<bool, Broken> {
        let mut pieces = self.pieces.lock();
        let source = pieces.as_mut().ok_or(Broken::TooSlow)?;
        let enough = out.len() + SLICE;
        let more = catch_unwind(AssertUnwindSafe(|| source.write(out, enough))).map_err(|panic| {
            tracing::error!(panic = message(panic.as_ref()), "writing a reply panicked");
            Broken::Crashed
        })?;
        if !more {
            *pieces = None;
        }
        Ok(more)
    }
}

/// Ends the watch with the reply.
struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes the source away from a client that takes less than a slice in [`Limits::write_stall`], or is not done after
/// [`Limits::reply`]: it may hold on to a whole state of the world.
async fn watch(source: Weak<Source>, limits: Limits) {
    let end = time::Instant::now() + limits.reply;
    let (mut seen, mut waited) = (0, 0);
    loop {
        sleep(limits.write_stall.min(end.saturating_duration_since(time::Instant::now()))).await;
        let Some(source) = source.upgrade() else { return };
        let taken = source.taken.load(Relaxed);
        waited = if taken == seen { waited + 1 } else { 0 };
        seen = taken;
        if waited >= source.due.load(Relaxed) || time::Instant::now() >= end {
            let pieces = source.pieces.lock().take();
            tracing::debug!(pieces = taken, "a client is too slow to take its reply");
            drop(pieces);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many times the patience with a slice lasts until a piece of so many is given up.
    async fn patience(due: usize) -> u128 {
        let limits = Limits { write_stall: Duration::from_millis(50), ..Limits::default() };
        let pieces: Box<dyn Pieces> = Box::new(|_: &mut Vec<u8>, _| true);
        let (pieces, due) = (Mutex::new(Some(pieces)), AtomicUsize::new(due));
        let source = Arc::new(Source { pieces, taken: AtomicUsize::new(0), due });
        let started = Instant::now();
        watch(Arc::downgrade(&source), limits.clone()).await;
        assert!(source.pieces.lock().is_none());
        started.elapsed().as_millis() / limits.write_stall.as_millis()
    }

    #[tokio::test]
    async fn a_client_has_the_time_for_each_slice_of_a_piece() {
        assert!((1..4).contains(&patience(1).await));
        assert!(patience(8).await >= 8);
    }
}
