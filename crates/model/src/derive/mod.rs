//! Rules of derived state: totals and usage of hosts, pools, compute resources, datastores and pods, and the copies of
//! names and states in summaries.
//!
//! A virtual machine hands what it uses to its host, its pool and its datastores; a pool hands what it has to its
//! parent. Each remembers what it handed over last (private state), so that a change costs one subtraction and one
//! addition a level, however many machines there are.

mod compute;
mod host;
mod load;
mod names;
mod pool;
mod space;
mod totals;

use inventory::{Derive, Tx};
use vim25::{MoRef, mo::HostSystem};

use crate::{
    directpath::DirectPath,
    network::{Members, Plugs},
};

pub use load::Load;
pub(crate) use pool::{is_pool, reserved as reserved_in_pool};
pub use space::{leave_files, take_up_files};
pub(crate) use totals::held;

/// Every rule, in the order in which they run.
pub fn rules() -> Vec<Box<dyn Derive>> {
    rules_with(Plugs::silent(), DirectPath::silent())
}

/// Every rule, with those that have something to tell: of ports, and of adapters that pass through or no longer do.
pub fn rules_with(ports: Plugs, passthrough: DirectPath) -> Vec<Box<dyn Derive>> {
    vec![
        Box::new(crate::host::Passthrough),
        Box::new(crate::host::Methods),
        Box::new(Members),
        Box::new(ports),
        Box::new(passthrough),
        Box::new(crate::vm::derive::Machines),
        Box::new(totals::Totals::default()),
        Box::new(host::HostUsage),
        Box::new(pool::PoolUsage),
        Box::new(compute::ComputeTotals),
        Box::new(space::DatastoreSpace),
        Box::new(names::Mirrors),
    ]
}

/// What the running virtual machines of a host have reserved: MHz and MiB.
pub(crate) fn reserved_on_host(tx: &Tx<'_>, host: &MoRef) -> (i64, i64) {
    let load = tx.private::<totals::MachineTotal>(&host.id).copied().unwrap_or_default().0;
    (load.cpu_reserved, load.memory_reserved)
}

/// What a host has for virtual machines: MHz and MiB.
pub(crate) fn capacity(host: &HostSystem) -> (i64, i64) {
    let (_, _, mhz, bytes) = host::size(host);
    (mhz, bytes >> 20)
}

/// Whether an object differs in one of these properties from what it was before the transaction, or came or went.
pub(crate) fn differs(tx: &mut Tx<'_>, moref: &MoRef, properties: &[&str]) -> bool {
    tx.changed(moref).is_none_or(|changed| changed.iter().any(|name| properties.contains(name)))
}

/// Puts a value where another one stands, if it differs: what is equal stays shared.
fn put<T: PartialEq>(place: &mut T, value: T) {
    if *place != value {
        *place = value;
    }
}

/// A number of the API that is smaller than the sum it shows.
fn clamp(sum: i64) -> i32 {
    sum.clamp(0, i32::MAX.into()) as i32
}
