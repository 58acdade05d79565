//! Physical adapters of a member: which uplink each is connected to.

use inventory::Tx;
use model::network::ports::{self, Uplink};
use vim25::{
    MoRef, Obj, Str, mo,
    types::{
        DistributedVirtualSwitchHostMemberBacking, DistributedVirtualSwitchHostMemberPnicBacking,
        DistributedVirtualSwitchHostMemberPnicSpec, HostNetworkInfo,
    },
};

use super::{
    faults::{dvs, in_use, not_found},
    hosts,
};
use crate::fault::Fault;

type Backing = DistributedVirtualSwitchHostMemberBacking;
type PnicSpec = DistributedVirtualSwitchHostMemberPnicSpec;

/// A backing without adapters.
pub fn none() -> Obj<Backing> {
    DistributedVirtualSwitchHostMemberPnicBacking { pnic_spec: Some(vec![]), ..Default::default() }.into()
}

/// Gives a member these physical adapters instead of those that it has: each on the uplink that is asked for, the one
/// that it has, or the first free one.
pub fn connect(tx: &mut Tx<'_>, switch: &MoRef, host: &MoRef, backing: &Obj<Backing>) -> Result<(), Fault> {
    let wanted = backing.cast::<DistributedVirtualSwitchHostMemberPnicBacking>();
    let wanted =
        wanted.ok_or_else(|| Fault::invalid_argument("spec.host.backing", "physical adapters are expected"))?;
    let uplinks = ports::uplinks(tx, switch, host);
    let group = tx.get::<mo::DistributedVirtualSwitch>(switch).and_then(|s| s.config.uplink_portgroup.clone());
    let group = group.iter().flatten().next().map(|g| g.id.clone());
    let mut plugged: Vec<(Str, Str)> = vec![];
    for spec in wanted.pnic_spec.iter().flatten() {
        check(tx, switch, host, spec, &plugged, group.as_deref())?;
        let port = choose(&uplinks, spec, &plugged, wanted)?;
        plugged.push((spec.pnic_device.clone(), port));
    }
    let specs = plugged.into_iter().map(|(device, port)| {
        Obj::from(PnicSpec {
            pnic_device: device,
            uplink_port_key: Some(port),
            uplink_portgroup_key: group.clone(),
            connection_cookie: Some(0),
        })
    });
    let backing =
        DistributedVirtualSwitchHostMemberPnicBacking { pnic_spec: Some(specs.collect()), ..Default::default() };
    hosts::edit_member(tx, switch, host, |member| member.config.backing = backing.into());
    Ok(())
}

fn network<'t>(tx: &'t Tx<'_>, host: &MoRef) -> Option<&'t Obj<HostNetworkInfo>> {
    tx.get::<mo::HostSystem>(host)?.config.as_ref()?.network.as_ref()
}

/// Refuses an adapter that the host does not have or that another switch uses.
fn check(
    tx: &Tx<'_>,
    switch: &MoRef,
    host: &MoRef,
    spec: &PnicSpec,
    plugged: &[(Str, Str)],
    group: Option<&str>,
) -> Result<(), Fault> {
    let device = &spec.pnic_device;
    let info = network(tx, host);
    let nic = info.and_then(|n| n.pnic.iter().flatten().find(|nic| nic.device == *device));
    let nic = nic.ok_or_else(|| not_found(format!("The host '{}' has no physical adapter '{device}'.", host.id)))?;
    if plugged.iter().any(|(known, _)| known == device) {
        return Err(in_use("PhysicalNic", device, "it is named twice"));
    }
    if spec.uplink_portgroup_key.as_deref().is_some_and(|key| !key.is_empty() && Some(key) != group) {
        return Err(not_found("The port group that is asked for is not that of the switch's uplinks."));
    }
    let uuid = tx.get::<mo::DistributedVirtualSwitch>(switch).map(|s| s.uuid.clone()).unwrap_or_default();
    let key = nic.key.as_ref();
    let standard = info.iter().flat_map(|n| n.vswitch.iter().flatten());
    if let Some(other) = standard.into_iter().find(|s| s.pnic.iter().flatten().any(|p| Some(p) == key)) {
        return Err(in_use("PhysicalNic", device, &format!("it belongs to '{}'", other.name)));
    }
    let proxies = info.iter().flat_map(|n| n.proxy_switch.iter().flatten());
    let mut others = proxies.into_iter().filter(|p| p.dvs_uuid != uuid);
    match others.find(|p| p.pnic.iter().flatten().any(|p| Some(p) == key)) {
        Some(other) => Err(in_use("PhysicalNic", device, &format!("it belongs to '{}'", other.dvs_name))),
        None => Ok(()),
    }
}

/// The uplink port for an adapter.
fn choose(
    uplinks: &[Uplink],
    spec: &PnicSpec,
    plugged: &[(Str, Str)],
    all: &DistributedVirtualSwitchHostMemberPnicBacking,
) -> Result<Str, Fault> {
    let taken = |port: &Str| plugged.iter().any(|(_, known)| known == port);
    if let Some(port) = spec.uplink_port_key.as_ref().filter(|port| !port.is_empty()) {
        return match uplinks.iter().any(|u| u.port == *port) {
            false => Err(not_found(format!("The port '{port}' is no uplink of this host."))),
            true if taken(port) => {
                Err(in_use("DistributedVirtualPort", port, "another adapter is to be connected to it"))
            }
            true => Ok(port.clone()),
        };
    }
    if let Some(had) = uplinks.iter().find(|u| u.device.as_ref() == Some(&spec.pnic_device) && !taken(&u.port)) {
        return Ok(had.port.clone());
    }
    let stays = |uplink: &Uplink| {
        all.pnic_spec.iter().flatten().any(|other| {
            let named = other.uplink_port_key.as_ref().filter(|port| !port.is_empty());
            named == Some(&uplink.port) || (named.is_none() && uplink.device.as_ref() == Some(&other.pnic_device))
        })
    };
    let free = uplinks.iter().find(|u| !taken(&u.port) && !stays(u));
    free.map(|u| u.port.clone())
        .ok_or_else(|| dvs("The switch has fewer uplinks than the host is to have adapters on it."))
}
