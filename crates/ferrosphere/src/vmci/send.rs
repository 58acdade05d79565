//! `vmci send`: one datagram from standard input.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
};

use anyhow::{Context, bail};
use vmci::{
    Address, Cid, Port, Refusal,
    datagram::{Datagram, Frame, Framer, HEADER, MAX},
    transport::unix::handshake,
};

use super::{Side, Stream, bridge, place};

/// Sends standard input, and says if it did not get through.
pub fn send(to: &Stream) -> anyhow::Result<()> {
    let mut payload = Vec::new();
    io::stdin().lock().take(MAX as u64 + 1).read_to_end(&mut payload).context("cannot read standard input")?;
    if payload.len() > MAX - HEADER {
        bail!("a datagram carries {} bytes at the most", MAX - HEADER);
    }
    let place = place::find(&to.dir, &to.vm)?;
    let (side, cid) = match to.side.unwrap_or(Side::Host) {
        Side::Guest => (handshake::Side::Guest, to.cid),
        Side::Host => (handshake::Side::Host, place::cid(&to.dir, &place)?),
    };
    let mut stream = bridge::ask(&place.socket(side), "DGRAM\n")?;
    stream.set_read_timeout(Some(place::PATIENCE))?;
    // The server fills in where it comes from.
    let from = Address::new(Cid::LOCAL, Port::MIN);
    let mut frame = Vec::new();
    Datagram { to: Address::new(cid, to.port), from, payload }.write(&mut frame);
    stream.write_all(&frame).context("the connection broke")?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("the connection broke")?;
    let mut framer = Framer::default();
    framer.feed(&answer);
    while let Some(frame) = framer.next_frame()? {
        if let Frame::Refused { to, code } = frame {
            let why = Refusal::ALL.into_iter().find(|why| why.code() == code);
            bail!("the datagram to {to} was refused: {}", why.map_or("EINVAL", Refusal::datagram_errno));
        }
    }
    Ok(())
}
