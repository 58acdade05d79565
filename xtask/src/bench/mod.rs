//! How fast the server is, beside govmomi's vcsim: `cargo xtask bench`.
//!
//! Both servers run on loopback and get the same prepared requests from the same client, in turns: ours, the peer, ours,
//! the peer. A figure is the median of the rounds. `docs/performance.md` says what each row means.
//! A figure that cannot be had is a gap that the table names; one of ours fails the run, after all others were written.

mod beside;
mod changes;
mod client;
mod connections;
mod counts;
mod curves;
mod growth;
mod guard;
mod load;
mod machine;
mod nginx;
mod process;
mod reads;
mod run;
mod secure;
mod server;
mod session;
mod slope;
mod stats;
mod svg;
mod table;
mod tls;
mod waiters;
mod wire;

use crate::cargo::{self, Profile};
use crate::clients;
use crate::run::run as execute;
use crate::workspace::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use run::Bench;
use serde_json::Value;
use server::{Program, Side};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

/// What to run.
#[derive(Args, Default)]
pub struct Options {
    /// The peer; without it, the version that the tests pin is built
    #[arg(long, value_name = "PATH")]
    vcsim: Option<PathBuf>,
    /// Only our own figures
    #[arg(long, conflicts_with_all = ["vcsim", "check"])]
    no_peer: bool,
    /// Measure this build of ferrosphere instead of building one
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// A small world, one round, the debug build: only whether everything works, in under a minute
    #[arg(long)]
    short: bool,
    /// Only measurements whose name contains this; nothing is written
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Compare the ratios with the committed table and fail beyond the tolerance; nothing is written
    #[arg(long, conflicts_with = "short")]
    check: bool,
    /// How much a ratio may fall with --check, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..100))]
    tolerance: u32,
    /// Count allocations and instructions of hot paths instead, and fail where they are more than docs/bench-counts.json
    #[arg(long, conflicts_with_all = ["vcsim", "no_peer", "binary", "short", "only", "check"])]
    counts: bool,
    /// Replace docs/bench-counts.json by what --counts counts
    #[arg(long, requires = "counts")]
    write: bool,
}

impl Options {
    /// What every proof of a change runs: does everything work, and do hot paths cost what they did?
    pub fn short() -> Self {
        Self { short: true, ..Self::default() }
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    rounds: usize,
    /// How long a rate is measured
    time: Duration,
    /// Machines in the world
    machines: usize,
    /// Machines in the world of tasks
    task_machines: usize,
    waiters: &'static [usize],
    connections: usize,
    /// Sizes of the worlds that show how costs grow
    sizes: &'static [usize],
    growth_rounds: usize,
}

const SHORT: Scale = Scale {
    rounds: 1,
    time: Duration::from_millis(50),
    machines: 40,
    task_machines: 20,
    waiters: &[1, 20],
    connections: 100,
    sizes: &[10, 20],
    growth_rounds: 1,
};

const FULL: Scale = Scale {
    rounds: 3,
    time: Duration::from_secs(1),
    machines: 2_000,
    task_machines: 1_000,
    waiters: &[1, 10, 100, 1_000],
    connections: 5_000,
    sizes: &[100, 1_000, 10_000, 100_000],
    growth_rounds: 2,
};

/// The large world, which only our server has to carry.
const LARGE: Scale = Scale { rounds: 2, machines: 100_000, ..FULL };

/// Measure, and write or judge what came of it.
pub fn run(options: &Options) -> Result<()> {
    if options.counts {
        return counts::run(options.write);
    }
    if cfg!(debug_assertions) && !options.short {
        // The client shares the processors with the server: it must not be a debug build.
        return execute(Command::new(cargo::build_xtask()?).args(env::args_os().skip(1)));
    }
    rlimit::increase_nofile_limit(32_768).context("cannot open as many connections as it needs")?;
    let profile = Profile::of(!options.short);
    let path = options.binary.clone().map_or_else(|| cargo::build_ferrosphere(profile), Ok)?;
    let peer = peer(options)?;
    let mut bench = Bench::new(Program { side: Side::Ours, path }, peer.clone(), options.only.clone());
    if peer.is_none() {
        bench.table.gap("the peer: --no-peer".to_owned());
    }
    let machine = machine::describe(peer.as_ref())?;
    bench.measure(if options.short { &SHORT } else { &FULL }, !options.short);
    let data = bench.table.data(machine);
    if options.short {
        // Times of a debug build in worlds of nothing would only mislead.
        println!("{} rows, measured but not judged", table::rows(&data).count());
    } else {
        println!("\n{}\n{}", table::markdown(&data), slope::markdown(&data));
    }
    finish(options, &data)?;
    if !bench.broken.is_empty() {
        bail!("not everything of ours could be measured:\n{}", bench.broken.join("\n"));
    }
    Ok(())
}

fn peer(options: &Options) -> Result<Option<Program>> {
    let program = |path| Program { side: Side::Peer, path };
    match &options.vcsim {
        Some(path) => Ok(Some(program(path.clone()))),
        None if options.no_peer => Ok(None),
        None => clients::vcsim().map(|path| Some(program(path))),
    }
}

fn finish(options: &Options, data: &Value) -> Result<()> {
    let file = root().join("docs/bench.json");
    if options.short {
        if options.only.is_none() {
            counts::run(false)?;
        }
    } else if options.check {
        let old = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        table::judge(&serde_json::from_slice(&old)?, data, options.tolerance, options.only.is_some())?;
        println!("no ratio fell by more than {} %", options.tolerance);
    } else if options.only.is_none() {
        write(data)?;
    }
    Ok(())
}

/// The data file, the pictures, and the tables in the page about them.
fn write(data: &Value) -> Result<()> {
    let docs = root().join("docs");
    let page = fs::read_to_string(docs.join("performance.md")).context("cannot read docs/performance.md")?;
    let page = table::between(&page, "bench", &table::markdown(data))?;
    let page = table::between(&page, "growth", &slope::markdown(data))?;
    fs::write(docs.join("performance.md"), page)?;
    fs::write(docs.join("bench.json"), serde_json::to_string_pretty(data)? + "\n")?;
    fs::write(docs.join("bench.svg"), svg::draw(data))?;
    fs::write(docs.join("growth.svg"), curves::draw(data))?;
    println!("written: docs/bench.json, docs/bench.svg, docs/growth.svg, docs/performance.md");
    for row in svg::missing(data) {
        println!("not in docs/bench.svg, because it has no ratio: {row}");
    }
    Ok(())
}
