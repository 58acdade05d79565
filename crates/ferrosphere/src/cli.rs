//! The command line: what can be asked for, and how that becomes [`Settings`].

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand};

use model::HostProfile;
use vim25::ApiVersion;

use crate::directpath::Directpath;
use crate::settings::{Account, Settings, Tls, Vmci};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  ferrosphere serve
      A vCenter with one datacenter, four hosts and four VMs on https://127.0.0.1:8989/sdk

  ferrosphere serve --listen 127.0.0.1:0 --env-file vcenter.env
      On a free port; afterwards `. ./vcenter.env; govc -k ls` works

  ferrosphere serve --dc 2 --cluster 5 --host 16 --vm 200
      Something larger

  FERROSPHERE_PASSWORD=secret ferrosphere serve --username admin --listen 0.0.0.0:443
      One account, reachable from other machines
";

/// A vSphere API server in one binary: point any vCenter client at it.
#[derive(Debug, Parser)]
#[command(name = "ferrosphere", version, styles = STYLES, after_help = EXAMPLES)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What ferrosphere can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the vSphere API in front of a simulated datacenter, until interrupted.
    Serve(Box<Serve>),
    /// Print which methods of the API do something here.
    Methods {
        /// As the page `docs/coverage.md`.
        #[arg(long)]
        markdown: bool,
    },
    /// Show which virtual network adapters of a vSphere server pass through to the hardware, and why others do not.
    Directpath(Box<Directpath>),
    /// Talk over VMCI sockets, and look after them.
    Vmci {
        /// What to do.
        #[command(subcommand)]
        command: crate::vmci::Command,
    },
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    world: World,
    #[command(flatten)]
    vmci: crate::vmci::Flags,
    /// What to log to standard error: error, warn, info, debug, trace, or a filter such as `info,server=debug`.
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", default_value = "info")]
    #[arg(help_heading = "Logging")]
    log: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Listening")]
struct Listening {
    /// Where to listen; port 0 picks a free one.
    #[arg(short, long, value_name = "HOST:PORT", default_value = "127.0.0.1:8989", value_parser = host_and_port)]
    listen: String,
    /// Speak plain HTTP instead of HTTPS.
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    no_tls: bool,
    /// Certificate chain in PEM, the server's own first; without it, one is made at every start.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of that certificate in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Write `export GOVC_URL=... GOVC_SIM_PID=...` to this file or named pipe when ready.
    #[arg(short = 'E', long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
struct Access {
    /// The only user who may log in; without it, any non-empty name and password are let in.
    #[arg(long, value_name = "NAME", requires = "password", value_parser = not_empty)]
    username: Option<String>,
    /// Password of that user.
    #[arg(long, env = "FERROSPHERE_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    #[arg(requires = "username", value_parser = not_empty)]
    password: Option<String>,
    /// The API version to speak: 8.0.3.0, or with --esx that of the host, unless you say another.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    api_version: Option<ApiVersion>,
    /// End sessions that have been idle for this long.
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
    idle_timeout: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Simulated datacenter")]
struct World {
    /// Which world to make: equal seeds give equal ids, names and placement.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Be a single ESXi host instead of a vCenter.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1)]
    #[arg(default_value_t = false, default_missing_value = "true")]
    esx: bool,
    /// What all hosts are: their ESXi, and network ports that let VMs' network cards pass through (-vmfex: VMDirectPath
    /// Gen 2, -dpu: UPTv2) or do not.
    #[arg(long, value_name = "PROFILE", default_value = "esxi-8.0", value_parser = host_profile())]
    host_profile: HostProfile,
    /// Datacenters.
    #[arg(long, value_name = "N", default_value_t = 1)]
    dc: u32,
    /// Clusters per datacenter.
    #[arg(long, value_name = "N", default_value_t = 1)]
    cluster: u32,
    /// Hosts per cluster.
    #[arg(long, value_name = "N", default_value_t = 3)]
    host: u32,
    /// Hosts outside clusters, per datacenter.
    #[arg(long, value_name = "N", default_value_t = 1)]
    standalone_host: u32,
    /// Resource pools per cluster, besides its root pool.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pool: u32,
    /// vApps per cluster.
    #[arg(long, value_name = "N", default_value_t = 0)]
    app: u32,
    /// Local datastores per datacenter.
    #[arg(long, value_name = "N", default_value_t = 1)]
    ds: u32,
    /// Datastore clusters (storage pods) per datacenter.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pod: u32,
    /// VMs per resource pool.
    #[arg(long, value_name = "N", default_value_t = 2)]
    vm: u32,
    /// Distributed port groups per datacenter.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pg: u32,
    /// Opaque networks (NSX) per datacenter.
    #[arg(long, value_name = "N", default_value_t = 0)]
    nsx: u32,
    /// Folders to put the objects of each datacenter into.
    #[arg(long, value_name = "N", default_value_t = 0)]
    folder: u32,
    /// Let tasks of a method take this much longer, so that clients see them run: PowerOnVM_Task:500,ReconfigVM_Task:200.
    #[arg(long, value_name = "METHOD:MS", value_delimiter = ',', value_parser = delay)]
    task_delay: Vec<(String, Duration)>,
    /// Forget tasks this long after their end.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    task_retention: u64,
    /// Power the VMs on.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1)]
    #[arg(default_value_t = true, default_missing_value = "true")]
    autostart: bool,
}

impl Serve {
    /// The settings that these arguments stand for.
    pub fn into_settings(self) -> Settings {
        let Self { listening, access, world, vmci, log } = self;
        let tls = match (listening.no_tls, listening.tls_cert, listening.tls_key) {
            (false, Some(certificate), Some(key)) => Tls::Files { certificate, key },
            (false, ..) => Tls::SelfSigned,
            (true, ..) => Tls::Off,
        };
        let account = access.username.zip(access.password);
        Settings {
            listen: listening.listen,
            tls,
            account: account.map(|(username, password)| Account { username, password }),
            seed: world.seed,
            env_file: listening.env_file,
            log,
            vmci: vmci.vmci_dir.map(|dir| Vmci { dir, services: vmci.vmci_service }),
            idle_timeout: Duration::from_secs(access.idle_timeout),
            delays: world.task_delay.clone(),
            task_retention: Duration::from_secs(world.task_retention),
            world: world.into_model(access.api_version),
        }
    }
}

impl World {
    fn into_model(self, api_version: Option<ApiVersion>) -> model::Settings {
        let plain = if self.esx { model::Settings::esx() } else { model::Settings::vcenter() };
        let usual = if self.esx { self.host_profile.api_version() } else { plain.api_version };
        model::Settings {
            datacenters: self.dc,
            clusters: self.cluster,
            hosts: self.host,
            standalone_hosts: self.standalone_host,
            pools: self.pool,
            apps: self.app,
            datastores: self.ds,
            pods: self.pod,
            vms: self.vm,
            portgroups: self.pg,
            opaque_networks: self.nsx,
            folders: self.folder,
            autostart: self.autostart,
            host_profile: self.host_profile,
            api_version: api_version.unwrap_or(usual),
            ..plain
        }
    }
}

fn host_and_port(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').ok_or("expected HOST:PORT, such as 127.0.0.1:8989")?;
    port.parse::<u16>().map_err(|_| format!("{port:?} is not a port: expected 0 to 65535"))?;
    match host {
        "" => Ok(format!("0.0.0.0:{port}")),
        _ if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) => {
            Err(format!("write the IPv6 address in brackets: [{host}]:{port}"))
        }
        _ => Ok(text.to_owned()),
    }
}

fn not_empty(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("it must not be empty") } else { Ok(text.to_owned()) }
}

fn version(text: &str) -> Result<ApiVersion, String> {
    let known = || ApiVersion::all().rev().take(8).map(|v| v.label()).collect::<Vec<_>>().join(", ");
    ApiVersion::parse(text).ok_or_else(|| format!("no such version; the newest are {}", known()))
}

fn host_profile() -> impl TypedValueParser<Value = HostProfile> {
    let names = HostProfile::ALL.map(HostProfile::name);
    PossibleValuesParser::new(names).try_map(|name| HostProfile::parse(&name).ok_or("no such profile"))
}

fn delay(text: &str) -> Result<(String, Duration), String> {
    let (method, millis) = text.split_once(':').ok_or("expected METHOD:MS, such as PowerOnVM_Task:500")?;
    let known = vim25::all_managed().iter().flat_map(|t| t.methods).any(|m| m.task && m.name == method);
    if !known {
        return Err(format!("no method {method:?} makes a task"));
    }
    let millis = millis.parse().map_err(|_| format!("{millis:?} is not a number of milliseconds"))?;
    Ok((method.to_owned(), Duration::from_millis(millis)))
}

#[cfg(test)]
mod tests;
