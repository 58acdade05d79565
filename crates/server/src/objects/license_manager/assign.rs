//! Which license an entity runs under: the one that was assigned, or the first that the server has (its evaluation).
//! Entities are hosts and clusters by id, and the server by the UUID of its instance.

use std::collections::BTreeMap;

use ::inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, Str, args, mo,
    types::{LicenseAssignmentManagerLicenseAssignment as Assignment, LicenseEntityNotFound},
};

use super::License;
use crate::{dispatch::Call, fault::Fault, service, tree::Reader};

/// License keys by entity: private state of the license manager.
#[derive(Clone, Default)]
struct Assigned(BTreeMap<Str, Str>);

/// `UpdateAssignedLicense`: a key that the server does not have yet is added.
pub(super) fn update(call: &Call, args: args::UpdateAssignedLicense) -> Result<License, Fault> {
    call.commit(|tx| {
        let manager = manager(tx)?;
        name_of(tx, &args.entity).ok_or_else(|| no_entity(&args.entity))?;
        let all = super::licenses(tx, &manager)?;
        let license = match all.iter().find(|license| license.license_key == args.license_key) {
            Some(known) => known.clone(),
            None => {
                let license = super::made_of(&args.license_key, None)?;
                all.push(license.clone());
                license
            }
        };
        let mut assigned = tx.private::<Assigned>(&manager.id).cloned().unwrap_or_default();
        assigned.0.insert(args.entity, args.license_key);
        tx.set_private(&manager.id, assigned);
        Ok(license)
    })
}

/// `RemoveAssignedLicense`: the entity goes back to the evaluation.
pub(super) fn remove(call: &Call, args: args::RemoveAssignedLicense) -> Result<(), Fault> {
    call.commit(|tx| {
        let manager = manager(tx)?;
        let assigned = tx.edit_private::<Assigned>(&manager.id).and_then(|assigned| assigned.0.remove(&args.entity_id));
        assigned.map(|_| ()).ok_or_else(|| no_entity(&args.entity_id))
    })
}

/// `QueryAssignedLicenses`: of one entity, or of all.
pub(super) fn query(call: &Call, args: args::QueryAssignedLicenses) -> Result<Option<Vec<Obj<Assignment>>>, Fault> {
    let world = call.snapshot();
    let manager = manager(&world)?;
    let licenses =
        &world.get::<mo::LicenseManager>(&manager).ok_or_else(|| Fault::object_not_found(&manager))?.licenses;
    let assigned = world.private::<Assigned>(&manager.id);
    let entities = match args.entity_id.filter(|id| !id.is_empty()) {
        Some(id) => vec![id],
        None => all_entities(&world),
    };
    let one = |id: Str| {
        let name = name_of(&world, &id)?;
        let key = assigned.and_then(|assigned| assigned.0.get(&id));
        let found = key.and_then(|key| licenses.iter().find(|license| license.license_key == *key));
        let license = found.or_else(|| licenses.first())?.clone();
        let assignment = Assignment::with(|a| {
            a.entity_id = id;
            a.entity_display_name = Some(name);
            a.assigned_license = license;
        });
        Some(assignment.into())
    };
    Ok(Some(entities.into_iter().filter_map(one).collect()))
}

/// Whether an entity runs under this license.
pub(super) fn is_assigned(tx: &Tx<'_>, manager: &MoRef, key: &Str) -> bool {
    tx.private::<Assigned>(&manager.id).is_some_and(|assigned| assigned.0.values().any(|k| k == key))
}

fn manager(world: &impl Reader) -> Result<MoRef, Fault> {
    let manager = service::manager(world, |content| content.license_manager.clone());
    manager.ok_or_else(|| Fault::not_supported("This server has no license manager."))
}

fn instance(world: &impl Reader) -> Option<(&Str, &Str)> {
    let about = &service::content(world)?.about;
    Some((about.instance_uuid.as_ref()?, &about.name))
}

/// The name of an entity that runs under a license.
fn name_of(world: &impl Reader, id: &Str) -> Option<Str> {
    if let Some((_, name)) = instance(world).filter(|(uuid, _)| *uuid == id) {
        return Some(name.clone());
    }
    let content = &*world.object(id)?.content;
    let licensed = content.is::<mo::HostSystem>() || content.is::<mo::ClusterComputeResource>();
    vim25::cast::<mo::ManagedEntity>(content).filter(|_| licensed).map(|entity| entity.name.clone())
}

fn all_entities(world: &::inventory::Snapshot) -> Vec<Str> {
    let hosts = world.iter().filter(|object| object.content.is::<mo::HostSystem>());
    let mut ids: Vec<Str> = hosts.map(|host| host.moref.id.clone()).collect();
    ids.sort();
    instance(world).map(|(uuid, _)| uuid.clone()).into_iter().chain(ids).collect()
}

fn no_entity(id: &Str) -> Fault {
    let fault = LicenseEntityNotFound { entity_id: id.clone(), ..Default::default() };
    Fault::new(fault, format!("There is no license assigned to, or no entity, '{id}'."))
}
