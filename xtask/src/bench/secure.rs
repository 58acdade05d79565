//! What TLS costs: visits of clients, beside the peer's; and bulk, beside our own plain HTTP.

use super::Scale;
use super::client::{Client, visit};
use super::load;
use super::run::Bench;
use super::server::{PATIENT, Server, Side, World};
use super::table::Figure;
use super::wire::block_on;
use anyhow::Result;
use tokio::task::spawn_blocking;

/// Clients that come and go at once.
const VISITORS: usize = 4;

/// Machines in a world of which nothing is read.
pub const FEW: usize = 20;

/// Visits of both servers in turns.
pub fn visits(bench: &mut Bench, scale: &Scale) {
    let worlds = World { machines: FEW, tls: true };
    let mut servers = bench.servers(worlds, "login over TLS");
    bench.rounds(&mut servers, "login over TLS", |server, scale| block_on(logins(server, scale)), scale);
}

async fn logins(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let endpoint = server.endpoint;
    // Handshakes are work for the client too: each visit has a thread.
    let once = async |_: &mut ()| spawn_blocking(move || block_on(visit(endpoint))).await?.map(|()| 1);
    let load = load::run(server.id(), [(); VISITORS], scale.time, once).await?;
    let what = "connect over TLS, log in, log out";
    Ok(vec![
        Figure::rate(format!("{what}, {VISITORS} clients"), "/s", load.rate),
        Figure::cost(format!("{what}: server CPU each"), "µs", load.cpu),
    ])
}

/// The same bulk read over TLS and over plain HTTP, in turns.
pub fn bulk(bench: &mut Bench, scale: &Scale) {
    if let Err(error) = try_bulk(bench, scale) {
        bench.failed(Side::Ours, "bulk over TLS", &error);
    }
}

fn try_bulk(bench: &mut Bench, scale: &Scale) -> Result<()> {
    println!("    bulk over TLS");
    let start = |tls| bench.ours().serve(World { machines: scale.machines, tls }, PATIENT);
    let servers = [(Side::Ours, start(true)?), (Side::Peer, start(false)?)];
    for _ in 0..scale.rounds {
        for (column, server) in &servers {
            bench.table.add(*column, block_on(pull(server, scale))?);
        }
    }
    Ok(())
}

async fn pull(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let client = Client::log_in(server).await?;
    let request = client.session.read_all(&["config", "runtime", "guest", "summary"])?;
    let once = async |client: &mut Client| Ok(client.send(&request).await?.length);
    let load = load::run(server.id(), [client], scale.time, once).await?;
    let what = format!("read config, runtime, guest, summary of {} VMs, SOAP over TLS", scale.machines);
    // Microseconds for a byte are seconds for a megabyte.
    let cost = Figure::cost(format!("{what}: server CPU for 1 MB"), "µs", load.cpu * 1e6);
    Ok(vec![Figure::rate(&what, "MB/s", load.rate / 1e6).beside("plain HTTP"), cost.beside("plain HTTP")])
}
