//! `MoveIntoFolder_Task`

use inventory::Tx;
use vim25::{MoRef, args, managed_type, mo, types::InvalidFolder};

use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::{adopt, names, release},
    task,
};

/// Moves entities into this folder: all of them or none.
pub fn move_into(call: &Call, args: args::MoveIntoFolder_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        for child in &args.list {
            move_one(tx, &work.this, child)?;
        }
        Ok(None)
    })
}

fn move_one(tx: &mut Tx<'_>, folder: &MoRef, child: &MoRef) -> Result<(), Fault> {
    let entity = tx.get::<mo::ManagedEntity>(child).ok_or_else(|| Fault::object_not_found(child))?;
    let (name, parent) = (entity.name.clone(), entity.parent.clone());
    if parent.as_ref() == Some(folder) {
        return Ok(());
    }
    admit(tx, folder, child)?;
    names::unused(tx, folder, &name, Some(child))?;
    if let Some(parent) = parent {
        release(tx, &parent, child);
    }
    adopt(tx, folder, child);
    if let Some(entity) = tx.edit::<mo::ManagedEntity>(child) {
        entity.parent = Some(folder.clone());
    }
    Ok(())
}

/// Refuses what the folder does not hold, and a folder that would stand in itself.
fn admit(tx: &Tx<'_>, folder: &MoRef, child: &MoRef) -> Result<(), Fault> {
    let target = tx.get::<mo::Folder>(folder).ok_or_else(|| Fault::object_not_found(folder))?;
    let kind = tx.find(&child.id).map(|o| o.content.descriptor()).ok_or_else(|| Fault::object_not_found(child))?;
    let admitted = target.child_type.iter().flatten().filter_map(|t| managed_type(t));
    if !admitted.into_iter().any(|t| kind.is_a(t)) {
        return Err(Fault::not_supported(format!("The folder '{}' cannot hold a {}.", target.name, kind.name)));
    }
    let mut at = Some(folder.clone());
    while let Some(here) = at {
        if here == *child {
            let fault = InvalidFolder { target: folder.clone(), ..Default::default() };
            return Err(Fault::new(fault, format!("'{}' cannot be moved into itself.", target.name)));
        }
        at = tx.get::<mo::ManagedEntity>(&here).and_then(|e| e.parent.clone());
    }
    Ok(())
}
