//! What a server is started with, as plain values: whatever asks for a server fills these in.

use std::fmt;
use std::path::PathBuf;

/// Everything that `serve` needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where to listen, `HOST:PORT`; port 0 picks a free one.
    pub listen: String,
    /// Whether and with which certificate to encrypt.
    pub tls: Tls,
    /// The one account that may log in; without it, any non-empty credentials may.
    pub account: Option<Account>,
    /// The API version that the server claims to speak, such as `8.0.3.0`.
    pub api_version: String,
    /// Which of the equally repeatable worlds to make.
    pub seed: u64,
    /// Where to write the environment line for govc.
    pub env_file: Option<PathBuf>,
    /// What to log, in the syntax of `tracing`'s filters.
    pub log: String,
    /// The datacenter to begin with.
    pub inventory: Inventory,
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

/// How many of what the simulated datacenter begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    /// A single ESXi host instead of a vCenter.
    pub esx: bool,
    /// Datacenters.
    pub datacenters: u32,
    /// Clusters per datacenter.
    pub clusters: u32,
    /// Hosts per cluster.
    pub hosts: u32,
    /// Hosts outside clusters per datacenter.
    pub standalone_hosts: u32,
    /// Resource pools per cluster, besides the root pool.
    pub pools: u32,
    /// vApps per cluster.
    pub apps: u32,
    /// Local datastores per datacenter.
    pub datastores: u32,
    /// Datastore clusters per datacenter.
    pub pods: u32,
    /// VMs per resource pool.
    pub vms: u32,
    /// Distributed port groups per datacenter.
    pub portgroups: u32,
    /// Opaque (NSX) networks per datacenter.
    pub nsx_networks: u32,
    /// Folders that the objects of a datacenter are spread over.
    pub folders: u32,
    /// Whether the VMs are powered on.
    pub autostart: bool,
}
