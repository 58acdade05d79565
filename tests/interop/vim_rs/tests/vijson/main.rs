//! vim_rs, an independent VI/JSON client, unmodified from crates.io, drives the server over TLS and HTTP/2.
//!
//! Every test has a server of its own (the binary that `FERROSPHERE_BIN` names) and begins as any user of the crate
//! does: agree on a release, read the service content, log in.

mod faults;
mod inventory;
mod server;
mod session;
mod specs;
mod vm_life;
mod watcher;
