//! Questions about ports.

use directpath::read::Chain;
use vim25::{
    MoRef, Obj, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, HostSystem, VirtualMachine},
    types::{
        DVPortSetting, DVSNameArrayUplinkPortPolicy, DistributedVirtualSwitchHostMember,
        DistributedVirtualSwitchHostMemberPnicBacking, DistributedVirtualSwitchPortConnection,
    },
};

use super::{Connectee, Port, PortSpace, Ports};
use crate::network::View;

/// Where a port is: its port group and its key there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The port group.
    pub portgroup: MoRef,
    /// The key; on the wire it is text.
    pub key: u32,
}

/// When ports of a group are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// When an adapter is configured for the group, and as long as it is.
    Early,
    /// When the machine is started, until it is stopped.
    Late,
    /// They are made when the machine is started, and removed when it is stopped.
    Ephemeral,
}

/// When ports of this group are taken.
pub fn binding(portgroup: &DistributedVirtualPortgroup) -> Binding {
    match portgroup.config.type_.as_str() {
        "lateBinding" => Binding::Late,
        "ephemeral" => Binding::Ephemeral,
        _ => Binding::Early,
    }
}

/// The ports of a port group.
pub fn ports<'w>(world: &'w impl View, portgroup: &MoRef) -> Option<&'w Ports> {
    world.state(&portgroup.id)
}

/// The entry of a port; none if it has none.
pub fn port<'w>(world: &'w impl View, place: &Place) -> Option<&'w Port> {
    ports(world, &place.portgroup)?.get(place.key)
}

/// The port of a switch with this key.
pub fn find(world: &impl View, switch: &MoRef, key: &str) -> Option<Place> {
    let key = number(key)?;
    let portgroup = world.state::<PortSpace>(&switch.id)?.owner(key)?.clone();
    Some(Place { portgroup, key })
}

/// A port group with its switch and its ports, for questions about many of them.
pub struct Group<'w> {
    /// The port group.
    pub moref: MoRef,
    /// Its ports.
    pub ports: &'w Ports,
    /// Its switch.
    pub switch_moref: &'w MoRef,
    /// The switch's properties.
    pub switch: &'w DistributedVirtualSwitch,
    setting: Option<&'w Obj<DVPortSetting>>,
}

impl<'w> Group<'w> {
    /// The port group with this key.
    pub fn with_key(world: &'w impl View, key: &Str) -> Option<Group<'w>> {
        let moref = group(key.clone());
        let config = &world.read::<DistributedVirtualPortgroup>(&moref)?.config;
        let switch_moref = config.distributed_virtual_switch.as_ref()?;
        Some(Group {
            ports: ports(world, &moref)?,
            switch: world.read(switch_moref)?,
            setting: config.default_port_config.as_ref(),
            switch_moref,
            moref,
        })
    }

    /// The port that a connection to this group names, if it names the switch too.
    pub fn named(&self, connection: &DistributedVirtualSwitchPortConnection) -> Option<u32> {
        let key = number(connection.port_key.as_deref()?).filter(|key| self.ports.contains(*key))?;
        self.switch.uuid.eq_ignore_ascii_case(&connection.switch_uuid).then_some(key)
    }

    /// What its ports are set to that have no setting of their own.
    pub fn setting(&self) -> Option<&'w Obj<DVPortSetting>> {
        self.setting
    }

    /// The settings of one of its ports, also of one without an entry.
    pub fn chain(&self, key: u32) -> Chain<'w> {
        let own = self.ports.get(key).and_then(|port| port.own.as_ref()?.setting.as_ref());
        Chain([own, self.setting, Some(&self.switch.config.default_port_config)])
    }
}

/// The port that a connection names: of the port group that it names, which is one of the switch that it names.
pub fn of_connection(world: &impl View, connection: &DistributedVirtualSwitchPortConnection) -> Option<Place> {
    let group = Group::with_key(world, connection.portgroup_key.as_ref()?)?;
    Some(Place { key: group.named(connection)?, portgroup: group.moref })
}

/// The port group with this key: the key is also the id of its object.
pub(super) fn group(key: Str) -> MoRef {
    MoRef { kind: Str::new_static("DistributedVirtualPortgroup"), id: key }
}

/// A key as a number, if it is written as this server writes it.
pub(super) fn number(key: &str) -> Option<u32> {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) && (key.len() == 1 || !key.starts_with('0'));
    plain.then(|| key.parse().ok()).flatten()
}

/// The host of a connectee: for an adapter the host of its machine.
pub fn host_of<'w>(world: &'w impl View, connectee: &'w Connectee) -> Option<&'w MoRef> {
    match connectee {
        Connectee::Adapter { vm, .. } => world.read::<VirtualMachine>(vm)?.runtime.host.as_ref(),
        Connectee::PhysicalNic { host, .. } | Connectee::HostNic { host, .. } => Some(host),
    }
}

/// The settings of a port, also of one without an entry.
pub fn chain<'w>(world: &'w impl View, place: &Place) -> Option<Chain<'w>> {
    let portgroup = world.read::<DistributedVirtualPortgroup>(&place.portgroup)?;
    let switch = portgroup.config.distributed_virtual_switch.as_ref();
    let switch = switch.and_then(|s| world.read::<DistributedVirtualSwitch>(s));
    Some(chain_of(port(world, place), portgroup, switch))
}

/// The settings of a port with this entry, of a group of a switch.
pub(super) fn chain_of<'w>(
    entry: Option<&'w Port>,
    group: &'w DistributedVirtualPortgroup,
    switch: Option<&'w DistributedVirtualSwitch>,
) -> Chain<'w> {
    Chain([
        entry.and_then(|p| p.own.as_ref()?.setting.as_ref()),
        group.config.default_port_config.as_ref(),
        switch.map(|s| &s.config.default_port_config),
    ])
}

/// One uplink of a member host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// Its name in the switch, which teaming policies use.
    pub name: Str,
    /// Key of its port.
    pub port: Str,
    /// The physical adapter of the host that is connected to it, if any.
    pub device: Option<Str>,
}

/// The uplinks that a host has on a switch; none if it is no member.
pub fn uplinks(world: &impl View, switch: &MoRef, host: &MoRef) -> Vec<Uplink> {
    let Some(switch) = world.read::<DistributedVirtualSwitch>(switch) else { return vec![] };
    let names = switch.config.uplink_port_policy.cast::<DVSNameArrayUplinkPortPolicy>();
    let names = names.map(|n| n.uplink_port_name.as_slice()).unwrap_or_default();
    let mut members = switch.config.host.iter().flatten();
    let Some(member) = members.find(|m| m.config.host.as_ref() == Some(host)) else { return vec![] };
    let plugged = plugged(member);
    let named = member.uplink_port_key.iter().flatten().zip(names);
    let uplink = |(port, name): (&Str, &Str)| {
        let device = plugged.iter().find(|(_, at)| at == port).map(|(device, _)| device.clone());
        Uplink { name: name.clone(), port: port.clone(), device }
    };
    named.map(uplink).collect()
}

/// The switch with this uuid of which a host is a member.
pub fn switch_of_host(world: &impl View, host: &MoRef, uuid: &str) -> Option<MoRef> {
    let networks = world.read::<HostSystem>(host)?.network.iter().flatten();
    let groups = networks.filter_map(|n| world.read::<DistributedVirtualPortgroup>(n));
    let mut switches = groups.filter_map(|g| g.config.distributed_virtual_switch.as_ref());
    let has_uuid = |switch: &&MoRef| {
        world.read::<DistributedVirtualSwitch>(switch).is_some_and(|s| s.uuid.eq_ignore_ascii_case(uuid))
    };
    switches.find(has_uuid).cloned()
}

/// The physical adapters of a member, with the uplink port that each is connected to.
pub(super) fn plugged(member: &DistributedVirtualSwitchHostMember) -> Vec<(Str, Str)> {
    let backing = member.config.backing.cast::<DistributedVirtualSwitchHostMemberPnicBacking>();
    let specs = backing.and_then(|b| b.pnic_spec.as_deref()).unwrap_or_default();
    specs.iter().filter_map(|pnic| Some((pnic.pnic_device.clone(), pnic.uplink_port_key.clone()?))).collect()
}
