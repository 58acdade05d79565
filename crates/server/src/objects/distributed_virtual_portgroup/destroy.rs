//! `Destroy_Task` of port groups and switches.

use inventory::Tx;
use model::network::ports::{self, Connectee};
use vim25::{
    MoRef, args, mo,
    types::{DVPortgroupDestroyedEvent, DvsDestroyedEvent},
};

use crate::{
    dispatch::Call,
    fault::Fault,
    objects::{
        distributed_virtual_switch::{dvs, in_use, portgroup_event, switch_event},
        entity::release,
    },
    task::{self, Work},
};

/// Destroys a port group to which nothing is connected.
pub fn portgroup(call: &Call, _: args::Destroy_Task) -> Result<MoRef, Fault> {
    task::transact(call, |work, tx| {
        let this = &work.this;
        let known = tx.get::<mo::DistributedVirtualPortgroup>(this).ok_or_else(|| Fault::object_not_found(this))?;
        if known.config.uplink == Some(true) {
            return Err(dvs("The port group of uplinks goes with its switch."));
        }
        refuse_used(tx, this)?;
        remove_group(tx, work, this);
        Ok(None)
    })
}

/// Destroys a switch to which nothing is connected, with its port groups. Its hosts leave it.
pub fn switch(call: &Call, _: args::Destroy_Task) -> Result<MoRef, Fault> {
    task::transact(call, |work, tx| {
        let this = &work.this;
        let known = tx.get::<mo::DistributedVirtualSwitch>(this).ok_or_else(|| Fault::object_not_found(this))?;
        let (groups, parent) = (known.portgroup.clone().unwrap_or_default(), known.parent.clone());
        for group in &groups {
            refuse_used(tx, group)?;
        }
        for group in &groups {
            remove_group(tx, work, group);
        }
        switch_event(tx, work, this, DvsDestroyedEvent::default(), "was deleted");
        if let Some(parent) = parent {
            release(tx, &parent, this);
        }
        tx.remove(this);
        Ok(None)
    })
}

/// Refuses a port group that machines or interfaces of hosts use. Uplinks do not count.
fn refuse_used(tx: &Tx<'_>, group: &MoRef) -> Result<(), Fault> {
    let Some(known) = tx.get::<mo::DistributedVirtualPortgroup>(group) else { return Ok(()) };
    let kind = "DistributedVirtualPortgroup";
    if let Some(vm) = known.vm.iter().flatten().next() {
        let name = tx.get::<mo::VirtualMachine>(vm).map(|vm| vm.name.clone()).unwrap_or_default();
        return Err(in_use(kind, &known.name, &format!("the machine '{name}' is connected to it")));
    }
    let all = ports::ports(tx, group);
    let is_user = |connectee: &Connectee| !matches!(connectee, Connectee::PhysicalNic { .. });
    match all.is_some_and(|all| all.iter().any(|(_, port)| port.connectee.as_ref().is_some_and(is_user))) {
        true => Err(in_use(kind, &known.name, "something is connected to it")),
        false => Ok(()),
    }
}

fn remove_group(tx: &mut Tx<'_>, work: &Work, group: &MoRef) {
    let Some(known) = tx.get::<mo::DistributedVirtualPortgroup>(group) else { return };
    let (parent, switch) = (known.parent.clone(), known.config.distributed_virtual_switch.clone());
    portgroup_event(tx, work, group, DVPortgroupDestroyedEvent::default(), "was deleted");
    ports::abandon(tx, group);
    if let Some(parent) = parent {
        release(tx, &parent, group);
    }
    if let Some(switch) = switch.and_then(|s| tx.edit::<mo::DistributedVirtualSwitch>(&s)) {
        switch.portgroup.iter_mut().for_each(|list| list.retain(|other| other != group));
    }
    tx.remove(group);
}
