//! `runtime.faultToleranceState` of a pair, and the event when a primary's changes.

use std::collections::BTreeSet;

use inventory::{Derive, Tx};
use model::vm::fault_tolerance::{Disabled, Role, states};
use vim25::{
    MoRef, Str, mo,
    types::{
        VirtualMachineFaultToleranceState as State, VirtualMachineNeedSecondaryReason,
        VmFaultToleranceStateChangedEvent,
    },
};

use super::role;
use crate::events;

/// The rule.
pub struct States;

impl Derive for States {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["VirtualMachine"])
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let heads: BTreeSet<MoRef> = touched.iter().filter_map(|vm| head(tx, vm)).collect();
        heads.iter().for_each(|vm| refresh(tx, vm));
    }
}

/// The machine whose pair may look different when `vm` does: its primary, or itself. None if it has never had a role.
fn head(tx: &Tx<'_>, vm: &MoRef) -> Option<MoRef> {
    let now = tx.get::<mo::VirtualMachine>(vm);
    match role(now).or_else(|| role(tx.was(vm))) {
        Some(Role::Secondary(primary)) if now.is_none() || role(now).is_some() => Some(primary),
        Some(_) => Some(vm.clone()),
        None => None,
    }
}

fn refresh(tx: &mut Tx<'_>, vm: &MoRef) {
    let Some(machine) = tx.get::<mo::VirtualMachine>(vm) else { return };
    let Some(Role::Primary(secondaries)) = role(Some(machine)) else { return set(tx, vm, State::NotConfigured) };
    let other = secondaries.into_iter().find(|other| tx.get::<mo::VirtualMachine>(other).is_some());
    let power = other.as_ref().and_then(|other| tx.get::<mo::VirtualMachine>(other)).map(|o| &o.runtime.power_state);
    let disabled = tx.private::<Disabled>(&vm.id).is_some();
    let (own, others) = states(&machine.runtime.power_state, power, disabled);
    set(tx, vm, own);
    if let Some(other) = other {
        put(tx, &other, others);
    }
}

/// Gives a machine its state, and tells of it if it is another.
fn set(tx: &mut Tx<'_>, vm: &MoRef, new: State) {
    let Some(old) = put(tx, vm, new.clone()) else { return };
    let name = tx.get::<mo::VirtualMachine>(vm).map(|vm| vm.name.clone()).unwrap_or_default();
    let text = {
        use vim25::EnumValue;
        format!("Fault Tolerance state of {name} changed from {} to {}", old.as_str(), new.as_str())
    };
    let event = VmFaultToleranceStateChangedEvent { old_state: old, new_state: new, ..Default::default() };
    events::post(tx, Str::default(), vm, event, text);
}

/// Gives a machine its state; the one before if it was another.
fn put(tx: &mut Tx<'_>, vm: &MoRef, new: State) -> Option<State> {
    let old = tx.get::<mo::VirtualMachine>(vm)?.runtime.fault_tolerance_state.clone();
    if old == new {
        return None;
    }
    let runtime = &mut tx.edit::<mo::VirtualMachine>(vm)?.runtime;
    let reason = vim25::EnumValue::as_str(&VirtualMachineNeedSecondaryReason::Other).to_string();
    runtime.need_secondary_reason = (new == State::NeedSecondary).then(|| reason.into());
    runtime.fault_tolerance_state = new;
    Some(old)
}
