//! The events of a move.

use inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, Str, mo,
    types::{
        DatacenterEventArgument, DatastoreEventArgument, HostEventArgument, ResourcePoolEventArgument,
        VirtualMachinePowerState as Power, VirtualMachineRelocateSpec, VmBeingHotMigratedEvent, VmBeingMigratedEvent,
        VmBeingRelocatedEvent, VmFailedMigrateEvent, VmMigratedEvent, VmRelocatedEvent, VmResourcePoolMovedEvent,
    },
};

use super::plan::Plan;
use crate::{events, fault::Fault, objects::virtual_machine::story::tell, task::Work};

/// A host with its datacenter, and the datastore of a machine's own files.
struct Place {
    host: Obj<HostEventArgument>,
    datacenter: Option<Obj<DatacenterEventArgument>>,
    datastore: Option<Obj<DatastoreEventArgument>>,
}

fn place(tx: &Tx<'_>, vm: &mo::VirtualMachine) -> Place {
    let found = vm.runtime.host.as_ref().map(|host| events::arguments(tx, host)).unwrap_or_default();
    let vmx = vm.config.as_ref().and_then(|c| c.files.vm_path_name.as_deref());
    let name = vmx.and_then(model::vm::path::DatastorePath::parse).map(|vmx| Str::from(vmx.datastore));
    let host = vm.runtime.host.as_ref().and_then(|host| tx.get::<mo::HostSystem>(host));
    let stores = host.and_then(|host| host.datastore.as_ref()).unwrap_or_default();
    let is_home = |d: &&MoRef| tx.get::<mo::Datastore>(d).is_some_and(|d| Some(&d.name) == name.as_ref());
    let datastore = stores.iter().find(is_home).and_then(|home| events::arguments(tx, home).ds);
    Place { host: found.host.unwrap_or_default(), datacenter: found.datacenter, datastore }
}

/// What kind of move it is.
struct Kind {
    on: bool,
    host: bool,
    files: bool,
    pool: bool,
}

fn kind(before: &mo::VirtualMachine, after: &mo::VirtualMachine) -> Kind {
    let devices = |vm: &mo::VirtualMachine| vm.config.as_ref().and_then(|c| c.hardware.device.clone());
    let home = |vm: &mo::VirtualMachine| vm.config.as_ref().and_then(|c| c.files.vm_path_name.clone());
    let disks_moved = devices(before)
        .iter()
        .flatten()
        .zip(devices(after).iter().flatten())
        .any(|(old, new)| old.is::<vim25::types::VirtualDisk>() && old.backing != new.backing);
    Kind {
        on: after.runtime.power_state == Power::PoweredOn,
        host: before.runtime.host != after.runtime.host,
        files: home(before) != home(after) || disks_moved,
        pool: before.resource_pool != after.resource_pool,
    }
}

/// A move begins.
pub fn begins(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, plan: &Plan) {
    let Some(before) = tx.get::<mo::VirtualMachine>(vm).cloned() else { return };
    let kind = kind(&before, &plan.after);
    let Place { host: dest_host, datacenter: dest_datacenter, datastore: dest_datastore } = place(tx, &plan.after);
    let to = format!("to {}", dest_host.name);
    if kind.on && (kind.host || kind.files) {
        let event = VmBeingHotMigratedEvent { dest_host, dest_datacenter, dest_datastore, ..Default::default() };
        tell(tx, work, vm, event, &format!("is being migrated, running, {to}"));
    } else if kind.files {
        let event = VmBeingRelocatedEvent { dest_host, dest_datacenter, dest_datastore, ..Default::default() };
        tell(tx, work, vm, event, &format!("is being relocated {to}"));
    } else if kind.host {
        let event = VmBeingMigratedEvent { dest_host, dest_datacenter, dest_datastore, ..Default::default() };
        tell(tx, work, vm, event, &format!("is being migrated {to}"));
    }
}

/// A move has been made. `before` is the machine as it was.
pub fn ends(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, before: &mo::VirtualMachine, plan: &Plan) {
    let kind = kind(before, &plan.after);
    let Place { host: source_host, datacenter: source_datacenter, datastore: source_datastore } = place(tx, before);
    let from = format!("from {}", source_host.name);
    if kind.files && !kind.on {
        let event = VmRelocatedEvent { source_host, source_datacenter, source_datastore, ..Default::default() };
        tell(tx, work, vm, event, &format!("was relocated {from}"));
    } else if kind.files || kind.host {
        let event = VmMigratedEvent { source_host, source_datacenter, source_datastore, ..Default::default() };
        tell(tx, work, vm, event, &format!("was migrated {from}"));
    }
    if kind.pool {
        let (old_parent, new_parent) = (pool(tx, before), pool(tx, &plan.after));
        let what = format!("was moved from resource pool {} to {}", old_parent.name, new_parent.name);
        tell(tx, work, vm, VmResourcePoolMovedEvent { old_parent, new_parent, ..Default::default() }, &what);
    }
}

/// A move that has begun does not come to its end.
pub fn fails(tx: &mut Tx<'_>, work: &Work, vm: &MoRef, spec: &VirtualMachineRelocateSpec, fault: &Fault) {
    let now = tx.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.runtime.host.clone());
    let found = spec.host.clone().or(now).map(|host| events::arguments(tx, &host)).unwrap_or_default();
    let dest_datastore = spec.datastore.as_ref().and_then(|datastore| events::arguments(tx, datastore).ds);
    let event = VmFailedMigrateEvent {
        dest_host: found.host.unwrap_or_default(),
        dest_datacenter: found.datacenter,
        dest_datastore,
        reason: fault.localized(),
        ..Default::default()
    };
    tell(tx, work, vm, event, &format!("was not migrated: {}", fault.message));
}

fn pool(tx: &Tx<'_>, vm: &mo::VirtualMachine) -> Obj<ResourcePoolEventArgument> {
    let moref = vm.resource_pool.clone().unwrap_or_default();
    let name = tx.get::<mo::ResourcePool>(&moref).map(|p| p.name.clone()).unwrap_or_default();
    ResourcePoolEventArgument::with(|argument| {
        argument.name = name;
        argument.resource_pool = moref;
    })
    .into()
}
