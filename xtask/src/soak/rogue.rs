//! Clients as they should not be: garbage, and connections that end in the middle of something.

use super::http::{Connection, Reply, post};
use super::load::{Dice, Failure};
use super::soap::{self, Ref};
use super::work::{Session, wait_arguments};
use std::io;
use std::time::Instant;

/// Do one of these things; the server must refuse it or not mind.
pub fn misbehave(session: &mut Session<'_>, machine: &Ref, dice: &mut Dice) -> Result<(), Failure> {
    let content = soap::call(&session.collector, "CancelWaitForUpdates", "");
    match dice.roll(7) {
        0 => refused(session, "malformed XML", &post(None, &content[..content.len() - 20])),
        1 => {
            let unknown = soap::call(machine, "MakeCoffee_Task", "<sugar>true</sugar>");
            refused(session, "unknown method", &post(Some(&session.cookie), &unknown))
        }
        2 => {
            let header = format!("GET /about HTTP/1.1\r\nHost: soak\r\nX-Large: {}\r\n\r\n", "x".repeat(1 << 20));
            refused(session, "oversized header", header.as_bytes())
        }
        3 => refused(session, "not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        4 => vanish(session, "vanish in a request", |request| request.len() - 30, &content),
        5 => vanish(session, "vanish in a header", |_| 40, &content),
        _ => vanish_from_poll(session, machine),
    }
}

/// Sends bytes on a connection of their own, which the server must refuse or close.
fn refused(session: &mut Session<'_>, kind: &'static str, bytes: &[u8]) -> Result<(), Failure> {
    let start = Instant::now();
    let mut connection = Connection::open(session.address).map_err(|e| Failure::broken(kind, &e))?;
    // A server may refuse before it has read everything.
    judge(kind, connection.send(bytes).and_then(|()| connection.receive()))?;
    session.tally.time(kind, start.elapsed());
    Ok(())
}

fn judge(kind: &'static str, answer: io::Result<Reply>) -> Result<(), Failure> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match answer {
        Ok(reply) if (400..600).contains(&reply.status) => Ok(()),
        Ok(reply) => Err(Failure::unexpected(kind, &reply)),
        Err(e) if matches!(e.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) => Ok(()),
        Err(e) => Err(Failure::broken(kind, &e)),
    }
}

fn vanish(
    session: &mut Session<'_>,
    kind: &'static str,
    at: impl Fn(&[u8]) -> usize,
    body: &str,
) -> Result<(), Failure> {
    let request = post(Some(&session.cookie), body);
    let start = Instant::now();
    let mut connection = Connection::open(session.address).map_err(|e| Failure::broken(kind, &e))?;
    connection.send(&request[..at(&request)]).map_err(|e| Failure::broken(kind, &e))?;
    session.tally.time(kind, start.elapsed());
    Ok(())
}

/// Leaves in the middle of a long poll; the session goes on and its collector still answers.
fn vanish_from_poll(session: &mut Session<'_>, machine: &Ref) -> Result<(), Failure> {
    let (collector, version) = session.watched(machine)?;
    let poll = soap::call(&collector, "WaitForUpdatesEx", &wait_arguments(&version, 60));
    vanish(session, "vanish in a long poll", <[u8]>::len, &poll)?;
    session.call(&collector, "DestroyPropertyCollector", "").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16) -> io::Result<Reply> {
        Ok(Reply { status, cookie: None, body: String::new() })
    }

    #[test]
    fn garbage_deserves_a_refusal_or_a_closed_connection() {
        for answer in [reply(400), reply(431), reply(500), Err(io::ErrorKind::ConnectionReset.into())] {
            assert!(judge("test", answer).is_ok());
        }
    }

    #[test]
    fn garbage_deserves_neither_success_nor_silence() {
        for answer in
            [reply(200), reply(302), Err(io::ErrorKind::TimedOut.into()), Err(io::ErrorKind::WouldBlock.into())]
        {
            assert!(judge("test", answer).is_err());
        }
    }
}
