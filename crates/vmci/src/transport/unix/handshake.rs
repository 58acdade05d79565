//! The first line that a program writes on one of the sockets, and its form. Pure.

use thiserror::Error;

use crate::addr::{Address, AddressError, Cid, Port};

/// The longest line, its end included.
pub const LONGEST: usize = 64;

/// Whose place a program takes by connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The guest's: `guest.sock`.
    Guest,
    /// That of a program of the host: `host.sock`.
    Host,
}

/// What a program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `CONNECT <port>` on the host's socket, `CONNECT <cid> <port>` on the guest's: a stream.
    Connect(Target),
    /// `DGRAM`, `DGRAM <port>` or, on the host's socket, `DGRAM <cid> <port>`: an endpoint for datagrams.
    Datagrams {
        /// The context in whose place the program is; none for the side's own.
        cid: Option<Cid>,
        /// The port to bind; none for any that is free.
        port: Option<Port>,
    },
    /// `RING <port>` on the host's socket, `RING <cid> <port>` on the guest's: rings a doorbell.
    Ring(Target),
    /// `BELL <port>`: a doorbell that others can ring.
    Bell(Port),
}

/// Where a program wants to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A port of the guest whose socket it is.
    Guest(Port),
    /// An endpoint that the guest names.
    Other(Address),
}

/// A line that is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// No end of line in [`LONGEST`] bytes.
    #[error("the first line is longer than 64 bytes")]
    TooLong,
    /// Another word, or another number of numbers.
    #[error("expected CONNECT, DGRAM, RING or BELL with their numbers")]
    Form,
    /// A number that is none.
    #[error(transparent)]
    Number(#[from] AddressError),
}

/// Looks for the first line in what has been read so far: the request and the length of the line, or none if it is not
/// complete.
///
/// # Errors
/// If it is no request, or too long already.
pub fn parse(side: Side, bytes: &[u8]) -> Result<Option<(Request, usize)>, RequestError> {
    let head = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() >= LONGEST { Err(RequestError::TooLong) } else { Ok(None) };
    };
    let line = std::str::from_utf8(&head[..end]).map_err(|_| RequestError::Form)?;
    request(side, line).map(|request| Some((request, end + 1)))
}

fn request(side: Side, line: &str) -> Result<Request, RequestError> {
    let mut words = line.split(' ');
    let verb = words.next().unwrap_or_default();
    let numbers: Vec<&str> = words.take(3).collect();
    match verb.to_ascii_uppercase().as_str() {
        "CONNECT" => target(side, &numbers).map(Request::Connect),
        "RING" => target(side, &numbers).map(Request::Ring),
        "BELL" => match numbers[..] {
            [port] => Ok(Request::Bell(port.parse()?)),
            _ => Err(RequestError::Form),
        },
        "DGRAM" => datagrams(side, &numbers),
        _ => Err(RequestError::Form),
    }
}

fn target(side: Side, numbers: &[&str]) -> Result<Target, RequestError> {
    match (side, numbers) {
        (Side::Host, [port]) => Ok(Target::Guest(port.parse()?)),
        (Side::Guest, [cid, port]) => Ok(Target::Other(Address::new(cid.parse()?, port.parse()?))),
        _ => Err(RequestError::Form),
    }
}

fn datagrams(side: Side, numbers: &[&str]) -> Result<Request, RequestError> {
    let (cid, port) = match (side, numbers) {
        (_, []) => (None, None),
        (_, [port]) => (None, Some(port.parse()?)),
        (Side::Host, [cid, port]) => (Some(host_context(cid)?), Some(port.parse()?)),
        _ => return Err(RequestError::Form),
    };
    Ok(Request::Datagrams { cid, port })
}

/// A program of the host can be an endpoint of the host or of the hypervisor.
fn host_context(text: &str) -> Result<Cid, AddressError> {
    let cid = text.parse()?;
    if cid == Cid::HOST || cid == Cid::HYPERVISOR { Ok(cid) } else { Err(AddressError::Cid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u32) -> Port {
        Port::new(number).unwrap()
    }

    fn on(side: Side, line: &str) -> Result<Request, RequestError> {
        let parsed = parse(side, line.as_bytes())?.expect("the line is complete");
        assert_eq!(parsed.1, line.find('\n').unwrap() + 1);
        Ok(parsed.0)
    }

    #[test]
    fn each_side_has_its_form_of_connect() {
        assert_eq!(on(Side::Host, "CONNECT 5000\n"), Ok(Request::Connect(Target::Guest(port(5000)))));
        let host = Address::new(Cid::HOST, port(5000));
        assert_eq!(on(Side::Guest, "CONNECT 2 5000\n"), Ok(Request::Connect(Target::Other(host))));
        assert_eq!(on(Side::Host, "CONNECT 2 5000\n"), Err(RequestError::Form));
        assert_eq!(on(Side::Guest, "CONNECT 5000\n"), Err(RequestError::Form));
    }

    #[test]
    fn a_context_id_may_be_written_signed() {
        let want = Target::Other(Address::new(Cid::new(0xFFFF_FFF0), port(1)));
        assert_eq!(on(Side::Guest, "CONNECT -16 1\n"), Ok(Request::Connect(want)));
        assert_eq!(on(Side::Guest, "CONNECT 4294967280 1\n"), Ok(Request::Connect(want)));
    }

    #[test]
    fn datagrams_take_a_port_or_any_and_the_host_a_context() {
        let asked = |cid, port| Ok(Request::Datagrams { cid, port });
        assert_eq!(on(Side::Guest, "DGRAM\n"), asked(None, None));
        assert_eq!(on(Side::Guest, "DGRAM 7\n"), asked(None, Some(port(7))));
        assert_eq!(on(Side::Host, "DGRAM 0 7\n"), asked(Some(Cid::HYPERVISOR), Some(port(7))));
        assert_eq!(on(Side::Host, "DGRAM 9 7\n"), Err(RequestError::Number(AddressError::Cid)));
        assert_eq!(on(Side::Guest, "DGRAM 0 7\n"), Err(RequestError::Form));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for line in ["CONNECT 4294967295\n", "CONNECT -1\n", "CONNECT 9223372036854775808\n", "CONNECT \n", "BELL x\n"]
        {
            assert_eq!(on(Side::Host, line), Err(RequestError::Number(AddressError::Port)), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for line in ["\n", "GET / HTTP/1.1\r\n", "CONNECT\n", "CONNECT 1 2 3 4 5\n", "CONNECT  5\n", "BELL\n"] {
            assert!(on(Side::Host, line).is_err(), "{line:?}");
        }
        assert_eq!(parse(Side::Host, b"CONNECT \xff\xfe\n"), Err(RequestError::Form));
    }

    #[test]
    fn an_unfinished_line_is_waited_for_and_an_endless_one_is_not() {
        assert_eq!(parse(Side::Host, b"CONNECT 50"), Ok(None));
        assert_eq!(parse(Side::Host, &[b'x'; LONGEST - 1]), Ok(None));
        assert_eq!(parse(Side::Host, &[b'x'; LONGEST]), Err(RequestError::TooLong));
        assert_eq!(parse(Side::Host, &[b' '; 5000]), Err(RequestError::TooLong));
    }

    #[test]
    fn what_follows_the_line_is_not_part_of_it() {
        let (_, length) = parse(Side::Host, b"CONNECT 5\nhello\n").unwrap().unwrap();
        assert_eq!(length, 10);
    }
}
