//! `Rename_Task`

use inventory::Tx;
use vim25::{Any, MoRef, Str, args, mo};

use super::names;
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::virtual_machine,
    task::{self, Work},
};

/// Gives an entity another name, which no sibling has.
pub fn rename(call: &Call, args: args::Rename_Task) -> Result<MoRef, Fault> {
    refuse_disabled(call, "Rename_Task")?;
    task::transact(call, move |work, tx| apply(work, tx, &args.new_name))
}

fn apply(work: &Work, tx: &mut Tx<'_>, name: &str) -> Result<Option<Any>, Fault> {
    let this = &work.this;
    let name: Str = names::kept(name, Some(this))?;
    let parent = tx.get::<mo::ManagedEntity>(this).ok_or_else(|| Fault::object_not_found(this))?.parent.clone();
    if let Some(parent) = &parent {
        names::unused(tx, parent, &name, Some(this))?;
    }
    let Some(entity) = tx.edit::<mo::ManagedEntity>(this) else { return Err(Fault::object_not_found(this)) };
    let old = std::mem::replace(&mut entity.name, name.clone());
    if let Some(config) = tx.edit::<mo::VirtualMachine>(this).and_then(|vm| vm.config.as_mut()) {
        config.name = name.clone();
        virtual_machine::renamed(tx, work, this, old, name);
    }
    Ok(None)
}

/// Faults if the object's state does not allow the method: what `disabledMethod` says.
pub fn refuse_disabled(call: &Call, method: &str) -> Result<(), Fault> {
    let world = call.snapshot();
    let entity = world.get::<mo::ManagedEntity>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    match entity.common.disabled_method.iter().flatten().any(|m| m == method) {
        true => {
            Err(Fault::not_supported(format!("{method} is not allowed on '{}' in its current state.", entity.name)))
        }
        false => Ok(()),
    }
}
