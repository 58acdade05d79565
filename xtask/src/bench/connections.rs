//! Connections: many idle ones, and what they cost.

use super::Scale;
use super::client::Client;
use super::reads::times;
use super::server::Server;
use super::stats::percentile;
use super::table::Figure;
use super::wire::Connection;
use anyhow::{Context, Result};

/// Memory of idle connections, each of which has asked once, and how fast a small read is beside them.
pub async fn idle(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut client = Client::log_in(server).await?;
    let machine = client.machines().await?.swap_remove(0);
    let request = client.session.read_one(&machine, &["name"])?;
    let before = server.resident()?;
    let mut connections = Vec::with_capacity(scale.connections);
    for _ in 0..scale.connections {
        let mut connection = Connection::small(server.endpoint).await?;
        connection.ask(&request, false).await?;
        connections.push(connection);
    }
    let each = (server.resident()? - before).max(0.0) / scale.connections as f64 / 1024.0;
    let p99 = percentile(&times(&mut client, &request, scale.time).await?, 99).context("no reply")?;
    let what = format!("{} idle connections", scale.connections);
    Ok(vec![
        Figure::cost(format!("{what}: memory of each"), "KiB", each),
        Figure::cost(format!("{what}: small read, p99"), "ms", p99 * 1e3),
    ])
}
