//! `vmci connect` and `vmci listen`: a stream on standard input and output, as `nc` does it.

use std::{
    fs,
    io::{self, IsTerminal, Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
};

use anyhow::{Context, bail};
use vmci::{Address, Cid, transport::unix::handshake};

use super::{Side, Stream, place};

/// The longest answer that a server gives.
const LONGEST_ANSWER: usize = 64;

/// Connects and copies until the other side has ended.
pub fn connect(to: &Stream) -> anyhow::Result<()> {
    let place = place::find(&to.dir, &to.vm)?;
    let (side, line) = match to.side.unwrap_or(Side::Host) {
        Side::Guest => (handshake::Side::Guest, format!("CONNECT {} {}\n", to.cid, to.port)),
        Side::Host => (handshake::Side::Host, format!("CONNECT {}\n", to.port)),
    };
    let stream = ask(&place.socket(side), &line)?;
    copy(&stream)
}

/// Listens for one stream and copies until the other side has ended.
pub fn listen(on: &Stream) -> anyhow::Result<()> {
    let place = place::find(&on.dir, &on.vm)?;
    let path = match on.side.unwrap_or(Side::Guest) {
        Side::Guest => place.guest_port(on.port),
        Side::Host if [Cid::HOST, Cid::HYPERVISOR].contains(&on.cid) => place.host_port(Address::new(on.cid, on.port)),
        Side::Host => bail!("a program of the host is context 2, or 0 for the hypervisor, not {}", on.cid),
    };
    let listener = bind(&path)?;
    let accepted = listener.accept();
    let _ = fs::remove_file(&path);
    copy(&accepted.context("cannot accept the connection")?.0)
}

/// Takes the place of a listener that is gone, but not of one that answers.
fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        bail!("another program listens on {}", path.display());
    }
    let _ = fs::remove_file(path);
    UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))
}

/// Connects to a socket of the server, says what for, and waits for OK.
pub fn ask(socket: &Path, line: &str) -> anyhow::Result<UnixStream> {
    let failed = || format!("cannot connect to {}", socket.display());
    let mut stream = UnixStream::connect(socket).with_context(failed)?;
    stream.set_read_timeout(Some(place::PATIENCE))?;
    stream.write_all(line.as_bytes()).with_context(failed)?;
    let answer = answer(&mut stream).with_context(failed)?;
    if !answer.starts_with("OK ") {
        bail!("refused: a rule denies it, it cannot be reached, or nobody listens (see `ferrosphere vmci status`)");
    }
    stream.set_read_timeout(None)?;
    Ok(stream)
}

/// The answer is read byte by byte: what follows it is not ours. Empty if the server closes instead.
fn answer(stream: &mut UnixStream) -> io::Result<String> {
    let (mut text, mut byte) = (String::new(), [0]);
    while !text.ends_with('\n') && text.len() < LONGEST_ANSWER {
        match stream.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => text.push(char::from(byte[0])),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
        }
    }
    Ok(text)
}

/// Copies in both directions, each until its end: what the other side still wants to hear when it has said everything is
/// sent. Somebody who types is not waited for.
fn copy(stream: &UnixStream) -> anyhow::Result<()> {
    let mut sending = stream.try_clone()?;
    let typed = io::stdin().is_terminal();
    let sender = thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut sending);
        let _ = sending.shutdown(Shutdown::Write);
    });
    let mut receiving = stream;
    let mut out = io::stdout().lock();
    match io::copy(&mut receiving, &mut out) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => bail!("the connection was reset"),
        Err(error) => return Err(error).context("the connection broke"),
    }
    out.flush().context("cannot write to standard output")?;
    if !typed {
        let _ = sender.join();
    }
    Ok(())
}
