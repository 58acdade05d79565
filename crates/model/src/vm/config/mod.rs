//! A VM's configuration: what it is when nobody says otherwise, and how specs change it.

mod defaults;
mod extra;
pub(crate) mod resources;

pub use defaults::{Names, blank};
pub use extra::sync_vmci_options;
pub use resources::{cpu_allocation, memory_allocation, memory_overhead};
