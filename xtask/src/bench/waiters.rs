//! Waiters: how soon a change reaches those who wait for it, and what changes cost the server while they do.

use super::Scale;
use super::changes::annotate;
use super::client::Client;
use super::server::Server;
use super::stats::percentile;
use super::table::Figure;
use crate::soak::soap::{self, Ref};
use anyhow::{Context, Result, bail, ensure};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

/// How long a change may take to reach everyone.
const DELIVERY: Duration = Duration::from_secs(60);

/// Waiters on one machine: when a change of it reaches them, and what changes of it and of another cost the server.
pub async fn measure(server: &Server, scale: &Scale) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for &count in scale.waiters {
        let found = with_waiters(server, scale, count).await.with_context(|| format!("{count} waiters"))?;
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
pub async fn with_waiters(server: &Server, scale: &Scale, count: usize) -> Result<Found> {
    let mut client = Client::log_in(server).await?;
    let mut machines = client.machines().await?;
    let (watched, other) = (machines.swap_remove(0), machines.pop().context("one machine is too few")?);
    let mut waiters = Waiters::start(&client, &watched, count).await?;
    let irrelevant = irrelevant(server, &mut client, &other, scale.time).await?;
    ensure!(waiters.heard.try_recv().is_err(), "an irrelevant change was told, or a waiter broke");
    let (begin, before) = (Instant::now(), server.cpu()?);
    let (mut times, mut changes) = (Vec::new(), 0.0);
    while begin.elapsed() < scale.time || changes < 2.0 {
        for (method, state) in [("PowerOffVM_Task", "poweredOff"), ("PowerOnVM_Task", "poweredOn")] {
            times.extend(waiters.told_of(&mut client, &watched, method, state).await?);
            changes += 1.0;
        }
    }
    let relevant = (server.cpu()? - before) / changes * 1e6;
    waiters.over.set(true);
    waiters.told_of(&mut client, &watched, "PowerOffVM_Task", "poweredOff").await?;
    waiters.end().await?;
    client.task(&watched, "PowerOnVM_Task", "").await?;
    Ok(Found { times, relevant, irrelevant })
}

/// What a waiter heard, and when.
type Heard = Result<(Instant, String)>;

struct Waiters {
    heard: UnboundedReceiver<Heard>,
    /// Whether the next news are the last
    over: Rc<Cell<bool>>,
    all: Vec<JoinHandle<()>>,
}

impl Waiters {
    /// Start that many; each tells when it heard of a change.
    async fn start(client: &Client, machine: &Ref, count: usize) -> Result<Self> {
        let (tell, heard) = unbounded_channel();
        let over = Rc::new(Cell::new(false));
        let (mut all, begin) = (Vec::new(), Instant::now());
        for ready in 0..count {
            let limit = DELIVERY.as_secs();
            ensure!(begin.elapsed() < DELIVERY, "only {ready} of {count} waiters were ready after {limit} s");
            let waiter = Waiter::new(Client::of(&client.session).await?, machine).await?;
            all.push(spawn_local(waiter.run(tell.clone(), over.clone())));
        }
        // What was sent last has arrived by then.
        sleep(Duration::from_millis(200)).await;
        Ok(Self { heard, over, all })
    }

    /// Change the machine; milliseconds until each waiter has heard of it.
    async fn told_of(&mut self, client: &mut Client, machine: &Ref, method: &str, state: &str) -> Result<Vec<f64>> {
        let begin = Instant::now();
        client.task(machine, method, "").await?;
        let mut times = Vec::with_capacity(self.all.len());
        for _ in &self.all {
            let heard = timeout(DELIVERY, self.heard.recv()).await.context("a change did not reach a waiter")?;
            let (at, told) = heard.context("no waiter is left")??;
            ensure!(told == state, "a waiter was told {told} instead of {state}");
            times.push(at.duration_since(begin).as_secs_f64() * 1e3);
        }
        Ok(times)
    }

    /// All have heard the last news: wait until they are gone.
    async fn end(mut self) -> Result<()> {
        for one in self.all {
            one.await.expect("a waiter does not panic");
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
    async fn new(mut client: Client, machine: &Ref) -> Result<Self> {
        let collector =
            client.made(&client.session.manager("propertyCollector")?, "CreatePropertyCollector", "").await?;
        let spec = soap::object_spec("spec", machine, &["runtime.powerState"]);
        let arguments = format!("{spec}<partialUpdates>false</partialUpdates>");
        client.made(&collector, "CreateFilter", &arguments).await?;
        let mut waiter = Self { client, collector, version: String::new() };
        waiter.wait().await?;
        Ok(waiter)
    }

    async fn run(mut self, tell: UnboundedSender<Heard>, over: Rc<Cell<bool>>) {
        loop {
            let heard = self.wait().await.map(|state| (Instant::now(), state));
            let last = heard.is_err() || over.get();
            // Nobody listens any more when the run broke off.
            if tell.send(heard).is_err() || last {
                break;
            }
        }
        // Its collector has served: the next waiters begin with none.
        if let Err(error) = self.client.call(&self.collector, "DestroyPropertyCollector", "").await {
            let _ = tell.send(Err(error));
        }
    }

    /// Wait for news, however long that takes: the state that was told.
    async fn wait(&mut self) -> Result<String> {
        loop {
            let options = "<options><maxWaitSeconds>20</maxWaitSeconds></options>";
            let arguments = format!("<version>{}</version>{options}", self.version);
            let reply = self.client.call(&self.collector, "WaitForUpdatesEx", &arguments).await?;
            // Without a version nothing happened.
            if let Some(version) = soap::text(&reply, "version") {
                version.clone_into(&mut self.version);
                return soap::text(&reply, "val").map(str::to_owned).context("news without a value");
            }
        }
    }
}

/// Microseconds of the server's processor time for one change that no waiter asked for.
async fn irrelevant(server: &Server, client: &mut Client, other: &Ref, time: Duration) -> Result<f64> {
    let (begin, before, mut changes) = (Instant::now(), server.cpu()?, 0);
    while begin.elapsed() < time || changes == 0 {
        annotate(client, other).await?;
        changes += 1;
    }
    Ok((server.cpu()? - before) / f64::from(changes) * 1e6)
}
