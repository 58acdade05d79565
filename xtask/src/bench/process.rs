//! What /proc tells of a process.

use anyhow::{Context, Result};
use std::fs;

/// Clock ticks a second in `/proc/PID/stat`, which Linux fixes for programs.
const TICKS: f64 = 100.0;

/// Resident memory in bytes.
pub fn resident(id: u32) -> Result<f64> {
    memory(id, "VmRSS:")
}

/// The most memory in bytes that was resident since [`forget_peak`].
pub fn peak(id: u32) -> Result<f64> {
    memory(id, "VmHWM:")
}

/// Let the peak begin at what is resident now.
pub fn forget_peak(id: u32) -> Result<()> {
    fs::write(format!("/proc/{id}/clear_refs"), "5").context("the system does not let the peak of memory be reset")
}

/// Seconds of processor time that a process and its children, but not theirs, have used.
pub fn cpu(id: u32) -> Result<f64> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(id).chain(children).map(own_cpu).sum()
}

fn own_cpu(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).context("the server is gone")?;
    cpu_of(&stat).context("/proc/PID/stat has no times")
}

fn memory(id: u32, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("the server is gone")?;
    memory_of(&status, field).with_context(|| format!("/proc/PID/status has no {field}: the server has ended"))
}

/// Bytes of a field of `/proc/PID/status`.
fn memory_of(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0)
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
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 100 1000 10";
        assert_eq!(cpu_of(stat), Some(2.0));
        assert_eq!(cpu_of("7 (a"), None);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(memory_of("Name:\tx\nVmHWM:\t  99 kB\nVmRSS:\t  12 kB\n", "VmHWM:"), Some(99.0 * 1024.0));
        assert_eq!(memory_of("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    fn our_own_process_has_a_peak_that_can_be_forgotten() {
        let me = std::process::id();
        let peak_with = |megabytes: usize| {
            let used = vec![1_u8; megabytes << 20];
            std::hint::black_box(&used);
            peak(me).unwrap()
        };
        let large = peak_with(256);
        forget_peak(me).unwrap();
        assert!(peak(me).unwrap() < large, "{large}");
        assert!(cpu(me).unwrap() >= 0.0);
    }
}
