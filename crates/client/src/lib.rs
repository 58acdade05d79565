//! A client for any vSphere endpoint, over SOAP or VI/JSON, on the types of [`vim25`].
//!
//! ```no_run
//! # async fn example() -> Result<(), client::Error> {
//! use client::Client;
//! use vim25::{args, mo, types::VirtualMachinePowerState::PoweredOff};
//!
//! let client = Client::builder("https://user:pass@127.0.0.1:8989/sdk").insecure().connect().await?;
//! for vm in client.retrieve::<mo::VirtualMachine>(&["name", "runtime.powerState"]).await? {
//!     if vm.runtime.power_state == PoweredOff {
//!         println!("starting {}", vm.name);
//!         client.run(&vm.moref, args::PowerOnVM_Task::default()).await?;
//!     }
//! }
//! client.logout().await
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | connect, log in | [`Client::builder`], [`Builder`] |
//! | call any method | [`Client::call`] with a type of [`vim25::args`] |
//! | run a task to its end | [`Client::run`], [`Client::wait_for_task`] |
//! | read properties | [`Client::retrieve`], [`Client::read`], [`Client::fetch`] |
//! | wait for changes | [`Client::watch`], [`Watch`], [`Mirror`] |
//! | see what went wrong | [`Error`], [`Error::fault`] |
//!
//! Every call has a time limit and every answer a size limit. Nothing is retried and no session renewed behind the
//! caller's back: a server that is gone is an error, and the next call connects anew.
//!
//! Left out on purpose: single sign-on (`LoginByToken` can be called like any method, but making the token is not done
//! here), HTTP proxies, uploads and downloads of files.

mod address;
mod builder;
mod client;
mod error;
mod negotiate;
mod properties;
mod query;
mod retrieve;
mod task;
mod thumbprint;
mod transport;
mod trust;
mod watch;
mod wire;

pub use address::{Address, Credentials};
pub use builder::Builder;
pub use client::Client;
pub use error::{Error, Fault};
pub use properties::{Found, Missing, Properties};
pub use query::Query;
pub use thumbprint::Thumbprint;
pub use watch::{Change, Mirror, Update, Watch};
pub use wire::Protocol;
