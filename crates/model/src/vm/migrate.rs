//! Going elsewhere: what a VM needs of another host, and its files on other datastores.

mod files;
mod reach;

use vim25::{Obj, Str, types::VirtualMachineConfigInfo};

use super::surroundings::DatastoreFacts;

pub use files::{Renames, home_folder, relocate};
pub use reach::{check_reach, check_running_devices, no_home};

/// Which files of a disk go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of its chain.
    Whole,
    /// Only the one that is written to; those below stay where they are.
    Top,
    /// All, merged into one file.
    Merged,
    /// None: a new file above them is made, which the VM goes on in.
    Child,
}

/// Where a disk goes.
#[derive(Clone, Debug)]
pub struct DiskGoal {
    /// The datastore.
    pub datastore: DatastoreFacts,
    /// Which of its files.
    pub depth: Depth,
    /// Whether it is thin there; as it was if unset.
    pub thin: Option<bool>,
}

/// Where the files of a VM go.
pub struct Goal<'a> {
    /// The datastore for the VM's own folder.
    pub home: &'a DatastoreFacts,
    /// Whether that is where it is. Names do not tell: each datacenter has its own.
    pub stays: bool,
    /// The folder there.
    pub folder: Str,
    /// Where each disk goes, by key; none for one that stays.
    pub disk: &'a dyn Fn(i32) -> Option<DiskGoal>,
    /// Whether there is a file at a datastore path already.
    pub exists: &'a dyn Fn(&DatastoreFacts, &str) -> bool,
}

/// The configurations of a VM and its snapshots after a move.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The VM's.
    pub config: Obj<VirtualMachineConfigInfo>,
    /// Those of its snapshots, in the order in which they were given.
    pub kept: Vec<Obj<VirtualMachineConfigInfo>>,
    /// The files that have other paths now.
    pub renames: Renames,
}
