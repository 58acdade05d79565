//! What a datacenter consists of: managed objects filled as a vCenter 8.0.3 with ESXi 8.0.3 hosts fills them, the
//! default datacenter built of them, and the rules of what follows from what.
//!
//! - [`build()`]: a whole world in one transaction
//! - [`content`]: the service instance and its managers
//! - [`mod@derive`]: totals and usage of hosts, clusters, pools and datastores
//! - [`host`]: hosts by profile, and what follows from their settings
//! - [`vm`]: virtual machines
//! - [`mod@directpath`]: passthrough of their network adapters
//!
//! Left out on purpose: transactions of its own, I/O, privileges.

pub mod build;
pub mod compute;
pub mod content;
pub mod datacenter;
mod datastore;
pub mod derive;
pub mod directpath;
mod entity;
mod error;
pub mod folder;
pub mod host;
mod kit;
pub mod network;
pub mod pool;
mod seen;
mod settings;
pub mod vm;

pub use build::{Lab, build};
pub use error::BuildError;
pub use host::HostProfile;
pub use settings::Settings;
