//! Distributed ports that exist: who is connected to each, and what each is set to.
//!
//! Every distributed port group has the private state [`Ports`]; only ports that somebody is connected to or that have a
//! setting of their own have an entry, so that a hundred thousand ports cost little. Every switch has the private state
//! [`PortSpace`]: which port group owns which keys. The keys themselves are `portKeys` of the port groups.
//!
//! How to read it, from a transaction or a snapshot (both are a [`View`](super::View)):
//! - [`of_connection`] turns the backing of an adapter into a [`Place`] (port group and key), [`find`] a key of a switch;
//! - [`Group`] answers the same for many ports of one group;
//! - [`Ports::get`] (or [`port`]) gives the entry: connectee, link, own configuration;
//! - [`chain`] gives the settings of port, port group and switch, which say together what is in force of any policy;
//! - [`uplinks`] gives the uplinks of one member host with the physical adapters behind them;
//! - [`host_of`] says on which host a connectee is;
//! - [`Ports::written`] lists the ports to which a transaction wrote, for rules that follow ports.
//!
//! Who writes: the rule [`Plugs`] keeps connectees and links after the adapters of machines and the members of switches;
//! handlers write own configuration with [`configure`], and create and remove ports with [`grow`] and [`shrink`].

mod lookup;
mod plugs;
mod ranges;
mod show;
mod space;
mod write;

use std::sync::Arc;

use imbl::OrdMap;
use inventory::Tx;
use vim25::{DateTime, MoRef, MoRefs, Obj, Str, types::DVPortSetting};

pub use lookup::{
    Binding, Group, Place, Uplink, binding, chain, find, host_of, of_connection, port, ports, switch_of_host, uplinks,
};
pub use plugs::{Happening, Plugs, Tale, Teller};
pub use ranges::Ranges;
pub use show::{Window, shown, status};
pub use space::PortSpace;
pub use write::{Full, STEP, abandon, configure, grow, shrink, transfer};

/// The ports of one port group: private state of the port group.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    entries: OrdMap<u32, Arc<Port>>,
    free: Ranges,
    written: Written,
}

/// Ports to whose entries the last transaction that did so wrote: by the number of the transaction.
#[derive(Clone, Debug, Default)]
struct Written {
    by: u64,
    keys: Vec<u32>,
}

/// A port that somebody is connected to or that has a configuration of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Who is connected.
    pub connectee: Option<Connectee>,
    /// Number of the connection, as the connectee knows it too.
    pub cookie: Option<i32>,
    /// Whether the connectee's link is up: it runs and is connected.
    pub link: bool,
    /// What the port is set to itself.
    pub own: Option<Arc<Own>>,
    /// When connectee, link or configuration last changed.
    pub changed: DateTime,
}

/// What a port is connected to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connectee {
    /// An adapter of a virtual machine, by device key.
    Adapter {
        /// The machine.
        vm: MoRef,
        /// Device key of the adapter.
        key: i32,
    },
    /// A physical adapter of a host: the port is an uplink.
    PhysicalNic {
        /// The host.
        host: MoRef,
        /// Its device, for example `vmnic1`.
        device: Str,
    },
    /// A VMkernel interface of a host.
    HostNic {
        /// The host.
        host: MoRef,
        /// Its device, for example `vmk1`.
        device: Str,
    },
}

/// The configuration of a port that is not its group's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    /// Its name.
    pub name: Option<Str>,
    /// What it is for.
    pub description: Option<Str>,
    /// The entities that may be connected to it; none: all.
    pub scope: MoRefs,
    /// What it overrides of its port group's setting.
    pub setting: Option<Obj<DVPortSetting>>,
    /// How often it was configured.
    pub version: u32,
}

impl Ports {
    /// The entry of a port; none if nobody is connected to it and it has no configuration of its own, or if there is no
    /// such port.
    pub fn get(&self, key: u32) -> Option<&Port> {
        self.entries.get(&key).map(|entry| &**entry)
    }

    /// Every port with an entry, by key.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Port)> {
        self.entries.iter().map(|(key, entry)| (*key, &**entry))
    }

    /// The ports to which nobody is connected.
    pub fn free(&self) -> &Ranges {
        &self.free
    }

    /// Whether the port group has this port.
    pub fn contains(&self, key: u32) -> bool {
        self.get(key).is_some_and(|port| port.connectee.is_some()) || self.free.contains(key)
    }

    /// Keys of ports to whose entries a transaction wrote; one that was written twice comes twice.
    pub fn written(&self, tx: &Tx<'_>) -> &[u32] {
        if self.written.by == tx.number() { &self.written.keys } else { &[] }
    }

    /// Writes the entry of a port, or takes it away, as part of the transaction of this number.
    fn put(&mut self, by: u64, key: u32, entry: Option<Arc<Port>>) {
        if self.written.by != by {
            self.written = Written { by, keys: Vec::new() };
        }
        self.written.keys.push(key);
        match entry {
            Some(entry) => self.entries.insert(key, entry),
            None => self.entries.remove(&key),
        };
    }
}
