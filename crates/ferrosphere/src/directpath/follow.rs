//! `--watch`: the report again, whenever something changed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use ::client::{Client, Mirror, Watch};
use tokio::signal::unix::{SignalKind, signal};

use super::report::{Adapter, adapters};
use super::style::Style;
use super::world::{World, query};
use super::{Directpath, json, read_empty, table};

/// How long changes are collected before they are printed: one operation is many updates.
const GATHER: Duration = Duration::from_millis(150);
/// How long to wait before a broken connection is tried again; it doubles up to the second one.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What has been printed, by machine and device.
type Printed = BTreeMap<(String, i32), Adapter>;

/// Prints all adapters, then each that changes, until interrupted. Whether all that ask pass through in the end.
///
/// # Errors
/// If the session ends, or there is no such VM.
pub async fn follow(client: &Client, arguments: &Directpath, style: Style) -> anyhow::Result<bool> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut watch = client.watch(query(client.version()))?;
    let mut mirror = Mirror::default();
    let mut printed: Option<Printed> = None;
    let outcome = loop {
        tokio::select! {
            _ = interrupt.recv() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            outcome = round(client, arguments, style, &mut watch, &mut mirror, &mut printed) => {
                if let Err(error) = outcome {
                    break Err(error);
                }
            }
        }
    };
    // The session's end, which comes next, takes along what could not be destroyed.
    let _ = watch.close().await;
    outcome?;
    Ok(!printed.iter().flat_map(BTreeMap::values).any(|adapter| adapter.state.is_wanting()))
}

/// Waits for changes and prints them.
async fn round(
    client: &Client,
    arguments: &Directpath,
    style: Style,
    watch: &mut Watch,
    mirror: &mut Mirror,
    printed: &mut Option<Printed>,
) -> anyhow::Result<()> {
    take(watch, mirror).await?;
    while let Ok(more) = tokio::time::timeout(GATHER, take(watch, mirror)).await {
        more?;
    }
    if !mirror.is_complete() {
        return Ok(());
    }
    let mut world = World::of(mirror.iter(), arguments.vm.as_deref(), client.version())?;
    world.read_ports(client).await?;
    if printed.is_none() {
        read_empty(&world, arguments)?;
    }
    let now = adapters(&world, &arguments.what_if);
    let text = news(&now, &world.notes, printed.as_ref(), arguments, style);
    *printed = Some(now.into_iter().map(|adapter| ((adapter.vm_id.clone(), adapter.key), adapter)).collect());
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Takes one update in. A connection that breaks is tried again, and said so.
async fn take(watch: &mut Watch, mirror: &mut Mirror) -> anyhow::Result<()> {
    let mut pause = RETRY.0;
    loop {
        match watch.next().await {
            Some(Ok(update)) => {
                mirror.apply(update);
                return Ok(());
            }
            None => anyhow::bail!("the server ended the watch"),
            Some(Err(error @ (::client::Error::Fault(_) | ::client::Error::Decode { .. }))) => return Err(error.into()),
            Some(Err(error)) => {
                let _ = writeln!(std::io::stderr(), "ferrosphere: {error}; trying again in {} s", pause.as_secs());
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(RETRY.1);
            }
        }
    }
}

/// What to print: everything at first, then what differs from what was printed.
fn news(now: &[Adapter], notes: &[String], before: Option<&Printed>, arguments: &Directpath, style: Style) -> String {
    let known = |adapter: &Adapter| before.and_then(|before| before.get(&(adapter.vm_id.clone(), adapter.key)));
    let changed: Vec<Adapter> = now.iter().filter(|adapter| known(adapter) != Some(*adapter)).cloned().collect();
    let is_there = |key: &(String, i32)| now.iter().any(|adapter| (&adapter.vm_id, adapter.key) == (&key.0, key.1));
    let gone = before.into_iter().flatten().filter(|(key, _)| !is_there(key)).map(|(_, adapter)| adapter);
    if arguments.json {
        let lines = changed.iter().map(json::adapter).chain(gone.map(json::gone));
        return lines.map(|line| format!("{line}\n")).collect();
    }
    if before.is_none() {
        return table::page(now, notes, &arguments.what_if, style);
    }
    let gone: String = gone.map(|adapter| format!("{}, {} is gone\n", adapter.vm, adapter.label)).collect();
    let table = if changed.is_empty() { String::new() } else { table::table(&changed, style) };
    match (table.is_empty(), gone.is_empty()) {
        (true, true) => String::new(),
        _ => format!("\n{table}{gone}"),
    }
}
