//! Datagrams: their form on the wire, and the queue of an endpoint.
//!
//! A datagram is the device's own: 24 bytes of header (destination context and resource, source context and resource,
//! each 32 bits, then the size of the payload in 64 bits; all little-endian) and the payload. It says how long it is, so a
//! byte stream carries datagrams one after the other.

use std::collections::VecDeque;

use thiserror::Error;

use crate::{
    addr::{Address, Cid, Port},
    refusal::Refusal,
};

/// Length of the header.
pub const HEADER: usize = 24;
/// The longest datagram, header included.
pub const MAX: usize = 17 * 4096;
/// How many bytes an endpoint keeps for a slow reader, headers included.
pub const QUEUE: usize = 2 * MAX;

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Where it goes.
    pub to: Address,
    /// Where it comes from.
    pub from: Address,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Datagram {
    /// Its length on the wire.
    pub fn wire_len(&self) -> usize {
        HEADER + self.payload.len()
    }

    /// Appends it in its form on the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        let numbers = [self.to.cid.bits(), self.to.port.number(), self.from.cid.bits(), self.from.port.number()];
        put(out, numbers, &self.payload);
    }
}

fn put(out: &mut Vec<u8>, numbers: [u32; 4], payload: &[u8]) {
    out.reserve(HEADER + payload.len());
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    out.extend_from_slice(payload);
}

/// Appends the report that a datagram to `to` did not get through: a frame whose source is no address (all bits set),
/// addressed to the sender `of`, with the error number and the address that the datagram was for.
pub fn write_report(out: &mut Vec<u8>, of: Address, to: Address, why: Refusal) {
    let mut payload = Vec::with_capacity(12);
    payload.extend_from_slice(&why.code().to_le_bytes());
    payload.extend_from_slice(&to.cid.bits().to_le_bytes());
    payload.extend_from_slice(&to.port.number().to_le_bytes());
    put(out, [of.cid.bits(), of.port.number(), u32::MAX, u32::MAX], &payload);
}

/// What a program reads: a datagram, or the report that one of its own was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A datagram.
    Datagram(Datagram),
    /// A datagram to this address was refused with this error number.
    Refused {
        /// Where it was to go.
        to: Address,
        /// [`Refusal::code`].
        code: i32,
    },
}

/// Bytes that are no datagram. The stream that carries them cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Longer than [`MAX`].
    #[error("a datagram of {0} bytes; 69632 with its header are the most")]
    TooLong(u64),
    /// A port with all bits set.
    #[error("a datagram to or from no port")]
    NoPort,
    /// A report of another form.
    #[error("a report that is none")]
    NoReport,
}

/// Cuts a stream of bytes into frames. Holds at most one frame that is not complete, and what was fed with it.
#[derive(Debug, Default)]
pub struct Framer {
    bytes: Vec<u8>,
    start: usize,
}

impl Framer {
    /// Adds what was read.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if it is complete.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let bytes = &self.bytes[self.start..];
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else { return Ok(None) };
        let size = u64::from_le_bytes(header[16..].try_into().expect("eight bytes"));
        let Some(size) = usize::try_from(size).ok().filter(|size| *size <= MAX - HEADER) else {
            return Err(FrameError::TooLong(size.saturating_add(HEADER as u64)));
        };
        let Some(payload) = rest.get(..size) else { return Ok(None) };
        let frame = frame(header, payload)?;
        self.start += HEADER + size;
        Ok(Some(frame))
    }

    /// Whether bytes of an incomplete frame are left.
    pub fn has_rest(&self) -> bool {
        self.start < self.bytes.len()
    }
}

fn frame(header: &[u8], payload: &[u8]) -> Result<Frame, FrameError> {
    let number = |at: usize, bytes: &[u8]| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let port = |number: u32| Port::new(number).ok_or(FrameError::NoPort);
    let (source, resource) = (Cid::new(number(8, header)), number(12, header));
    if source == Cid::ANY && resource == u32::MAX {
        if payload.len() != 12 {
            return Err(FrameError::NoReport);
        }
        let to = Address::new(Cid::new(number(4, payload)), port(number(8, payload))?);
        return Ok(Frame::Refused { to, code: number(0, payload) as i32 });
    }
    let to = Address::new(Cid::new(number(0, header)), port(number(4, header))?);
    let from = Address::new(source, port(resource)?);
    Ok(Frame::Datagram(Datagram { to, from, payload: payload.to_vec() }))
}

/// Frames that wait for their reader, in their form on the wire. Bounded: what does not fit is refused.
#[derive(Debug, Default)]
pub struct Queue {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Queue {
    /// Adds a frame.
    ///
    /// # Errors
    /// [`Refusal::NoResources`] if its reader is too slow.
    pub fn push(&mut self, frame: Vec<u8>) -> Result<(), Refusal> {
        if self.bytes + frame.len() > QUEUE {
            return Err(Refusal::NoResources);
        }
        self.bytes += frame.len();
        self.frames.push_back(frame);
        Ok(())
    }

    /// The oldest frame.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }

    /// How many frames wait.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(cid: u32, port: u32) -> Address {
        Address::new(Cid::new(cid), Port::new(port).unwrap())
    }

    fn datagram(payload: Vec<u8>) -> Datagram {
        Datagram { to: address(2, 700), from: address(1234, 1024), payload }
    }

    fn wire(datagram: &Datagram) -> Vec<u8> {
        let mut out = Vec::new();
        datagram.write(&mut out);
        out
    }

    #[test]
    fn the_header_is_the_devices() {
        let bytes = wire(&datagram(b"hi".to_vec()));
        assert_eq!(bytes[..4], 2u32.to_le_bytes());
        assert_eq!(bytes[4..8], 700u32.to_le_bytes());
        assert_eq!(bytes[8..12], 1234u32.to_le_bytes());
        assert_eq!(bytes[12..16], 1024u32.to_le_bytes());
        assert_eq!(bytes[16..24], 2u64.to_le_bytes());
        assert_eq!(&bytes[24..], b"hi");
    }

    #[test]
    fn the_longest_datagram_passes_and_one_byte_more_does_not() {
        let mut framer = Framer::default();
        framer.feed(&wire(&datagram(vec![7; MAX - HEADER])));
        assert!(matches!(framer.next_frame(), Ok(Some(Frame::Datagram(d))) if d.wire_len() == MAX));
        framer.feed(&wire(&datagram(vec![7; MAX - HEADER + 1])));
        assert_eq!(framer.next_frame(), Err(FrameError::TooLong(MAX as u64 + 1)));
    }

    #[test]
    fn an_absurd_size_is_refused_from_the_header_alone() {
        let mut bytes = wire(&datagram(vec![]));
        bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
        let mut framer = Framer::default();
        framer.feed(&bytes);
        assert_eq!(framer.next_frame(), Err(FrameError::TooLong(u64::MAX)));
    }

    #[test]
    fn a_report_comes_back_as_one() {
        let mut bytes = Vec::new();
        write_report(&mut bytes, address(1234, 1024), address(2, 700), Refusal::Rule(5));
        let mut framer = Framer::default();
        framer.feed(&bytes);
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Refused { to: address(2, 700), code: -7 })));
        assert_eq!(framer.next_frame(), Ok(None));
    }

    #[test]
    fn a_queue_takes_two_of_the_longest_and_no_more() {
        let mut queue = Queue::default();
        let longest = || wire(&datagram(vec![0; MAX - HEADER]));
        assert_eq!((queue.push(longest()), queue.push(longest())), (Ok(()), Ok(())));
        assert_eq!(queue.push(wire(&datagram(vec![]))), Err(Refusal::NoResources));
        assert_eq!(queue.pop().map(|f| f.len()), Some(MAX));
        assert_eq!((queue.push(wire(&datagram(vec![]))), queue.len()), (Ok(()), 2));
    }

    proptest! {
        #[test]
        fn frames_survive_any_cutting(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8), cut in 1..64usize) {
            let sent: Vec<Datagram> = payloads.into_iter().map(datagram).collect();
            let bytes: Vec<u8> = sent.iter().flat_map(wire).collect();
            let (mut framer, mut got) = (Framer::default(), Vec::new());
            for piece in bytes.chunks(cut) {
                framer.feed(piece);
                while let Some(frame) = framer.next_frame().unwrap() {
                    got.push(frame);
                }
            }
            prop_assert!(!framer.has_rest());
            prop_assert_eq!(got, sent.into_iter().map(Frame::Datagram).collect::<Vec<_>>());
        }
    }
}
