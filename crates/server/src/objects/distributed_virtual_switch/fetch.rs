//! Questions about ports: `FetchDVPorts`, `FetchDVPortKeys`, `RefreshDVPortState`, `QueryUsedVlanIdInDvs`.

use std::collections::{BTreeSet, HashSet};

use inventory::Snapshot;
use model::network::ports::{self, Connectee, Place, Port, Window};
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{
        DistributedVirtualPort, DistributedVirtualSwitchPortCriteria, VMwareDVSPortSetting,
        VmwareDistributedVirtualSwitchVlanIdSpec,
    },
};

use super::faults::not_found;
use crate::{dispatch::Call, fault::Fault};

/// `FetchDVPorts`: the ports that meet every criterion, by port group and key.
pub fn ports(call: &Call, args: args::FetchDVPorts) -> Result<Option<Vec<Obj<DistributedVirtualPort>>>, Fault> {
    let world = call.snapshot();
    let places = matching(&world, &call.this, args.criteria.as_deref());
    let mut window = Window::on(&world, &call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    Ok(Some(places.iter().filter_map(|place| window.show(place)).map(Obj::from).collect()))
}

/// `FetchDVPortKeys`
pub fn keys(call: &Call, args: args::FetchDVPortKeys) -> Result<Option<Vec<Str>>, Fault> {
    let world = call.snapshot();
    let places = matching(&world, &call.this, args.criteria.as_deref());
    Ok(Some(places.into_iter().map(|place| Str::from(place.key.to_string())).collect()))
}

/// `RefreshDVPortState`: what is shown is always what is; only unknown ports are refused.
pub fn refresh(call: &Call, args: args::RefreshDVPortState) -> Result<(), Fault> {
    let world = call.snapshot();
    match args.port_keys.iter().flatten().find(|key| ports::find(&world, &call.this, key).is_none()) {
        Some(key) => Err(not_found(format!("The switch has no port '{key}'."))),
        None => Ok(()),
    }
}

/// Ports of a switch that meet all criteria.
fn matching(world: &Snapshot, switch: &MoRef, criteria: Option<&DistributedVirtualSwitchPortCriteria>) -> Vec<Place> {
    let Some(known) = world.get::<mo::DistributedVirtualSwitch>(switch) else { return vec![] };
    let wanted = Wanted::of(criteria);
    let mut found = vec![];
    for moref in known.portgroup.iter().flatten() {
        let Some(group) = world.get::<mo::DistributedVirtualPortgroup>(moref).filter(|g| wanted.group(g)) else {
            continue;
        };
        let entries = ports::ports(world, moref);
        let mut keys: Vec<u32> = match &wanted.keys {
            Some(keys) => keys.iter().copied().filter(|key| entries.is_some_and(|e| e.contains(*key))).collect(),
            None => group.port_keys.iter().flatten().filter_map(|key| key.parse().ok()).collect(),
        };
        keys.retain(|key| wanted.port(world, group, entries.and_then(|e| e.get(*key))));
        found.extend(keys.into_iter().map(|key| Place { portgroup: moref.clone(), key }));
    }
    found
}

/// Criteria, as far as they say something.
struct Wanted<'c> {
    criteria: Option<&'c DistributedVirtualSwitchPortCriteria>,
    groups: Option<HashSet<&'c str>>,
    keys: Option<BTreeSet<u32>>,
    hosts: Option<HashSet<&'c MoRef>>,
}

impl<'c> Wanted<'c> {
    fn of(criteria: Option<&'c DistributedVirtualSwitchPortCriteria>) -> Wanted<'c> {
        let groups = criteria.and_then(|c| c.portgroup_key.as_ref()).filter(|list| !list.is_empty());
        let keys = criteria.and_then(|c| c.port_key.as_ref()).filter(|list| !list.is_empty());
        let hosts = criteria.and_then(|c| c.host.as_ref()).filter(|list| !list.is_empty());
        Wanted {
            criteria,
            groups: groups.map(|list| list.iter().map(Str::as_str).collect()),
            keys: keys.map(|list| list.iter().filter_map(|key| number(key)).collect()),
            hosts: hosts.map(|list| list.iter().collect()),
        }
    }

    /// Whether ports of a group can be wanted.
    fn group(&self, group: &mo::DistributedVirtualPortgroup) -> bool {
        let Some(criteria) = self.criteria else { return true };
        let inside = criteria.inside.unwrap_or(true);
        let uplink = group.config.uplink == Some(true);
        let nsx = group.config.backing_type.as_deref() == Some("nsx");
        self.groups.as_ref().is_none_or(|groups| groups.contains(group.key.as_str()) == inside)
            && criteria.uplink_port.is_none_or(|wanted| wanted == uplink)
            && criteria.nsx_port.is_none_or(|wanted| wanted == nsx)
    }

    /// Whether a port of such a group is wanted.
    fn port(&self, world: &Snapshot, group: &mo::DistributedVirtualPortgroup, entry: Option<&Port>) -> bool {
        let Some(criteria) = self.criteria else { return true };
        let connectee = entry.and_then(|p| p.connectee.as_ref());
        criteria.connected.is_none_or(|wanted| wanted == connectee.is_some())
            && criteria.active.is_none_or(|wanted| wanted == entry.is_some_and(|p| p.link))
            && criteria.scope.as_ref().is_none_or(|scope| in_scope(world, group, entry, scope))
            && self.hosts.as_ref().is_none_or(|hosts| on_host(world, connectee, hosts))
    }
}

fn number(key: &str) -> Option<u32> {
    key.parse().ok().filter(|number: &u32| number.to_string() == key)
}

fn on_host(world: &Snapshot, connectee: Option<&Connectee>, hosts: &HashSet<&MoRef>) -> bool {
    connectee.and_then(|c| ports::host_of(world, c)).is_some_and(|host| hosts.contains(host))
}

/// Whether an entity may be connected: ports without a scope of their own have that of their group; none admits all.
fn in_scope(world: &Snapshot, group: &mo::DistributedVirtualPortgroup, entry: Option<&Port>, entity: &MoRef) -> bool {
    let own = entry.and_then(|p| p.own.as_deref()).map(|own| &own.scope).filter(|scope| !scope.is_empty());
    let scope = own.or(group.config.scope.as_ref()).unwrap_or_default();
    let mut at = crate::tree::ancestors(world, entity);
    scope.is_empty() || scope.contains(entity) || at.any(|above| scope.contains(above))
}

/// `QueryUsedVlanIdInDvs`: the VLANs that port groups, and ports themselves, are set to.
pub fn used_vlans(call: &Call, _: args::QueryUsedVlanIdInDvs) -> Result<Option<Vec<i32>>, Fault> {
    let world = call.snapshot();
    let switch = world.get::<mo::DistributedVirtualSwitch>(&call.this);
    let switch = switch.ok_or_else(|| Fault::object_not_found(&call.this))?;
    let mut found = BTreeSet::new();
    for moref in switch.portgroup.iter().flatten() {
        let group = world.get::<mo::DistributedVirtualPortgroup>(moref);
        found.extend(group.and_then(|g| vlan(g.config.default_port_config.as_ref()?.cast()?)));
        let entries = ports::ports(&world, moref).into_iter().flat_map(|all| all.iter());
        found.extend(entries.filter_map(|(_, port)| vlan(port.own.as_ref()?.setting.as_ref()?.cast()?)));
    }
    found.remove(&0);
    Ok(Some(found.into_iter().collect()))
}

fn vlan(setting: &VMwareDVSPortSetting) -> Option<i32> {
    Some(setting.vlan.as_ref()?.cast::<VmwareDistributedVirtualSwitchVlanIdSpec>()?.vlan_id)
}
