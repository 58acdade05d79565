//! `vmci audit`: the VMCI devices of a vSphere endpoint, judged against hardening guidance. The server can be any.

mod fix;
mod report;

use std::collections::BTreeMap;
use std::io::{self, Write};

use ::client::{Client, Query};
use anyhow::Context;
use clap::Args;
use server::vmci::Device;
use vim25::{ApiVersion, MoRef, Str, mo};
use vmci::audit::{Finding, Subject, audit};
use vmci::reach::Generation;

use crate::connection::Connection;

/// Arguments of `vmci audit`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// A machine and what there is to know about its VMCI device.
struct Judged {
    machine: MoRef,
    name: Str,
    host: Option<Str>,
    findings: Vec<Finding>,
    /// Of the device's rules.
    highest_rank: i64,
}

/// Judges every machine of the endpoint.
///
/// # Errors
/// If the server cannot be asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let judged = runtime.block_on(async {
        let client = arguments.connection.connect().await?;
        let judged = machines(&client).await;
        // What was to be found out is found out: a session that cannot be ended ends by itself.
        let _ = client.logout().await;
        judged
    })?;
    let mut out = io::stdout().lock();
    let written = match arguments.json {
        true => writeln!(out, "{:#}", report::json(&judged)),
        false => report::text(&judged, &mut out),
    };
    written.context("cannot write to standard output")
}

async fn machines(client: &Client) -> anyhow::Result<Vec<Judged>> {
    let hosts = hosts(client).await?;
    let paths = ["name", "runtime.host", "config.hardware.device", "config.extraConfig"];
    let mut judged = Vec::new();
    for vm in client.retrieve::<mo::VirtualMachine>(&paths).await? {
        let Some(device) = Device::of(&vm) else { continue };
        let host = vm.runtime.host.as_ref().and_then(|host| hosts.get(&host.id));
        let subject = Subject {
            generation: host.map_or(Generation::HostOnly, |host| host.1),
            unrestricted: device.unrestricted,
            filter_enable: device.filter_enable,
            rules: device.rules,
        };
        judged.push(Judged {
            machine: vm.moref.clone(),
            name: vm.name.clone(),
            host: host.map(|host| host.0.clone()),
            findings: audit(&subject),
            highest_rank: subject.rules.iter().map(|rule| rule.rank).max().unwrap_or(0),
        });
    }
    judged.sort_by(|a, b| (&a.name, &a.machine.id).cmp(&(&b.name, &b.machine.id)));
    Ok(judged)
}

/// The name of each host, and what it makes of VMCI. Before 5.1 the API does not say: machines can talk.
async fn hosts(client: &Client) -> anyhow::Result<BTreeMap<Str, (Str, Generation)>> {
    const BETWEEN: &str = "capability.interVMCommunicationThroughVMCISupported";
    let is_old = ApiVersion::parse("5.1").is_some_and(|first| client.version() < first);
    let paths: &[&str] = if is_old { &["name"] } else { &["name", BETWEEN] };
    let hosts = client.fetch(&Query::new().all("HostSystem", paths)).await?;
    let read = hosts.iter().map(|host| {
        let between = host.flag(BETWEEN).unwrap_or(is_old);
        let generation = if between { Generation::BetweenVms } else { Generation::HostOnly };
        (host.object.id.clone(), (host.text("name").unwrap_or_default().into(), generation))
    });
    Ok(read.collect())
}
