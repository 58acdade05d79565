//! Changes: tasks per second, and what it costs to tell those who wait for them.

use super::Scale;
use super::client::Client;
use super::server::Server;
use super::stats::percentile;
use super::table::Figure;
use crate::soak::soap::{self, Ref};
use anyhow::{Context, Result, ensure};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Makes names and values that no other round has used.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// How long a change may take to reach everyone.
const DELIVERY: Duration = Duration::from_secs(60);

/// What is repeated.
#[derive(Clone, Copy)]
enum Work {
    Power,
    Reconfigure,
    Clone,
    Create,
}

/// Tasks per second with 1 and 16 clients, each on a machine of its own, each task read until it has succeeded.
pub fn tasks(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let works = [
        ("power off or on", Work::Power),
        ("reconfigure", Work::Reconfigure),
        ("clone", Work::Clone),
        ("create", Work::Create),
    ];
    let mut client = Client::log_in(server)?;
    let machines = client.machines()?;
    let place = Place::of(&mut client, &machines[0])?;
    let mut figures = Vec::new();
    for (name, work) in works {
        for clients in [1, 16] {
            let rate = rate(&client, &machines[..clients.min(machines.len())], &place, work, scale.time)?;
            let who = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
            figures.push(Figure::rate(format!("{name}, {who}"), "tasks/s", rate));
        }
    }
    Ok(figures)
}

/// Where new machines go.
struct Place {
    folder: Ref,
    pool: Ref,
}

impl Place {
    fn of(client: &mut Client, machine: &Ref) -> Result<Self> {
        let folder = Ref::new("Folder", &client.property(machine, "parent")?);
        Ok(Self { folder, pool: Ref::new("ResourcePool", &client.property(machine, "resourcePool")?) })
    }
}

fn rate(client: &Client, machines: &[Ref], place: &Place, work: Work, time: Duration) -> Result<f64> {
    let clients = machines.iter().map(|_| client.again()).collect::<Result<Vec<_>>>()?;
    let begin = Instant::now();
    let repeat = |mut client: Client, machine: &Ref| {
        let mut done = 0_u64;
        while begin.elapsed() < time || done == 0 {
            done += work.once(&mut client, machine, place)?;
        }
        anyhow::Ok(done)
    };
    let done: u64 = thread::scope(|scope| {
        let each = clients.into_iter().zip(machines);
        let loops: Vec<_> = each.map(|(client, machine)| scope.spawn(move || repeat(client, machine))).collect();
        loops.into_iter().map(|one| one.join().expect("a client does not panic")).sum::<Result<u64>>()
    })?;
    Ok(done as f64 / begin.elapsed().as_secs_f64())
}

impl Work {
    /// Do it once; how many tasks that were.
    fn once(self, client: &mut Client, machine: &Ref, place: &Place) -> Result<u64> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        match self {
            Self::Power => {
                client.task(machine, "PowerOffVM_Task", "")?;
                client.task(machine, "PowerOnVM_Task", "")?;
                return Ok(2);
            }
            Self::Reconfigure => annotate(client, machine)?,
            Self::Clone => {
                let spec = "<spec><location/><template>false</template><powerOn>false</powerOn></spec>";
                let folder = place.folder.element("folder");
                client.task(machine, "CloneVM_Task", &format!("{folder}<name>clone-{number}</name>{spec}"))?;
            }
            Self::Create => {
                let files = "<files><vmPathName>[LocalDS_0]</vmPathName></files><numCPUs>1</numCPUs>";
                let config = format!(
                    "<config><name>new-{number}</name><guestId>otherGuest64</guestId>{files}<memoryMB>64</memoryMB></config>"
                );
                client.task(&place.folder, "CreateVM_Task", &format!("{config}{}", place.pool.element("pool")))?;
            }
        }
        Ok(1)
    }
}

/// Give a machine a note that it never had.
fn annotate(client: &mut Client, machine: &Ref) -> Result<()> {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let spec = format!("<spec><annotation>number {number}</annotation></spec>");
    client.task(machine, "ReconfigVM_Task", &spec)
}

/// Waiters on one machine: when a change of it reaches them, and what changes of another cost the server.
pub fn waiters(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for &count in scale.waiters {
        let mut client = Client::log_in(server)?;
        let mut machines = client.machines()?;
        let (watched, other) = (machines.swap_remove(0), machines.pop().context("one machine is too few")?);
        let heard = start_waiting(&client, &watched, count)?;
        let cost = irrelevant(server, &mut client, &other, scale.time)?;
        ensure!(heard.try_recv().is_err(), "an irrelevant change was told, or a waiter broke");
        let times = relevant(&mut client, &watched, &heard, count)?;
        let p = |percent| percentile(&times, percent).context("nobody heard");
        figures.push(Figure::cost(format!("a change reaches {count} waiters, p50"), "ms", p(50)?));
        figures.push(Figure::cost(format!("a change reaches {count} waiters, p99"), "ms", p(99)?));
        figures.push(Figure::cost(format!("server CPU per irrelevant change, {count} waiters"), "µs", cost));
    }
    Ok(figures)
}

/// Start that many waiters; each tells when it heard of its one change.
fn start_waiting(client: &Client, machine: &Ref, count: usize) -> Result<Receiver<Result<Instant>>> {
    let (tell, heard) = channel();
    for _ in 0..count {
        let (mut waiter, tell) = (client.again()?, tell.clone());
        let collector = waiter.made(&client.manager("propertyCollector")?, "CreatePropertyCollector", "")?;
        let spec = soap::object_spec("spec", machine, &["runtime.powerState"]);
        waiter.made(&collector, "CreateFilter", &format!("{spec}<partialUpdates>false</partialUpdates>"))?;
        let first = waiter.call(&collector, "WaitForUpdatesEx", "<version></version><options/>")?;
        let version = soap::text(&first, "version").context("no version")?;
        let arguments = format!("<version>{version}</version><options><maxWaitSeconds>20</maxWaitSeconds></options>");
        let run = move || {
            let told = waiter.call(&collector, "WaitForUpdatesEx", &arguments).and_then(|reply| {
                ensure!(reply.contains("poweredOff"), "a waiter was told nothing of the change");
                Ok(Instant::now())
            });
            // Its collector has served: the next count of waiters begins with none.
            let told = told.and_then(|at| waiter.call(&collector, "DestroyPropertyCollector", "").map(|_| at));
            let _ = tell.send(told);
        };
        thread::Builder::new().stack_size(256 * 1024).spawn(run)?;
    }
    // What was sent last has arrived by then.
    thread::sleep(Duration::from_millis(200));
    Ok(heard)
}

/// Microseconds of the server's processor time for one change that no waiter asked for.
fn irrelevant(server: &Server, client: &mut Client, other: &Ref, time: Duration) -> Result<f64> {
    let (begin, before, mut changes) = (Instant::now(), server.cpu()?, 0);
    while begin.elapsed() < time || changes == 0 {
        annotate(client, other)?;
        changes += 1;
    }
    Ok((server.cpu()? - before) / f64::from(changes) * 1e6)
}

/// Milliseconds from the request that changes something to each waiter's answer.
fn relevant(client: &mut Client, watched: &Ref, heard: &Receiver<Result<Instant>>, count: usize) -> Result<Vec<f64>> {
    let begin = Instant::now();
    client.task(watched, "PowerOffVM_Task", "")?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let at = heard.recv_timeout(DELIVERY).context("a change did not reach a waiter")??;
        times.push(at.duration_since(begin).as_secs_f64() * 1e3);
    }
    client.task(watched, "PowerOnVM_Task", "")?;
    Ok(times)
}
