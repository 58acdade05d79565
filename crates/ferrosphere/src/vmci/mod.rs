//! `ferrosphere vmci`: programs at the ends of VMCI connections, the state of the fabrics, and the audit.

mod audit;
mod bridge;
mod place;
mod send;
mod status;
mod table;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use server::vmci::ServiceSpec;
use vmci::{Cid, Port};

/// Flags of `serve`.
#[derive(Debug, Args)]
#[command(next_help_heading = "VMCI")]
pub struct Flags {
    /// Carry VMCI connections over unix sockets in this folder; see docs/vmci.md.
    #[arg(long, value_name = "DIR")]
    pub vmci_dir: Option<PathBuf>,
    /// Give a port of every host a name: NAME=PORT, and any of ,untrusted ,by-grant ,hypervisor.
    #[arg(long, value_name = "SERVICE", requires = "vmci_dir")]
    pub vmci_service: Vec<ServiceSpec>,
}

/// What `ferrosphere vmci` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Connect a stream, and join it to standard input and output.
    Connect(Stream),
    /// Accept one stream, and join it to standard input and output.
    Listen(Stream),
    /// Send standard input as one datagram.
    Send(Stream),
    /// Show what the fabrics of a server have carried and stopped.
    Status {
        /// The folder that the server was given as --vmci-dir.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Judge the VMCI devices of a vSphere server against hardening guidance.
    Audit(Box<audit::Arguments>),
}

/// One end of a connection.
#[derive(Debug, Args)]
pub struct Stream {
    /// The folder that the server was given as --vmci-dir.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The virtual machine, by name or managed object id.
    #[arg(long, value_name = "NAME|MOREF")]
    vm: String,
    /// Whose place to take; without it, the host's to connect and send, the guest's to listen.
    #[arg(long = "as", value_name = "SIDE")]
    side: Option<Side>,
    /// As guest, the context to reach; as host that listens, the context to be: 0 the hypervisor, 2 the host.
    #[arg(long, value_name = "N", default_value = "2", allow_negative_numbers = true)]
    cid: Cid,
    /// The port.
    port: Port,
}

/// Whose place a program takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The guest's.
    Guest,
    /// That of a program of the host.
    Host,
}

/// Does what was asked for.
///
/// # Errors
/// If it cannot.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Connect(stream) => bridge::connect(&stream),
        Command::Listen(stream) => bridge::listen(&stream),
        Command::Send(stream) => send::send(&stream),
        Command::Status { dir, json } => status::print(&dir, json),
        Command::Audit(arguments) => audit::run(&arguments),
    }
}
