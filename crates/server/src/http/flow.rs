//! A reply that is written while it is sent: piece by piece, only as fast as the client takes them, in turns with other
//! replies, and not for ever.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{self, sleep};

use super::activity::Running;
use super::contain::message;
use super::limits::Limits;
use super::service::{Body, Pieces, SLICE, Stream};

/// For so long a reply is written before the runtime looks for what has arrived: a short request waits no longer.
const SPELL: Duration = Duration::from_micros(250);

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
    pub(super) fn new(body: Body, running: Running, limits: &Limits, turns: &Arc<Semaphore>) -> Self {
        let kind = match body {
            Body::Whole(bytes) => Kind::Whole(bytes),
            Body::Stream(stream) => begin(stream, limits, turns),
        };
        Self { kind, _running: running }
    }
}

fn begin(stream: Stream, limits: &Limits, turns: &Arc<Semaphore>) -> Kind {
    let source = Arc::new(Source { pieces: Mutex::new(Some(stream.rest)), taken: AtomicU64::new(0) });
    let guard = Guard(tokio::spawn(watch(Arc::downgrade(&source), limits.clone())).abort_handle());
    let packer = stream.packed.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let flow = Flow {
        first: Some(stream.first),
        source,
        packer,
        turns: Arc::clone(turns),
        rested: Instant::now(),
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
    taken: AtomicU64,
}

/// A reply on its way.
struct Flow {
    /// What was written before the head of the reply went out.
    first: Option<Bytes>,
    source: Arc<Source>,
    packer: Option<GzEncoder<Vec<u8>>>,
    turns: Arc<Semaphore>,
    /// When the runtime last had its turn.
    rested: Instant,
    over: bool,
}

impl Flow {
    /// The next piece that has something in it.
    async fn next(mut self) -> (Self, Option<Result<Bytes, Broken>>) {
        self.source.taken.fetch_add(1, Relaxed);
        while !self.over {
            let piece = match self.first.take() {
                Some(first) => self.pack(first),
                None => self.turn().await,
            };
            match piece {
                Ok(piece) if piece.is_empty() => {}
                outcome => return (self, Some(outcome)),
            }
        }
        (self, None)
    }

    /// Writes a piece, when everybody else has had a turn.
    async fn turn(&mut self) -> Result<Bytes, Broken> {
        let turns = Arc::clone(&self.turns);
        let _turn = turns.acquire().await;
        // What has arrived meanwhile is looked at every so often, whoever writes.
        if self.rested.elapsed() >= SPELL {
            let_others().await;
            self.rested = Instant::now();
        }
        let piece = self.write()?;
        self.pack(piece)
    }

    fn write(&mut self) -> Result<Bytes, Broken> {
        let mut out = Vec::with_capacity(SLICE + SLICE / 8);
        let mut pieces = self.source.pieces.lock();
        let source = pieces.as_mut().ok_or(Broken::TooSlow)?;
        let more = catch_unwind(AssertUnwindSafe(|| source.write(&mut out, SLICE)));
        let more = more.map_err(|panic| {
            tracing::error!(panic = message(panic.as_ref()), "writing a reply panicked");
            Broken::Crashed
        })?;
        if !more {
            *pieces = None;
            self.over = true;
        }
        Ok(out.into())
    }

    fn pack(&mut self, piece: Bytes) -> Result<Bytes, Broken> {
        use std::io::Write;
        let Some(packer) = &mut self.packer else { return Ok(piece) };
        packer.write_all(&piece).map_err(|_| Broken::Crashed)?;
        if self.over {
            packer.try_finish().map_err(|_| Broken::Crashed)?;
        }
        Ok(std::mem::take(packer.get_mut()).into())
    }
}

/// Completes when the runtime has looked for what has arrived. A connection may poll its body twice in one go, which
/// `yield_now` alone takes for a return: so this waits until it is really woken.
async fn let_others() {
    let mut yielding = pin!(yield_now());
    let mut returned: Option<Arc<Returned>> = None;
    poll_fn(|context| {
        if let Some(returned) = &returned {
            return if returned.woken.load(Acquire) { Poll::Ready(()) } else { Poll::Pending };
        }
        let mine = Arc::new(Returned { woken: AtomicBool::new(false), task: context.waker().clone() });
        let waker = Waker::from(Arc::clone(&mine));
        returned = Some(mine);
        yielding.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await;
}

/// Notes that it was woken before it wakes the task.
struct Returned {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for Returned {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Release);
        self.task.wake_by_ref();
    }
}

/// Ends the watch with the reply.
struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes the source away from a client that takes nothing for [`Limits::write_stall`], or is not done after
/// [`Limits::reply`]: it may hold on to a whole state of the world.
async fn watch(source: Weak<Source>, limits: Limits) {
    let end = time::Instant::now() + limits.reply;
    let mut seen = 0;
    loop {
        sleep(limits.write_stall.min(end.saturating_duration_since(time::Instant::now()))).await;
        let Some(source) = source.upgrade() else { return };
        let taken = source.taken.load(Relaxed);
        if taken == seen || time::Instant::now() >= end {
            let pieces = source.pieces.lock().take();
            tracing::debug!(pieces = taken, "a client is too slow to take its reply");
            drop(pieces);
            return;
        }
        seen = taken;
    }
}
