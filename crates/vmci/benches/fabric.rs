//! What the fabric costs, against a plain relay of unix sockets in the same run: throughput, latency, connects, and many
//! open streams. `cargo bench -p vmci` prints the numbers and the ratios.

#![allow(clippy::print_stdout)]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener as StdListener, UnixStream as StdStream},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes},
    net::{UnixListener, UnixStream},
    runtime::Runtime,
};
use vmci::{
    Address, Cid, Port,
    fabric::{Fabric, Limits},
    filter::{Action, Direction, Filter, Protocol, Rule},
    reach::Generation,
    switch::{Membership, Origin, Packet},
    transport::unix::{self, Root, Sockets},
};

const VOLUME: usize = 1 << 28;
const PIECE: usize = 64 * 1024;
/// Of each measurement; the best counts, as whatever else the machine does only slows it down.
const ROUNDS: usize = 9;
const PINGS: usize = 5_000;
const STREAMS: usize = 10_000;
const CONNECTS: usize = 10_000;
const CLIENTS: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role @ ("listen" | "connect"), count, folder] =
        &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return play(role, count.parse().expect("a number"), Path::new(folder));
    }
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit on open files can be raised");
    let bench = Bench::new();
    bench.throughput();
    bench.latency();
    bench.decisions();
    bench.connects();
    bench.streams();
}

struct Bench {
    runtime: Runtime,
    dir: PathBuf,
    fabric: Arc<Fabric>,
    _root: Root,
    _sockets: Sockets,
}

impl Bench {
    fn new() -> Bench {
        let dir = std::env::temp_dir().join(format!("vmci-bench-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let _inside = runtime.enter();
        let root = Root::open(&dir).expect("the temporary folder can be used");
        let (fabric, _) = Fabric::new(Generation::HostOnly, Limits::default());
        let membership =
            Membership { cid: Cid::new(100), unrestricted: false, domain: String::new(), grants: BTreeSet::new() };
        let filter = Filter::new(&rules(), true);
        let limits = unix::Limits { handshakes: 1024, ..unix::Limits::default() };
        let sockets = Sockets::open(&root, &fabric, "vm-1".into(), membership, filter, limits).expect("sockets");
        drop(_inside);
        let bench = Bench { runtime, dir, fabric, _root: root, _sockets: sockets };
        bench.plain_relay();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What the fabric is compared with: accepts, connects to the same listener, copies.
    fn plain_relay(&self) {
        let (plain, target) = (self.path("vm-1/plain"), self.path("vm-1/guest.sock_1"));
        self.runtime.spawn(async move {
            let listener = UnixListener::bind(plain).expect("a socket");
            loop {
                let (mut near, _) = listener.accept().await.expect("a connection");
                let mut far = UnixStream::connect(&target).await.expect("a listener");
                tokio::spawn(async move {
                    let _ = copy_bidirectional_with_sizes(&mut near, &mut far, PIECE, PIECE).await;
                });
            }
        });
        while !self.path("vm-1/plain").exists() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// A listener of the guest, one connection through the fabric or the relay, and its accepted end.
    fn pair(&self, listener: &StdListener, fabric: bool) -> (StdStream, StdStream) {
        let stream = if fabric { self.through_fabric() } else { connect(&self.path("vm-1/plain")) };
        (stream, listener.accept().expect("a connection").0)
    }

    fn through_fabric(&self) -> StdStream {
        open(&self.path("vm-1/host.sock"))
    }

    fn listener(&self) -> StdListener {
        let path = self.path("vm-1/guest.sock_1");
        let _ = std::fs::remove_file(&path);
        StdListener::bind(path).expect("a socket")
    }

    fn throughput(&self) {
        let listener = self.listener();
        let measure = |fabric| {
            let (mut from, mut to) = self.pair(&listener, fabric);
            let start = Instant::now();
            let writer = thread::spawn(move || {
                let piece = vec![1; PIECE];
                (0..VOLUME / PIECE).for_each(|_| from.write_all(&piece).expect("a reader"));
            });
            let (mut piece, mut count) = (vec![0; PIECE], 0);
            while let Ok(read @ 1..) = to.read(&mut piece) {
                count += read;
            }
            writer.join().expect("the writer ends");
            assert_eq!(count, VOLUME);
            VOLUME as f64 / start.elapsed().as_secs_f64() / 1e6
        };
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plain.push(measure(false));
            ours.push(measure(true));
        }
        let (plain, ours) = (most(&plain), most(&ours));
        println!("throughput: relay {plain:.0} MB/s, fabric {ours:.0} MB/s: {:.0} %", ours / plain * 100.0);
    }

    fn latency(&self) {
        let listener = self.listener();
        let measure = |pair: (StdStream, StdStream)| {
            let (mut ping, mut pong) = pair;
            thread::spawn(move || {
                let mut bytes = [0; 64];
                while pong.read_exact(&mut bytes).is_ok() && pong.write_all(&bytes).is_ok() {}
            });
            let mut times: Vec<f64> = (0..PINGS)
                .map(|_| {
                    let mut bytes = [1; 64];
                    let start = Instant::now();
                    ping.write_all(&bytes).and_then(|()| ping.read_exact(&mut bytes)).expect("an echo");
                    start.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            median(&mut times)
        };
        let direct = measure(StdStream::pair().expect("a pair"));
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plain.push(measure(self.pair(&listener, false)));
            ours.push(measure(self.pair(&listener, true)));
        }
        let (plain, ours) = (least(&plain), least(&ours));
        println!(
            "round trip of 64 bytes, median: direct {direct:.1} us, relay {plain:.1} us, fabric {ours:.1} us: {:+.1} us",
            ours - plain
        );
    }

    fn decisions(&self) {
        let packet = Packet {
            protocol: Protocol::Stream,
            from: Origin::Host,
            to: Address::new(Cid::new(100), Port::new(1).expect("a port")),
        };
        let count = 1_000_000;
        let start = Instant::now();
        self.fabric.read(|switch| {
            for _ in 0..count {
                assert!(switch.judge(packet, &|_| {}).is_ok());
            }
        });
        let each = start.elapsed().as_secs_f64() / f64::from(count) * 1e9;
        println!("decision with 64 rules: {each:.0} ns");
    }

    fn connects(&self) {
        let path = self.path("vm-1/guest.sock_1");
        let _ = std::fs::remove_file(&path);
        let rate = |fabric: bool| {
            let (socket, listen) = (self.path(if fabric { "vm-1/host.sock" } else { "vm-1/plain" }), path.clone());
            self.runtime.block_on(async move {
                let _ = std::fs::remove_file(&listen);
                let server = tokio::spawn(greet(UnixListener::bind(&listen).expect("a socket"), !fabric));
                let (start, done) = (Instant::now(), Arc::new(AtomicU64::new(0)));
                let clients: Vec<_> =
                    (0..CLIENTS).map(|_| tokio::spawn(knock(socket.clone(), done.clone(), fabric))).collect();
                for client in clients {
                    client.await.expect("a client ends");
                }
                server.abort();
                CONNECTS as f64 / start.elapsed().as_secs_f64()
            })
        };
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plain.push(rate(false));
            ours.push(rate(true));
        }
        let (plain, ours) = (most(&plain), most(&ours));
        println!(
            "connects per second with 64 rules, clients and listener included: relay {plain:.0}, fabric {ours:.0}: {:.0} %",
            ours / plain * 100.0
        );
    }

    /// A stream costs the server two open files; the programs at its ends are processes of their own.
    fn streams(&self) {
        let limit = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1024, |(now, _)| now) as usize;
        let count = STREAMS.min((limit - 64) / 2);
        if count < STREAMS {
            println!("at most {limit} files can be open here: {count} streams instead of {STREAMS}");
        }
        let _ = std::fs::remove_file(self.path("vm-1/guest.sock_1"));
        let role = |role: &str| {
            let this = std::env::current_exe().expect("this program");
            let mut command = std::process::Command::new(this);
            command.args([role, &count.to_string()]).arg(self.path("vm-1"));
            command.stdout(Stdio::piped()).spawn().expect("this program runs again")
        };
        let mut listener = role("listen");
        while !self.path("vm-1/guest.sock_1").exists() {
            thread::sleep(Duration::from_millis(1));
        }
        let mut client = role("connect");
        let mut told = String::new();
        BufReader::new(client.stdout.take().expect("a pipe")).read_line(&mut told).expect("the client tells");
        let (open, resident) = (self.fabric.totals().open.get(), resident() / 1_000_000);
        println!("{open} open streams: {}, resident memory of the server {resident} MB", told.trim());
        assert_eq!(open, count as u64);
        let _ = (client.wait(), listener.kill(), listener.wait());
    }
}

/// The programs at the ends of many streams.
fn play(role: &str, count: usize, folder: &Path) {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit on open files can be raised");
    if role == "listen" {
        let listener = StdListener::bind(folder.join("guest.sock_1")).expect("a socket");
        let mut streams: Vec<StdStream> = (0..count).map(|_| listener.accept().expect("a stream").0).collect();
        for stream in &mut streams {
            let mut byte = [0];
            stream.read_exact(&mut byte).and_then(|()| stream.write_all(&byte)).expect("a byte");
        }
        thread::sleep(Duration::from_secs(60));
        return;
    }
    let start = Instant::now();
    let mut streams: Vec<StdStream> = (0..count).map(|_| open(&folder.join("host.sock"))).collect();
    let opened = start.elapsed().as_millis();
    let start = Instant::now();
    for stream in &mut streams {
        let mut byte = [7];
        stream.write_all(&byte).and_then(|()| stream.read_exact(&mut byte)).expect("an echo");
    }
    println!("opened in {opened} ms, a byte there and back through each in {} ms", start.elapsed().as_millis());
    thread::sleep(Duration::from_millis(500));
}

/// Accepts; for the plain relay, greets as the fabric does, so that both are asked and answered.
async fn greet(listener: UnixListener, plain: bool) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        if plain {
            let _ = stream.write_all(b"OK 1\n").await;
        }
    }
}

async fn knock(socket: PathBuf, done: Arc<AtomicU64>, fabric: bool) {
    while done.fetch_add(1, Ordering::Relaxed) < CONNECTS as u64 {
        let mut stream = loop {
            match UnixStream::connect(&socket).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        if fabric {
            stream.write_all(b"CONNECT 1\n").await.expect("a first line");
        }
        let mut answer = [0; 32];
        assert!(stream.read(&mut answer).await.expect("an answer") > 3, "refused");
    }
}

/// 64 rules of which the last but one decides.
fn rules() -> Vec<Rule> {
    let port = |n: u32| Port::new(n);
    let mut rules: Vec<Rule> = (0..62)
        .map(|n| Rule {
            direction: Some(if n % 2 == 0 { Direction::Guest } else { Direction::Host }),
            protocol: Some(Protocol::Stream),
            lower: port(1000 + n * 10),
            upper: port(1005 + n * 10),
            ..Rule::any(i64::from(n), Action::Deny)
        })
        .collect();
    rules.push(Rule { lower: port(1), upper: port(1), ..Rule::any(62, Action::Allow) });
    rules.push(Rule::any(63, Action::Deny));
    rules
}

/// A stream through the fabric.
fn open(socket: &Path) -> StdStream {
    let mut stream = connect(socket);
    stream.write_all(b"CONNECT 1\n").expect("a first line");
    let mut byte = [0];
    while byte != *b"\n" {
        stream.read_exact(&mut byte).expect("an answer");
    }
    stream
}

fn connect(path: &Path) -> StdStream {
    StdStream::connect(path).expect("a listener")
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn most(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(0.0, f64::max)
}

fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
