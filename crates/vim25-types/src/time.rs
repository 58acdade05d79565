//! `xsd:dateTime`.

use std::fmt;

use chrono::{DateTime as Chrono, NaiveDateTime, SecondsFormat, Utc};

/// A moment in UTC, to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DateTime {
    micros: i64,
}

impl DateTime {
    /// A moment from microseconds since 1970-01-01T00:00:00Z, brought into the years 0001 to 9999 that the wire has.
    pub fn from_micros(micros: i64) -> DateTime {
        const FIRST: i64 = -62_135_596_800_000_000;
        const LAST: i64 = 253_402_300_799_999_999;
        DateTime { micros: micros.clamp(FIRST, LAST) }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Reads `xsd:dateTime`; without a zone it is UTC.
    pub fn parse(text: &str) -> Option<DateTime> {
        let micros = match Chrono::parse_from_rfc3339(text) {
            Ok(moment) => moment.timestamp_micros(),
            Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?.and_utc().timestamp_micros(),
        };
        Some(DateTime::from_micros(micros))
    }

    /// The moment `seconds` later (earlier, if negative).
    pub fn plus_seconds(self, seconds: i64) -> DateTime {
        DateTime::from_micros(self.micros.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

/// As on the wire: `2024-05-01T12:00:00Z`, with a fraction where there is one.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = Chrono::<Utc>::from_timestamp_micros(self.micros).expect("micros are kept within years 1 to 9999");
        f.write_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
