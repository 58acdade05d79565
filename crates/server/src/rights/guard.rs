//! Whether a user may make a call, asked before its handler is.

use inventory::Snapshot;
use vim25::{DataObject, DataType, MethodInfo, MoRef, Str, cast, mo};

use super::{Bound, demands, of_roles};
use crate::{fault::Fault, service};

/// A call that a bound user wants to make.
pub struct Attempt<'a> {
    /// The world as it is now.
    pub world: &'a Snapshot,
    /// Who calls.
    pub user: &'a Str,
    /// The receiver.
    pub this: &'a MoRef,
    /// The method.
    pub method: &'static MethodInfo,
    /// Its arguments.
    pub arguments: &'a dyn DataObject,
}

/// A privilege that a call needs on an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Demand {
    pub object: MoRef,
    pub privilege: &'static str,
}

/// Faults with `NoPermission` if the user lacks a privilege that the call needs.
pub fn check(attempt: &Attempt<'_>) -> Result<(), Fault> {
    let user = Bound::new(attempt.user);
    let mut missing: Vec<(MoRef, &str)> = Vec::new();
    for demand in demands::of(attempt) {
        let found = (demand.object.clone(), demand.privilege);
        if !missing.contains(&found) && !is_met(attempt.world, &user, &demand) {
            missing.push(found);
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Fault::no_permission(&missing)),
    }
}

/// What belongs to no entity may be used by everyone who has logged in; more than that is asked for at the root.
fn is_met(world: &Snapshot, user: &Bound, demand: &Demand) -> bool {
    let held = |entity: &MoRef| of_roles(world, &user.on(world, entity).ids).contains(demand.privilege);
    match entity_of(world, &demand.object) {
        Some(entity) => held(&entity),
        None if demand.privilege.starts_with("System.") => true,
        None => service::content(world).is_some_and(|content| held(&content.root_folder)),
    }
}

/// The entity on which permissions for an object stand: itself, the VM of a snapshot, what a task works on.
pub(super) fn entity_of(world: &Snapshot, object: &MoRef) -> Option<MoRef> {
    let found = world.find(&object.id)?;
    let content = &*found.content;
    if content.is::<mo::ManagedEntity>() {
        // The client may have named it as what it is in general.
        return Some(found.moref.clone());
    }
    let owner = match cast::<mo::VirtualMachineSnapshot>(content) {
        Some(snapshot) => Some(&snapshot.vm),
        None => cast::<mo::Task>(content).and_then(|task| task.info.entity.as_ref()),
    };
    owner.filter(|owner| is_entity(world, owner)).cloned()
}

fn is_entity(world: &Snapshot, object: &MoRef) -> bool {
    world.find(&object.id).is_some_and(|found| found.content.descriptor().is_a(mo::ManagedEntity::TYPE))
}
