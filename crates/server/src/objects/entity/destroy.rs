//! `Destroy_Task` of folders, pools, datacenters and networks. Virtual machines have their own.

use inventory::Tx;
use vim25::{
    DataObject, MoRef, args, cast, mo,
    types::{ResourceInUse, VirtualMachinePowerState},
};

use super::{child_lists, release, rename::refuse_disabled};
use crate::{dispatch::Call, fault::Fault, objects::virtual_machine, task};

/// Destroys an entity with everything in it, or, if anything in it forbids that, nothing.
pub fn destroy(call: &Call, _: args::Destroy_Task) -> Result<MoRef, Fault> {
    refuse_disabled(call, "Destroy_Task")?;
    task::transact(call, |work, tx| {
        destroy_tree(tx, &work.this)?;
        Ok(None)
    })
}

/// Destroys an entity and what it holds, within the transaction.
pub fn destroy_tree(tx: &mut Tx<'_>, this: &MoRef) -> Result<(), Fault> {
    let content = tx.find(&this.id).ok_or_else(|| Fault::object_not_found(this))?.content.clone();
    check(&*content)?;
    if content.is::<mo::VirtualMachine>() {
        return virtual_machine::remove(tx, this);
    }
    if let Some(pool) = cast::<mo::ResourcePool>(&*content) {
        return dissolve(tx, this, pool);
    }
    for child in child_lists(&*content) {
        destroy_tree(tx, &child)?;
    }
    if let Some(parent) = cast::<mo::ManagedEntity>(&*content).and_then(|e| e.parent.clone()) {
        release(tx, &parent, this);
    }
    tx.remove(this);
    Ok(())
}

/// Whether an entity of this kind and state can be destroyed here.
fn check(content: &dyn DataObject) -> Result<(), Fault> {
    let kind = content.descriptor().name;
    if let Some(network) = cast::<mo::DistributedVirtualPortgroup>(content) {
        return match network.vm.as_ref().unwrap_or_default().is_empty() {
            true => Ok(()),
            false => Err(in_use(kind, network)),
        };
    }
    if let Some(vm) = cast::<mo::VirtualMachine>(content) {
        return virtual_machine::expect_power(
            vm,
            None,
            &[VirtualMachinePowerState::PoweredOff, VirtualMachinePowerState::Suspended],
        );
    }
    match kind {
        "Folder" | "Datacenter" | "ResourcePool" => Ok(()),
        _ => Err(Fault::not_supported(format!("A {kind} cannot be destroyed by this server."))),
    }
}

fn in_use(kind: &'static str, entity: &mo::ManagedEntity) -> Fault {
    let fault = ResourceInUse { type_: Some(kind.into()), name: Some(entity.name.clone()), ..Default::default() };
    Fault::new(fault, format!("The resource '{}' is in use.", entity.name))
}

/// Removes a pool; what it holds goes to its parent. A root pool stays.
fn dissolve(tx: &mut Tx<'_>, this: &MoRef, pool: &mo::ResourcePool) -> Result<(), Fault> {
    let parent = pool.parent.clone().filter(|p| tx.get::<mo::ResourcePool>(p).is_some());
    let Some(parent) = parent else {
        return Err(Fault::not_supported("The root resource pool cannot be destroyed."));
    };
    release(tx, &parent, this);
    let (pools, vms) = (pool.resource_pool.clone().unwrap_or_default(), pool.vm.clone().unwrap_or_default());
    for child in &pools {
        if let Some(entity) = tx.edit::<mo::ManagedEntity>(child) {
            entity.parent = Some(parent.clone());
        }
    }
    for vm in &vms {
        if let Some(vm) = tx.edit::<mo::VirtualMachine>(vm) {
            vm.resource_pool = Some(parent.clone());
        }
    }
    if let Some(above) = tx.edit::<mo::ResourcePool>(&parent) {
        above.resource_pool.get_or_insert_default().extend(pools);
        above.vm.get_or_insert_default().extend(vms);
    }
    tx.remove(this);
    Ok(())
}
