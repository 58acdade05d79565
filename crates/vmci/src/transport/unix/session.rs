//! One program on one of a VM's sockets: its first line, the answer, and what follows.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::OwnedSemaphorePermit,
};

use super::{
    Limits,
    handshake::{self, LONGEST, Request, RequestError, Side, Target},
    inbox::{Bell, Contexts, Inbox},
};
use crate::{
    addr::{Address, Cid, Port},
    datagram::{Datagram, Frame, FrameError, Framer},
    fabric::Fabric,
    refusal::Refusal,
    relay::relay,
    switch::{Origin, VmKey},
};

/// What is read of a stream of datagrams at once.
const PIECE: usize = 16 * 1024;

/// What the sessions of a VM share.
pub(super) struct Shared {
    pub fabric: Arc<Fabric>,
    pub vm: VmKey,
    pub contexts: Contexts,
    pub limits: Limits,
    /// The next port that is given to a stream's near end.
    next_port: AtomicU32,
}

impl Shared {
    pub fn new(fabric: Arc<Fabric>, vm: VmKey, limits: Limits) -> Shared {
        let contexts = Contexts::new(limits.endpoints);
        Shared { fabric, vm, contexts, limits, next_port: AtomicU32::new(1 << 30) }
    }

    fn origin(&self, side: Side) -> Origin<'_> {
        match side {
            Side::Guest => Origin::Guest(&self.vm),
            Side::Host => Origin::Host,
        }
    }

    /// The context id of the VM; it may change while a program is connected.
    fn cid(&self) -> Result<Cid, Refusal> {
        self.fabric.cid(&self.vm).ok_or(Refusal::Gone)
    }

    fn port(&self) -> Port {
        Port::new(self.next_port.fetch_add(1, Ordering::Relaxed)).unwrap_or(Port::FIRST_FREE)
    }

    fn address(&self, target: Target) -> Result<Address, Refusal> {
        match target {
            Target::Guest(port) => Ok(Address::new(self.cid()?, port)),
            Target::Other(address) => Ok(address),
        }
    }
}

/// Why a session ended before its time.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no first line in time")]
    Slow,
    #[error("it left before its first line was complete")]
    Left,
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves a program to its end. The permit is given back once it has been answered.
pub(super) async fn serve(shared: Arc<Shared>, side: Side, stream: UnixStream, permit: OwnedSemaphorePermit) {
    if let Err(failure) = run(&shared, side, stream, permit).await {
        tracing::debug!(vm = %shared.vm, ?side, reason = %failure, "a VMCI connection was closed");
    }
}

async fn run(shared: &Shared, side: Side, mut stream: UnixStream, permit: OwnedSemaphorePermit) -> Result<(), Failure> {
    let first = tokio::time::timeout(shared.limits.patience, FirstLine::read(side, &mut stream));
    let first = first.await.map_err(|_| Failure::Slow)??;
    match first.request {
        Request::Connect(target) => connect(shared, side, stream, permit, target, &first).await,
        Request::Ring(target) => {
            shared.fabric.ring(shared.origin(side), shared.address(target)?)?;
            answer(&mut stream, 0, permit).await
        }
        Request::Bell(port) => {
            let bound = if side == Side::Guest { &shared.contexts.guest } else { &shared.contexts.host };
            let (bell, _unbind) = bound.hang(port)?;
            answer(&mut stream, port.number(), permit).await?;
            listen(stream, &bell).await
        }
        Request::Datagrams { cid, port } => {
            let bound = match side {
                Side::Guest => &shared.contexts.guest,
                Side::Host => shared.contexts.of_host(cid.unwrap_or(Cid::HOST)),
            };
            let (port, inbox, _unbind) = bound.bind(port)?;
            answer(&mut stream, port.number(), permit).await?;
            let me = Correspondent { shared, side, cid: cid.unwrap_or(Cid::HOST), port };
            me.converse(stream, &inbox, first.rest()).await
        }
    }
}

/// The first line, and what came with it.
struct FirstLine {
    request: Request,
    bytes: [u8; LONGEST],
    start: usize,
    end: usize,
}

impl FirstLine {
    async fn read(side: Side, stream: &mut UnixStream) -> Result<FirstLine, Failure> {
        let (mut bytes, mut end) = ([0; LONGEST], 0);
        loop {
            let count = stream.read(&mut bytes[end..]).await?;
            end += count;
            if let Some((request, start)) = handshake::parse(side, &bytes[..end])? {
                return Ok(FirstLine { request, bytes, start, end });
            }
            if count == 0 {
                return Err(Failure::Left);
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

/// `OK <number>`, written at once: there is nothing yet in the way of so few bytes.
async fn answer(stream: &mut UnixStream, number: u32, permit: OwnedSemaphorePermit) -> Result<(), Failure> {
    stream.write_all(format!("OK {number}\n").as_bytes()).await?;
    drop(permit);
    Ok(())
}

async fn connect(
    shared: &Shared,
    side: Side,
    mut stream: UnixStream,
    permit: OwnedSemaphorePermit,
    target: Target,
    first: &FirstLine,
) -> Result<(), Failure> {
    let (to, port) = (shared.address(target)?, shared.port());
    let (far, line) = shared.fabric.connect(shared.origin(side), port, to).await?;
    answer(&mut stream, port.number(), permit).await?;
    let ended = relay(stream, far, first.rest(), line).await;
    tracing::trace!(vm = %shared.vm, %to, ?ended, "a VMCI stream is over");
    Ok(())
}

/// Writes a byte for each time that the bell is heard, until the program leaves.
async fn listen(mut stream: UnixStream, bell: &Bell) -> Result<(), Failure> {
    let mut ignored = [0; 64];
    loop {
        tokio::select! {
            () = bell.heard() => stream.write_all(&[1]).await?,
            count = stream.read(&mut ignored) => if count? == 0 { return Ok(()) },
        }
    }
}

/// A program that sends and gets datagrams.
struct Correspondent<'a> {
    shared: &'a Shared,
    side: Side,
    cid: Cid,
    port: Port,
}

impl Correspondent<'_> {
    /// Passes datagrams on in both directions. When the program has sent its last one, it still gets what waits for it.
    async fn converse(&self, stream: UnixStream, inbox: &Inbox, first: &[u8]) -> Result<(), Failure> {
        let (mut reader, mut writer) = stream.into_split();
        let mut framer = Framer::default();
        framer.feed(first);
        self.forward(&mut framer, inbox)?;
        let mut piece = vec![0; PIECE];
        loop {
            tokio::select! {
                frame = inbox.next() => writer.write_all(&frame).await?,
                count = reader.read(&mut piece) => match count? {
                    0 => break,
                    count => {
                        framer.feed(&piece[..count]);
                        self.forward(&mut framer, inbox)?;
                    }
                },
            }
        }
        while let Some(frame) = inbox.pop() {
            writer.write_all(&frame).await?;
        }
        Ok(())
    }

    fn forward(&self, framer: &mut Framer, inbox: &Inbox) -> Result<(), Failure> {
        while let Some(frame) = framer.next_frame()? {
            let Frame::Datagram(wish) = frame else { continue };
            let me = self.address()?;
            let datagram = Datagram { from: me, ..wish };
            if let Err(why) = self.shared.fabric.send(self.shared.origin(self.side), &datagram) {
                tracing::debug!(vm = %self.shared.vm, from = %me, to = %datagram.to, reason = %why, "a datagram was dropped");
                inbox.report(me, datagram.to, why);
            }
        }
        Ok(())
    }

    /// Where datagrams of the program come from, whatever it writes into them.
    fn address(&self) -> Result<Address, Refusal> {
        let cid = match self.side {
            Side::Guest => self.shared.cid()?,
            Side::Host => self.cid,
        };
        Ok(Address::new(cid, self.port))
    }
}
