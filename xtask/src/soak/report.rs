//! What came of a run, for a person, and whether the server passed.

use super::load::Tally;
use super::process::End;
use std::fmt;
use std::time::Duration;

/// How much the resident memory may grow in the second half, in percent.
const GROWTH: u64 = 15;

/// How many samples of memory a figure is the median of, at either side.
const AROUND: usize = 4;

/// Everything that was measured.
pub struct Report {
    /// What the clients counted
    pub work: Tally,
    /// Resident memory in bytes, evenly over the run
    pub memory: Vec<u64>,
    /// Open descriptors before the first client and after the last
    pub descriptors: (usize, usize),
    /// How the server ended
    pub end: End,
    /// How long the clients worked
    pub time: Duration,
}

impl Report {
    /// Why the server did not pass; empty if it did.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let errors: u64 = self.work.errors.values().sum();
        if errors > 0 {
            failures.push(format!("{errors} errors that no client caused"));
        }
        let (half, full) = (at(&self.memory, 50), at(&self.memory, 100));
        if full * 100 > half * (100 + GROWTH) {
            failures.push(format!("memory grew by more than {GROWTH} % in the second half"));
        }
        let (before, after) = self.descriptors;
        if after > before {
            failures.push(format!("{} descriptors leaked", after - before));
        }
        if !self.end.errors.is_empty() {
            failures.push(format!("{} errors in the server's log", self.end.errors.len()));
        }
        if !self.end.clean {
            failures.push("it did not end cleanly".to_owned());
        }
        failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.work.times.values().map(Vec::len).sum();
        writeln!(f, "{:34} {:>9} {:>9} {:>9} {:>9}", "request", "count", "p50 ms", "p99 ms", "max ms")?;
        for (kind, times) in &self.work.times {
            let mut times = times.clone();
            times.sort_unstable();
            let [p50, p99, max] = [50, 99, 100].map(|p| f64::from(percentile(&times, p)) / 1000.0);
            writeln!(f, "{kind:34} {:>9} {p50:>9.2} {p99:>9.2} {max:>9.2}", times.len())?;
        }
        writeln!(f, "{total} requests, {:.0} a second", total as f64 / self.time.as_secs_f64())?;
        for ((kind, text), count) in &self.work.errors {
            writeln!(f, "error, {count} times: {kind}: {text}")?;
        }
        for line in self.end.errors.iter().take(10) {
            writeln!(f, "log: {line}")?;
        }
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let [early, half, full] = [10, 50, 100].map(|percent| mebibytes(at(&self.memory, percent)));
        let most = mebibytes(self.memory.iter().copied().max().unwrap_or(0));
        writeln!(
            f,
            "memory: {early:.1} MiB at 10 %, {half:.1} MiB at 50 %, {full:.1} MiB at 100 % of the time, {most:.1} MiB at most"
        )?;
        writeln!(f, "descriptors: {} before, {} after", self.descriptors.0, self.descriptors.1)
    }
}

/// The value that `percent` of the sorted values do not exceed.
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// The median of the samples around a point of the run.
fn at(samples: &[u64], percent: usize) -> u64 {
    let middle = samples.len() * percent / 100;
    let last = (middle + AROUND).min(samples.len());
    let mut around = samples[last.saturating_sub(2 * AROUND)..last].to_vec();
    around.sort_unstable();
    around.get(around.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(memory: Vec<u64>) -> Report {
        Report {
            work: Tally::default(),
            memory,
            descriptors: (9, 9),
            end: End { clean: true, errors: vec![] },
            time: Duration::from_secs(1),
        }
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!([50, 99, 100].map(|p| percentile(&values, p)), [100, 198, 200]);
        assert_eq!((percentile(&[7], 50), percentile(&[], 99)), (7, 0));
    }

    #[test]
    fn level_memory_passes_and_growth_does_not() {
        assert!(report(vec![100; 200]).failures().is_empty());
        let mut early_growth: Vec<u64> = (0..100).collect();
        early_growth.resize(200, 110);
        assert!(report(early_growth).failures().is_empty());
        assert_eq!(report((100..300).collect()).failures().len(), 1);
    }

    #[test]
    fn a_single_spike_at_the_end_is_not_growth() {
        let mut memory = vec![100; 200];
        memory[199] = 900;
        assert!(report(memory).failures().is_empty());
    }

    #[test]
    fn every_other_failure_is_named() {
        let mut bad = report(vec![100; 200]);
        bad.work.errors.insert(("Login", "no".into()), 3);
        bad.descriptors = (9, 11);
        bad.end = End { clean: false, errors: vec!["ERROR x".into()] };
        let failures = bad.failures().join("; ");
        for part in ["3 errors", "2 descriptors", "1 errors in the server's log", "cleanly"] {
            assert!(failures.contains(part), "{failures}");
        }
    }
}
