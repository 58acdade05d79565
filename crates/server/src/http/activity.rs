//! What a connection last did, and from that, until when it may go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;

/// The clock of one connection, shared by its socket, its requests and its supervisor.
///
/// Times are milliseconds since the connection opened, plus one, so that zero means "not".
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    running: AtomicUsize,
    /// A request head has arrived on this connection.
    greeted: AtomicBool,
    /// The connection carries several requests at once (HTTP/2): bytes between requests are then not a request head.
    multiplexed: AtomicBool,
    head_since: AtomicU64,
    last: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            running: AtomicUsize::new(0),
            greeted: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            head_since: AtomicU64::new(0),
            last: AtomicU64::new(1),
        }
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        let now = self.now();
        self.last.store(now, Relaxed);
        if self.running.load(Relaxed) == 0 && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(now, Relaxed);
        }
    }

    /// Bytes went out.
    pub(super) fn sent(&self) {
        self.last.store(self.now(), Relaxed);
    }

    /// A request head is complete; the request runs until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>, multiplexed: bool) -> Running {
        self.running.fetch_add(1, Relaxed);
        self.greeted.store(true, Relaxed);
        self.multiplexed.store(multiplexed, Relaxed);
        self.head_since.store(0, Relaxed);
        Running(Arc::clone(self))
    }

    /// When the connection has to be closed if nothing happens until then; `None` while a request runs.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        if self.running.load(Relaxed) > 0 {
            return None;
        }
        if !self.greeted.load(Relaxed) {
            return Some(self.opened + limits.head);
        }
        match self.head_since.load(Relaxed) {
            since if since > 0 && !self.multiplexed.load(Relaxed) => Some(self.instant(since) + limits.head),
            _ => Some(self.instant(self.last.load(Relaxed)) + limits.idle),
        }
    }

    /// Whether the connection waits for its next request, and has done so for at least `time`.
    pub(super) fn idle_for(&self, time: Duration) -> bool {
        self.running.load(Relaxed) == 0 && self.instant(self.last.load(Relaxed)) + time <= Instant::now()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn instant(&self, time: u64) -> Instant {
        self.opened + Duration::from_millis(time - 1)
    }
}

/// A request that runs, until its reply is sent.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.sent();
        self.0.running.fetch_sub(1, Relaxed);
    }
}
