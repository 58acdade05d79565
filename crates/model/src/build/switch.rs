//! The distributed switch of a datacenter with its port groups.

use inventory::Tx;
use vim25::{MoRef, Obj, Str, types::DVPortSetting};

use super::{new, site::Named};
use crate::{
    HostProfile, Settings,
    host::network::{self, SwitchMember},
    kit::text,
    network::{
        policy::{port_setting, uplinks},
        portgroup::{Kind, PortgroupSpec, portgroup},
        product::{self, Version},
        switch::{SwitchSpec, switch, switch_uuid},
    },
};

/// Ports of a port group at first; it grows when virtual machines need more.
const PORTS: usize = 8;

/// A switch on paper.
pub(super) struct Switch {
    moref: MoRef,
    name: Str,
    uuid: Str,
    uplinks: Named,
    groups: Vec<(Named, Kind)>,
    profile: HostProfile,
}

/// Where a virtual machine's card is connected.
#[derive(Clone)]
pub(super) struct Jack {
    pub switch_uuid: Str,
    pub portgroup: MoRef,
    pub name: Str,
    /// Key of the port that the first machine gets; the others follow.
    pub first_port: u32,
}

impl Switch {
    /// The switch of datacenter `dc`, if the settings ask for anything that needs one.
    pub(super) fn plan(tx: &mut Tx<'_>, settings: &Settings, dc: &str) -> Option<Switch> {
        if settings.portgroups == 0 && settings.nsx_portgroups == 0 && settings.opaque_networks == 0 {
            return None;
        }
        let moref = new(tx, "VmwareDistributedVirtualSwitch", "dvs");
        let number = moref.id.trim_start_matches("dvs-");
        let mut group =
            |name: String| Named { moref: new(tx, "DistributedVirtualPortgroup", "dvportgroup"), name: name.into() };
        let uplinks = group(format!("DVS0-DVUplinks-{number}"));
        let standard = 0..settings.portgroups;
        let mut groups: Vec<_> = standard.map(|i| (group(format!("{dc}_DVPG{i}")), Kind::Standard)).collect();
        let nsx = 0..settings.nsx_portgroups + settings.opaque_networks;
        let nsx: Vec<_> = nsx.map(|i| group(format!("{dc}_NSXPG{i}"))).collect();
        for (index, named) in (0..).zip(nsx) {
            let opaque = index >= settings.nsx_portgroups;
            groups.push((named, Kind::Nsx(opaque.then(|| tx.uuid()))));
        }
        let uuid = switch_uuid(&tx.uuid());
        Some(Switch { moref, name: "DVS0".into(), uuid, uplinks, groups, profile: settings.host_profile })
    }

    /// Its port groups, uplinks first.
    pub(super) fn networks(&self) -> Vec<MoRef> {
        std::iter::once(&self.uplinks)
            .chain(self.groups.iter().map(|(named, _)| named))
            .map(|n| n.moref.clone())
            .collect()
    }

    /// The logical switches that are to be opaque networks.
    pub(super) fn logical_switches(&self) -> Vec<Str> {
        let of = |(_, kind): &(Named, Kind)| match kind {
            Kind::Nsx(logical) => logical.clone(),
            _ => None,
        };
        self.groups.iter().filter_map(of).collect()
    }

    /// What host number `index` is to it.
    pub(super) fn member(&self, index: usize) -> SwitchMember {
        SwitchMember {
            name: self.name.clone(),
            uuid: self.uuid.clone(),
            uplink_portgroup: self.uplinks.moref.id.clone(),
            uplinks: network::uplinks(self.profile, &uplinks(), index * uplinks().len()),
            offloading: self.profile.network_offload().is_some(),
        }
    }

    /// Where virtual machines are connected: the first standard port group.
    pub(super) fn jack(&self, hosts: usize) -> Option<Jack> {
        let (group, _) = self.groups.iter().find(|(_, kind)| *kind == Kind::Standard)?;
        let first_port = (hosts * uplinks().len()) as u32;
        Some(Jack {
            switch_uuid: self.uuid.clone(),
            portgroup: group.moref.clone(),
            name: group.name.clone(),
            first_port,
        })
    }

    /// Puts the switch and its port groups, with ports for `machines`, into the world.
    pub(super) fn insert(self, tx: &mut Tx<'_>, folder: &MoRef, hosts: &[MoRef], machines: usize) -> Vec<MoRef> {
        let made: Vec<MoRef> = std::iter::once(self.moref.clone()).chain(self.networks()).collect();
        let spec = SwitchSpec {
            name: self.name.clone(),
            uuid: self.uuid.clone(),
            version: Version::of_host(self.profile.product_version()).unwrap_or(product::NEWEST),
            folder: folder.clone(),
            uplink_names: uplinks(),
            uplinks: self.uplinks.moref.clone(),
            portgroups: self.networks(),
            offload: self.profile.network_offload().map(text),
            members: hosts.iter().enumerate().map(|(i, host)| (host.clone(), self.member(i))).collect(),
        };
        let setting: Obj<DVPortSetting> = port_setting(true, &uplinks()).into();
        let mut first = 0;
        let groups = std::iter::once((self.uplinks, Kind::Uplink)).chain(self.groups);
        let mut for_machines = machines;
        for (named, kind) in groups {
            let ports = match kind {
                Kind::Uplink => hosts.len() * uplinks().len(),
                Kind::Standard => PORTS.max(std::mem::take(&mut for_machines)),
                Kind::Nsx(_) => PORTS,
            };
            let keys = (first..first + ports).map(|key| key.to_string().into()).collect();
            first += ports;
            let group = PortgroupSpec {
                moref: named.moref.clone(),
                name: named.name,
                switch: self.moref.clone(),
                folder: folder.clone(),
                hosts: hosts.to_vec(),
                kind,
                ports: keys,
                setting: setting.clone(),
            };
            tx.insert(named.moref, portgroup(group));
        }
        tx.insert(self.moref, switch(&spec, tx.now()));
        made
    }
}
