//! Ports as clients see them: put together when asked for, from one state of the world, and stored nowhere.

use std::collections::HashMap;

use directpath::read::Chain;
use vim25::{
    DataType, MoRef, Obj, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, ManagedEntity, VirtualMachine},
    types::*,
};

use super::{Connectee, Place, Port, host_of, lookup::chain_of, port};
use crate::network::{View, inherit};

/// Shows ports of one switch. What ports of a group have in common is made once.
pub struct Window<'w, W> {
    world: &'w W,
    switch: &'w DistributedVirtualSwitch,
    inherited: HashMap<Str, Obj<DVPortSetting>>,
}

impl<'w, W: View> Window<'w, W> {
    /// A window on the ports of a switch; none if there is no such switch.
    pub fn on(world: &'w W, switch: &MoRef) -> Option<Window<'w, W>> {
        Some(Window { world, switch: world.read(switch)?, inherited: HashMap::new() })
    }

    /// One port, with everything.
    pub fn show(&mut self, place: &Place) -> Option<DistributedVirtualPort> {
        let group = self.world.read::<DistributedVirtualPortgroup>(&place.portgroup)?;
        let entry = port(self.world, place);
        let setting = self.setting(place, group, entry);
        let connectee = entry.and_then(|p| p.connectee.as_ref());
        Some(DistributedVirtualPort {
            key: place.key.to_string().into(),
            config: config(setting, entry).into(),
            dvs_uuid: self.switch.uuid.clone(),
            portgroup_key: Some(group.key.clone()),
            proxy_host: connectee.and_then(|c| host_of(self.world, c)).cloned(),
            connectee: connectee.map(|c| shown(self.world, c).into()),
            conflict: false,
            state: connectee.is_some().then(|| state(status(self.world, place)).into()),
            connection_cookie: entry.and_then(|p| p.cookie),
            last_status_change: entry.map_or(self.switch.config.create_time, |p| p.changed),
            host_local_port: Some(false),
            ..Default::default()
        })
    }

    /// What is in force for a port.
    fn setting(
        &mut self,
        place: &Place,
        group: &DistributedVirtualPortgroup,
        entry: Option<&Port>,
    ) -> Option<Obj<DVPortSetting>> {
        let parent = group.config.default_port_config.as_ref().unwrap_or(&self.switch.config.default_port_config);
        match entry.and_then(|p| p.own.as_ref()?.setting.as_ref()) {
            Some(own) => Some(inherit::resolve(Some(own), parent)),
            None => {
                let made = || inherit::resolve(None, parent);
                Some(self.inherited.entry(place.portgroup.id.clone()).or_insert_with(made).clone())
            }
        }
    }
}

fn config(setting: Option<Obj<DVPortSetting>>, entry: Option<&Port>) -> DVPortConfigInfo {
    let own = entry.and_then(|p| p.own.as_deref()).cloned().unwrap_or_default();
    DVPortConfigInfo {
        name: Some(own.name.unwrap_or_default()),
        scope: Some(own.scope),
        description: Some(own.description.unwrap_or_default()),
        setting,
        config_version: own.version.to_string().into(),
    }
}

/// A connectee as clients see it.
pub fn shown(world: &impl View, connectee: &Connectee) -> DistributedVirtualSwitchPortConnectee {
    let (entity, nic, kind) = match connectee {
        Connectee::Adapter { vm, key } => (vm, key.to_string().into(), "vmVnic"),
        Connectee::PhysicalNic { host, device } => (host, device.clone(), "pnic"),
        Connectee::HostNic { host, device } => (host, device.clone(), "hostVmkVnic"),
    };
    let known = world.read::<ManagedEntity>(entity).is_some();
    DistributedVirtualSwitchPortConnectee {
        connected_entity: known.then(|| entity.clone()),
        nic_key: Some(nic),
        type_: Some(kind.into()),
        address_hint: None,
    }
}

/// What goes on at a port; none if nobody is connected.
pub fn status(world: &impl View, place: &Place) -> Option<DVPortStatus> {
    let entry = port(world, place)?;
    let connectee = entry.connectee.as_ref()?;
    let group = world.read::<DistributedVirtualPortgroup>(&place.portgroup)?;
    let switch = group.config.distributed_virtual_switch.as_ref();
    let switch = switch.and_then(|s| world.read::<DistributedVirtualSwitch>(s));
    let chain = chain_of(Some(entry), group, switch);
    let (vlan_ids, trunk) = vlans(chain);
    let mtu = switch.and_then(|s| s.config.cast::<VMwareDVSConfigInfo>()).map(|c| c.max_mtu);
    let (link_peer, mac_address) = peer(world, connectee);
    let mut status = DVPortStatus::with(|s| {
        s.link_up = entry.link;
        s.blocked = chain.blocked();
        s.vlan_ids = Some(vlan_ids);
        s.trunking_mode = Some(trunk);
        s.mtu = mtu;
        s.link_peer = link_peer;
        s.mac_address = mac_address;
    });
    crate::directpath::show_port(world, connectee, &mut status);
    Some(status)
}

/// Who is at the other end, and its address.
fn peer(world: &impl View, connectee: &Connectee) -> (Option<Str>, Option<Str>) {
    match connectee {
        Connectee::Adapter { vm, key } => {
            let Some(machine) = world.read::<VirtualMachine>(vm) else { return (None, None) };
            let devices = machine.config.iter().flat_map(|c| c.hardware.device.iter().flatten());
            let card = devices.filter(|d| d.key == *key).find_map(|d| d.cast::<VirtualEthernetCard>());
            (Some(machine.name.clone()), card.and_then(|c| c.mac_address.clone()))
        }
        Connectee::PhysicalNic { host, device } => {
            let network = network(world, host);
            let nics = network.and_then(|n| n.pnic.as_deref()).unwrap_or_default();
            (Some(device.clone()), nics.iter().find(|n| n.device == *device).map(|n| n.mac.clone()))
        }
        Connectee::HostNic { host, device } => {
            let network = network(world, host);
            let nics = network.and_then(|n| n.vnic.as_deref()).unwrap_or_default();
            (Some(device.clone()), nics.iter().find(|n| n.device == *device).and_then(|n| n.spec.mac.clone()))
        }
    }
}

fn network<'w>(world: &'w impl View, host: &MoRef) -> Option<&'w Obj<HostNetworkInfo>> {
    world.read::<vim25::mo::HostSystem>(host)?.config.as_ref()?.network.as_ref()
}

/// VLANs of a port, and whether it passes tags on.
fn vlans(chain: Chain<'_>) -> (Vec<Obj<NumericRange>>, bool) {
    let vlan = chain.nearest(|setting| {
        let vlan = setting.cast::<VMwareDVSPortSetting>()?.vlan.as_ref()?;
        Some((vlan.inherited, vlan))
    });
    let Some(vlan) = vlan else { return (vec![], false) };
    let single = |id| vec![NumericRange { start: id, end: id }.into()];
    if let Some(trunk) = vlan.cast::<VmwareDistributedVirtualSwitchTrunkVlanSpec>() {
        return (trunk.vlan_id.clone().unwrap_or_default(), true);
    }
    if let Some(private) = vlan.cast::<VmwareDistributedVirtualSwitchPvlanSpec>() {
        return (single(private.pvlan_id), false);
    }
    let id = vlan.cast::<VmwareDistributedVirtualSwitchVlanIdSpec>().map_or(0, |v| v.vlan_id);
    (single(id), false)
}

fn state(status: Option<DVPortStatus>) -> DVPortState {
    DVPortState {
        runtime_info: status.map(Obj::from),
        stats: DistributedVirtualSwitchPortStatistics::default().into(),
        vendor_specific_state: None,
    }
}
