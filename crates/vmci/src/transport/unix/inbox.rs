//! What waits for a program that has bound a port for datagrams, or made a doorbell.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    addr::{Address, Cid, Port},
    datagram::{Datagram, Queue, write_report},
    doorbell::Doorbell,
    endpoint::Endpoints,
    refusal::Refusal,
};

/// Frames on their way to a program.
#[derive(Default)]
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    news: Notify,
}

impl Inbox {
    /// Adds a datagram.
    pub fn push(&self, datagram: &Datagram) -> Result<(), Refusal> {
        let mut frame = Vec::with_capacity(datagram.wire_len());
        datagram.write(&mut frame);
        self.push_frame(frame)
    }

    /// Adds the report that a datagram of the program's own was refused. A program that does not read misses it.
    pub fn report(&self, of: Address, to: Address, why: Refusal) {
        let mut frame = Vec::new();
        write_report(&mut frame, of, to, why);
        let _ = self.push_frame(frame);
    }

    fn push_frame(&self, frame: Vec<u8>) -> Result<(), Refusal> {
        self.queue.lock().push(frame)?;
        self.news.notify_one();
        Ok(())
    }

    /// The oldest frame, if there is one.
    pub fn pop(&self) -> Option<Vec<u8>> {
        self.queue.lock().pop()
    }

    /// Waits for a frame.
    pub async fn next(&self) -> Vec<u8> {
        loop {
            if let Some(frame) = self.pop() {
                return frame;
            }
            self.news.notified().await;
        }
    }
}

/// A doorbell that a program listens to.
#[derive(Default)]
pub(super) struct Bell {
    bell: Mutex<Doorbell>,
    news: Notify,
}

impl Bell {
    fn ring(&self) {
        if self.bell.lock().ring() {
            self.news.notify_one();
        }
    }

    /// Waits until it rings.
    pub async fn heard(&self) {
        while !self.bell.lock().hear() {
            self.news.notified().await;
        }
    }
}

/// The endpoints of one context.
pub(super) struct Bound {
    inboxes: Mutex<Endpoints<Arc<Inbox>>>,
    bells: Mutex<Endpoints<Arc<Bell>>>,
}

impl Bound {
    pub fn new(limit: usize) -> Bound {
        Bound { inboxes: Mutex::new(Endpoints::new(limit)), bells: Mutex::new(Endpoints::new(limit)) }
    }

    pub fn bind(self: &Arc<Bound>, port: Option<Port>) -> Result<(Port, Arc<Inbox>, Unbind), Refusal> {
        let inbox = Arc::new(Inbox::default());
        let port = self.inboxes.lock().bind(port, inbox.clone())?;
        Ok((port, inbox, Unbind { bound: self.clone(), port, bell: false }))
    }

    pub fn hang(self: &Arc<Bound>, port: Port) -> Result<(Arc<Bell>, Unbind), Refusal> {
        let bell = Arc::new(Bell::default());
        self.bells.lock().bind(Some(port), bell.clone())?;
        Ok((bell, Unbind { bound: self.clone(), port, bell: true }))
    }

    pub fn deliver(&self, datagram: &Datagram) -> Result<(), Refusal> {
        let inbox = self.inboxes.lock().get(datagram.to.port).cloned();
        inbox.ok_or(Refusal::NoListener)?.push(datagram)
    }

    pub fn ring(&self, port: Port) -> Result<(), Refusal> {
        let bell = self.bells.lock().get(port).cloned();
        bell.ok_or(Refusal::NoListener).map(|bell| bell.ring())
    }
}

/// Frees a port when the program that bound it is gone.
pub(super) struct Unbind {
    bound: Arc<Bound>,
    port: Port,
    bell: bool,
}

impl Drop for Unbind {
    fn drop(&mut self) {
        if self.bell {
            self.bound.bells.lock().unbind(self.port);
        } else {
            self.bound.inboxes.lock().unbind(self.port);
        }
    }
}

/// The contexts in whose place programs can be, as one VM sees them.
pub(super) struct Contexts {
    pub guest: Arc<Bound>,
    pub host: Arc<Bound>,
    pub hypervisor: Arc<Bound>,
}

impl Contexts {
    pub fn new(limit: usize) -> Contexts {
        let bound = || Arc::new(Bound::new(limit));
        Contexts { guest: bound(), host: bound(), hypervisor: bound() }
    }

    /// Of the host's side.
    pub fn of_host(&self, cid: Cid) -> &Arc<Bound> {
        if cid == Cid::HYPERVISOR { &self.hypervisor } else { &self.host }
    }
}
