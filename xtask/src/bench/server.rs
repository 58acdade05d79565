//! The servers that are compared: started on loopback, watched through /proc, ended by their own process id.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Longer starts are not measured.
pub const MEASURED: Duration = Duration::from_secs(120);

/// How long a server that is to be measured otherwise may take to start.
pub const PATIENT: Duration = Duration::from_secs(900);

/// Clock ticks a second in `/proc/PID/stat`, which Linux fixes for programs.
const TICKS: f64 = 100.0;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This project's server
    Ours,
    /// govmomi's vcsim
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

/// A running server; it ends when this is dropped.
pub struct Server {
    process: Child,
    /// Which one
    pub side: Side,
    /// Where it listens
    pub address: SocketAddr,
    /// How long it took to be ready
    pub start: Duration,
}

impl Program {
    /// Start a world with this many machines in all, half in each of its two pools, and wait until it is ready.
    pub fn start(&self, machines: usize, patience: Duration) -> Result<Server> {
        let mut command = Command::new(&self.path);
        let each = (machines / 2).to_string();
        match self.side {
            Side::Ours => {
                command.args(["serve", "--listen", "127.0.0.1:0", "--no-tls", "--log", "error", "--vm", &each]);
            }
            Side::Peer => {
                command.args(["-l", "127.0.0.1:0", "-tls=false", "-vm", &each]);
            }
        }
        let begin = Instant::now();
        let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = process.with_context(|| format!("cannot start {}", self.path.display()))?;
        let address = ready(&mut process, patience);
        let start = begin.elapsed();
        match address {
            Ok(address) => Ok(Server { process, side: self.side, address, start }),
            Err(error) => {
                process.kill()?;
                process.wait()?;
                Err(error)
            }
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
        Ok(crate::soak::process::resident(self.id())? as f64)
    }

    /// Seconds of processor time that it has used.
    pub fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).context("the server is gone")?;
        cpu_of(&stat).context("/proc/PID/stat has no times")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address that it prints when it is ready; the rest of its output is read away.
fn ready(process: &mut Child, patience: Duration) -> Result<SocketAddr> {
    let mut lines = BufReader::new(process.stdout.take().context("no standard output")?).lines();
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

/// User and system time from the text of `/proc/PID/stat`; the name in it may hold anything but is in brackets.
fn cpu_of(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
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

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 100 1000 10";
        assert_eq!(cpu_of(stat), Some(2.0));
        assert_eq!(cpu_of("7 (a"), None);
    }
}
