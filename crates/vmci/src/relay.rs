//! Copies the bytes of an open stream between its two ends.
//!
//! What is read goes through a buffer that all streams of a thread share; a stream has one of its own only while a reader
//! is slower than its writer. So ten thousand idle streams cost no buffers, and a busy one is copied in large pieces.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    fabric::{Books, Line},
    refusal::Refusal,
    stream::{Flow, State, Step, Stream},
    transport::Pipe,
};

/// The most that is read at once, and that a stream keeps for a slow reader, in each direction.
const PIECE: usize = 64 * 1024;
/// How many buffers that are no longer needed a thread keeps.
const SPARE: usize = 16;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; PIECE]);
    static SPARES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Copies until both directions have ended, or one of the VMs is gone. `first` are bytes from the near end that have been
/// read already. Says how the stream ended.
pub async fn relay(near: impl Pipe, far: impl Pipe, first: &[u8], line: Line) -> State {
    let Line { books, mut gone } = line;
    let mut relay = Relay::new(near, far, first, books);
    tokio::select! {
        biased;
        () = poll_fn(|context| relay.poll(context)) => {}
        () = gone.wait() => {}
    }
    relay.stream.reset(Refusal::Gone);
    relay.stream.state()
}

struct Relay<A, B> {
    near: A,
    far: B,
    stream: Stream,
    out: Rest,
    back: Rest,
    books: Books,
}

impl<A: Pipe, B: Pipe> Relay<A, B> {
    fn new(near: A, far: B, first: &[u8], books: Books) -> Relay<A, B> {
        let mut stream = Stream::connecting(PIECE);
        stream.accept();
        let mut out = Rest::default();
        if !first.is_empty() {
            stream.out.took(first.len());
            books.taken(first.len() as u64);
            out.keep(first);
        }
        Relay { near, far, stream, out, back: Rest::default(), books }
    }

    /// Moves what can be moved in both directions. Ready when the stream is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Relay { near, far, stream, out, back, books } = self;
        let forth = pump(context, &mut stream.out, out, near, far, &mut Tally { books, back: false });
        let back = pump(context, &mut stream.back, back, far, near, &mut Tally { books, back: true });
        let over = matches!(stream.state(), State::Closed) || (forth.is_ready() && back.is_ready());
        if over { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// However a stream ends, also with the task that copies it, what it had taken and not given is lost.
impl<A, B> Drop for Relay<A, B> {
    fn drop(&mut self) {
        self.stream.reset(Refusal::Gone);
        self.books.lost(self.stream.lost());
    }
}

struct Tally<'a> {
    books: &'a Books,
    back: bool,
}

/// Does what a flow asks for until it has to wait. Ready when there is nothing more to do.
fn pump(
    context: &mut Context<'_>,
    flow: &mut Flow,
    rest: &mut Rest,
    source: &mut (impl AsyncRead + Unpin),
    sink: &mut (impl AsyncWrite + Unpin),
    tally: &mut Tally<'_>,
) -> Poll<()> {
    loop {
        match flow.next() {
            Step::Done => return Poll::Ready(()),
            Step::Read(room) => ready!(carry(context, flow, rest, source, sink, tally, room)),
            Step::Discard(room) => {
                let taken = ready!(with_shared(room, |buffer| read(context, source, buffer)));
                tally.books.taken(taken as u64);
                flow.took(taken);
            }
            Step::Write(_) => match ready!(Pin::new(&mut *sink).poll_write(context, rest.bytes())) {
                Ok(count) if count > 0 => {
                    rest.drop_first(count);
                    give(flow, tally, count);
                }
                _ => {
                    *rest = Rest::default();
                    flow.abandon();
                }
            },
            Step::Shutdown => {
                // A sink that cannot be told has gone by itself.
                let _ = ready!(Pin::new(&mut *sink).poll_shutdown(context));
                flow.shut();
            }
        }
    }
}

/// Reads a piece and writes of it what the sink takes at once; the rest is kept.
fn carry(
    context: &mut Context<'_>,
    flow: &mut Flow,
    rest: &mut Rest,
    source: &mut (impl AsyncRead + Unpin),
    sink: &mut (impl AsyncWrite + Unpin),
    tally: &mut Tally<'_>,
    room: usize,
) -> Poll<()> {
    with_shared(room, |buffer| {
        let taken = ready!(read(context, source, buffer));
        flow.took(taken);
        tally.books.taken(taken as u64);
        let mut piece = &buffer[..taken];
        while !piece.is_empty() {
            match Pin::new(&mut *sink).poll_write(context, piece) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    piece = &piece[count..];
                    give(flow, tally, count);
                }
                Poll::Ready(_) => {
                    flow.abandon();
                    break;
                }
                Poll::Pending => {
                    rest.keep(piece);
                    break;
                }
            }
        }
        Poll::Ready(())
    })
}

fn give(flow: &mut Flow, tally: &Tally<'_>, count: usize) {
    flow.gave(count);
    tally.books.given(tally.back, count as u64);
}

/// How many bytes came; 0 at the end. An end that breaks has ended.
fn read(context: &mut Context<'_>, source: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> Poll<usize> {
    let mut into = ReadBuf::new(buffer);
    let done: io::Result<()> = ready!(Pin::new(source).poll_read(context, &mut into));
    Poll::Ready(done.map_or(0, |()| into.filled().len()))
}

fn with_shared<R>(room: usize, work: impl FnOnce(&mut [u8]) -> R) -> R {
    SHARED.with_borrow_mut(|shared| {
        let room = room.min(shared.len());
        work(&mut shared[..room])
    })
}

/// What a slow sink has not taken yet.
#[derive(Default)]
struct Rest {
    kept: Vec<u8>,
    start: usize,
}

impl Rest {
    fn bytes(&self) -> &[u8] {
        &self.kept[self.start..]
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.kept.capacity() == 0 {
            self.kept = SPARES.with_borrow_mut(Vec::pop).unwrap_or_default();
        }
        self.kept.extend_from_slice(bytes);
    }

    fn drop_first(&mut self, count: usize) {
        self.start += count;
        if self.start == self.kept.len() {
            let Rest { mut kept, .. } = std::mem::take(self);
            kept.clear();
            SPARES.with_borrow_mut(|spares| {
                if spares.len() < SPARE {
                    spares.push(kept);
                }
            });
        }
    }
}
