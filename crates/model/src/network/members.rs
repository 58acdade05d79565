//! The rule of what follows from the members and port groups of a distributed switch.
//!
//! - Every port group lists the members; every member, its compute resource and the datacenter list the port groups.
//! - Every member has a proxy switch: what the host knows of the switch.
//! - What port groups inherit is what the switch is set to.
//!
//! The rule runs for switches whose configuration, port groups or name changed; ports and machines do not concern it.

use std::collections::HashSet;

use inventory::{Derive, Tx};
use vim25::{
    MoRef, MoRefs, Obj, Str,
    mo::{
        ComputeResource, Datacenter, DistributedVirtualPortgroup, DistributedVirtualSwitch, HostSystem, ManagedEntity,
        VmwareDistributedVirtualSwitch,
    },
    types::{
        DistributedVirtualSwitchHostMember, HostMemberRuntimeInfo, HostNetworkInfo, HostProxySwitch,
        HostProxySwitchSpec, KeyValue,
    },
};

use super::{inherit, ports};
use crate::host::network::{SwitchMember, Uplink, proxy_switch};

/// Keeps what hosts and port groups repeat of their switches.
pub struct Members;

impl Derive for Members {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "HostSystem",
            "DistributedVirtualPortgroup",
            "VmwareDistributedVirtualSwitch",
            "DistributedVirtualSwitch",
        ])
    }

    fn reads_private(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let gone: Vec<&MoRef> = touched.iter().filter(|m| tx.find(&m.id).is_none()).collect();
        for object in gone {
            forget(tx, object);
        }
        for switch in touched.iter().filter(|m| m.kind.ends_with("VirtualSwitch")) {
            let (old, new) = (sight(tx.was(switch)), sight(tx.get(switch)));
            if old != new {
                follow(tx, switch, &old, &new);
            }
        }
    }
}

/// A host that is removed leaves its switches, a port group that is removed leaves its switch.
fn forget(tx: &mut Tx<'_>, gone: &MoRef) {
    let world = tx.before();
    if let Some(group) = world.get::<DistributedVirtualPortgroup>(gone) {
        edit_switch(tx, group.config.distributed_virtual_switch.as_ref(), |switch| {
            switch.portgroup.iter_mut().for_each(|list| list.retain(|other| other != gone));
        });
    }
    let networks = world.get::<HostSystem>(gone).and_then(|host| host.network.as_ref());
    let switches: HashSet<&MoRef> = networks
        .into_iter()
        .flatten()
        .filter_map(|n| world.get::<DistributedVirtualPortgroup>(n)?.config.distributed_virtual_switch.as_ref())
        .collect();
    for switch in switches {
        edit_switch(tx, Some(switch), |switch| {
            switch.config.host.iter_mut().for_each(|list| list.retain(|m| m.config.host.as_ref() != Some(gone)));
        });
    }
}

/// Changes a switch, if it is there and the change makes a difference.
fn edit_switch(tx: &mut Tx<'_>, switch: Option<&MoRef>, change: impl FnOnce(&mut DistributedVirtualSwitch)) {
    let Some(known) = switch.and_then(|s| tx.get::<VmwareDistributedVirtualSwitch>(s)) else { return };
    let mut changed = known.base.clone();
    change(&mut changed);
    if (&changed.portgroup, &changed.config) != (&known.portgroup, &known.config)
        && let Some(known) = switch.and_then(|s| tx.edit::<DistributedVirtualSwitch>(s))
    {
        *known = changed;
    }
}

/// What the rule looks at.
#[derive(Default, PartialEq)]
struct Sight {
    name: Str,
    uuid: Str,
    members: Vec<Obj<DistributedVirtualSwitchHostMember>>,
    portgroups: MoRefs,
    uplink_names: Option<Obj<vim25::types::DVSUplinkPortPolicy>>,
    setting: Option<Obj<vim25::types::DVPortSetting>>,
    mtu: Option<i32>,
}

fn sight(switch: Option<&DistributedVirtualSwitch>) -> Sight {
    let Some(switch) = switch else { return Sight::default() };
    let vmware = switch.config.cast::<vim25::types::VMwareDVSConfigInfo>();
    Sight {
        name: switch.name.clone(),
        uuid: switch.uuid.clone(),
        members: switch.config.host.clone().unwrap_or_default(),
        portgroups: switch.portgroup.clone().unwrap_or_default(),
        uplink_names: Some(switch.config.uplink_port_policy.clone()),
        setting: Some(switch.config.default_port_config.clone()),
        mtu: vmware.map(|c| c.max_mtu),
    }
}

fn hosts(members: &[Obj<DistributedVirtualSwitchHostMember>]) -> Vec<MoRef> {
    members.iter().filter_map(|m| m.config.host.clone()).collect()
}

fn follow(tx: &mut Tx<'_>, switch: &MoRef, old: &Sight, new: &Sight) {
    let (had, has) = (hosts(&old.members), hosts(&new.members));
    if had != has || old.portgroups != new.portgroups {
        list_hosts(tx, new, &has.clone().into());
        let lost: HashSet<&MoRef> = old.portgroups.iter().collect();
        let places = had.iter().chain(&has).cloned().collect();
        list_networks(tx, places, &lost, new, &has);
        list_in_datacenter(tx, switch, &lost, &new.portgroups);
    }
    if had != has {
        runtime(tx, switch, &has);
    }
    if old.setting != new.setting {
        for portgroup in &new.portgroups {
            inherit_setting(tx, portgroup, new);
        }
    }
    let staying: HashSet<&MoRef> = has.iter().collect();
    for host in had.iter().filter(|host| !staying.contains(host)) {
        edit_proxies(tx, host, |proxies| proxies.retain(|p| p.dvs_uuid != old.uuid));
    }
    let general = old.name == new.name && old.mtu == new.mtu && old.uplink_names == new.uplink_names;
    for member in &new.members {
        if !general || !old.members.contains(member) {
            mirror(tx, switch, new, member);
        }
    }
}

/// Writes the members into the port groups.
fn list_hosts(tx: &mut Tx<'_>, new: &Sight, hosts: &MoRefs) {
    for portgroup in &new.portgroups {
        let Some(known) = tx.get::<DistributedVirtualPortgroup>(portgroup) else { continue };
        if known.host.as_ref() != Some(hosts)
            && let Some(group) = tx.edit::<DistributedVirtualPortgroup>(portgroup)
        {
            group.host = Some(hosts.clone());
        }
    }
}

/// Writes the port groups into the lists of hosts and their compute resources.
fn list_networks(tx: &mut Tx<'_>, hosts: Vec<MoRef>, lost: &HashSet<&MoRef>, new: &Sight, members: &[MoRef]) {
    let members: HashSet<&MoRef> = members.iter().collect();
    let mut seen = HashSet::new();
    let mut computes = vec![];
    let none = MoRefs::new();
    for host in hosts.into_iter().filter(|host| seen.insert(host.clone())) {
        let Some(system) = tx.get::<HostSystem>(&host) else { continue };
        let wanted = if members.contains(&host) { &new.portgroups } else { &none };
        let list = listed(system.network.as_ref(), lost, wanted);
        computes.extend(system.parent.clone().filter(|c| !computes.contains(c)));
        if system.network.as_ref() != Some(&list)
            && let Some(system) = tx.edit::<HostSystem>(&host)
        {
            system.network = Some(list);
        }
    }
    for compute in computes {
        let Some(known) = tx.get::<ComputeResource>(&compute) else { continue };
        let any_member = known.host.iter().flatten().any(|host| members.contains(host));
        let wanted = if any_member { &new.portgroups } else { &none };
        let list = listed(known.network.as_ref(), lost, wanted);
        if known.network.as_ref() != Some(&list)
            && let Some(compute) = tx.edit::<ComputeResource>(&compute)
        {
            compute.network = Some(list);
        }
    }
}

/// A list of networks in which those of a switch are the wanted ones; what stands there already keeps its place.
fn listed(list: Option<&MoRefs>, lost: &HashSet<&MoRef>, wanted: &MoRefs) -> MoRefs {
    let list = || list.into_iter().flatten();
    let stay = list().filter(|n| !lost.contains(n) || wanted.contains(n));
    let known: HashSet<&MoRef> = list().collect();
    stay.chain(wanted.iter().filter(|n| !known.contains(n))).cloned().collect()
}

fn list_in_datacenter(tx: &mut Tx<'_>, switch: &MoRef, lost: &HashSet<&MoRef>, wanted: &MoRefs) {
    let start = tx.get::<ManagedEntity>(switch).or_else(|| tx.was(switch));
    let mut at = start.and_then(|s| s.parent.clone());
    while let Some(here) = at {
        if let Some(datacenter) = tx.get::<Datacenter>(&here) {
            let list = listed(datacenter.network.as_ref(), lost, wanted);
            if datacenter.network.as_ref() != Some(&list)
                && let Some(datacenter) = tx.edit::<Datacenter>(&here)
            {
                datacenter.network = Some(list);
            }
            return;
        }
        at = tx.get::<ManagedEntity>(&here).and_then(|e| e.parent.clone());
    }
}

fn runtime(tx: &mut Tx<'_>, switch: &MoRef, hosts: &[MoRef]) {
    let Some(known) = tx.get::<DistributedVirtualSwitch>(switch) else { return };
    let mut runtime = known.runtime.clone().unwrap_or_default();
    let list = runtime.host_member_runtime.as_deref().unwrap_or_default();
    if list.len() == hosts.len() && list.iter().zip(hosts).all(|(r, host)| r.host == *host) {
        return;
    }
    let of = |host: &MoRef| {
        let known = list.iter().find(|r| r.host == *host).cloned();
        let up =
            || HostMemberRuntimeInfo { host: host.clone(), status: Some("up".into()), ..Default::default() }.into();
        known.unwrap_or_else(up)
    };
    runtime.host_member_runtime = Some(hosts.iter().map(of).collect());
    if let Some(switch) = tx.edit::<DistributedVirtualSwitch>(switch) {
        switch.runtime = Some(runtime);
    }
}

fn inherit_setting(tx: &mut Tx<'_>, portgroup: &MoRef, new: &Sight) {
    let Some(group) = tx.get::<DistributedVirtualPortgroup>(portgroup) else { return };
    let Some(parent) = &new.setting else { return };
    let resolved = inherit::resolve(group.config.default_port_config.as_ref(), parent);
    if group.config.default_port_config.as_ref() != Some(&resolved)
        && let Some(group) = tx.edit::<DistributedVirtualPortgroup>(portgroup)
    {
        group.config.default_port_config = Some(resolved);
    }
}

/// Brings the proxy switch of one member up to date.
fn mirror(tx: &mut Tx<'_>, switch: &MoRef, new: &Sight, member: &DistributedVirtualSwitchHostMember) {
    let Some(host) = &member.config.host else { return };
    let uplinks = ports::uplinks(tx, switch, host);
    let group = tx.get::<VmwareDistributedVirtualSwitch>(switch).and_then(|s| s.config.uplink_portgroup.clone());
    let seat = SwitchMember {
        name: new.name.clone(),
        uuid: new.uuid.clone(),
        uplink_portgroup: group.iter().flatten().next().map(|g| g.id.clone()).unwrap_or_default(),
        uplinks: uplinks.into_iter().map(|u| Uplink { pnic: u.device, name: u.name, port: u.port }).collect(),
        offloading: member.config.network_offloading_enabled == Some(true),
    };
    let fresh = proxy_switch(&seat);
    edit_proxies(tx, host, |proxies| match proxies.iter_mut().find(|p| p.dvs_uuid == new.uuid) {
        Some(known) => refresh(known, &fresh, new, member),
        None => {
            let mut added: Obj<HostProxySwitch> = fresh.clone().into();
            added.key = free_key(proxies);
            refresh(&mut added, &fresh, new, member);
            proxies.push(added);
        }
    });
}

/// The first key that no proxy switch of the host has.
fn free_key(proxies: &[Obj<HostProxySwitch>]) -> Str {
    let mut keys = (0..=proxies.len()).map(|number| Str::from(format!("DvsPortset-{number}")));
    keys.find(|key| proxies.iter().all(|proxy| proxy.key != *key)).unwrap_or_default()
}

/// Writes what follows from the switch into a proxy switch; the rest stays.
fn refresh(
    proxy: &mut Obj<HostProxySwitch>,
    fresh: &HostProxySwitch,
    new: &Sight,
    member: &DistributedVirtualSwitchHostMember,
) {
    let uplink_port: Option<Vec<Obj<KeyValue>>> = fresh.uplink_port.clone();
    let spec = HostProxySwitchSpec { backing: Some(member.config.backing.clone()) };
    let mut wanted = (**proxy).clone();
    wanted.dvs_name = new.name.clone();
    wanted.uplink_port = uplink_port;
    wanted.pnic = fresh.pnic.clone();
    wanted.mtu = new.mtu.or(fresh.mtu);
    wanted.spec = spec.into();
    wanted.config_num_ports = Some(member.config.max_proxy_switch_ports);
    wanted.network_offloading_enabled = fresh.network_offloading_enabled;
    let wanted: Obj<HostProxySwitch> = wanted.into();
    if *proxy != wanted {
        *proxy = wanted;
    }
}

fn edit_proxies(tx: &mut Tx<'_>, host: &MoRef, change: impl FnOnce(&mut Vec<Obj<HostProxySwitch>>)) {
    fn network(host: &HostSystem) -> Option<&Obj<HostNetworkInfo>> {
        host.config.as_ref()?.network.as_ref()
    }
    let Some(before) = tx.get::<HostSystem>(host).and_then(network).map(|n| n.proxy_switch.clone()) else { return };
    let mut proxies = before.clone().unwrap_or_default();
    change(&mut proxies);
    if before.as_ref() == Some(&proxies) {
        return;
    }
    let config = tx.edit::<HostSystem>(host).and_then(|h| h.config.as_mut());
    if let Some(network) = config.and_then(|c| c.network.as_mut()) {
        network.proxy_switch = Some(proxies);
    }
}
