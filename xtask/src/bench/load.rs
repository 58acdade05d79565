//! Load for a while: every worker repeats the same thing on a thread of its own.

use super::process;
use anyhow::Result;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Done in a second
    pub rate: f64,
    /// Microseconds of the server's processor time for one
    pub cpu: f64,
}

/// Let all workers go on for some time, each at least once; `once` says how many it did.
pub fn run<W: Send>(
    server: u32,
    workers: impl IntoIterator<Item = W>,
    time: Duration,
    once: impl Fn(&mut W) -> Result<u64> + Sync,
) -> Result<Load> {
    let (done, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let repeat = |mut worker: W| {
        loop {
            let did = once(&mut worker).inspect_err(|_| over.store(true, Ordering::Relaxed))?;
            done.fetch_add(did, Ordering::Relaxed);
            if over.load(Ordering::Relaxed) {
                return anyhow::Ok(());
            }
        }
    };
    let (begin, before) = (Instant::now(), process::cpu(server)?);
    thread::scope(|scope| {
        let repeat = &repeat;
        let loops: Vec<_> = workers.into_iter().map(|worker| scope.spawn(move || repeat(worker))).collect();
        while begin.elapsed() < time && !over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(10).min(time));
        }
        over.store(true, Ordering::Relaxed);
        loops.into_iter().try_for_each(|one| one.join().expect("a worker does not panic"))
    })?;
    let (seconds, done) = (begin.elapsed().as_secs_f64(), done.into_inner() as f64);
    Ok(Load { rate: done / seconds, cpu: (process::cpu(server)? - before) / done * 1e6 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn every_worker_works_at_least_once() {
        let counts = [AtomicU64::new(0), AtomicU64::new(0)];
        let one = |count: &mut &AtomicU64| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(2)
        };
        let load = run(std::process::id(), counts.iter(), Duration::ZERO, one).unwrap();
        assert!(load.rate > 0.0 && counts.iter().all(|count| count.load(Ordering::Relaxed) > 0));
    }

    #[test]
    fn the_first_failure_ends_it_for_all() {
        let begin = Instant::now();
        let fail = |number: &mut u32| if *number == 0 { bail!("no") } else { Ok(1) };
        assert!(run(std::process::id(), [0, 1], Duration::from_secs(600), fail).is_err());
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}
