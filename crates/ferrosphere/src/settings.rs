//! What a server is started with, as plain values: whatever asks for a server fills these in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use server::vmci::ServiceSpec;

/// Everything that `serve` needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where to listen, `HOST:PORT`; port 0 picks a free one.
    pub listen: String,
    /// Whether and with which certificate to encrypt.
    pub tls: Tls,
    /// The one account that may log in; without it, any non-empty credentials may.
    pub account: Option<Account>,
    /// Which of the equally repeatable worlds to make.
    pub seed: u64,
    /// Where to write the environment line for govc.
    pub env_file: Option<PathBuf>,
    /// What to log, in the syntax of `tracing`'s filters.
    pub log: String,
    /// Where to carry VMCI connections, if anywhere.
    pub vmci: Option<Vmci>,
    /// A session without a call for this long ends.
    pub idle_timeout: Duration,
    /// How long operations take beyond what their work takes: wire name of the method, and the time.
    pub delays: Vec<(String, Duration)>,
    /// A task is forgotten this long after its end.
    pub task_retention: Duration,
    /// The datacenter to begin with, and the version of the API that the server speaks.
    pub world: model::Settings,
}

/// VMCI connections over unix sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct Vmci {
    /// The folder of the sockets.
    pub dir: PathBuf,
    /// Ports of every host that have a name.
    pub services: Vec<ServiceSpec>,
}

/// Whether and how connections are encrypted.
#[derive(Clone, Debug, PartialEq)]
pub enum Tls {
    /// Plain HTTP.
    Off,
    /// A fresh certificate, signed by itself.
    SelfSigned,
    /// The operator's own, in PEM files.
    Files {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// A name and its password.
#[derive(Clone, PartialEq)]
pub struct Account {
    /// The user's name.
    pub username: String,
    /// The password; never shown.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("username", &self.username).finish_non_exhaustive()
    }
}
