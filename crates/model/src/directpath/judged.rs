//! Which machines have to be judged again.
//!
//! A machine is judged when it differs, in what passthrough depends on, from what it was before the commit; or, once it
//! was judged for that in the commit, from what it was then; or when it shows something else than is said of it. Other
//! rules write to the same machines later in the commit: this is what keeps the second look cheap.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use inventory::{IdHash, Revision, Tx};
use vim25::{
    DataType, MoRef, Obj, Shared, Str, cast,
    mo::VirtualMachine,
    types::{GuestInfo, VirtualMachineRuntimeInfo},
};

use super::said::{Passthrough, is_shown};
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
    machines: HashMap<Str, Seen, IdHash>,
}

/// A machine as it was when it was judged. Shared, so that looking costs nothing.
struct Seen {
    content: Shared,
    activity: Activity,
}

/// What no property shows: the operation under way, and whether the guest uses VMCI.
type Activity = (Option<Operation>, bool);

impl Judged {
    /// The memory of this transaction: empty at its beginning.
    pub fn in_this(&self, tx: &Tx<'_>) -> MutexGuard<'_, Memory> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = tx.before().revision();
        if memory.began != began {
            *memory = Memory { began, machines: HashMap::default() };
        }
        memory
    }
}

impl Memory {
    /// Whether a machine may differ in what passthrough depends on. One that is gone does: it lets go of what it held.
    pub fn differs(&self, tx: &Tx<'_>, moref: &MoRef) -> bool {
        let Some(now) = tx.find(&moref.id) else { return true };
        let then = match self.machines.get(&moref.id) {
            Some(seen) => Some((&seen.content, seen.activity)),
            None => tx.before().find(&moref.id).map(|old| (&old.content, activity(tx.before(), &moref.id))),
        };
        let Some((then, _)) = then.filter(|(_, was)| *was == activity(tx, &moref.id)) else { return true };
        if Arc::ptr_eq(then, &now.content) {
            return false;
        }
        let machine = cast::<VirtualMachine>;
        let (Some(then), Some(now)) = (machine(&**then), machine(&*now.content)) else { return true };
        !same(then, now) || !is_shown(tx.private::<Passthrough>(&moref.id), now)
    }

    /// Remembers what a machine is now.
    pub fn remember(&mut self, tx: &Tx<'_>, moref: &MoRef) {
        if let Some(object) = tx.find(&moref.id) {
            let seen = Seen { content: object.content.clone(), activity: activity(tx, &moref.id) };
            self.machines.insert(moref.id.clone(), seen);
        }
    }
}

fn activity(world: &impl View, id: &str) -> Activity {
    (world.state::<UnderWay>(id).map(|now| now.operation), world.state::<VmciInUse>(id).is_some())
}

/// Whether two states of a machine are the same in what the verdicts on its adapters depend on.
fn same(then: &VirtualMachine, now: &VirtualMachine) -> bool {
    let tools = |guest: &Option<Obj<GuestInfo>>| guest.as_ref().and_then(|g| g.tools_running_status.clone());
    one(&then.config, &now.config)
        && same_runtime(&then.runtime, &now.runtime)
        && (one(&then.guest, &now.guest) || tools(&then.guest) == tools(&now.guest))
}

fn same_runtime(then: &Obj<VirtualMachineRuntimeInfo>, now: &Obj<VirtualMachineRuntimeInfo>) -> bool {
    then.same(now)
        || then.host == now.host
            && then.power_state == now.power_state
            && then.fault_tolerance_state == now.fault_tolerance_state
            && then.record_replay_state == now.record_replay_state
}

fn one<T: DataType>(then: &Option<Obj<T>>, now: &Option<Obj<T>>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => then.same(now),
        (then, now) => then.is_none() && now.is_none(),
    }
}
