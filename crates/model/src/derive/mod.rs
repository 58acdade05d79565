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

use inventory::Derive;

pub use load::Load;
pub use space::leave_files;

/// Every rule, in the order in which they run.
pub fn rules() -> Vec<Box<dyn Derive>> {
    vec![
        Box::new(crate::vm::derive::Machines),
        Box::new(totals::Totals),
        Box::new(host::HostUsage),
        Box::new(pool::PoolUsage),
        Box::new(compute::ComputeTotals),
        Box::new(space::DatastoreSpace),
        Box::new(names::Mirrors),
    ]
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
