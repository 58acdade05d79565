//! How costs grow: worlds of every size, each started anew, with what a read, a task and a piece of news take in them.

use super::changes::{self, Work};
use super::client::Client;
use super::reads::times;
use super::run::Bench;
use super::server::{MEASURED, Program, Server};
use super::stats::median;
use super::table::Figure;
use super::wire::block_on;
use super::{Scale, waiters};
use anyhow::{Context, Result};

/// Worlds of this size and more take long enough to be steady in one round.
const STEADY: usize = 100_000;

/// What is committed in every world, and the curve of it. What makes machines comes last.
const COMMITS: [(Work, &str, &str); 3] = [
    (Work::Power, "power off or on", "power"),
    (Work::Reconfigure, "reconfigure", "reconfigure"),
    (Work::Create, "create", "create"),
];

/// Worlds of every size, by both servers in turns; the peer's end with the first that would take too long.
pub fn measure(bench: &mut Bench, scale: &Scale) {
    println!("    growth");
    let mut sizes = [Sizes::default(), Sizes::default()];
    for &machines in scale.sizes {
        for _ in 0..if machines >= STEADY { 1 } else { scale.growth_rounds } {
            for (program, sizes) in bench.programs().into_iter().zip(&mut sizes) {
                if let Err(error) = sizes.once(bench, &program, machines, scale) {
                    bench.failed(program.side, &format!("world of {machines} VMs and more"), &error);
                    sizes.over = true;
                }
            }
        }
    }
}

/// The worlds of one server so far.
#[derive(Default)]
struct Sizes {
    /// Size and memory of the smallest
    smallest: Option<(usize, f64)>,
    /// Size and start of the last, in seconds
    last: Option<(usize, f64)>,
    /// One could not be had
    over: bool,
}

impl Sizes {
    fn once(&mut self, bench: &mut Bench, program: &Program, machines: usize, scale: &Scale) -> Result<()> {
        if self.over {
            return Ok(());
        }
        if let Some((last, took)) = self.last {
            let expected = took * machines as f64 / last as f64;
            let limit = MEASURED.as_secs_f64();
            anyhow::ensure!(
                expected <= limit,
                "not tried, because {last} took {took:.0} s to start, and the limit is {limit} s"
            );
        }
        let server = program.start(machines, MEASURED)?;
        self.last = Some((machines, server.start.as_secs_f64()));
        bench.table.add(program.side, self.size(&server)?);
        bench.table.add(program.side, block_on(costs(&server, scale))?);
        Ok(())
    }

    /// Time of the start, and memory, also that of a machine beyond the smallest world.
    fn size(&mut self, server: &Server) -> Result<Vec<Figure>> {
        let (machines, resident) = (server.world.machines, server.resident()?);
        let mut figures = sizes(server)?;
        let (least, least_resident) = *self.smallest.get_or_insert((machines, resident));
        if machines > least {
            let each = (resident - least_resident) / (machines - least) as f64 / 1024.0;
            figures.push(Figure::cost(format!("memory of a VM among {machines}"), "KiB", each));
        }
        Ok(figures)
    }
}

/// Time of a start, and memory after it.
pub fn sizes(server: &Server) -> Result<Vec<Figure>> {
    let (machines, start) = (server.world.machines, server.start.as_secs_f64() * 1e3);
    let memory = server.resident()? / f64::from(1 << 20);
    Ok(vec![
        Figure::cost(format!("start of {machines} VMs"), "ms", start).at("start", machines),
        Figure::cost(format!("memory of {machines} VMs"), "MiB", memory).at("memory", machines),
    ])
}

/// What is done in a world of this size.
async fn costs(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let machines = server.world.machines;
    let mut client = Client::log_in(server).await?;
    let request = client.session.read_all(&["name", "runtime.powerState", "config.hardware.numCPU"])?;
    let read = median(&times(&mut client, &request, scale.time).await?).context("no reply")? * 1e3;
    let told = median(&waiters::with_waiters(server, scale, 1).await?.times).context("no news")?;
    let mut figures = vec![
        Figure::cost(format!("read 3 properties of {machines} VMs, SOAP: time"), "ms", read).at("read", machines),
        Figure::cost(format!("a change among {machines} VMs reaches its waiter, p50"), "ms", told).at("news", machines),
    ];
    for (work, name, curve) in COMMITS {
        let load = changes::repeat(server, scale, work, 1).await?;
        let what = format!("{name} among {machines} VMs: server CPU each");
        figures.push(Figure::cost(what, "µs", load.cpu).at(curve, machines));
    }
    Ok(figures)
}
