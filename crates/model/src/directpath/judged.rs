//! Which machines have to be judged again.
//!
//! A machine is judged when it differs, in what passthrough depends on, from what it was before the commit; or, once it
//! was judged in the commit, from what it was then. Rules are told of what they wrote themselves, so that this is what
//! keeps the second look cheap.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use inventory::{Revision, Snapshot, Tx};
use vim25::{
    DataType, MoRef, Obj, Str,
    mo::VirtualMachine,
    types::{GuestInfo, VirtualMachineConfigInfo, VirtualMachineRuntimeInfo},
};

use crate::{
    network::View,
    vm::activity::{Operation, UnderWay, VmciInUse},
};

/// What machines were when they were judged in the commit under way.
#[derive(Default)]
pub(super) struct Judged(Mutex<Memory>);

/// The memory of one commit: of the transaction that began at a revision.
#[derive(Default)]
pub(super) struct Memory {
    began: Revision,
    machines: HashMap<Str, Inputs>,
}

/// What the verdicts on the adapters of a machine depend on in the machine itself. Shared, so that looking costs nothing.
struct Inputs {
    config: Option<Obj<VirtualMachineConfigInfo>>,
    runtime: Obj<VirtualMachineRuntimeInfo>,
    guest: Option<Obj<GuestInfo>>,
    operation: Option<Operation>,
    vmci: bool,
}

impl Judged {
    /// The memory of this transaction: empty at its beginning.
    pub fn in_this(&self, tx: &Tx<'_>) -> MutexGuard<'_, Memory> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = tx.before().revision();
        if memory.began != began {
            *memory = Memory { began, machines: HashMap::new() };
        }
        memory
    }
}

impl Memory {
    /// Whether a machine may differ in what passthrough depends on. One that is gone does: it lets go of what it held.
    pub fn differs(&self, tx: &Tx<'_>, moref: &MoRef) -> bool {
        let Some(now) = tx.get::<VirtualMachine>(moref) else { return true };
        if let Some(known) = self.machines.get(&moref.id) {
            return !known.same(&Inputs::of(tx, moref, now));
        }
        let shares = |before: &Snapshot| {
            let (old, new) = (before.find(&moref.id)?, tx.find(&moref.id)?);
            Some(Arc::ptr_eq(&old.content, &new.content) && same_activity(before, tx, &moref.id))
        };
        let before = tx.before();
        let same = |old| Inputs::of(before, moref, old).same(&Inputs::of(tx, moref, now));
        shares(before) != Some(true) && !before.get::<VirtualMachine>(moref).is_some_and(same)
    }

    /// Remembers what a machine is now.
    pub fn remember(&mut self, tx: &Tx<'_>, moref: &MoRef) {
        if let Some(vm) = tx.get::<VirtualMachine>(moref) {
            self.machines.insert(moref.id.clone(), Inputs::of(tx, moref, vm));
        }
    }
}

fn same_activity(before: &Snapshot, tx: &Tx<'_>, id: &str) -> bool {
    operation(before, id) == operation(tx, id)
        && before.private::<VmciInUse>(id).is_some() == tx.private::<VmciInUse>(id).is_some()
}

fn operation(world: &impl View, id: &str) -> Option<Operation> {
    world.state::<UnderWay>(id).map(|now| now.operation)
}

impl Inputs {
    fn of(world: &impl View, moref: &MoRef, vm: &VirtualMachine) -> Inputs {
        Inputs {
            config: vm.config.clone(),
            runtime: vm.runtime.clone(),
            guest: vm.guest.clone(),
            operation: operation(world, &moref.id),
            vmci: world.state::<VmciInUse>(&moref.id).is_some(),
        }
    }

    fn same(&self, now: &Inputs) -> bool {
        let tools = |guest: &Option<Obj<GuestInfo>>| guest.as_ref().and_then(|g| g.tools_running_status.clone());
        same(&self.config, &now.config)
            && self.same_runtime(&now.runtime)
            && (same(&self.guest, &now.guest) || tools(&self.guest) == tools(&now.guest))
            && self.operation == now.operation
            && self.vmci == now.vmci
    }

    fn same_runtime(&self, new: &Obj<VirtualMachineRuntimeInfo>) -> bool {
        let old = &self.runtime;
        old.same(new)
            || old.host == new.host
                && old.power_state == new.power_state
                && old.fault_tolerance_state == new.fault_tolerance_state
                && old.record_replay_state == new.record_replay_state
                && old.device == new.device
    }
}

fn same<T: DataType>(old: &Option<Obj<T>>, new: &Option<Obj<T>>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.same(new),
        (old, new) => old.is_none() && new.is_none(),
    }
}
