//! Machines come, go, move and change their rules at random while programs talk through them. At the end nothing is left,
//! and every byte is accounted for: `cargo run --release -p vmci --example soak -- SECONDS [SEED]`.
//!
//! Fails if a stream that nobody interrupted loses a byte, if the books of a fabric do not balance, or if a file,
//! descriptor or stream is left over.

#![allow(clippy::print_stdout)]

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::{AbortHandle, JoinSet},
};
use vmci::{
    Cid, Port,
    fabric::{Fabric, Limits},
    filter::{Action, Direction, Filter, Rule},
    reach::Generation,
    switch::Membership,
    transport::unix::{self, Keep, Root, Sockets},
};

const MACHINES: u32 = 24;
const CLIENTS: usize = 24;
/// Longer than any stream should take, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let (seconds, seed) = (arguments.next().unwrap_or(60), arguments.next().unwrap_or(1));
    let dir = std::env::temp_dir().join(format!("vmci-soak-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the temporary folder can be written");
    let before = descriptors();
    let lab = Arc::new(Lab::new(&dir));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for number in 0..CLIENTS as u64 {
        tasks.spawn(client(lab.clone(), Random::new(seed * 1000 + number), end));
    }
    tasks.spawn(rogue(lab.clone(), Random::new(seed * 1000 + 777), end));
    tasks.spawn(operator(lab.clone(), Random::new(seed * 1000 + 999), end));
    while let Some(done) = tasks.join_next().await {
        done.expect("no task panics");
    }
    lab.settle().await;
    lab.report();
    drop(Arc::into_inner(lab).expect("nobody works in the lab any more"));
    let left: Vec<PathBuf> = std::fs::read_dir(&dir).expect("the folder").flatten().map(|e| e.path()).collect();
    assert!(left.is_empty(), "left over: {left:?}");
    std::fs::remove_dir(&dir).expect("the folder is empty");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let after = descriptors();
    println!("open files: {before} before, {after} after");
    assert!(after <= before, "descriptors leaked");
}

struct Lab {
    machines: Vec<Machine>,
    hosts: Vec<Arc<Fabric>>,
    tally: Tally,
    root: Root,
}

#[derive(Default)]
struct Tally {
    operations: AtomicU64,
    whole: AtomicU64,
    broken: AtomicU64,
    closed: AtomicU64,
    bytes: AtomicU64,
    rogues: AtomicU64,
}

struct Machine {
    number: u32,
    sockets: Mutex<Option<Sockets>>,
    echo: Mutex<Option<AbortHandle>>,
    /// Counts what interrupts streams.
    interruptions: AtomicU64,
    /// An operation is under way.
    busy: AtomicBool,
}

impl Lab {
    fn new(dir: &std::path::Path) -> Lab {
        let fabric = || Fabric::new(Generation::HostOnly, Limits::default()).0;
        let machine = |number| Machine {
            number,
            sockets: Mutex::default(),
            echo: Mutex::default(),
            interruptions: AtomicU64::new(0),
            busy: AtomicBool::new(false),
        };
        Lab {
            machines: (0..MACHINES).map(machine).collect(),
            hosts: vec![fabric(), fabric(), fabric()],
            tally: Tally::default(),
            root: Root::open(dir).expect("the folder can be used"),
        }
    }

    fn path(&self, machine: &Machine, name: &str) -> PathBuf {
        self.root.path().join(machine.key()).join(name)
    }

    /// Everything is off, and what was under way has ended.
    async fn settle(&self) {
        for machine in &self.machines {
            self.power_off(machine);
        }
        let open = || self.hosts.iter().map(|host| host.totals().open.get()).sum::<u64>();
        let end = Instant::now() + PATIENCE;
        while open() > 0 {
            assert!(Instant::now() < end, "{} streams stay open", open());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn report(&self) {
        let t = &self.tally;
        println!(
            "{} operations; {} streams whole, {} interrupted, {} not answered; {} rogues; {} bytes echoed whole",
            t.operations.load(SeqCst),
            t.whole.load(SeqCst),
            t.broken.load(SeqCst),
            t.closed.load(SeqCst),
            t.rogues.load(SeqCst),
            t.bytes.load(SeqCst)
        );
        for (number, host) in self.hosts.iter().enumerate() {
            let totals = host.totals();
            let (taken, given, lost) = (totals.taken.get(), totals.given.get(), totals.lost.get());
            println!("host {number}: {} streams; bytes taken {taken}, given {given}, lost {lost}", totals.opened.get());
            assert_eq!(taken, given + lost, "the books of host {number} do not balance");
            assert_eq!(host.read(|switch| switch.members().count()), 0, "a machine is still plugged in");
        }
        assert!(t.whole.load(SeqCst) > 0, "nothing got through");
    }

    fn power_on(self: &Arc<Lab>, machine: &Machine, random: &mut Random) {
        let host = &self.hosts[random.below(self.hosts.len() as u64) as usize];
        let filter = filter(random);
        let key = machine.key().as_str().into();
        let membership = machine.membership(random);
        let opened = Sockets::open(&self.root, host, key, membership, filter, unix::Limits::default());
        *machine.sockets.lock() = Some(opened.expect("a machine can be plugged in"));
        let mut echo = machine.echo.lock();
        if echo.is_none() {
            let listener = UnixListener::bind(self.path(machine, "guest.sock_7")).expect("a guest can listen");
            *echo = Some(tokio::spawn(echoes(listener)).abort_handle());
        }
    }

    fn power_off(&self, machine: &Machine) {
        let paused = machine.sockets.lock().take().is_none();
        if let Some(echo) = machine.echo.lock().take() {
            echo.abort();
        }
        if paused {
            self.root.forget(&machine.key());
        }
    }
}

impl Machine {
    fn key(&self) -> String {
        format!("vm-{}", self.number)
    }

    fn membership(&self, random: &mut Random) -> Membership {
        let cid = Cid::new(1000 + self.number * 100 + random.below(100) as u32);
        Membership { cid, unrestricted: false, domain: String::new(), grants: BTreeSet::new() }
    }
}

/// Powers machines on and off, moves them, changes their ids and rules.
async fn operator(lab: Arc<Lab>, mut random: Random, end: Instant) {
    while Instant::now() < end {
        let machine = &lab.machines[random.below(u64::from(MACHINES)) as usize];
        let running = machine.sockets.lock().is_some();
        machine.busy.store(true, SeqCst);
        match random.below(8) {
            _ if !running => lab.power_on(machine, &mut random),
            0 | 1 => {
                machine.interruptions.fetch_add(1, SeqCst);
                lab.power_off(machine);
            }
            2 | 3 => {
                machine.interruptions.fetch_add(1, SeqCst);
                let sockets = machine.sockets.lock().take();
                sockets.into_iter().for_each(|sockets| sockets.close(Keep::Listeners));
                if random.below(2) == 0 {
                    lab.power_on(machine, &mut random);
                }
            }
            _ => {
                let fabric = machine.sockets.lock().as_ref().map(|sockets| sockets.fabric().clone());
                let changed = fabric
                    .map(|f| f.change(&machine.key(), machine.membership(&mut random), Some(filter(&mut random))));
                assert!(changed.is_none_or(|changed| changed.is_ok()), "settings of a machine can be changed");
            }
        }
        machine.busy.store(false, SeqCst);
        lab.tally.operations.fetch_add(1, SeqCst);
        tokio::time::sleep(Duration::from_millis(random.below(6))).await;
    }
}

/// One in four denies what the clients do.
fn filter(random: &mut Random) -> Filter {
    let action = if random.below(4) == 0 { Action::Deny } else { Action::Allow };
    let rule =
        Rule { direction: Some(Direction::Guest), lower: Port::new(7), upper: Port::new(7), ..Rule::any(1, action) };
    Filter::new(&[rule], true)
}

/// The guest: sends everything back.
async fn echoes(listener: UnixListener) {
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = streams.join_next() => {}
            Ok((stream, _)) = listener.accept() => {
                streams.spawn(async move {
                    let (mut reader, mut writer) = stream.into_split();
                    let _ = tokio::io::copy(&mut reader, &mut writer).await;
                });
            }
        }
    }
}

/// Opens streams, and checks that what comes back is what was sent unless the machine was interrupted.
async fn client(lab: Arc<Lab>, mut random: Random, end: Instant) {
    while Instant::now() < end {
        let machine = &lab.machines[random.below(u64::from(MACHINES)) as usize];
        let (before, was_busy) = (machine.interruptions.load(SeqCst), machine.busy.load(SeqCst));
        let size = [1, 100, 5_000, 300_000, 2_000_000][random.below(5) as usize];
        let slow = random.below(4) == 0;
        let socket = lab.path(machine, "host.sock");
        let came = tokio::time::timeout(PATIENCE, talk(&socket, size, slow)).await.expect("nothing hangs");
        let quiet = !was_busy && !machine.busy.load(SeqCst) && machine.interruptions.load(SeqCst) == before;
        match came {
            None => lab.tally.closed.fetch_add(1, SeqCst),
            Some(count) if count == size => {
                lab.tally.bytes.fetch_add(size as u64, SeqCst);
                lab.tally.whole.fetch_add(1, SeqCst)
            }
            Some(count) => {
                assert!(!quiet, "{count} of {size} bytes came back although nobody interrupted");
                lab.tally.broken.fetch_add(1, SeqCst)
            }
        };
        if came.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// How many bytes come back; none if there is no stream.
async fn talk(socket: &std::path::Path, size: usize, slow: bool) -> Option<usize> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    stream.write_all(b"CONNECT 7\n").await.ok()?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\n") {
        answer.push(stream.read_u8().await.ok()?);
    }
    assert!(answer.starts_with(b"OK "), "{answer:?}");
    let (mut reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        let piece: Vec<u8> = (0..size).map(|n| n as u8).collect();
        let _ = writer.write_all(&piece).await;
        let _ = writer.shutdown().await;
    });
    let (mut count, mut piece) = (0, vec![0; 20_000]);
    while let Ok(read @ 1..) = reader.read(&mut piece).await {
        let is_mine = piece[..read].iter().enumerate().all(|(at, byte)| *byte == (count + at) as u8);
        assert!(is_mine, "other bytes came back than were sent");
        count += read;
        if slow {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
    let _ = sending.await;
    Some(count)
}

/// Writes garbage, leaves early, or stays half open.
async fn rogue(lab: Arc<Lab>, mut random: Random, end: Instant) {
    let mut kept: Vec<UnixStream> = Vec::new();
    while Instant::now() < end {
        let machine = &lab.machines[random.below(u64::from(MACHINES)) as usize];
        let name = if random.below(2) == 0 { "host.sock" } else { "guest.sock" };
        if let Ok(mut stream) = UnixStream::connect(lab.path(machine, name)).await {
            let lines: [&[u8]; 6] = [b"", b"CONN", b"CONNECT 7\nhalf", b"DGRAM\n\xff\xff", b"BELL 5\n", &[b'x'; 500]];
            let _ = stream.write_all(lines[random.below(6) as usize]).await;
            lab.tally.rogues.fetch_add(1, SeqCst);
            kept.push(stream);
        }
        if kept.len() > 50 {
            kept.clear();
        }
        tokio::time::sleep(Duration::from_millis(random.below(10))).await;
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Xorshift: the same seed gives the same operations, if not the same interleaving.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
