//! Which machines have to be judged again.
//!
//! A machine is judged when it differs, in what passthrough depends on, from what it was before the commit; or, once it
//! was judged for that in the commit, from what it was then; or when it shows something else than is said of it. Other
//! rules write to the same machines later in the commit: this is what keeps the second look cheap.

use inventory::Tx;
use vim25::{
    DataType, MoRef, Obj,
    mo::VirtualMachine,
    types::{GuestInfo, VirtualMachineConfigInfo, VirtualMachineRuntimeInfo},
};

use super::said::{Passthrough, is_shown};
use crate::{
    seen::{Memory, Seen},
    vm::activity::{Operation, UnderWay, VmciInUse},
};

/// What machines were when they were judged in the commit under way.
pub(super) type Judged = Seen<Sight>;

/// A machine as it was when it was judged. Shared, so that looking costs nothing.
#[derive(Clone)]
pub(super) struct Sight {
    config: Option<Obj<VirtualMachineConfigInfo>>,
    runtime: Obj<VirtualMachineRuntimeInfo>,
    guest: Option<Obj<GuestInfo>>,
    activity: Activity,
}

/// What no property shows: the operation under way, and whether the guest uses VMCI.
type Activity = (Option<Operation>, bool);

impl Sight {
    fn of(vm: &VirtualMachine, activity: Activity) -> Sight {
        let (config, runtime, guest) = (vm.config.clone(), vm.runtime.clone(), vm.guest.clone());
        Sight { config, runtime, guest, activity }
    }

    /// Whether a machine is the same in what the verdicts on its adapters depend on.
    fn is_like(&self, now: &VirtualMachine) -> bool {
        let tools = |guest: &Option<Obj<GuestInfo>>| guest.as_ref().and_then(|g| g.tools_running_status.clone());
        one(&self.config, &now.config)
            && same_runtime(&self.runtime, &now.runtime)
            && (one(&self.guest, &now.guest) || tools(&self.guest) == tools(&now.guest))
    }
}

/// Whether a machine may differ in what passthrough depends on. One that is gone does: it lets go of what it held.
pub(super) fn differs(judged: &Memory<Sight>, tx: &Tx<'_>, moref: &MoRef) -> bool {
    let Some(now) = tx.get::<VirtualMachine>(moref) else { return true };
    let same = |then: &Sight| then.activity == activity(tx, &moref.id) && then.is_like(now);
    let same = match judged.get(&moref.id) {
        Some(then) => same(then),
        None => tx.was(moref).is_some_and(|then| same(&Sight::of(then, activity_before(tx, &moref.id)))),
    };
    !same || !is_shown(tx.private::<Passthrough>(&moref.id), now)
}

/// Remembers what a machine is now.
pub(super) fn remember(judged: &mut Memory<Sight>, tx: &Tx<'_>, moref: &MoRef) {
    if let Some(now) = tx.get(moref) {
        judged.remember(&moref.id, Sight::of(now, activity(tx, &moref.id)));
    }
}

fn activity(tx: &Tx<'_>, id: &str) -> Activity {
    (tx.private::<UnderWay>(id).map(|now| now.operation), tx.private::<VmciInUse>(id).is_some())
}

/// [`activity`] before the transaction.
fn activity_before(tx: &Tx<'_>, id: &str) -> Activity {
    (tx.private_was::<UnderWay>(id).map(|then| then.operation), tx.private_was::<VmciInUse>(id).is_some())
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
