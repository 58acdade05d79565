//! Any bytes as a stream of datagrams, cut anywhere: no panic, no frame beyond the limit, and the same frames however the
//! bytes were cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vmci::datagram::{Frame, FrameError, Framer, MAX};

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let whole = frames(std::iter::once(stream));
    let pieces = frames(stream.chunks(usize::from(*cut).max(1)));
    assert_eq!(whole, pieces);
    for frame in whole.0 {
        if let Frame::Datagram(datagram) = frame {
            assert!(datagram.wire_len() <= MAX);
            let mut wire = Vec::new();
            datagram.write(&mut wire);
            assert_eq!(frames(std::iter::once(&wire[..])).0, [Frame::Datagram(datagram)]);
        }
    }
});

fn frames<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Frame>, Option<FrameError>) {
    let (mut framer, mut found) = (Framer::default(), Vec::new());
    for piece in pieces {
        framer.feed(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}
