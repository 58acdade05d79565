//! A machine that was made at rest: its derived state is true already, and the rule need not find that out again.

use inventory::Tx;
use vim25::{
    DataType, MoRef, Obj,
    mo::VirtualMachine,
    types::{GuestInfo, VirtualMachineConfigInfo, VirtualMachineRuntimeInfo},
};

use super::touch::equal_but;

/// What derived state was made from. Private state of a machine from when it is made until the rule has seen it.
#[derive(Clone)]
pub(crate) struct AtRest {
    config: Option<Obj<VirtualMachineConfigInfo>>,
    guest: Option<Obj<GuestInfo>>,
    runtime: Obj<VirtualMachineRuntimeInfo>,
}

impl AtRest {
    /// Of a machine that [`refresh`](super::refresh) has just seen, and that has no snapshots.
    pub fn of(vm: &VirtualMachine) -> AtRest {
        debug_assert!(vm.snapshot.is_none(), "what follows from snapshots is not looked at");
        AtRest { config: vm.config.clone(), guest: vm.guest.clone(), runtime: vm.runtime.clone() }
    }

    /// Whether the machine came in this transaction, and what it was made from has not changed, but for the devices of
    /// its runtime: nothing but their copy in the summary follows from them.
    pub fn holds(tx: &Tx<'_>, this: &MoRef) -> bool {
        let (Some(made), Some(vm)) = (tx.private::<AtRest>(&this.id), tx.get::<VirtualMachine>(this)) else {
            return false;
        };
        tx.before().find(&this.id).is_none()
            && same(&made.config, &vm.config)
            && same(&made.guest, &vm.guest)
            && vm.snapshot.is_none()
            && (made.runtime.same(&vm.runtime) || equal_but(&*made.runtime, &*vm.runtime, &["device"]))
    }
}

fn same<T: DataType>(a: &Option<Obj<T>>, b: &Option<Obj<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (a, b) => a.is_none() && b.is_none(),
    }
}
