//! What the HTTP front allows a client.

use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// The bounds of the HTTP front. [`Limits::default`] suits a server in a lab or a CI job.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections at once (10,000). Further ones wait in the kernel's queue until one ends.
    pub connections: usize,
    /// Requests that one HTTP/2 connection may have running at once (128).
    pub streams: u32,
    /// Bytes of one request's line and headers (64 KiB; values under 8 KiB count as 8 KiB). More answers status 431.
    pub head_bytes: usize,
    /// Bytes of one request body (64 MiB), counted after decompression. More answers status 413.
    pub body_bytes: usize,
    /// Bytes of all request bodies held at once (1 GiB). A body that finds no room answers status 503.
    pub buffered_bytes: usize,
    /// Time for the TLS handshake (10 s).
    pub handshake: Duration,
    /// Time from opening a connection to its first whole request head, and from the first byte of a later request head
    /// to its last (30 s).
    pub head: Duration,
    /// Time to receive one request body (60 s). Longer answers status 408.
    pub body: Duration,
    /// Time for which a client may read nothing of a reply that waits for it (60 s). Of a large reply it has to take
    /// some 64 KiB in this time.
    pub write_stall: Duration,
    /// Time in which a client has to have taken a large reply (30 min): the server keeps the state of the world that it
    /// is written from.
    pub reply: Duration,
    /// Time for which a connection may stay open between requests (20 min; pyVmomi reuses connections for 15).
    pub idle: Duration,
    /// The same while [`Limits::connections`] is reached (5 s).
    pub idle_when_full: Duration,
    /// Time that running requests get to end after the shutdown signal (1.4 s). What then still runs answers
    /// status 503, and all connections are closed within another half second.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            streams: 128,
            head_bytes: 64 * 1024,
            body_bytes: 64 * MIB,
            buffered_bytes: 1024 * MIB,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body: Duration::from_secs(60),
            write_stall: Duration::from_secs(60),
            reply: Duration::from_secs(30 * 60),
            idle: Duration::from_secs(20 * 60),
            idle_when_full: Duration::from_secs(5),
            drain: Duration::from_millis(1400),
        }
    }
}
