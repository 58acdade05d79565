//! `MoveDVPort_Task`

use inventory::Tx;
use model::network::ports::{self, Binding, Connectee, Place};
use vim25::{
    MoRef, Str, args, mo,
    types::{
        DvsPortJoinPortgroupEvent, DvsPortLeavePortgroupEvent, VirtualEthernetCardDistributedVirtualPortBackingInfo,
    },
};

use super::{
    faults::{dvs, not_found},
    tell,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// Moves ports to another port group of the switch, with what is connected to them: all of them or none.
pub fn move_ports(call: &Call, args: args::MoveDVPort_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        let to = destination(tx, work, args.destination_portgroup_key.as_deref())?;
        for key in &args.port_key {
            move_one(tx, work, key, &to)?;
        }
        Ok(None)
    })
}

fn destination(tx: &Tx<'_>, work: &Work, key: Option<&str>) -> Result<MoRef, Fault> {
    let key = key.filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Fault::not_supported("Ports of this switch belong to port groups: name one."))?;
    let moref = MoRef::new("DistributedVirtualPortgroup", key);
    let group = tx.get::<mo::DistributedVirtualPortgroup>(&moref);
    let group = group.filter(|g| g.config.distributed_virtual_switch.as_ref() == Some(&work.this));
    let group = group.ok_or_else(|| not_found(format!("The switch has no port group '{key}'.")))?;
    match ports::binding(group) == Binding::Early && group.config.uplink != Some(true) {
        true => Ok(moref),
        false => Err(dvs(format!("Ports cannot be moved to '{}': only to groups with early binding.", group.name))),
    }
}

fn move_one(tx: &mut Tx<'_>, work: &Work, key: &Str, to: &MoRef) -> Result<(), Fault> {
    let place = ports::find(tx, &work.this, key);
    let place = place.ok_or_else(|| not_found(format!("The switch has no port '{key}'.")))?;
    if place.portgroup == *to {
        return Ok(());
    }
    let from = tx.get::<mo::DistributedVirtualPortgroup>(&place.portgroup);
    let from = from.ok_or_else(|| Fault::object_not_found(&place.portgroup))?;
    let connectee = ports::port(tx, &place).and_then(|p| p.connectee.clone());
    if ports::binding(from) != Binding::Early || from.config.uplink == Some(true) {
        return Err(dvs(format!("Ports of '{}' cannot be moved.", from.name)));
    }
    if connectee.is_some() && !from.config.policy.live_port_moving_allowed {
        return Err(dvs(format!("The port '{key}' is connected, and '{}' lets none such go.", from.name)));
    }
    ports::transfer(tx, &place, to);
    if let Some(Connectee::Adapter { vm, key }) = &connectee {
        rename(tx, vm, *key, to);
    }
    announce(tx, work, &place, key, to);
    Ok(())
}

/// Names the other group in the backing of an adapter.
fn rename(tx: &mut Tx<'_>, vm: &MoRef, key: i32, to: &MoRef) {
    let config = tx.edit::<mo::VirtualMachine>(vm).and_then(|vm| vm.config.as_mut());
    let devices = config.into_iter().flat_map(|c| c.hardware.device.iter_mut().flatten());
    for device in devices.into_iter().filter(|device| device.key == key) {
        let backing = device.backing.as_mut();
        let backing = backing.and_then(|b| b.cast_mut::<VirtualEthernetCardDistributedVirtualPortBackingInfo>());
        if let Some(backing) = backing {
            backing.port.portgroup_key = Some(to.id.clone());
        }
    }
}

fn announce(tx: &mut Tx<'_>, work: &Work, place: &Place, key: &Str, to: &MoRef) {
    let name =
        |tx: &Tx<'_>, group: &MoRef| tx.get::<mo::ManagedEntity>(group).map(|g| g.name.clone()).unwrap_or_default();
    let (from_name, to_name) = (name(tx, &place.portgroup), name(tx, to));
    let left = DvsPortLeavePortgroupEvent {
        port_key: key.clone(),
        portgroup_key: place.portgroup.id.clone(),
        portgroup_name: from_name.clone(),
        ..Default::default()
    };
    let joined = DvsPortJoinPortgroupEvent {
        port_key: key.clone(),
        portgroup_key: to.id.clone(),
        portgroup_name: to_name.clone(),
        ..Default::default()
    };
    tell::switch_event(tx, work, &work.this, left, &format!("moves the port {key} out of {from_name}"));
    tell::switch_event(tx, work, &work.this, joined, &format!("moves the port {key} into {to_name}"));
}
