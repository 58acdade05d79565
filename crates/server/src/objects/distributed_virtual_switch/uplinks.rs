//! Names of uplinks.

use inventory::Tx;
use model::network::{View, inherit, ports};
use vim25::{
    MoRef, Obj, Str, mo,
    types::{
        DVPortSetting, DVSNameArrayUplinkPortPolicy, DVSUplinkPortPolicy, VMwareDVSPortSetting,
        VMwareUplinkPortOrderPolicy,
    },
};

use super::{create::names_of, faults::in_use, hosts};
use crate::fault::Fault;

/// As many uplinks as a switch may have.
const MOST: usize = 32;

/// The names that a client asks for: each is there once and not empty.
pub fn wanted(policy: Option<&Obj<DVSUplinkPortPolicy>>) -> Result<Option<Vec<Str>>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    let invalid = |why: &str| Fault::invalid_argument("spec.uplinkPortPolicy", why);
    let names = names_of(policy).ok_or_else(|| invalid("uplinks are given by their names"))?;
    let mut seen = std::collections::HashSet::new();
    if names.is_empty() || names.len() > MOST {
        return Err(invalid("a switch has 1 to 32 uplinks"));
    }
    if names.iter().any(|name| name.trim().is_empty() || !seen.insert(name)) {
        return Err(invalid("names of uplinks are not empty and each stands there once"));
    }
    Ok(Some(names.to_vec()))
}

/// Gives the uplinks of a switch other names, adds uplinks and removes the last ones.
pub fn rename(tx: &mut Tx<'_>, switch: &MoRef, names: Vec<Str>) -> Result<(), Fault> {
    let known = tx.read::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    let old: Vec<Str> = names_of(&known.config.uplink_port_policy).unwrap_or_default().to_vec();
    let members: Vec<MoRef> = known.config.host.iter().flatten().filter_map(|m| m.config.host.clone()).collect();
    let groups = known.portgroup.clone().unwrap_or_default();
    for host in &members {
        let lost = ports::uplinks(tx, switch, host).into_iter().skip(names.len());
        if let Some(used) = lost.into_iter().find(|uplink| uplink.device.is_some()) {
            return Err(in_use("DistributedVirtualPort", &used.name, "a physical adapter is connected to this uplink"));
        }
    }
    for host in &members {
        hosts::resize(tx, switch, host, names.len())?;
    }
    for group in groups {
        if let Some(group) = tx.edit::<mo::DistributedVirtualPortgroup>(&group)
            && let Some(setting) = &mut group.config.default_port_config
        {
            reorder(setting, &old, &names);
        }
    }
    if let Some(switch) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        let mut setting = switch.config.default_port_config.clone();
        reorder(&mut setting, &old, &names);
        switch.config.default_port_config = inherit::rooted(&setting);
        let policy = DVSNameArrayUplinkPortPolicy { uplink_port_name: names, ..Default::default() };
        switch.config.uplink_port_policy = policy.into();
    }
    Ok(())
}

/// Brings the order of uplinks to the new names: renamed ones keep their place, new ones become active, others go.
fn reorder(setting: &mut Obj<DVPortSetting>, old: &[Str], new: &[Str]) {
    let renamed = |name: &Str| -> Option<Str> {
        match old.iter().position(|o| o == name) {
            Some(at) => new.get(at).cloned(),
            None => Some(name.clone()),
        }
    };
    let Some(setting) = setting.cast_mut::<VMwareDVSPortSetting>() else { return };
    let Some(order) = setting.uplink_teaming_policy.as_mut().and_then(|t| t.uplink_port_order.as_mut()) else { return };
    let order: &mut VMwareUplinkPortOrderPolicy = order;
    for list in [&mut order.active_uplink_port, &mut order.standby_uplink_port].into_iter().flatten() {
        *list = list.iter().filter_map(renamed).collect();
    }
    order.active_uplink_port.get_or_insert_default().extend(new.iter().skip(old.len()).cloned());
}
