//! Reads: everything of all machines, little of one, lookups, views, and short reads beside a long one.

use super::Scale;
use super::changes::{self, Work};
use super::client::Client;
use super::load;
use super::process;
use super::server::{Server, Side};
use super::stats::percentile;
use super::table::Figure;
use anyhow::{Context, Result, ensure};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What is read of all machines: a name for the table, and the paths.
const SHEETS: [(&str, &[&str]); 4] = [
    ("name", &["name"]),
    ("3 properties", &["name", "runtime.powerState", "config.hardware.numCPU"]),
    ("config, runtime, guest, summary", &["config", "runtime", "guest", "summary"]),
    ("everything", &[]),
];

/// Clients beside whose tasks short reads are measured.
const POWERING: usize = 16;

/// Connections of small reads.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Reads of all machines, over SOAP and, where the server speaks it, over VI/JSON.
pub fn bulk(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server)?;
    let count = client.machines()?.len();
    ensure!(count == scale.machines, "there are {count} machines instead of {}", scale.machines);
    let mut figures = Vec::new();
    for (name, paths) in SHEETS {
        let what = format!("read {name} of {count} VMs, SOAP");
        let request = client.read_all(paths)?;
        figures.extend(pull(&mut client, &request, &what, scale)?);
        // The peer has no VI/JSON endpoint for the property collector; the table shows the gap.
        if server.side == Side::Ours {
            let request = client.read_all_json(paths);
            figures.extend(pull(&mut client, &request, &what.replace("SOAP", "VI/JSON"), scale)?);
        }
    }
    Ok(figures)
}

fn pull(client: &mut Client, request: &[u8], what: &str, scale: &Scale) -> Result<Vec<Figure>> {
    let (begin, mut bytes, mut firsts) = (Instant::now(), 0, Vec::new());
    loop {
        let start = Instant::now();
        let reply = client.send(request).with_context(|| what.to_owned())?;
        firsts.push(reply.first.duration_since(start).as_secs_f64() * 1e3);
        bytes += reply.length;
        if begin.elapsed() >= scale.time {
            break;
        }
    }
    let (seconds, replies) = (begin.elapsed().as_secs_f64(), firsts.len() as f64);
    Ok(vec![
        Figure::rate(what, "MB/s", bytes as f64 / seconds / 1e6),
        Figure::rate(format!("{what}: objects"), "/s", replies * scale.machines as f64 / seconds),
        Figure::cost(format!("{what}: first byte"), "ms", percentile(&firsts, 50).context("no reply")?),
    ])
}

/// The most memory that one reply to a client that wants everything takes, beyond what is resident before it.
pub fn peak(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server)?;
    let request = client.read_all(&[])?;
    process::forget_peak(server.id())?;
    let before = server.resident()?;
    let length = client.send(&request)?.length as f64;
    let more = (process::peak(server.id())? - before).max(0.0);
    let what = format!("memory for a reply with everything of {} VMs", scale.machines);
    Ok(vec![
        Figure::cost(format!("{what}, at its peak"), "MiB", more / f64::from(1 << 20)),
        Figure::cost(format!("{what}, of the reply's size"), "%", more / length * 100.0),
    ])
}

/// Three properties of one machine on 1, 16 and 64 connections.
pub fn small(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server)?;
    let request = small_request(&mut client)?;
    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        let clients = (0..connections).map(|_| client.again()).collect::<Result<Vec<_>>>()?;
        let load = load::run(server.id(), clients, scale.time, |client| client.send(&request).map(|_| 1))?;
        let what = format!("3 properties of one VM, {connections} connections");
        figures.push(Figure::rate(&what, "/s", load.rate));
        figures.push(Figure::cost(format!("{what}: server CPU each"), "µs", load.cpu));
    }
    Ok(figures)
}

/// The small read that is repeated.
pub fn small_request(client: &mut Client) -> Result<Vec<u8>> {
    let machine = client.machines()?.swap_remove(0);
    client.read_one(&machine, SHEETS[1].1)
}

/// A long request, again and again.
struct Long {
    /// What the client that sends it does, before and behind the number of machines
    does: [&'static str; 2],
    request: fn(&Client) -> Result<Vec<u8>>,
    /// Whether the peer can do it too
    peer: bool,
}

const LONG: [Long; 4] = [
    Long { does: ["pulls everything of", ""], request: |client| client.read_all(&[]), peer: true },
    Long {
        does: ["pulls everything of", " over VI/JSON"],
        request: |client| Ok(client.read_all_json(&[])),
        peer: false,
    },
    Long { does: ["pulls everything of", ", compressed"], request: |client| client.read_all_packed(&[]), peer: false },
    // The peer's stack overflows.
    Long { does: ["walks from the root folder to", ""], request: Client::walk, peer: false },
];

/// Short reads while another client asks for much again and again.
pub fn beside_a_long_one(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server)?;
    let short = small_request(&mut client)?;
    let known = LONG.iter().filter(|long| long.peer || server.side == Side::Ours);
    let figure = |long: &Long| {
        let request = (long.request)(&client)?;
        let times = beside(&mut client, &short, &request, scale)?;
        let p99 = percentile(&times, 99).context("no reply")?;
        let [does, how] = long.does;
        let what = format!("3 properties of one VM while another {does} {} VMs{how}, p99", scale.machines);
        Ok(Figure::cost(what, "ms", p99 * 1e3))
    };
    known.map(figure).collect()
}

/// How long a short request takes, in seconds, while another client sends a long one again and again.
fn beside(client: &mut Client, short: &[u8], long: &[u8], scale: &Scale) -> Result<Vec<f64>> {
    let (mut other, over) = (client.again()?, AtomicBool::new(false));
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                other.send(long)?;
            }
            anyhow::Ok(())
        });
        let times = times(client, short, scale.time.max(Duration::from_millis(500)));
        over.store(true, Ordering::Relaxed);
        busy.join().expect("a client does not panic")?;
        times
    })
}

/// Short reads while clients power machines off and on, each its own.
pub fn beside_tasks(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server)?;
    let short = small_request(&mut client)?;
    let scale = Scale { time: scale.time.max(Duration::from_millis(500)), ..*scale };
    let times = thread::scope(|scope| {
        let busy = scope.spawn(|| changes::repeat(server, &scale, Work::Power, POWERING));
        let times = times(&mut client, &short, scale.time);
        busy.join().expect("a client does not panic")?;
        times
    })?;
    let p99 = percentile(&times, 99).context("no reply")?;
    let what = format!("3 properties of one VM while {POWERING} others power VMs off and on, p99");
    Ok(vec![Figure::cost(what, "ms", p99 * 1e3)])
}

/// How long a request takes, again and again, in seconds.
pub fn times(client: &mut Client, request: &[u8], time: Duration) -> Result<Vec<f64>> {
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < time || times.is_empty() {
        let start = Instant::now();
        client.send(request)?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// Lookups of the search index, and making a view.
pub fn lookups(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server)?;
    let machine = client.machines()?.pop().context("no machine")?;
    let index = client.manager("searchIndex")?;
    let (uuid, name) = (client.property(&machine, "config.uuid")?, client.property(&machine, "name")?);
    let vm_search = "<vmSearch>true</vmSearch>";
    let mut lookups = vec![
        ("FindByUuid", format!("<uuid>{uuid}</uuid>{vm_search}")),
        ("FindByInventoryPath", format!("<inventoryPath>/DC0/vm/{name}</inventoryPath>")),
    ];
    // Not every server gives its default machines a host name: then there is nothing to look up.
    if let Ok(host) = client.property(&machine, "guest.hostName") {
        lookups.push(("FindByDnsName", format!("<dnsName>{host}</dnsName>{vm_search}")));
    }
    let mut figures = Vec::new();
    for (method, arguments) in lookups {
        let found = client.made(&index, method, &arguments)?;
        ensure!(method == "FindByDnsName" || found == machine, "{method} found {found:?} instead of {machine:?}");
        let request = client.prepare(&index, method, &arguments);
        let times = times(&mut client, &request, scale.time)?;
        let median = percentile(&times, 50).context("no reply")?;
        figures.push(Figure::cost(format!("{method} among {} VMs, p50", scale.machines), "µs", median * 1e6));
    }
    figures.push(views(&mut client, scale)?);
    Ok(figures)
}

fn views(client: &mut Client, scale: &Scale) -> Result<Figure> {
    let (manager, arguments) = (client.manager("viewManager")?, client.view_arguments()?);
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < scale.time || times.is_empty() {
        let start = Instant::now();
        let view = client.made(&manager, "CreateContainerView", &arguments)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        client.call(&view, "DestroyView", "")?;
    }
    let what = format!("CreateContainerView of {} VMs, p50", scale.machines);
    Ok(Figure::cost(what, "µs", percentile(&times, 50).context("no view")?))
}
