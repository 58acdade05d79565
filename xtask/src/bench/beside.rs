//! Short reads while other clients, on a thread of their own, keep the server busy.

use super::Scale;
use super::changes::{self, Work};
use super::client::Client;
use super::reads::{small_request, times};
use super::server::{Server, Side};
use super::session::Session;
use super::stats::percentile;
use super::table::Figure;
use super::wire::block_on;
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Clients beside whose tasks short reads are measured.
const POWERING: usize = 16;

/// A long request, again and again.
struct Long {
    /// What the client that sends it does, before and behind the number of machines
    does: [&'static str; 2],
    request: fn(&Session) -> Result<Vec<u8>>,
    /// Whether the peer can do it too
    peer: bool,
}

const LONG: [Long; 4] = [
    Long { does: ["pulls everything of", ""], request: |session| session.read_all(&[]), peer: true },
    Long {
        does: ["pulls everything of", " over VI/JSON"],
        request: |session| Ok(session.read_all_json(&[])),
        peer: false,
    },
    Long {
        does: ["pulls everything of", ", compressed"],
        request: |session| session.read_all_packed(&[]),
        peer: false,
    },
    // The peer's stack overflows.
    Long { does: ["walks from the root folder to", ""], request: Session::walk, peer: false },
];

/// Short reads while another client asks for much again and again.
pub fn long(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let short = Short::of(server)?;
    let known = LONG.iter().filter(|long| long.peer || server.side == Side::Ours);
    let figure = |long: &Long| {
        let request = (long.request)(&short.session)?;
        let ask = async |over: &AtomicBool| {
            let mut other = Client::of(&short.session).await?;
            while !over.load(Ordering::Relaxed) {
                other.send(&request).await?;
            }
            Ok(())
        };
        let [does, how] = long.does;
        let does = format!("another {does} {} VMs{how}", scale.machines);
        short.while_others(&does, |over| block_on(ask(over)), scale)
    };
    known.map(figure).collect()
}

/// Short reads while clients power machines off and on, each its own.
pub fn tasks(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let power = |_: &AtomicBool| {
        let scale = Scale { time: measured(scale), ..*scale };
        block_on(changes::repeat(server, &scale, Work::Power, POWERING)).map(drop)
    };
    let does = format!("{POWERING} others power VMs off and on");
    Ok(vec![Short::of(server)?.while_others(&does, power, scale)?])
}

/// Long enough for a percentile.
fn measured(scale: &Scale) -> Duration {
    scale.time.max(Duration::from_millis(500))
}

/// What is measured beside the others.
struct Short {
    session: Session,
    request: Vec<u8>,
}

impl Short {
    fn of(server: &Server) -> Result<Self> {
        block_on(async {
            let mut client = Client::log_in(server).await?;
            let request = small_request(&mut client).await?;
            Ok(Self { session: client.session, request })
        })
    }

    /// How long it takes while others are busy, until they are told that it is over.
    fn while_others(
        &self,
        does: &str,
        busy: impl FnOnce(&AtomicBool) -> Result<()> + Send,
        scale: &Scale,
    ) -> Result<Figure> {
        let over = AtomicBool::new(false);
        let times = thread::scope(|scope| {
            let busy = scope.spawn(|| busy(&over));
            let times = block_on(async {
                let mut client = Client::of(&self.session).await?;
                times(&mut client, &self.request, measured(scale)).await
            });
            over.store(true, Ordering::Relaxed);
            busy.join().expect("a client does not panic")?;
            times
        })?;
        let p99 = percentile(&times, 99).context("no reply")?;
        Ok(Figure::cost(format!("3 properties of one VM while {does}, p99"), "ms", p99 * 1e3))
    }
}
