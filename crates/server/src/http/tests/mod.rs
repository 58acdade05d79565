//! The front as clients meet it: real sockets on the loopback address.

mod bodies;
mod connections;
mod encryption;
mod large;
mod shutdown;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{Body, Identity, Limits, Listener, Pieces, Request, Response, Service};

/// More than any test should need; a test that takes it has hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers by path; counts calls that run and calls that were dropped.
#[derive(Default)]
struct Probe {
    running: AtomicUsize,
    dropped: AtomicUsize,
    /// Large replies under way, and how many bytes of them were written.
    writing: Arc<AtomicUsize>,
    written: Arc<AtomicUsize>,
}

/// Lines in a MiB of a large reply.
const LINES: usize = 1 << 14;

fn line(number: usize) -> String {
    format!("line {number:010} of a large reply, sixty-four bytes, so to say..\n")
}

/// A reply that is counted while it is written.
struct Counted {
    lines: std::ops::Range<usize>,
    writing: Arc<AtomicUsize>,
    written: Arc<AtomicUsize>,
}

impl Counted {
    fn new(probe: &Probe, lines: usize) -> Self {
        probe.writing.fetch_add(1, Ordering::SeqCst);
        Self { lines: 0..lines, writing: Arc::clone(&probe.writing), written: Arc::clone(&probe.written) }
    }
}

impl Pieces for Counted {
    fn write(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        let before = out.len();
        while out.len() < enough {
            match self.lines.next() {
                Some(number) => out.extend_from_slice(line(number).as_bytes()),
                None => break,
            }
        }
        self.written.fetch_add(out.len() - before, Ordering::SeqCst);
        !self.lines.is_empty()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.writing.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Ticket<'a>(&'a Probe, bool);

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Service for Probe {
    async fn call(&self, request: Request) -> Response {
        self.running.fetch_add(1, Ordering::SeqCst);
        let mut ticket = Ticket(self, false);
        let reply = match request.path() {
            "/forever" => std::future::pending().await,
            "/nap" => {
                sleep(Duration::from_millis(300)).await;
                Response::text(StatusCode::OK, "rested")
            }
            "/panic" => panic!("this handler is broken"),
            "/text" => Response::text(StatusCode::OK, "ferrosphere ".repeat(1000)),
            "/large" => match request.query().and_then(|mib| mib.parse::<usize>().ok()) {
                Some(0) => Response::text(
                    StatusCode::OK,
                    Body::in_pieces(|out: &mut Vec<u8>, _| {
                        out.extend_from_slice(b"end\n");
                        false
                    }),
                ),
                mib => Response::text(StatusCode::OK, Body::in_pieces(Counted::new(self, mib.unwrap_or(1) * LINES))),
            },
            "/endless" => {
                let mut counted = Counted::new(self, usize::MAX);
                Response::text(
                    StatusCode::OK,
                    Body::in_pieces(move |out: &mut Vec<u8>, enough| {
                        std::thread::sleep(Duration::from_millis(5));
                        counted.write(out, enough)
                    }),
                )
            }
            "/broken" => {
                let mut counted = Counted::new(self, LINES);
                Response::text(
                    StatusCode::OK,
                    Body::in_pieces(move |out: &mut Vec<u8>, enough| {
                        assert!(counted.lines.start < LINES / 2, "half of it is enough");
                        counted.write(out, enough)
                    }),
                )
            }
            "/huge" => Response::new(StatusCode::OK, "application/octet-stream", vec![7; 64 << 20]),
            "/echo" => Response::new(StatusCode::OK, "application/octet-stream", request.body),
            "/length" => Response::text(StatusCode::OK, request.body.len().to_string()),
            path => Response::text(StatusCode::OK, format!("{path} {:?} secure={}", request.query(), request.secure)),
        };
        ticket.1 = true;
        reply
    }
}

/// A server that runs until it is dropped or closed.
struct Server {
    address: SocketAddr,
    probe: Arc<Probe>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        Self::start_with(limits, None).await
    }

    async fn start_with(limits: Limits, identity: Option<Identity>) -> Self {
        let listener = Listener::bind("127.0.0.1:0", identity, limits).await.expect("a free port");
        let (address, probe) = (listener.local_addr(), Arc::new(Probe::default()));
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(listener.serve(Arc::clone(&probe), async {
            let _ = stopped.await;
        }));
        Self { address, probe, stop: Some(stop), ended }
    }

    async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.expect("the server accepts"))
    }

    /// Asks the server to stop and says how long it took.
    async fn close(mut self) -> Duration {
        let started = Instant::now();
        self.stop.take().expect("closed once").send(()).expect("it runs");
        timeout(PATIENCE, &mut self.ended).await.expect("it ends").expect("it does not panic");
        started.elapsed()
    }

    async fn until(&self, what: impl Fn(&Probe) -> bool) {
        let reached = async {
            while !what(&self.probe) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, reached).await.expect("the server gets there");
    }

    async fn until_running(&self, calls: usize) {
        self.until(|probe| probe.running.load(Ordering::SeqCst) == calls).await;
    }
}

/// One HTTP/1.1 connection, byte by byte.
struct Client(TcpStream);

/// A reply as it came over the wire.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a reply in UTF-8")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Client {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    async fn get(&mut self, path: &str) -> Reply {
        self.ask("GET", path, "", b"").await
    }

    async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
        let length = body.len();
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n")).await;
        self.send(body).await;
        self.reply().await.expect("a reply")
    }

    /// The next reply; `None` if the connection ends instead.
    async fn reply(&mut self) -> Option<Reply> {
        timeout(PATIENCE, self.read_reply()).await.expect("a reply or an end")
    }

    async fn read_reply(&mut self) -> Option<Reply> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).expect("a head in UTF-8");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let mut reply = Reply { status, head, body: Vec::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        reply.body.resize(length, 0);
        self.0.read_exact(&mut reply.body).await.expect("a whole body");
        Some(reply)
    }

    /// How long it takes until the server closes the connection.
    async fn until_closed(&mut self) -> Duration {
        let started = Instant::now();
        assert!(self.reply().await.is_none(), "the connection ends without a reply");
        started.elapsed()
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}
