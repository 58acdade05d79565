//! Reads: everything of all machines, little of one, lookups, and views.

use super::Scale;
use super::client::Client;
use super::load::{self, Load};
use super::process;
use super::server::{Server, Side};
use super::stats::percentile;
use super::table::Figure;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// What is read of all machines: a name for the table, and the paths.
const SHEETS: [(&str, &[&str]); 4] = [
    ("name", &["name"]),
    ("3 properties", &["name", "runtime.powerState", "config.hardware.numCPU"]),
    ("config, runtime, guest, summary", &["config", "runtime", "guest", "summary"]),
    ("everything", &[]),
];

/// Connections of small reads.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Reads of all machines, over SOAP and, where the server speaks it, over VI/JSON.
pub async fn bulk(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server).await?;
    let count = client.machines().await?.len();
    ensure!(count == scale.machines, "there are {count} machines instead of {}", scale.machines);
    let mut figures = Vec::new();
    for (name, paths) in SHEETS {
        let what = format!("read {name} of {count} VMs, SOAP");
        let request = client.session.read_all(paths)?;
        figures.extend(pull(&mut client, &request, &what, scale).await?);
        // The peer has no VI/JSON endpoint for the property collector; the table shows the gap.
        if server.side == Side::Ours {
            let request = client.session.read_all_json(paths);
            figures.extend(pull(&mut client, &request, &what.replace("SOAP", "VI/JSON"), scale).await?);
        }
    }
    Ok(figures)
}

async fn pull(client: &mut Client, request: &[u8], what: &str, scale: &Scale) -> Result<Vec<Figure>> {
    let (begin, mut bytes, mut firsts) = (Instant::now(), 0, Vec::new());
    loop {
        let start = Instant::now();
        let reply = client.send(request).await.with_context(|| what.to_owned())?;
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
pub async fn peak(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server).await?;
    let request = client.session.read_all(&[])?;
    process::forget_peak(server.id())?;
    let before = server.resident()?;
    let length = client.send(&request).await?.length as f64;
    let more = (process::peak(server.id())? - before).max(0.0);
    let what = format!("memory for a reply with everything of {} VMs", scale.machines);
    Ok(vec![
        Figure::cost(format!("{what}, at its peak"), "MiB", more / f64::from(1 << 20)),
        Figure::cost(format!("{what}, of the reply's size"), "%", more / length * 100.0),
    ])
}

/// Three properties of one machine on 1, 16 and 64 connections.
pub async fn small(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server).await?;
    let request = small_request(&mut client).await?;
    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        let load = small_reads(server, &client, &request, connections, scale).await?;
        let what = format!("3 properties of one VM, {connections} connections");
        figures.push(Figure::rate(&what, "/s", load.rate));
        figures.push(Figure::cost(format!("{what}: server CPU each"), "µs", load.cpu));
    }
    Ok(figures)
}

/// One small read again and again, on that many connections of the client's session.
pub async fn small_reads(
    server: &Server,
    client: &Client,
    request: &[u8],
    connections: usize,
    scale: &Scale,
) -> Result<Load> {
    let once = async |client: &mut Client| client.send(request).await.map(|_| 1);
    load::run(server.id(), client.others(connections).await?, scale.time, once).await
}

/// The small read that is repeated.
pub async fn small_request(client: &mut Client) -> Result<Vec<u8>> {
    let machine = client.machines().await?.swap_remove(0);
    client.session.read_one(&machine, SHEETS[1].1)
}

/// How long a request takes, again and again, in seconds.
pub async fn times(client: &mut Client, request: &[u8], time: Duration) -> Result<Vec<f64>> {
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < time || times.is_empty() {
        let start = Instant::now();
        client.send(request).await?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// Lookups of the search index, and making a view.
pub async fn lookups(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server).await?;
    let machine = client.machines().await?.pop().context("no machine")?;
    let index = client.session.manager("searchIndex")?;
    let uuid = client.property(&machine, "config.uuid").await?;
    let name = client.property(&machine, "name").await?;
    let vm_search = "<vmSearch>true</vmSearch>";
    let mut lookups = vec![
        ("FindByUuid", format!("<uuid>{uuid}</uuid>{vm_search}")),
        ("FindByInventoryPath", format!("<inventoryPath>/DC0/vm/{name}</inventoryPath>")),
    ];
    // Not every server gives its default machines a host name and an address: then there is nothing to look up.
    for (method, argument, path) in
        [("FindByDnsName", "dnsName", "guest.hostName"), ("FindByIp", "ip", "guest.ipAddress")]
    {
        if let Ok(value) = client.property(&machine, path).await {
            lookups.push((method, format!("<{argument}>{value}</{argument}>{vm_search}")));
        }
    }
    let mut figures = Vec::new();
    for (method, arguments) in lookups {
        let found = client.made(&index, method, &arguments).await?;
        ensure!(method == "FindByDnsName" || found == machine, "{method} found {found:?} instead of {machine:?}");
        let request = client.session.call(&index, method, &arguments);
        let times = times(&mut client, &request, scale.time).await?;
        let median = percentile(&times, 50).context("no reply")?;
        figures.push(Figure::cost(format!("{method} among {} VMs, p50", scale.machines), "µs", median * 1e6));
    }
    figures.push(views(&mut client, scale).await?);
    Ok(figures)
}

async fn views(client: &mut Client, scale: &Scale) -> Result<Figure> {
    let (manager, arguments) = (client.session.manager("viewManager")?, client.session.view_arguments()?);
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < scale.time || times.is_empty() {
        let start = Instant::now();
        let view = client.made(&manager, "CreateContainerView", &arguments).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        client.call(&view, "DestroyView", "").await?;
    }
    let what = format!("CreateContainerView of {} VMs, p50", scale.machines);
    Ok(Figure::cost(what, "µs", percentile(&times, 50).context("no view")?))
}
