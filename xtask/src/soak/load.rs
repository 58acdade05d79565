//! The clients as a whole: one thread each, until the time is over; and what they count.

use super::http::Reply;
use super::work::{self, Session, Share};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The load.
#[derive(Clone, Copy)]
pub struct Load {
    /// Where the server listens
    pub address: SocketAddr,
    /// How many clients work at once
    pub clients: u32,
    /// How many machines they share
    pub machines: u32,
    /// How long they work
    pub time: Duration,
}

impl Load {
    /// Work until the time is over; what all clients counted.
    pub fn run(self) -> Tally {
        let deadline = Instant::now() + self.time;
        let begin = |number| std::thread::spawn(move || client(self.address, self.share(number), deadline));
        let clients: Vec<_> = (0..self.clients).map(begin).collect();
        let mut all = Tally::default();
        for client in clients {
            all.merge(client.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    }

    fn share(self, number: u32) -> Share {
        Share { number, clients: self.clients, machines: self.machines }
    }
}

/// One session, so that the server has opened what it opens once.
pub fn warm_up(address: SocketAddr) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    let session = Session::log_in(address, &mut tally).and_then(Session::log_out);
    session.map_err(|failure| anyhow::anyhow!("{}: {}", failure.kind, failure.text))
}

fn client(address: SocketAddr, share: Share, deadline: Instant) -> Tally {
    let (mut tally, mut dice) = (Tally::default(), Dice::new(share.number));
    while Instant::now() < deadline {
        if let Err(failure) = work::session(address, share, deadline, &mut tally, &mut dice) {
            tally.error(failure);
            sleep(Duration::from_millis(200));
        }
    }
    tally
}

/// Why a request did not get the answer that it deserves.
#[derive(Debug)]
pub struct Failure {
    /// What was tried
    pub kind: &'static str,
    /// What happened
    pub text: String,
}

impl Failure {
    /// An answer that should not be.
    pub fn unexpected(kind: &'static str, reply: &Reply) -> Self {
        let what = super::soap::text(&reply.body, "faultstring").unwrap_or(&reply.body);
        Self { kind, text: format!("status {}: {}", reply.status, what.chars().take(200).collect::<String>()) }
    }

    /// A connection that broke.
    pub fn broken(kind: &'static str, error: &io::Error) -> Self {
        Self { kind, text: error.to_string() }
    }
}

/// What clients count.
#[derive(Default)]
pub struct Tally {
    /// Microseconds of every request, by kind
    pub times: BTreeMap<&'static str, Vec<u32>>,
    /// How often something went wrong, by kind and text
    pub errors: BTreeMap<(&'static str, String), u64>,
}

impl Tally {
    /// A request that was answered.
    pub fn time(&mut self, kind: &'static str, time: Duration) {
        self.times.entry(kind).or_default().push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    fn error(&mut self, failure: Failure) {
        *self.errors.entry((failure.kind, failure.text)).or_default() += 1;
    }

    fn merge(&mut self, other: Self) {
        for (kind, mut times) in other.times {
            self.times.entry(kind).or_default().append(&mut times);
        }
        for (what, count) in other.errors {
            *self.errors.entry(what).or_default() += count;
        }
    }
}

/// Repeatable chance: the same client does the same things in every run.
pub struct Dice(u64);

impl Dice {
    /// The dice of a client.
    pub fn new(number: u32) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (u64::from(number) << 17 | 1))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up() {
        let (mut all, mut one) = (Tally::default(), Tally::default());
        one.time("Login", Duration::from_micros(5));
        one.error(Failure { kind: "Login", text: "no".into() });
        all.time("Login", Duration::from_micros(7));
        all.error(Failure { kind: "Login", text: "no".into() });
        all.merge(one);
        assert_eq!(all.times["Login"], [7, 5]);
        assert_eq!(all.errors[&("Login", "no".to_owned())], 2);
    }

    #[test]
    fn dice_are_repeatable_and_reach_every_side() {
        let rolls = |number| (0..200).scan(Dice::new(number), |d, _| Some(d.roll(6))).collect::<Vec<_>>();
        assert_eq!(rolls(3), rolls(3));
        assert_ne!(rolls(3), rolls(4));
        assert!((0..6).all(|side| rolls(3).contains(&side)));
    }

    #[test]
    fn a_fault_is_told_by_its_text() {
        let body = "<f><faultstring>no such thing</faultstring></f>".to_owned();
        let failure = Failure::unexpected("Login", &Reply { status: 500, cookie: None, body });
        assert_eq!(failure.text, "status 500: no such thing");
    }
}
