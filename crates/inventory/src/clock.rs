//! Where the time comes from. Injected, so that a script can run twice with the same outcome.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use vim25::DateTime;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The time now. It may jump; the inventory never dates a commit before the one in front of it.
    fn now(&self) -> DateTime;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        };
        DateTime::from_micros(micros)
    }
}

/// A clock that stands still until it is set: for tests and repeatable scripts.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: DateTime) -> ManualClock {
        ManualClock(AtomicI64::new(start.micros()))
    }

    /// Shows `moment` from now on.
    pub fn set(&self, moment: DateTime) {
        self.0.store(moment.micros(), Ordering::SeqCst);
    }

    /// Moves on by `seconds` (back, if negative).
    pub fn advance(&self, seconds: i64) {
        let later = |micros| Some(DateTime::from_micros(micros).plus_seconds(seconds).micros());
        // The update function never refuses, so there is no outcome to look at.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime {
        DateTime::from_micros(self.0.load(Ordering::SeqCst))
    }
}
