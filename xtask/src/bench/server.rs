//! The servers that are compared: started on loopback, watched through /proc, ended by their own process id.

use super::guard::Guarded;
use super::process;
use super::wire::Endpoint;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Longer starts are not measured.
pub const MEASURED: Duration = Duration::from_secs(120);

/// How long a server that is to be measured otherwise may take to start.
pub const PATIENT: Duration = Duration::from_secs(300);

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This project's server
    Ours,
    /// What it is measured beside
    Peer,
}

/// A server program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Which one
    pub side: Side,
    /// Its executable
    pub path: PathBuf,
}

/// What a server is to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// Powered-on machines in all, half in each of two pools
    pub machines: usize,
    /// Whether over TLS
    pub tls: bool,
}

/// A running server; it ends when this is dropped.
pub struct Server {
    process: Guarded,
    last_words: LastWords,
    /// Which one
    pub side: Side,
    /// What it serves
    pub world: World,
    /// Where it listens
    pub endpoint: Endpoint,
    /// How long it took to be ready
    pub start: Duration,
    // Dropped after the process: what it wrote to disk.
    _scratch: Scratch,
}

impl Program {
    /// Start a world over plain HTTP and wait until it is ready.
    pub fn start(&self, machines: usize, patience: Duration) -> Result<Server> {
        self.serve(World { machines, tls: false }, patience)
    }

    /// Start a world and wait until it is ready.
    pub fn serve(&self, world: World, patience: Duration) -> Result<Server> {
        let scratch = Scratch::new()?;
        let mut command = self.command(world);
        command.env("TMPDIR", &scratch.0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut process = Guarded::spawn(&mut command)?;
        let last_words = listen(process.child().stderr.take().context("no standard error")?);
        let stdout = process.child().stdout.take().context("no standard output")?;
        let address = ready(stdout, patience).map_err(|error| match words(&last_words) {
            Some(words) => error.context(words),
            None => error,
        })?;
        let (start, endpoint) = (begin.elapsed(), Endpoint { address, tls: world.tls });
        Ok(Server { process, last_words, side: self.side, world, endpoint, start, _scratch: scratch })
    }

    fn command(&self, world: World) -> Command {
        let mut command = Command::new(&self.path);
        let each = (world.machines / 2).to_string();
        match self.side {
            Side::Ours => command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--vm", &each]),
            Side::Peer => command.args(["-l", "127.0.0.1:0", "-autostart=true", "-vm", &each]),
        };
        match (self.side, world.tls) {
            (Side::Ours, false) => command.arg("--no-tls"),
            (Side::Ours, true) => &mut command,
            (Side::Peer, tls) => command.arg(format!("-tls={tls}")),
        };
        command
    }
}

impl Side {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ferrosphere",
            Self::Peer => "vcsim",
        }
    }
}

impl Server {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<f64> {
        process::resident(self.id())
    }

    /// Seconds of processor time that it has used.
    pub fn cpu(&self) -> Result<f64> {
        process::cpu(self.id())
    }

    /// Whether it has ended by itself.
    pub fn is_gone(&mut self) -> bool {
        self.process.ended()
    }

    /// Whether it has just ended by itself, and what it said of that.
    pub fn ended(&mut self) -> Option<String> {
        // Its connections break a moment before the process is gone.
        let deadline = Instant::now() + Duration::from_millis(500);
        while !self.process.ended() {
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Some(words(&self.last_words).unwrap_or_else(|| "it ended without a word".to_owned()))
    }
}

/// The line that told of a crash, once there is one.
type LastWords = Arc<Mutex<Option<String>>>;

fn words(heard: &LastWords) -> Option<String> {
    heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Keep the line that tells of a crash, or the last one; all others are read away.
fn listen(stderr: impl Read + Send + 'static) -> LastWords {
    let heard = Arc::new(Mutex::new(None));
    let keep = heard.clone();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.as_deref().is_some_and(tells_of_a_crash) && !line.trim().is_empty() {
                *kept = Some(line);
            }
        }
    });
    heard
}

fn tells_of_a_crash(line: &str) -> bool {
    line.starts_with("panic: ") || line.starts_with("fatal error: ") || line.contains("panicked at")
}

/// The address that it prints when it is ready; the rest of its output is read away.
fn ready(stdout: impl Read + Send + 'static, patience: Duration) -> Result<SocketAddr> {
    let mut lines = BufReader::new(stdout).lines();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let found = lines.by_ref().map_while(Result::ok).find_map(|line| address(&line));
        let _ = tell.send(found);
        lines.for_each(drop);
    });
    match told.recv_timeout(patience) {
        Ok(Some(address)) => Ok(address),
        Ok(None) => bail!("it ended before it was ready"),
        Err(_) => bail!("start did not end in {} s", patience.as_secs()),
    }
}

/// `http[s]://[user:password@]ADDRESS:PORT/sdk` somewhere in a line.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("://")?;
    let (authority, _) = rest.split_once("/sdk")?;
    authority.rsplit('@').next()?.parse().ok()
}

/// A folder for what a server writes to disk; gone when this is dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// An empty folder.
    pub fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("ferrosphere-bench-{}-{number}", id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ready_lines_name_the_address() {
        let expected = Some(([127, 0, 0, 1], 4711).into());
        assert_eq!(address("ready http://127.0.0.1:4711/sdk"), expected);
        assert_eq!(address("export GOVC_URL=https://user:pass@127.0.0.1:4711/sdk GOVC_SIM_PID=9"), expected);
        assert_eq!(address("2026/01/01 starting"), None);
    }

    fn heard(stderr: &'static str) -> Option<String> {
        let heard = listen(stderr.as_bytes());
        // The reader holds one of the two until it has come to the end.
        while Arc::strong_count(&heard) > 1 {
            thread::sleep(Duration::from_millis(1));
        }
        words(&heard)
    }

    #[test]
    fn the_line_that_tells_of_a_crash_is_kept_or_the_last() {
        assert_eq!(heard("x\npanic: no name\n\ngoroutine 7\npanic: other\n").as_deref(), Some("panic: no name"));
        assert_eq!(heard("first\nno space left\n\n").as_deref(), Some("no space left"));
        assert_eq!(heard(""), None);
    }

    #[test]
    fn what_ends_before_it_is_ready_is_no_server() {
        let program = Program { side: Side::Peer, path: "true".into() };
        let error = program.start(10, PATIENT).err().unwrap();
        assert!(error.to_string().contains("before it was ready"), "{error}");
    }
}
