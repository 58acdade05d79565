//! The fabric of one host at work: the [`Switch`] behind a lock, with carriers plugged in.
//!
//! No lock is held while a carrier works.

use std::{sync::Arc, time::Duration};

use parking_lot::RwLock;
use tokio::sync::{mpsc, watch};

use crate::{
    addr::{Address, Cid, Port},
    counters::Count,
    datagram::{Datagram, MAX},
    filter::{Filter, Protocol},
    reach::Generation,
    refusal::Refusal,
    switch::{Member, Membership, Notice, Origin, Packet, Service, Switch, VmKey, Way},
    transport::{Carrier, Pipe},
};

/// How much the fabric takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open streams of one VM.
    pub streams: u64,
    /// How long the other side may take to accept a stream.
    pub connect: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { streams: 32_768, connect: Duration::from_secs(2) }
    }
}

/// How many streams several fabrics may have open together, so that a process keeps open files for its other work.
#[derive(Debug)]
pub struct Budget {
    open: Count,
    most: u64,
}

impl Budget {
    /// Room for `most` streams.
    pub fn new(most: u64) -> Arc<Budget> {
        Arc::new(Budget { open: Count::default(), most })
    }
}

/// What is plugged in for a VM.
#[derive(Clone)]
pub struct Plug {
    /// Its guest.
    pub guest: Arc<dyn Carrier>,
    /// Programs of the host, as this VM sees them.
    pub host: Arc<dyn Carrier>,
    gone: Arc<watch::Sender<bool>>,
}

/// Bytes of all streams of a host, those of VMs that are gone included.
#[derive(Debug, Default)]
pub struct Totals {
    /// Taken from one side.
    pub taken: Count,
    /// Given to the other.
    pub given: Count,
    /// Taken and never given, of streams that are over.
    pub lost: Count,
    /// Streams that were opened.
    pub opened: Count,
    /// Streams that are open.
    pub open: Count,
}

/// The fabric of one host.
pub struct Fabric {
    switch: RwLock<Switch<Plug>>,
    notices: mpsc::UnboundedSender<Notice>,
    limits: Limits,
    budget: Arc<Budget>,
    totals: Arc<Totals>,
}

impl Fabric {
    /// The fabric of a host without VMs, and what it will have to tell. The number of notices is bounded by what is
    /// plugged in: one for each rule, and a few for each VM.
    pub fn new(generation: Generation, limits: Limits) -> (Arc<Fabric>, mpsc::UnboundedReceiver<Notice>) {
        let (notices, told) = mpsc::unbounded_channel();
        (Fabric::telling(generation, limits, Budget::new(u64::MAX), notices), told)
    }

    /// A fabric that shares a budget with others, and tells somebody who listens to them as well.
    pub fn telling(
        generation: Generation,
        limits: Limits,
        budget: Arc<Budget>,
        notices: mpsc::UnboundedSender<Notice>,
    ) -> Arc<Fabric> {
        let switch = RwLock::new(Switch::new(generation));
        Arc::new(Fabric { switch, notices, limits, budget, totals: Arc::default() })
    }

    /// Gives a place a name; see [`Switch::register`].
    pub fn register(&self, service: Service) -> Result<(), Refusal> {
        self.switch.write().register(service)
    }

    /// Plugs in a VM; see [`Switch::plug`].
    pub fn plug(
        &self,
        key: VmKey,
        settings: Membership,
        filter: Filter,
        guest: Arc<dyn Carrier>,
        host: Arc<dyn Carrier>,
    ) -> Result<(), Refusal> {
        let plug = Plug { guest, host, gone: Arc::new(watch::Sender::new(false)) };
        self.switch.write().plug(key, settings, filter, plug)
    }

    /// Takes a VM out: its streams are reset. Its counters, if it was there.
    pub fn unplug(&self, key: &str) -> Option<Arc<Member<Plug>>> {
        let member = self.switch.write().unplug(key)?;
        member.plug.gone.send_replace(true);
        Some(member)
    }

    /// Changes what decides about a VM; see [`Switch::change`]. Streams that are open stay open.
    pub fn change(&self, key: &str, settings: Membership, filter: Option<Filter>) -> Result<(), Refusal> {
        let cid = settings.cid;
        let mut switch = self.switch.write();
        let before = switch.member(key).ok_or(Refusal::Gone)?.settings.cid;
        switch.change(key, settings, filter)?;
        let plug = switch.member(key).ok_or(Refusal::Gone)?.plug.clone();
        drop(switch);
        if before != cid {
            plug.guest.cid_changed(cid);
            plug.host.cid_changed(cid);
        }
        Ok(())
    }

    /// The context id of a VM that is plugged in.
    pub fn cid(&self, key: &str) -> Option<Cid> {
        self.switch.read().member(key).map(|member| member.settings.cid)
    }

    /// Reads the switch.
    pub fn read<R>(&self, look: impl FnOnce(&Switch<Plug>) -> R) -> R {
        look(&self.switch.read())
    }

    /// Bytes of all streams.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Opens a stream to an endpoint: the far end of it, and what keeps its books. `port` is the near end's.
    ///
    /// # Errors
    /// Why there is no stream; it has been counted.
    pub async fn connect(&self, from: Origin<'_>, port: Port, to: Address) -> Result<(Box<dyn Pipe>, Line), Refusal> {
        let packet = Packet { protocol: Protocol::Stream, from, to };
        let way = self.switch.read().judge(packet, &|notice| self.tell(notice))?;
        let opened = self.open(&way, port, to).await;
        let switch = self.switch.read();
        match &opened {
            Ok(_) => switch.passed(&way, packet, &|notice| self.tell(notice)),
            Err(why) => switch.refuse(&way, to, *why, &|notice| self.tell(notice)),
        }
        opened
    }

    async fn open(&self, way: &Way<Plug>, port: Port, to: Address) -> Result<(Box<dyn Pipe>, Line), Refusal> {
        let mut line = Line::new(self, way)?;
        let far = destination(way).ok_or(Refusal::Unreachable)?;
        let cid = way.source.as_ref().map_or(Cid::HOST, |source| source.settings.cid);
        let opening = tokio::time::timeout(self.limits.connect, far.open(Address::new(cid, port), to));
        let pipe = tokio::select! {
            biased;
            opened = opening => opened.map_err(|_| Refusal::TimedOut)??,
            () = line.gone.wait() => return Err(Refusal::Gone),
        };
        line.books.totals.opened.add(1);
        Ok((pipe, line))
    }

    /// Sends a datagram. Its source context has been filled in by the carrier and cannot be chosen by a program.
    ///
    /// # Errors
    /// Why it did not get through; it has been counted.
    pub fn send(&self, from: Origin<'_>, datagram: &Datagram) -> Result<(), Refusal> {
        let size = (datagram.wire_len() <= MAX).then_some(datagram.payload.len() as u64).ok_or(Refusal::TooLarge)?;
        let way = self.pass(Protocol::Datagram, from, datagram.to, |far| far.deliver(datagram))?;
        way.source.iter().for_each(|source| source.counters.from_guest.add(size));
        way.target.iter().for_each(|target| target.counters.to_guest.add(size));
        way.service.iter().for_each(|service| service.counters.bytes.add(size));
        Ok(())
    }

    /// Rings a doorbell.
    ///
    /// # Errors
    /// Why it does not ring; it has been counted.
    pub fn ring(&self, from: Origin<'_>, to: Address) -> Result<(), Refusal> {
        self.pass(Protocol::Doorbell, from, to, |far| far.ring(to)).map(drop)
    }

    fn pass(
        &self,
        protocol: Protocol,
        from: Origin<'_>,
        to: Address,
        act: impl FnOnce(&dyn Carrier) -> Result<(), Refusal>,
    ) -> Result<Way<Plug>, Refusal> {
        let packet = Packet { protocol, from, to };
        let tell = |notice| self.tell(notice);
        let way = self.switch.read().judge(packet, &tell)?;
        let done = destination(&way).ok_or(Refusal::Unreachable).and_then(|far| act(&*far));
        let switch = self.switch.read();
        match done {
            Ok(()) => switch.passed(&way, packet, &tell),
            Err(why) => switch.refuse(&way, to, why, &tell),
        }
        done.map(|()| way)
    }

    fn tell(&self, notice: Notice) {
        // Nobody listens once the server ends.
        let _ = self.notices.send(notice);
    }
}

/// Who gets what takes this way.
fn destination(way: &Way<Plug>) -> Option<Arc<dyn Carrier>> {
    let target = way.target.as_ref().map(|target| target.plug.guest.clone());
    target.or_else(|| way.source.as_ref().map(|source| source.plug.host.clone()))
}

/// An open stream's place in the fabric: its books, and the news that it has to end.
pub struct Line {
    pub(crate) books: Books,
    pub(crate) gone: Gone,
}

impl Line {
    fn new(fabric: &Fabric, way: &Way<Plug>) -> Result<Line, Refusal> {
        let members = || [&way.source, &way.target].into_iter().flatten();
        let gone = Gone(members().map(|member| member.plug.gone.subscribe()).collect());
        // From here on the line counts as open, and its end undoes that.
        members().for_each(|member| member.counters.open.add(1));
        way.service.iter().for_each(|service| service.counters.open.add(1));
        let (totals, budget) = (fabric.totals.clone(), fabric.budget.clone());
        totals.open.add(1);
        budget.open.add(1);
        let is_full = members().any(|member| member.counters.open.get() > fabric.limits.streams)
            || budget.open.get() > budget.most;
        let line = Line { books: Books { way: way.clone(), totals, budget }, gone };
        if is_full { Err(Refusal::NoResources) } else { Ok(line) }
    }
}

/// Tells when one of the VMs at the ends of a stream is taken out of the fabric.
pub(crate) struct Gone(Vec<watch::Receiver<bool>>);

impl Gone {
    /// Ends when one is.
    pub async fn wait(&mut self) {
        let is_gone = |gone: &bool| *gone;
        match &mut self.0[..] {
            [one] => drop(one.wait_for(is_gone).await),
            [one, other] => {
                tokio::select! {
                    _ = one.wait_for(is_gone) => {}
                    _ = other.wait_for(is_gone) => {}
                }
            }
            _ => std::future::pending().await,
        }
    }
}

/// Keeps the books of one stream for as long as it is open.
pub(crate) struct Books {
    way: Way<Plug>,
    totals: Arc<Totals>,
    budget: Arc<Budget>,
}

impl Books {
    /// Bytes were taken from one of the ends.
    pub fn taken(&self, count: u64) {
        self.totals.taken.add(count);
    }

    /// Bytes reached the far end, or the near end if they came back.
    pub fn given(&self, back: bool, count: u64) {
        let (source, target) = (&self.way.source, &self.way.target);
        let (sender, receiver) = if back { (target, source) } else { (source, target) };
        sender.iter().for_each(|member| member.counters.from_guest.add(count));
        receiver.iter().for_each(|member| member.counters.to_guest.add(count));
        self.way.service.iter().for_each(|service| service.counters.bytes.add(count));
        self.totals.given.add(count);
    }

    /// Bytes that were taken never reached the other end.
    pub fn lost(&self, count: u64) {
        let members = [&self.way.source, &self.way.target].into_iter().flatten();
        members.for_each(|member| member.counters.lost.add(count));
        self.totals.lost.add(count);
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        let members = [&self.way.source, &self.way.target].into_iter().flatten();
        members.for_each(|member| member.counters.open.sub(1));
        self.way.service.iter().for_each(|service| service.counters.open.sub(1));
        self.totals.open.sub(1);
        self.budget.open.sub(1);
    }
}
