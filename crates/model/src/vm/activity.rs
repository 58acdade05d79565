//! What is going on with a VM that the API has no property for: private state of the VM.

use inventory::Tx;
use vim25::MoRef;

/// An operation is under way. Set in the commit that begins it, cleared in the commit that ends it, however it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The task that works on the VM.
    pub task: MoRef,
    /// What it does.
    pub operation: Operation,
}

/// What can be under way on a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It starts.
    PowerOn,
    /// It stops.
    PowerOff,
    /// It starts anew.
    Reset,
    /// Its memory is saved and it stops.
    Suspend,
    /// A snapshot is taken.
    Snapshot {
        /// Whether the memory is saved too.
        memory: bool,
    },
    /// It goes back to a snapshot.
    Revert,
    /// It goes to another host.
    Migrate,
    /// Its configuration changes.
    Reconfigure {
        /// Whether a network adapter is added, removed or changed.
        adapters: bool,
    },
    /// Anything that leaves the running VM alone: rename, clone of it, removal.
    Other,
}

/// The guest has used VMCI since the VM was started, beyond the ports of the tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmciInUse;

/// Ends what a task has under way on a VM; what another one has goes on.
pub fn end(tx: &mut Tx<'_>, vm: &MoRef, task: &MoRef) {
    if tx.private::<UnderWay>(&vm.id).is_some_and(|now| now.task == *task) {
        tx.clear_private::<UnderWay>(&vm.id);
    }
}
