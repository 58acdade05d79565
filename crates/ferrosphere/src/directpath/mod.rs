//! `ferrosphere directpath`: which virtual network adapters of a datacenter pass through to the hardware, why others do
//! not, and what to do about it. Works with any vSphere server.
//!
//! The server's objects ([`world`]) make an adapter with all around it ([`subject`]), from which the facts for the rules
//! are taken ([`facts`], [`judge`]). What the server reports and what the rules find besides is a [`report`], which is
//! printed as a [`table`] or as [`json`]; [`follow`] does so again on every change.

mod args;
mod detail;
mod explain;
mod facts;
mod follow;
mod json;
mod judge;
mod pattern;
mod report;
mod style;
mod subject;
mod surroundings;
mod table;
#[cfg(test)]
mod tests;
mod what_if;
mod world;

use std::io::Write as _;
use std::process::ExitCode;

use ::client::Client;
use anyhow::bail;

pub use args::Directpath;
use style::Style;
use world::World;

/// Every adapter that asks to pass through does so.
const ALL_ACTIVE: u8 = 0;
/// Some adapter that asks to pass through does not.
const SOME_INACTIVE: u8 = 1;
/// It could not be found out.
const FAILURE: u8 = 2;

/// Runs the subcommand.
pub fn run(arguments: &Directpath) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(ask(arguments)));
    match outcome {
        Ok(true) => ALL_ACTIVE.into(),
        Ok(false) => SOME_INACTIVE.into(),
        Err(error) => {
            // If even standard error is gone, the exit status has to do.
            let _ = writeln!(std::io::stderr(), "ferrosphere: {error:#}");
            FAILURE.into()
        }
    }
}

/// Whether every adapter that asks to pass through does so.
async fn ask(arguments: &Directpath) -> anyhow::Result<bool> {
    let client = arguments.connection.connect().await?;
    let style = Style::of_stdout();
    let outcome = match arguments.watch {
        true => follow::follow(&client, arguments, style).await,
        false => once(&client, arguments, style).await,
    };
    // What was to be found out is found out: a session that cannot be ended ends by itself.
    let _ = client.logout().await;
    outcome
}

async fn once(client: &Client, arguments: &Directpath, style: Style) -> anyhow::Result<bool> {
    let objects = client.fetch(&world::query(client.version())).await?;
    let mut world = World::of(objects.iter(), arguments.vm.as_deref(), client.version())?;
    read_empty(&world, arguments)?;
    world.read_ports(client).await?;
    let adapters = report::adapters(&world, &arguments.what_if);
    let text = match arguments.json {
        true => format!("{:#}\n", json::document(client, &adapters, &world.notes)),
        false => table::page(&adapters, &world.notes, &arguments.what_if, style),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(!adapters.iter().any(|adapter| adapter.state.is_wanting()))
}

/// A name that fits no machine is more likely misspelled than meant.
fn read_empty(world: &World, arguments: &Directpath) -> anyhow::Result<()> {
    match &arguments.vm {
        Some(pattern) if world.vms.is_empty() => bail!("there is no VM whose name fits {pattern:?}"),
        _ => Ok(()),
    }
}
