//! Why something did not get through, and what the side that asked sees of it.

use std::fmt;

/// Why a connect, datagram or doorbell did not get through, or why a stream ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A rule of a VM denies it: the rank.
    Rule(i64),
    /// One side is restricted and the other not trusted.
    Restricted,
    /// The service is for VMs that were granted it, and this one was not.
    NotGranted,
    /// No such context on this host, or none that may be reached from here.
    Unreachable,
    /// Nobody listens there.
    NoListener,
    /// A limit is reached, or a queue is full.
    NoResources,
    /// The port is taken.
    InUse,
    /// Larger than a datagram can be.
    TooLarge,
    /// The other side did not answer in time.
    TimedOut,
    /// The VM stopped, was suspended, left the host or went down with the server.
    Gone,
}

impl Refusal {
    /// Every refusal, with rank 0 for the rule.
    pub const ALL: [Refusal; 10] = [
        Refusal::Rule(0),
        Refusal::Restricted,
        Refusal::NotGranted,
        Refusal::Unreachable,
        Refusal::NoListener,
        Refusal::NoResources,
        Refusal::InUse,
        Refusal::TooLarge,
        Refusal::TimedOut,
        Refusal::Gone,
    ];

    /// The number by which the VMCI device reports it.
    pub fn code(self) -> i32 {
        match self {
            Refusal::Rule(_) | Refusal::Restricted | Refusal::NotGranted => -7,
            Refusal::Unreachable => -10,
            Refusal::NoListener => -1,
            Refusal::NoResources => -19,
            Refusal::InUse => -22,
            Refusal::TooLarge => -11,
            Refusal::TimedOut | Refusal::Gone => -4,
        }
    }

    /// The error that a program sees when it sends a datagram.
    pub fn datagram_errno(self) -> &'static str {
        match self {
            Refusal::Rule(_) | Refusal::Restricted | Refusal::NotGranted => "EPERM",
            Refusal::NoListener => "EHOSTUNREACH",
            Refusal::NoResources => "ENOBUFS",
            Refusal::InUse => "EADDRINUSE",
            Refusal::TooLarge => "EMSGSIZE",
            Refusal::Unreachable | Refusal::TimedOut | Refusal::Gone => "EINVAL",
        }
    }

    /// The error that a program sees when it connects a stream.
    pub fn stream_errno(self) -> &'static str {
        match self {
            Refusal::TimedOut => "ETIMEDOUT",
            Refusal::Unreachable => "EINVAL",
            Refusal::NoResources => "ENOBUFS",
            _ => "ECONNRESET",
        }
    }

    /// A short name, for counters.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Rule(_) => "rule",
            Refusal::Restricted => "restricted",
            Refusal::NotGranted => "notGranted",
            Refusal::Unreachable => "unreachable",
            Refusal::NoListener => "noListener",
            Refusal::NoResources => "noResources",
            Refusal::InUse => "inUse",
            Refusal::TooLarge => "tooLarge",
            Refusal::TimedOut => "timedOut",
            Refusal::Gone => "gone",
        }
    }

    /// Its place in [`Refusal::ALL`].
    pub fn index(self) -> usize {
        match self {
            Refusal::Rule(_) => 0,
            Refusal::Restricted => 1,
            Refusal::NotGranted => 2,
            Refusal::Unreachable => 3,
            Refusal::NoListener => 4,
            Refusal::NoResources => 5,
            Refusal::InUse => 6,
            Refusal::TooLarge => 7,
            Refusal::TimedOut => 8,
            Refusal::Gone => 9,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Refusal::Rule(rank) => return write!(f, "denied by the rule of rank {rank}"),
            Refusal::Restricted => "one side is restricted and the other is not trusted",
            Refusal::NotGranted => "the VM was not granted the service",
            Refusal::Unreachable => "no such context can be reached on this host",
            Refusal::NoListener => "nobody listens there",
            Refusal::NoResources => "a limit is reached",
            Refusal::InUse => "the port is taken",
            Refusal::TooLarge => "larger than a datagram can be",
            Refusal::TimedOut => "the other side did not answer in time",
            Refusal::Gone => "the VM stopped or left the host",
        };
        f.write_str(text)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_place_of_its_own() {
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal.index(), place);
        }
    }

    #[test]
    fn what_is_denied_looks_like_the_guest_driver_says() {
        assert_eq!((Refusal::Rule(5).code(), Refusal::Rule(5).datagram_errno()), (-7, "EPERM"));
        assert_eq!(Refusal::Rule(5).stream_errno(), "ECONNRESET");
        assert_eq!((Refusal::Unreachable.code(), Refusal::Unreachable.datagram_errno()), (-10, "EINVAL"));
        assert_eq!(Refusal::NoListener.datagram_errno(), "EHOSTUNREACH");
    }
}
