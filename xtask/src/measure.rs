//! The numbers of `docs/SPECIFICATION.md` that a running server shows: `cargo xtask measure`.
//!
//! Start is the time from the start of the process to its ready line; memory is what is resident then. Rates are taken
//! over plain HTTP with prepared requests, in bounded time, so that the client costs as little as it can.

use crate::cargo::{Profile, build_ferrosphere};
use crate::soak::{http, process, soap};
use anyhow::{Context, Result};
use http::{Connection, post};
use process::Server;
use soap::{Ref, call, object_spec, reference, text, view_spec};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Virtual machines in each of the two pools of the default world.
const WORLDS: [usize; 4] = [5, 500, 5_000, 50_000];

/// How long a rate is measured.
const TIME: Duration = Duration::from_secs(3);

/// Measure the release build and print a table.
pub fn run() -> Result<()> {
    let binary = build_ferrosphere(Profile::Release)?;
    println!("| what | figure |\n|---|---|");
    starts(&binary)?;
    let server = Server::start(&binary, &flags(1_000))?;
    let mut client = Client::log_in(&server)?;
    bulk(&mut client)?;
    small(&server, &client)?;
    power(&mut client)?;
    server.stop()?;
    Ok(())
}

fn flags(vms: usize) -> Vec<String> {
    ["--no-tls", "--log", "error", "--vm"].map(str::to_owned).into_iter().chain([vms.to_string()]).collect()
}

fn starts(binary: &Path) -> Result<()> {
    let mut smallest = None;
    for vms in WORLDS {
        let start = Instant::now();
        let server = Server::start(binary, &flags(vms))?;
        let (time, resident) = (start.elapsed(), process::resident(server.id())?);
        let (base, base_vms) = *smallest.get_or_insert((resident, vms));
        println!("| start, {} powered-on VMs | {:.0} ms |", vms * 2, time.as_secs_f64() * 1e3);
        if vms != base_vms {
            let each = (resident - base) as f64 / ((vms - base_vms) * 2) as f64 / 1024.0;
            println!("| memory, {} VMs | {} MiB, {each:.1} KiB a VM |", vms * 2, resident >> 20);
        }
        server.stop()?;
    }
    Ok(())
}

/// One logged-in client.
struct Client {
    connection: Connection,
    cookie: String,
    view: Ref,
}

impl Client {
    fn log_in(server: &Server) -> Result<Self> {
        let mut connection = Connection::open(server.address)?;
        let login = call(&manager("SessionManager"), "Login", "<userName>u</userName><password>p</password>");
        connection.send(&post(None, &login))?;
        let cookie = connection.receive()?.cookie.context("no session")?;
        let mut client = Self { connection, cookie, view: manager("ViewManager") };
        let root = Ref::new("Folder", "group-d1").element("container");
        let arguments = format!("{root}<type>VirtualMachine</type><recursive>true</recursive>");
        let reply = client.ask(&call(&client.view, "CreateContainerView", &arguments))?;
        client.view = reference(&reply, "returnval").context("no view")?;
        Ok(client)
    }

    fn ask(&mut self, body: &str) -> Result<String> {
        self.connection.send(&post(Some(&self.cookie), body))?;
        Ok(self.connection.receive()?.body)
    }

    fn read(&mut self, paths: &[&str]) -> Result<String> {
        let spec = view_spec("specSet", &self.view, paths);
        self.ask(&call(&collector(), "RetrievePropertiesEx", &format!("{spec}<options/>")))
    }
}

fn manager(name: &str) -> Ref {
    Ref::new(name, name)
}

fn collector() -> Ref {
    Ref::new("PropertyCollector", "propertyCollector")
}

/// Everything that clients usually pull, of 2,000 machines, on one connection.
fn bulk(client: &mut Client) -> Result<()> {
    let (start, mut bytes, mut replies) = (Instant::now(), 0, 0);
    while start.elapsed() < TIME {
        bytes += client.read(&["config", "runtime", "guest", "summary"])?.len();
        replies += 1;
    }
    let rate = bytes as f64 / start.elapsed().as_secs_f64() / 1e6;
    let size = bytes as f64 / f64::from(replies) / 1e6;
    println!(
        "| config, runtime, guest and summary of 2,000 VMs, one connection | {rate:.0} MB/s ({size:.1} MB a reply) |"
    );
    Ok(())
}

/// Three properties of one machine, 16 connections.
fn small(server: &Server, client: &Client) -> Result<()> {
    let mut first = Client::log_in(server)?;
    let reply = first.read(&["name"])?;
    let vm = reference(&reply, "obj").context("no machine")?;
    let spec = object_spec("specSet", &vm, &["name", "runtime.powerState", "config.hardware.numCPU"]);
    let request = post(Some(&client.cookie), &call(&collector(), "RetrievePropertiesEx", &format!("{spec}<options/>")));
    let (done, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Instant::now();
    thread::scope(|scope| -> Result<()> {
        let loops: Vec<_> = (0..16).map(|_| scope.spawn(|| repeat(server, &request, &done, &over))).collect();
        thread::sleep(TIME);
        over.store(true, Ordering::Relaxed);
        loops.into_iter().try_for_each(|l| l.join().expect("a client loop does not panic"))
    })?;
    let rate = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    println!("| three properties of one VM, 16 connections | {rate:.0} requests/s |");
    Ok(())
}

fn repeat(server: &Server, request: &[u8], done: &AtomicU64, over: &AtomicBool) -> Result<()> {
    let mut connection = Connection::open(server.address)?;
    while !over.load(Ordering::Relaxed) {
        connection.send(request)?;
        let reply = connection.receive()?;
        anyhow::ensure!(reply.status == 200, "status {}", reply.status);
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Power off and on again, one client, each task read until it has ended.
fn power(client: &mut Client) -> Result<()> {
    let vm = reference(&client.read(&["name"])?, "obj").context("no machine")?;
    let (start, mut tasks) = (Instant::now(), 0);
    while start.elapsed() < TIME {
        for method in ["PowerOffVM_Task", "PowerOnVM_Task"] {
            let task = reference(&client.ask(&call(&vm, method, ""))?, "returnval").context("no task")?;
            let spec = object_spec("specSet", &task, &["info.state"]);
            let request = call(&collector(), "RetrievePropertiesEx", &format!("{spec}<options/>"));
            while text(&client.ask(&request)?, "val") != Some("success") {}
            tasks += 1;
        }
    }
    let rate = f64::from(tasks) / start.elapsed().as_secs_f64();
    println!("| power off and on again, one client | {rate:.0} tasks/s |");
    Ok(())
}
