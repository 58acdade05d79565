//! A fabric with VMs, and programs on their sockets.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc::UnboundedReceiver,
};
use vmci::{
    Cid,
    fabric::{self, Fabric},
    filter::{Filter, Rule},
    reach::Generation,
    switch::{Membership, Notice},
    transport::unix::{Keep, Limits, Root, Sockets},
};

/// One host with a folder of its own.
pub struct Bench {
    pub dir: PathBuf,
    pub root: Root,
    pub fabric: Arc<Fabric>,
    pub told: UnboundedReceiver<Notice>,
    pub limits: Limits,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::of(Generation::HostOnly, fabric::Limits::default())
    }

    pub fn of(generation: Generation, limits: fabric::Limits) -> Bench {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("vmci-it-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let (fabric, told) = Fabric::new(generation, limits);
        let root = Root::open(&dir).unwrap();
        Bench { dir, root, fabric, told, limits: Limits { patience: Duration::from_millis(300), ..Limits::default() } }
    }

    /// Plugs in a VM with the context id `cid`.
    pub fn vm(&self, key: &str, cid: u32) -> Sockets {
        self.ruled(key, cid, &[])
    }

    pub fn ruled(&self, key: &str, cid: u32, rules: &[Rule]) -> Sockets {
        let filter = Filter::new(rules, true);
        Sockets::open(&self.root, &self.fabric, key.into(), membership(cid), filter, self.limits).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A program that connects to one of the sockets and writes a first line.
    pub async fn program(&self, socket: &str, line: &str) -> UnixStream {
        program(&self.path(socket), line).await
    }

    /// The same, answered with OK.
    pub async fn connected(&self, socket: &str, line: &str) -> UnixStream {
        let mut stream = self.program(socket, line).await;
        let answer = answer(&mut stream).await.expect("the program is answered");
        assert!(answer.starts_with("OK ") && answer.ends_with('\n'), "{answer:?}");
        stream
    }

    pub fn listener(&self, name: &str) -> UnixListener {
        UnixListener::bind(self.path(name)).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn membership(cid: u32) -> Membership {
    Membership { cid: Cid::new(cid), unrestricted: true, domain: String::new(), grants: BTreeSet::new() }
}

pub async fn program(path: &Path, line: &str) -> UnixStream {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(line.as_bytes()).await.unwrap();
    stream
}

/// The line that the fabric answers; none if it closes instead. Never waits long.
pub async fn answer(stream: &mut UnixStream) -> Option<String> {
    let mut line = Vec::new();
    loop {
        match soon(stream.read_u8()).await {
            Ok(byte) => line.push(byte),
            Err(_) => return None,
        }
        if line.ends_with(b"\n") {
            return Some(String::from_utf8(line).unwrap());
        }
    }
}

/// Whatever it is, it comes within seconds.
pub async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("nothing here takes so long")
}

/// What comes until the end.
pub async fn rest(stream: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = soon(stream.read_to_end(&mut bytes)).await;
    bytes
}

pub async fn line(stream: &mut UnixStream) -> String {
    let mut text = String::new();
    soon(BufReader::new(stream).read_line(&mut text)).await.unwrap();
    text
}

/// Waits until something holds.
pub async fn until(what: impl Fn() -> bool) {
    soon(async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub fn closed(sockets: Sockets) {
    sockets.close(Keep::Nothing);
}
