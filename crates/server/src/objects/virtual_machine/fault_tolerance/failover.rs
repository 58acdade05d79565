//! `MakePrimaryVM_Task` and `TerminateFaultTolerantVM_Task`: the secondary takes over.
//!
//! The primary keeps its identity in the inventory, so that what clients know of it stays true: the two change hosts.

use inventory::Tx;
use model::vm::{activity::Operation, power};
use vim25::{
    MoRef, args, mo,
    types::{
        InvalidState, VirtualMachineFaultToleranceState as State, VirtualMachineNeedSecondaryReason,
        VirtualMachineVMCIDevice, VmFaultToleranceVmTerminatedEvent, VmPrimaryFailoverEvent,
    },
};

use super::{
    super::{
        operation::{self, Begun},
        power::cid_taken,
        story,
    },
    follow, named_secondary, secondary_of,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// The secondary becomes the primary.
pub fn make_primary(call: &Call, args: args::MakePrimaryVM_Task) -> Result<MoRef, Fault> {
    task::stage(call, move |work| async move {
        let begin = |tx: &mut Tx<'_>| running(tx, &work.this, named_secondary(tx, &work.this, &args.vm)?);
        let end = |tx: &mut Tx<'_>, secondary| swap(tx, &work, &secondary);
        operation::perform(&work, &work.this, begin, end).await.map(|()| None)
    })
}

/// One of the two ends as if its host had failed: the other one goes on, and a secondary starts again.
pub fn terminate(call: &Call, args: args::TerminateFaultTolerantVM_Task) -> Result<MoRef, Fault> {
    task::stage(call, move |work| async move {
        let primary = &work.this;
        let named = args.vm.filter(|vm| vm != primary);
        let takes_over = named.is_none();
        let begin = |tx: &mut Tx<'_>| {
            let secondary = match &named {
                Some(named) => named_secondary(tx, primary, named)?,
                None => secondary_of(tx, primary)?,
            };
            running(tx, primary, secondary)
        };
        let end = |tx: &mut Tx<'_>, secondary: MoRef| {
            if takes_over {
                swap(tx, &work, &secondary)?;
            }
            let event = VmFaultToleranceVmTerminatedEvent { reason: Some(reason()), ..Default::default() };
            story::tell(tx, &work, primary, event, "was terminated by a user on one of its hosts");
            Ok(secondary)
        };
        let secondary = operation::perform(&work, primary, begin, end).await?;
        follow::stop(&work, &secondary).await?;
        follow::start(&work, primary, &secondary).await.map(|()| None)
    })
}

fn reason() -> vim25::Str {
    vim25::EnumValue::as_str(&VirtualMachineNeedSecondaryReason::UserAction).to_string().into()
}

/// Both have to run.
fn running(tx: &Tx<'_>, primary: &MoRef, secondary: MoRef) -> Result<Begun<MoRef>, Fault> {
    let state = tx.get::<mo::VirtualMachine>(primary).map(|vm| &vm.runtime.fault_tolerance_state);
    if state != Some(&State::Running) {
        let message = "The machine has no secondary that runs and could take over.";
        return Err(Fault::new(InvalidState::default(), message));
    }
    Ok(Begun { operation: Operation::Other, order: None, with: secondary })
}

/// Primary and secondary change hosts.
fn swap(tx: &mut Tx<'_>, work: &Work, secondary: &MoRef) -> Result<(), Fault> {
    let primary = &work.this;
    let host = |tx: &Tx<'_>, vm| tx.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.runtime.host.clone());
    let hosts = (host(tx, primary), host(tx, secondary));
    move_to(tx, primary, secondary, hosts.1);
    move_to(tx, secondary, primary, hosts.0);
    let event = VmPrimaryFailoverEvent { reason: Some(reason()), ..Default::default() };
    story::tell(tx, work, primary, event, "goes on where its secondary was");
    Ok(())
}

/// Moves a machine, with a VMCI context id that is free where it goes once `other` has left.
fn move_to(tx: &mut Tx<'_>, vm: &MoRef, other: &MoRef, host: Option<MoRef>) {
    let Some(machine) = tx.get::<mo::VirtualMachine>(vm) else { return };
    let devices = machine.config.as_ref().and_then(|c| c.hardware.device.as_deref()).unwrap_or_default();
    let found = devices.iter().enumerate().find_map(|(at, d)| Some((at, d.cast::<VirtualMachineVMCIDevice>()?.id?)));
    let is_taken = |id| host.as_ref().is_some_and(|host| cid_taken(tx, host, other, id));
    let new = found.map(|(at, had)| (at, had, i64::from(power::pick(had as i32, &is_taken))));
    let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) else { return };
    machine.runtime.host = host;
    let Some((at, _, id)) = new.filter(|(_, had, id)| had != id) else { return };
    if let Some(config) = &mut machine.config {
        if let Some(vmci) = config.hardware.device.get_or_insert_default()[at].cast_mut::<VirtualMachineVMCIDevice>() {
            vmci.id = Some(id);
        }
        model::vm::config::sync_vmci_options(config);
    }
}
