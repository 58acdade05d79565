//! How fast the server is, beside govmomi's vcsim: `cargo xtask bench`.
//!
//! Both servers run on loopback and get the same prepared requests from the same client, in turns: ours, the peer, ours,
//! the peer. A figure is the median of the rounds. `docs/performance.md` says what each row means.
//! A figure of the peer that cannot be had is a gap that the table names; one of ours fails the run.

mod changes;
mod client;
mod connections;
mod machine;
mod reads;
mod server;
mod start;
mod stats;
mod svg;
mod table;
mod wire;

use crate::cargo::{Profile, build_ferrosphere};
use crate::workspace::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use server::{Program, Server, Side};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use table::{Figure, Table};

/// What to run.
#[derive(Args)]
pub struct Options {
    /// The peer; without it, `vcsim` on PATH, and without that nothing is compared
    #[arg(long, value_name = "PATH")]
    vcsim: Option<PathBuf>,
    /// Measure this build of ferrosphere instead of building one
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// A small world and one round: only whether everything works, in under a minute
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
}

/// How much is measured.
pub struct Scale {
    rounds: usize,
    /// How long a rate is measured
    time: Duration,
    /// Machines in the world
    machines: usize,
    waiters: &'static [usize],
    connections: usize,
    /// Sizes of worlds that are started
    starts: &'static [usize],
}

const SHORT: Scale = Scale {
    rounds: 1,
    time: Duration::from_millis(100),
    machines: 100,
    waiters: &[1, 20],
    connections: 100,
    starts: &[20, 200],
};

const FULL: Scale = Scale {
    rounds: 5,
    time: Duration::from_secs(1),
    machines: 2_000,
    waiters: &[1, 100, 1_000],
    connections: 5_000,
    starts: &[100, 1_000, 10_000, 100_000],
};

/// The large world, which only our server has to carry.
const LARGE: Scale = Scale { rounds: 3, machines: 100_000, waiters: &[1, 100], ..FULL };

type Measure = fn(&Server, &Scale) -> Result<Vec<Figure>>;

/// What is measured, by the name that `--only` takes. What makes machines comes last.
const MEASURES: [(&str, Measure); 6] = [
    ("bulk", reads::bulk),
    ("small", reads::small),
    ("lookups", reads::lookups),
    ("beside", reads::beside_a_long_one),
    ("waiters", changes::waiters),
    ("idle", connections::idle),
];

/// Measure, and write or judge what came of it.
pub fn run(options: &Options) -> Result<()> {
    rlimit::increase_nofile_limit(32_768).context("cannot open as many connections as it needs")?;
    let path = options.binary.clone().map_or_else(|| build_ferrosphere(Profile::Release), Ok)?;
    let ours = Program { side: Side::Ours, path };
    let mut bench = Bench { table: Table::default(), ours, peer: peer(options), only: options.only.clone() };
    if bench.peer.is_none() {
        bench.table.gap("the peer: no vcsim on PATH and none named with --vcsim".to_owned());
    }
    let scale = if options.short { &SHORT } else { &FULL };
    bench.small_worlds(scale)?;
    if !options.short {
        bench.large_world()?;
    }
    for gap in ["small reads beside nginx", "login rate with TLS"] {
        bench.table.gap(format!("{gap}: this command cannot do it yet"));
    }
    let data = bench.table.data(machine::describe(bench.peer.as_ref())?);
    println!("\n{}", table::markdown(&data));
    finish(options, &data)
}

fn finish(options: &Options, data: &Value) -> Result<()> {
    let file = root().join("docs/bench.json");
    if options.short {
        println!("measured, not judged");
    } else if options.check {
        let old = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let worse = table::regressions(&serde_json::from_slice(&old)?, data, f64::from(options.tolerance) / 100.0);
        if !worse.is_empty() {
            bail!("slower than the committed table by more than {} %:\n{}", options.tolerance, worse.join("\n"));
        }
        println!("no ratio fell by more than {} %", options.tolerance);
    } else if options.only.is_none() {
        write(data)?;
    }
    Ok(())
}

/// The data file, the picture, and the table in the page about them.
fn write(data: &Value) -> Result<()> {
    let docs = root().join("docs");
    let page = fs::read_to_string(docs.join("performance.md")).context("cannot read docs/performance.md")?;
    let page = table::between(&page, &table::markdown(data))?;
    fs::write(docs.join("performance.md"), page)?;
    fs::write(docs.join("bench.json"), serde_json::to_string_pretty(data)? + "\n")?;
    fs::write(docs.join("bench.svg"), svg::draw(data))?;
    println!("written: docs/bench.json, docs/bench.svg, docs/performance.md");
    Ok(())
}

fn peer(options: &Options) -> Option<Program> {
    let path = options.vcsim.clone().or_else(|| machine::on_path("vcsim"))?;
    Some(Program { side: Side::Peer, path })
}

/// A run.
struct Bench {
    table: Table,
    ours: Program,
    peer: Option<Program>,
    only: Option<String>,
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }

    fn small_worlds(&mut self, scale: &Scale) -> Result<()> {
        if self.wants("start") {
            start::measure(&mut self.table, &self.ours, self.peer.as_ref(), scale)?;
        }
        if MEASURES.iter().any(|(name, _)| self.wants(name)) {
            let servers = self.servers(scale.machines)?;
            for (name, measure) in MEASURES {
                self.rounds(&servers, name, measure, scale)?;
            }
        }
        if !self.wants("tasks") {
            return Ok(());
        }
        // Clones and new machines would make the world larger for what comes later.
        let servers = self.servers(scale.machines)?;
        self.rounds(&servers, "tasks", changes::tasks, scale)
    }

    /// What must not cost more because there is more, in a world of 100,000.
    fn large_world(&mut self) -> Result<()> {
        if !["large: bulk", "large: lookups", "large: beside"].iter().any(|name| self.wants(name)) {
            return Ok(());
        }
        let server = [self.ours.start(LARGE.machines, server::PATIENT)?];
        self.rounds(&server, "large: bulk", reads::bulk, &LARGE)?;
        self.rounds(&server, "large: lookups", reads::lookups, &LARGE)?;
        self.rounds(&server, "large: beside", reads::beside_a_long_one, &LARGE)
    }

    fn servers(&mut self, machines: usize) -> Result<Vec<Server>> {
        let mut servers = vec![self.ours.start(machines, server::PATIENT)?];
        match self.peer.as_ref().map(|peer| peer.start(machines, server::PATIENT)) {
            Some(Ok(peer)) => servers.push(peer),
            Some(Err(error)) => self.table.gap(format!("vcsim with {machines} VMs: {error:#}")),
            None => {}
        }
        Ok(servers)
    }

    /// One measurement on all servers in turns.
    fn rounds(&mut self, servers: &[Server], name: &str, measure: Measure, scale: &Scale) -> Result<()> {
        if !self.wants(name) {
            return Ok(());
        }
        println!("    {name}");
        let mut failed = None;
        for _ in 0..scale.rounds {
            for server in servers {
                if failed == Some(server.side) {
                    continue;
                }
                match measure(server, scale) {
                    Ok(figures) => self.table.add(server.side, figures),
                    Err(error) if server.side == Side::Ours => return Err(error.context(name.to_owned())),
                    Err(error) => {
                        self.table.gap(format!("vcsim, {name}: {error:#}"));
                        failed = Some(server.side);
                    }
                }
            }
        }
        Ok(())
    }
}
