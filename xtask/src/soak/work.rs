//! What one client does: sessions of mixed work, mostly on a machine of its own.

use super::http::{Connection, Reply, post};
use super::load::{Dice, Failure, Tally};
use super::rogue;
use super::soap::{self, Ref};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a task may take: operations take no time by themselves.
const TASK: Duration = Duration::from_secs(60);

/// What is read of all machines.
const SHEET: [&str; 5] = ["name", "runtime.powerState", "config.hardware", "summary.quickStats", "guest.ipAddress"];

/// How many machines a page of them holds, and how many pages a client reads before it has seen enough.
const PAGE: u32 = 500;
const PAGES: usize = 8;

/// Which client this is of how many, that share so many machines.
#[derive(Clone, Copy)]
pub struct Share {
    /// From 0
    pub number: u32,
    /// How many there are
    pub clients: u32,
    /// At least as many as clients
    pub machines: u32,
}

/// One session from login to its end.
pub fn session(
    address: SocketAddr,
    share: Share,
    deadline: Instant,
    tally: &mut Tally,
    dice: &mut Dice,
) -> Result<(), Failure> {
    let mut session = Session::log_in(address, tally)?;
    let own = session.own_machine(share, dice)?;
    for _ in 0..10 + dice.roll(30) {
        if Instant::now() > deadline {
            break;
        }
        session.act(&own, dice)?;
    }
    // Some clients never say goodbye: their session ends by itself.
    if dice.roll(10) == 0 { Ok(()) } else { session.log_out() }
}

/// A machine that only this client changes.
struct Own {
    machine: Ref,
    uuid: String,
}

/// A logged-in client.
pub struct Session<'a> {
    connection: Connection,
    /// Where the server listens
    pub address: SocketAddr,
    /// Its session, as a cookie
    pub cookie: String,
    /// Its property collector
    pub collector: Ref,
    content: String,
    /// What it counts
    pub tally: &'a mut Tally,
}

impl<'a> Session<'a> {
    /// Connect, read the service content, log in.
    pub fn log_in(address: SocketAddr, tally: &'a mut Tally) -> Result<Self, Failure> {
        let connection = Connection::open(address).map_err(|e| Failure::broken("connect", &e))?;
        let collector = Ref::new("PropertyCollector", "");
        let mut new = Self { connection, address, cookie: String::new(), collector, content: String::new(), tally };
        let service = Ref::new("ServiceInstance", "ServiceInstance");
        new.content = new.call(&service, "RetrieveServiceContent", "")?;
        new.collector = new.service("propertyCollector")?;
        let manager = new.service("sessionManager")?;
        let credentials = "<userName>soak</userName><password>soak</password>";
        let reply = new.request("Login", &soap::call(&manager, "Login", credentials))?;
        new.cookie = reply.cookie.clone().ok_or_else(|| Failure::unexpected("Login", &reply))?;
        Ok(new)
    }

    /// End it.
    pub fn log_out(mut self) -> Result<(), Failure> {
        let manager = self.service("sessionManager")?;
        self.call(&manager, "Logout", "").map(drop)
    }

    /// Call a method that must succeed; the whole reply.
    pub fn call(&mut self, this: &Ref, method: &'static str, arguments: &str) -> Result<String, Failure> {
        Ok(self.request(method, &soap::call(this, method, arguments))?.body)
    }

    /// Something that the service content refers to.
    fn service(&self, name: &'static str) -> Result<Ref, Failure> {
        let missing = || Failure { kind: "RetrieveServiceContent", text: format!("{name} is missing") };
        soap::reference(&self.content, name).ok_or_else(missing)
    }

    fn request(&mut self, kind: &'static str, body: &str) -> Result<Reply, Failure> {
        let cookie = (!self.cookie.is_empty()).then_some(self.cookie.as_str());
        let start = Instant::now();
        let sent = self.connection.send(&post(cookie, body)).and_then(|()| self.connection.receive());
        let reply = sent.map_err(|e| Failure::broken(kind, &e))?;
        self.tally.time(kind, start.elapsed());
        if reply.status == 200 { Ok(reply) } else { Err(Failure::unexpected(kind, &reply)) }
    }

    /// The reference that a method returns.
    fn made(&mut self, this: &Ref, method: &'static str, arguments: &str) -> Result<Ref, Failure> {
        let reply = self.call(this, method, arguments)?;
        soap::reference(&reply, "returnval").ok_or(Failure { kind: method, text: reply })
    }

    /// One of the machines that are this client's: each `share.clients`th.
    fn own_machine(&mut self, share: Share, dice: &mut Dice) -> Result<Own, Failure> {
        let rounds = u64::from(share.machines / share.clients);
        let machine = u64::from(share.number) + u64::from(share.clients) * dice.roll(rounds.max(1));
        let pool = if machine.is_multiple_of(2) { "DC0_H0" } else { "DC0_C0_RP0" };
        let path = format!("<inventoryPath>DC0/vm/{pool}_VM{}</inventoryPath>", machine / 2);
        let machine = self.made(&self.service("searchIndex")?, "FindByInventoryPath", &path)?;
        let config = self.read(&machine, &["config.uuid"])?;
        let uuid = soap::text(&config, "val").unwrap_or_default().to_owned();
        Ok(Own { machine, uuid })
    }

    /// One piece of work.
    fn act(&mut self, own: &Own, dice: &mut Dice) -> Result<(), Failure> {
        match dice.roll(100) {
            0..30 => self.read(&own.machine, &["name", "runtime.powerState"]).map(drop),
            30..32 => self.sheet(),
            32..46 => self.watch(&own.machine, dice.roll(2)),
            46..60 => self.power_cycle(&own.machine),
            60..74 => self.reconfigure(&own.machine, dice.roll(1000)),
            74..82 => self.find(own),
            82..90 => self.view().and_then(|view| self.call(&view, "DestroyView", "").map(drop)),
            _ => rogue::misbehave(self, &own.machine, dice),
        }
    }

    fn read(&mut self, object: &Ref, paths: &[&str]) -> Result<String, Failure> {
        let spec = soap::object_spec("specSet", object, paths);
        self.call(&self.collector.clone(), "RetrievePropertiesEx", &format!("{spec}<options/>"))
    }

    /// Properties of the first machines, page by page; what is left is called off.
    fn sheet(&mut self) -> Result<(), Failure> {
        let (view, collector) = (self.view()?, self.collector.clone());
        let spec = soap::view_spec("specSet", &view, &SHEET);
        let options = format!("<options><maxObjects>{PAGE}</maxObjects></options>");
        let request = soap::call(&collector, "RetrievePropertiesEx", &format!("{spec}{options}"));
        let mut page = self.request("RetrievePropertiesEx machines", &request)?.body;
        for _ in 1..PAGES {
            let Some(next) = soap::text(&page, "token") else { break };
            page = self.call(&collector, "ContinueRetrievePropertiesEx", &format!("<token>{next}</token>"))?;
        }
        if let Some(rest) = soap::text(&page, "token") {
            self.call(&collector, "CancelRetrievePropertiesEx", &format!("<token>{rest}</token>"))?;
        }
        self.call(&view, "DestroyView", "").map(drop)
    }

    fn view(&mut self) -> Result<Ref, Failure> {
        let (manager, root) = (self.service("viewManager")?, self.service("rootFolder")?);
        let arguments = format!("{}<type>VirtualMachine</type><recursive>true</recursive>", root.element("container"));
        self.made(&manager, "CreateContainerView", &arguments)
    }

    fn find(&mut self, own: &Own) -> Result<(), Failure> {
        let arguments = format!("<uuid>{}</uuid><vmSearch>true</vmSearch>", own.uuid);
        let found = self.made(&self.service("searchIndex")?, "FindByUuid", &arguments)?;
        let wrong = || Failure { kind: "FindByUuid", text: format!("{found:?} has not uuid {}", own.uuid) };
        if found == own.machine { Ok(()) } else { Err(wrong()) }
    }

    /// Watches a machine for at most `seconds`, through a collector of its own.
    fn watch(&mut self, machine: &Ref, seconds: u64) -> Result<(), Failure> {
        let (collector, version) = self.watched(machine)?;
        self.wait("WaitForUpdatesEx idle", &collector, &version, seconds)?;
        self.call(&collector, "DestroyPropertyCollector", "").map(drop)
    }

    /// A new collector that has told what a machine is like, and its version.
    pub fn watched(&mut self, machine: &Ref) -> Result<(Ref, String), Failure> {
        let collector = self.made(&self.collector.clone(), "CreatePropertyCollector", "")?;
        let spec = soap::object_spec("spec", machine, &["runtime.powerState", "summary.quickStats"]);
        self.made(&collector, "CreateFilter", &format!("{spec}<partialUpdates>false</partialUpdates>"))?;
        let first = self.wait("WaitForUpdatesEx", &collector, "", 10)?;
        let version = soap::text(&first, "version").map(str::to_owned);
        Ok((collector, version.ok_or(Failure { kind: "WaitForUpdatesEx", text: first })?))
    }

    fn wait(&mut self, kind: &'static str, this: &Ref, version: &str, seconds: u64) -> Result<String, Failure> {
        Ok(self.request(kind, &soap::call(this, "WaitForUpdatesEx", &wait_arguments(version, seconds)))?.body)
    }

    fn power_cycle(&mut self, machine: &Ref) -> Result<(), Failure> {
        self.task(machine, "PowerOffVM_Task", "")?;
        self.task(machine, "PowerOnVM_Task", "")
    }

    fn reconfigure(&mut self, machine: &Ref, number: u64) -> Result<(), Failure> {
        let spec = format!("<spec><annotation>number {number}</annotation></spec>");
        self.task(machine, "ReconfigVM_Task", &spec)
    }

    /// Starts a task and waits until it has succeeded.
    fn task(&mut self, this: &Ref, method: &'static str, arguments: &str) -> Result<(), Failure> {
        let (task, collector) = (self.made(this, method, arguments)?, self.collector.clone());
        let spec = soap::object_spec("spec", &task, &["info.state", "info.error"]);
        let filter = self.made(&collector, "CreateFilter", &format!("{spec}<partialUpdates>false</partialUpdates>"))?;
        let (mut version, start) = (String::new(), Instant::now());
        loop {
            let news = self.wait("WaitForUpdatesEx", &collector, &version, 10)?;
            if news.contains(">success<") {
                return self.call(&filter, "DestroyPropertyFilter", "").map(drop);
            }
            if news.contains(">error<") || start.elapsed() > TASK {
                let why = soap::text(&news, "localizedMessage").unwrap_or("it does not end");
                return Err(Failure { kind: method, text: format!("the task failed: {why}") });
            }
            version = soap::text(&news, "version").map_or(version, str::to_owned);
        }
    }
}

/// Arguments of `WaitForUpdatesEx`.
pub fn wait_arguments(version: &str, seconds: u64) -> String {
    format!("<version>{version}</version><options><maxWaitSeconds>{seconds}</maxWaitSeconds></options>")
}
