//! `RenameSnapshot`

use model::vm::snapshot;
use vim25::{args, mo};

use super::{machine, machine_of};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::{entity::names, virtual_machine::operation::check_free},
};

/// Gives a snapshot another name, another description, or both.
pub fn rename(call: &Call, args: args::RenameSnapshot) -> Result<(), Fault> {
    let vm = machine_of(call)?;
    if let Some(name) = &args.name {
        names::kept(name, Some(&vm))?;
    }
    call.commit(|tx| {
        check_free(tx, &vm)?;
        let info = machine(tx, &vm)?.snapshot.clone().ok_or_else(|| Fault::object_not_found(&call.this))?;
        let renamed = snapshot::rename(&info, &call.this, args.name.as_ref(), args.description.as_ref());
        if let Some(machine) = tx.edit::<mo::VirtualMachine>(&vm) {
            machine.snapshot = Some(renamed.into());
        }
        Ok(())
    })
}
