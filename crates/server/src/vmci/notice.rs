//! What the fabrics tell, as events and facts of the inventory.

use ::vmci::switch::Notice;
use inventory::Tx;
use model::{
    content::extended::{Extended, VMCI_DENIED, VMCI_FILTER_CHANGED, VMCI_UNREACHED},
    vm::activity::VmciInUse,
};
use vim25::{
    DataType, MoRef, Str, mo,
    types::{EventEx, VirtualMachinePowerState as Power},
};

use crate::{core::Core, events};

/// Records what a fabric told.
pub fn record(core: &Core, notice: &Notice) {
    let recorded = core.inventory.commit(|tx| {
        match notice {
            Notice::InUse { vm } => in_use(tx, &machine(vm)),
            Notice::FirstDenial { vm, rank, protocol, direction, to } => {
                let text = format!("rule {rank} denied {protocol} to {to} (direction {})", direction.name());
                post(tx, &machine(vm), VMCI_DENIED, &text);
            }
            Notice::Unreached { vm, why, to } => {
                post(tx, &machine(vm), VMCI_UNREACHED, &format!("{to} was not reached: {why}"));
            }
        }
        Ok::<(), std::convert::Infallible>(())
    });
    recorded.expect("recording cannot fail");
}

/// A machine was powered off or reset, which forgets what its guest did; news of that run may have come after it.
pub fn run_ended(core: &Core, vm: &MoRef) {
    if core.inventory.snapshot().private::<VmciInUse>(&vm.id).is_some() {
        let cleared = core.inventory.commit(|tx| {
            tx.clear_private::<VmciInUse>(&vm.id);
            Ok::<(), std::convert::Infallible>(())
        });
        cleared.expect("clearing cannot fail");
    }
}

/// Tells that the firewall of a machine is another one.
pub fn firewall_changed(core: &Core, vm: &MoRef, text: &str) {
    let recorded = core.inventory.commit(|tx| {
        post(tx, vm, VMCI_FILTER_CHANGED, text);
        Ok::<(), std::convert::Infallible>(())
    });
    recorded.expect("recording cannot fail");
}

fn machine(vm: &str) -> MoRef {
    MoRef::new("VirtualMachine", vm)
}

/// The guest uses VMCI until the machine starts anew. News of a machine that has stopped in the meantime comes too late.
fn in_use(tx: &mut Tx<'_>, vm: &MoRef) {
    let runs = tx.get::<mo::VirtualMachine>(vm).is_some_and(|vm| vm.runtime.power_state == Power::PoweredOn);
    if runs && tx.private::<VmciInUse>(&vm.id).is_none() {
        tx.set_private(&vm.id, VmciInUse);
    }
}

fn post(tx: &mut Tx<'_>, vm: &MoRef, kind: Extended, text: &str) {
    let Some(name) = tx.get::<mo::VirtualMachine>(vm).map(|vm| vm.name.clone()) else { return };
    let message: Str = format!("VMCI of {name}: {text}").into();
    tracing::info!(vm = %vm.id, "{message}");
    let event = EventEx::with(|event| {
        event.event_type_id = kind.id.into();
        event.severity = Some(kind.severity.into());
        event.message = Some(message.clone());
        event.object_id = Some(vm.id.clone());
        event.object_type = Some(vm.kind.clone());
        event.object_name = Some(name);
    });
    events::post(tx, "", vm, event, message);
}
