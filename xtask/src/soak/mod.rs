//! Many clients for a long time: `cargo xtask soak`.
//!
//! The server is started with a world in which every client has machines of its own, so that no client can be the
//! cause of another's fault. Each client repeats sessions of mixed work (`work`) until the time is over; misbehaving
//! ones (`rogue`) send garbage and vanish. The run fails when
//!
//! - an answer is not the one that the request deserves, a task fails, or the server logs an error or ends otherwise
//!   than asked,
//! - the resident memory at the end is more than 15 % above that at half time (medians of a few seconds each),
//! - descriptors are open 10 seconds after the last client has left that were not open before the first came.
//!
//! What the server keeps for a while is bounded: 4,096 commits, 10,000 events, tasks and idle sessions by time. Their
//! times are set to fractions of the run, so that memory can be level in its second half. A run that is too short
//! for the load to fill those bounds before half time can look like growth; 600 seconds are meant.

pub mod http;
mod load;
pub mod process;
mod report;
mod rogue;
pub mod soap;
mod work;

use crate::cargo::{Profile, build_ferrosphere};
use anyhow::{Result, bail};
use clap::Args;
use load::Load;
use process::{Sampler, Server};
use std::time::Duration;

/// What to run.
#[derive(Args)]
pub struct Options {
    /// Concurrent clients
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2000))]
    clients: u32,
    /// How long they work
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    seconds: u64,
    /// How many machines the world has; at least one for each client
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    vms: u32,
    /// Test the release build instead of the debug one
    #[arg(long)]
    release: bool,
}

/// Build the server, load it, and judge what came of it.
pub fn run(options: &Options) -> Result<()> {
    let binary = build_ferrosphere(Profile::of(options.release))?;
    let server = Server::start(&binary, &flags(options))?;
    // The first client makes the server open what it keeps open, so the count before the run is taken after it.
    load::warm_up(server.address)?;
    let before = server.descriptors_settled(0)?;
    let time = Duration::from_secs(options.seconds);
    println!("{} clients for {} s against {}", options.clients, options.seconds, server.address);
    let sampler = Sampler::start(server.id(), time);
    let load = Load { address: server.address, clients: options.clients, machines: machines(options), time };
    let work = load.run();
    let memory = sampler.finish()?;
    let after = server.descriptors_settled(before)?;
    let end = server.stop()?;
    let report = report::Report { work, memory, descriptors: (before, after), end, time };
    print!("{report}");
    match report.failures().as_slice() {
        [] => Ok(()),
        failures => bail!("the server did not pass: {}", failures.join("; ")),
    }
}

/// How many machines the clients share.
fn machines(options: &Options) -> u32 {
    options.clients.max(options.vms)
}

fn flags(options: &Options) -> Vec<String> {
    let retention = (options.seconds / 10).clamp(1, 600);
    // Two pools share the machines; a session that lives may have to wait for its turn on a loaded machine.
    let idle = (options.seconds / 10).max(30);
    let numbers =
        [("--vm", u64::from(machines(options).div_ceil(2))), ("--task-retention", retention), ("--idle-timeout", idle)];
    let numbers = numbers.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value.to_string()]);
    ["--no-tls", "--log", "warn"].into_iter().map(str::to_owned).chain(numbers).collect()
}
