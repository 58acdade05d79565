//! Waiters: how soon a change reaches those who wait for it, and what changes cost the server while they do.

use super::Scale;
use super::changes::annotate;
use super::client::Client;
use super::server::Server;
use super::stats::percentile;
use super::table::Figure;
use crate::soak::soap::{self, Ref};
use anyhow::{Context, Result, bail, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a change may take to reach everyone.
const DELIVERY: Duration = Duration::from_secs(60);

/// Waiters on one machine: when a change of it reaches them, and what changes of it and of another cost the server.
pub fn measure(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for &count in scale.waiters {
        let found = with_waiters(server, scale, count).with_context(|| format!("{count} waiters"))?;
        let p = |percent| percentile(&found.times, percent).context("nobody heard");
        let who = if count == 1 { "1 waiter".to_owned() } else { format!("{count} waiters") };
        figures.push(Figure::cost(format!("a change reaches {who}, p50"), "ms", p(50)?));
        figures.push(Figure::cost(format!("a change reaches {who}, p99"), "ms", p(99)?).at("delivery", count));
        figures.push(Figure::cost(format!("server CPU per change for {who}"), "µs", found.relevant).at("told", count));
        let what = format!("server CPU per irrelevant change, {who}");
        figures.push(Figure::cost(what, "µs", found.irrelevant).at("untold", count));
    }
    Ok(figures)
}

/// What one number of waiters showed.
pub struct Found {
    /// Milliseconds from the request that changes something to each waiter's answer
    pub times: Vec<f64>,
    relevant: f64,
    irrelevant: f64,
}

/// Let that many wait, change another machine for a while, then theirs.
pub fn with_waiters(server: &Server, scale: &Scale, count: usize) -> Result<Found> {
    let mut client = Client::log_in(server)?;
    let mut machines = client.machines()?;
    let (watched, other) = (machines.swap_remove(0), machines.pop().context("one machine is too few")?);
    let mut waiters = Waiters::start(&client, &watched, count)?;
    let irrelevant = irrelevant(server, &mut client, &other, scale.time)?;
    ensure!(waiters.heard.try_recv().is_err(), "an irrelevant change was told, or a waiter broke");
    let (begin, before) = (Instant::now(), server.cpu()?);
    let (mut times, mut changes) = (Vec::new(), 0.0);
    while begin.elapsed() < scale.time || changes < 2.0 {
        for (method, state) in [("PowerOffVM_Task", "poweredOff"), ("PowerOnVM_Task", "poweredOn")] {
            times.extend(waiters.told_of(&mut client, &watched, method, state)?);
            changes += 1.0;
        }
    }
    let relevant = (server.cpu()? - before) / changes * 1e6;
    waiters.over.store(true, Ordering::Relaxed);
    waiters.told_of(&mut client, &watched, "PowerOffVM_Task", "poweredOff")?;
    waiters.end()?;
    client.task(&watched, "PowerOnVM_Task", "")?;
    Ok(Found { times, relevant, irrelevant })
}

/// What a waiter heard, and when.
type Heard = Result<(Instant, String)>;

struct Waiters {
    heard: Receiver<Heard>,
    /// Whether the next news are the last
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Waiters {
    /// Start that many; each tells when it heard of a change.
    fn start(client: &Client, machine: &Ref, count: usize) -> Result<Self> {
        let (tell, heard) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let (mut threads, begin) = (Vec::new(), Instant::now());
        for ready in 0..count {
            let limit = DELIVERY.as_secs();
            ensure!(begin.elapsed() < DELIVERY, "only {ready} of {count} waiters were ready after {limit} s");
            let (waiter, tell, over) = (Waiter::new(client.again()?, machine)?, tell.clone(), over.clone());
            let run = move || waiter.run(&tell, &over);
            threads.push(thread::Builder::new().stack_size(256 * 1024).spawn(run)?);
        }
        // What was sent last has arrived by then.
        thread::sleep(Duration::from_millis(200));
        Ok(Self { heard, over, threads })
    }

    /// Change the machine; milliseconds until each waiter has heard of it.
    fn told_of(&mut self, client: &mut Client, machine: &Ref, method: &str, state: &str) -> Result<Vec<f64>> {
        let begin = Instant::now();
        client.task(machine, method, "")?;
        let mut times = Vec::with_capacity(self.threads.len());
        for _ in &self.threads {
            let (at, told) = self.heard.recv_timeout(DELIVERY).context("a change did not reach a waiter")??;
            ensure!(told == state, "a waiter was told {told} instead of {state}");
            times.push(at.duration_since(begin).as_secs_f64() * 1e3);
        }
        Ok(times)
    }

    /// All have heard the last news: wait until they are gone.
    fn end(self) -> Result<()> {
        for thread in self.threads {
            thread.join().expect("a waiter does not panic");
        }
        match self.heard.try_recv() {
            Ok(Err(error)) => Err(error),
            Ok(Ok((_, told))) => bail!("a waiter was told {told} once more"),
            Err(_) => Ok(()),
        }
    }
}

/// One who waits for the power state of a machine.
struct Waiter {
    client: Client,
    collector: Ref,
    version: String,
}

impl Waiter {
    fn new(mut client: Client, machine: &Ref) -> Result<Self> {
        let collector = client.made(&client.manager("propertyCollector")?, "CreatePropertyCollector", "")?;
        let spec = soap::object_spec("spec", machine, &["runtime.powerState"]);
        client.made(&collector, "CreateFilter", &format!("{spec}<partialUpdates>false</partialUpdates>"))?;
        let mut waiter = Self { client, collector, version: String::new() };
        waiter.wait()?;
        Ok(waiter)
    }

    fn run(mut self, tell: &Sender<Heard>, over: &AtomicBool) {
        loop {
            let heard = self.wait().map(|state| (Instant::now(), state));
            let last = heard.is_err() || over.load(Ordering::Relaxed);
            // Nobody listens any more when the run broke off.
            if tell.send(heard).is_err() || last {
                break;
            }
        }
        // Its collector has served: the next waiters begin with none.
        if let Err(error) = self.client.call(&self.collector, "DestroyPropertyCollector", "") {
            let _ = tell.send(Err(error));
        }
    }

    /// Wait for news, however long that takes: the state that was told.
    fn wait(&mut self) -> Result<String> {
        loop {
            let options = "<options><maxWaitSeconds>20</maxWaitSeconds></options>";
            let arguments = format!("<version>{}</version>{options}", self.version);
            let reply = self.client.call(&self.collector, "WaitForUpdatesEx", &arguments)?;
            // Without a version nothing happened.
            if let Some(version) = soap::text(&reply, "version") {
                version.clone_into(&mut self.version);
                return soap::text(&reply, "val").map(str::to_owned).context("news without a value");
            }
        }
    }
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
