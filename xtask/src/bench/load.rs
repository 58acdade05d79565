//! Load for a while: every worker repeats the same thing, all of them beside each other.

use super::process;
use anyhow::Result;
use futures_util::future::try_join_all;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Done in a second
    pub rate: f64,
    /// Microseconds of the server's processor time for one
    pub cpu: f64,
}

/// Let all workers go on for some time, each at least once; `once` says how many it did. The first failure ends it.
pub async fn run<W>(
    server: u32,
    workers: impl IntoIterator<Item = W>,
    time: Duration,
    once: impl AsyncFn(&mut W) -> Result<u64>,
) -> Result<Load> {
    let (begin, before, done) = (Instant::now(), process::cpu(server)?, Cell::new(0));
    let repeat = async |mut worker: W| {
        loop {
            let did = once(&mut worker).await?;
            done.set(done.get() + did);
            if begin.elapsed() >= time {
                return anyhow::Ok(());
            }
        }
    };
    try_join_all(workers.into_iter().map(&repeat)).await?;
    let (seconds, done) = (begin.elapsed().as_secs_f64(), done.get() as f64);
    Ok(Load { rate: done / seconds, cpu: (process::cpu(server)? - before) / done * 1e6 })
}

#[cfg(test)]
mod tests {
    use super::super::wire::block_on;
    use super::*;
    use anyhow::bail;
    use tokio::task::yield_now;

    #[test]
    fn every_worker_works_at_least_once() {
        let counts = [Cell::new(0), Cell::new(0)];
        let one = async |count: &mut &Cell<u32>| {
            count.set(count.get() + 1);
            Ok(2)
        };
        let load = block_on(run(std::process::id(), counts.iter(), Duration::ZERO, one)).unwrap();
        assert!(load.rate > 0.0 && counts.iter().all(|count| count.get() > 0));
    }

    #[test]
    fn the_first_failure_ends_it_for_all() {
        let begin = Instant::now();
        let fail = async |number: &mut u32| {
            yield_now().await;
            if *number == 1 { bail!("no") } else { Ok(1) }
        };
        assert!(block_on(run(std::process::id(), [0, 1], Duration::from_secs(600), fail)).is_err());
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}
