//! The server's process: started, watched from outside, ended.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// How long closed connections may take to be gone from the server.
const SETTLE: Duration = Duration::from_secs(10);

/// A signalled server ends within this time.
const STOP: Duration = Duration::from_secs(2);

/// A running server.
pub struct Server {
    process: Child,
    log: PathBuf,
    /// Where it listens
    pub address: SocketAddr,
}

/// How it ended.
pub struct End {
    /// Whether SIGTERM ended it in time with status 0
    pub clean: bool,
    /// Lines of its log that tell of an error
    pub errors: Vec<String>,
}

impl Server {
    /// Start it on a free port and wait until it is ready.
    pub fn start(binary: &Path, flags: &[String]) -> Result<Self> {
        let log = crate::workspace::target()?.join("soak.log");
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.stderr(File::create(&log)?).spawn().context("cannot start the server")?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no standard output")?).read_line(&mut line)?;
        match address(&line) {
            Some(address) => Ok(Self { process, log, address }),
            None => {
                process.kill()?;
                bail!("the server said {line:?} instead of being ready; see {}", log.display())
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How many descriptors are open once there are at most `wanted`, or after a while.
    pub fn descriptors_settled(&self, wanted: usize) -> Result<usize> {
        let deadline = Instant::now() + if wanted == 0 { Duration::from_secs(1) } else { SETTLE };
        loop {
            let open = fs::read_dir(format!("/proc/{}/fd", self.id())).context("the server is gone")?.count();
            if open <= wanted || Instant::now() > deadline {
                return Ok(open);
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// End it.
    pub fn stop(mut self) -> Result<End> {
        let clean = self.terminate()?;
        let log = fs::read_to_string(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
        Ok(End { clean, errors: errors(&log) })
    }

    fn terminate(&mut self) -> Result<bool> {
        Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        let deadline = Instant::now() + STOP;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status.success());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already, unless this run broke off.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix("ready http://")?.strip_suffix("/sdk")?.parse().ok()
}

fn errors(log: &str) -> Vec<String> {
    let bad = |line: &&str| line.contains("ERROR") || line.contains("panicked");
    log.lines().filter(bad).map(str::to_owned).collect()
}

/// Samples the resident memory while the load runs.
pub struct Sampler(JoinHandle<Result<Vec<u64>>>);

impl Sampler {
    /// How many samples a run takes.
    const SAMPLES: u32 = 200;

    /// Take them evenly over `time`.
    pub fn start(id: u32, time: Duration) -> Self {
        let sample = move || {
            let (start, mut samples) = (Instant::now(), Vec::new());
            for n in 1..=Self::SAMPLES {
                sleep((time * n / Self::SAMPLES).saturating_sub(start.elapsed()));
                samples.push(resident(id)?);
            }
            Ok(samples)
        };
        Self(std::thread::spawn(sample))
    }

    /// The samples, in bytes, when all are taken.
    pub fn finish(self) -> Result<Vec<u64>> {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Resident memory of a process in bytes.
pub fn resident(id: u32) -> Result<u64> {
    let path = format!("/proc/{id}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}: the server is gone"))?;
    resident_of(&status).with_context(|| format!("{path} has no resident memory: the server has ended"))
}

/// Bytes of resident memory, from the text of `/proc/PID/status`.
fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_names_the_address() {
        assert_eq!(address("ready http://127.0.0.1:4711/sdk\n"), Some(([127, 0, 0, 1], 4711).into()));
        assert_eq!(address("ready https://127.0.0.1:4711/sdk\n"), None);
        assert_eq!(address(""), None);
    }

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident_of("Name:\tx\nVmHWM:\t  99 kB\nVmRSS:\t  12 kB\nThreads:\t1\n"), Some(12 * 1024));
        assert_eq!(resident_of("Name:\tx\n"), None);
    }

    #[test]
    fn our_own_process_has_resident_memory() {
        assert!(resident(std::process::id()).unwrap() > 100_000);
    }

    #[test]
    fn errors_and_panics_are_picked_from_the_log() {
        let log = "12:00 WARN slow\n12:01 ERROR broken\nthread 'x' panicked at y\n";
        assert_eq!(errors(log), ["12:01 ERROR broken", "thread 'x' panicked at y"]);
    }
}
