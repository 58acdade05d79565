//! Snapshots: the tree that a VM shows, the chains of disk files under it, and going back.
//!
//! A snapshot is an object with the configuration of the moment at which it was taken; its disks are the files that the
//! VM had then, and the VM goes on writing to new files above them. When a snapshot goes, what was written above its
//! disks is merged into them, so that a chain is as long as there are snapshots that need it.

mod chain;
mod revert;
mod tree;

use inventory::Tx;
use vim25::{
    MoRef, Obj, Str,
    mo::{VirtualMachine, VirtualMachineSnapshot},
    types::{GuestInfo, VirtualMachineConfigInfo, VirtualMachinePowerState, VirtualMachineSnapshotTree},
};

pub use chain::{Chains, branch, chain_of, merge};
pub use revert::{Kept, revert};
pub use tree::{add, find, nodes, path, remove, rename, renamed};

/// What a snapshot keeps beside its configuration: private state of the snapshot.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The guest, if its memory was saved.
    pub guest: Option<Obj<GuestInfo>>,
}

/// How many snapshots a VM has had so far: private state of the VM.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count(pub i32);

/// Files of snapshots that went without being merged: private state of the VM.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leftover(pub Vec<Str>);

/// What the files of one snapshot depend on.
#[derive(Clone, Debug)]
pub struct SnapshotFacts {
    /// The snapshot.
    pub snapshot: MoRef,
    /// Its number within the VM.
    pub id: i32,
    /// The state to which it leads back. Where the VM is not off in it, its memory is saved.
    pub state: VirtualMachinePowerState,
    /// The configuration that it keeps.
    pub config: Obj<VirtualMachineConfigInfo>,
}

/// The facts of every snapshot of a VM, parents first. `config_of` gives the configuration that one keeps.
pub fn facts(
    vm: &VirtualMachine,
    config_of: impl Fn(&MoRef) -> Option<Obj<VirtualMachineConfigInfo>>,
) -> Vec<SnapshotFacts> {
    let all = vm.snapshot.as_deref().map(nodes).unwrap_or_default();
    let fact = |node: &VirtualMachineSnapshotTree| {
        let config = config_of(&node.snapshot)?;
        Some(SnapshotFacts { snapshot: node.snapshot.clone(), id: node.id, state: node.state.clone(), config })
    };
    all.into_iter().filter_map(fact).collect()
}

/// Makes `childSnapshot` of every snapshot of a VM say what the VM's tree says.
pub(crate) fn link(tx: &mut Tx<'_>, vm: &MoRef) {
    let Some(info) = tx.get::<VirtualMachine>(vm).and_then(|vm| vm.snapshot.clone()) else { return };
    for node in nodes(&info) {
        let children = node.child_snapshot_list.iter().flatten().map(|c| c.snapshot.clone()).collect();
        let children = Some(children);
        let differs = tx.get::<VirtualMachineSnapshot>(&node.snapshot).is_some_and(|s| s.child_snapshot != children);
        if differs && let Some(snapshot) = tx.edit::<VirtualMachineSnapshot>(&node.snapshot) {
            snapshot.child_snapshot = children;
        }
    }
}
