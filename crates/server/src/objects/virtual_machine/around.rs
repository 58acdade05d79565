//! What a machine's configuration depends on outside of it, read from the world.

use inventory::Snapshot;
use model::vm::surroundings::{DatastoreFacts, HostFacts, Lookup, NetworkFacts, PortgroupFacts, Surroundings};
use vim25::{
    MoRef, Obj, Str, mo,
    types::{
        VirtualDevice, VirtualDeviceFileBackingInfo, VirtualDisk, VirtualEthernetCard,
        VirtualEthernetCardDistributedVirtualPortBackingInfo,
    },
};

/// The world around a machine on a host.
pub struct Around<'w> {
    world: &'w Snapshot,
    host: MoRef,
}

impl<'w> Around<'w> {
    /// The world as seen from `host`.
    pub fn new(world: &'w Snapshot, host: MoRef) -> Around<'w> {
        Around { world, host }
    }

    fn host_system(&self) -> Option<&'w mo::HostSystem> {
        self.world.get(&self.host)
    }

    fn datastores(&self) -> impl Iterator<Item = DatastoreFacts> {
        let refs = self.host_system().and_then(|h| h.datastore.as_deref()).unwrap_or_default();
        refs.iter().filter_map(|d| Some(datastore_facts(d, self.world.get(d)?)))
    }

    fn networks(&self) -> impl Iterator<Item = (&'w MoRef, &'w mo::Network)> {
        let refs = self.host_system().and_then(|h| h.network.as_deref()).unwrap_or_default();
        refs.iter().filter_map(|n| Some((n, self.world.get::<mo::Network>(n)?)))
    }

    fn portgroups(&self) -> impl Iterator<Item = (&'w MoRef, &'w mo::DistributedVirtualPortgroup)> {
        self.networks().filter_map(|(n, _)| Some((n, self.world.get::<mo::DistributedVirtualPortgroup>(n)?)))
    }

    fn switch_has_uuid(&self, portgroup: &mo::DistributedVirtualPortgroup, uuid: &str) -> bool {
        let switch = portgroup.config.distributed_virtual_switch.as_ref();
        let switch = switch.and_then(|s| self.world.get::<mo::DistributedVirtualSwitch>(s));
        switch.is_some_and(|s| s.uuid.eq_ignore_ascii_case(uuid))
    }

    /// Devices of every machine in a list.
    fn devices<'a>(&self, vms: Option<&'a Vec<MoRef>>) -> impl Iterator<Item = &'w Obj<VirtualDevice>> + use<'w, 'a> {
        let world = self.world;
        let vms = vms.into_iter().flatten().filter_map(move |vm| world.get::<mo::VirtualMachine>(vm));
        vms.filter_map(|vm| vm.config.as_ref()).flat_map(|c| c.hardware.device.iter().flatten())
    }
}

fn datastore_facts(moref: &MoRef, datastore: &mo::Datastore) -> DatastoreFacts {
    DatastoreFacts {
        datastore: moref.clone(),
        name: datastore.name.clone(),
        url: datastore.summary.url.clone(),
        free: datastore.summary.free_space,
        max_file: datastore.info.max_file_size,
        accessible: datastore.summary.accessible,
    }
}

fn network_facts((moref, network): (&MoRef, &mo::Network)) -> NetworkFacts {
    NetworkFacts { network: moref.clone(), name: network.name.clone() }
}

fn portgroup_facts((moref, portgroup): (&MoRef, &mo::DistributedVirtualPortgroup)) -> PortgroupFacts {
    let uplink = portgroup.config.uplink.unwrap_or(false);
    PortgroupFacts { portgroup: moref.clone(), key: portgroup.key.clone(), uplink }
}

impl Lookup for Around<'_> {
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts> {
        self.datastores().find(|d| d.name == name)
    }

    fn datastore(&self, datastore: &MoRef) -> Option<DatastoreFacts> {
        self.datastores().find(|d| d.datastore == *datastore)
    }

    fn opaque_network(&self, id: &str, kind: &str) -> Option<NetworkFacts> {
        let is_it = |n: &MoRef| {
            let network = self.world.get::<mo::OpaqueNetwork>(n);
            let summary = network.and_then(|n| n.summary.cast::<vim25::types::OpaqueNetworkSummary>());
            summary.is_some_and(|s| s.opaque_network_id == id && s.opaque_network_type == kind)
        };
        self.networks().find(|(n, _)| is_it(n)).map(network_facts)
    }
}

impl Surroundings for Around<'_> {
    fn host(&self) -> HostFacts {
        let host = self.host_system();
        let hardware = host.and_then(|h| h.hardware.as_ref());
        HostFacts {
            host: self.host.clone(),
            name: host.map(|h| h.name.clone()).unwrap_or_default(),
            cpu_threads: hardware.map_or(0, |h| h.cpu_info.num_cpu_threads.into()),
            cpu_mhz: hardware.map_or(0, |h| i32::try_from(h.cpu_info.hz / 1_000_000).unwrap_or(i32::MAX)),
            memory_mb: hardware.map_or(0, |h| h.memory_size / (1024 * 1024)),
            newest_hardware: host.map_or(model::vm::version::NEWEST, model::host::newest_hardware),
        }
    }

    fn network_named(&self, name: &str) -> Option<NetworkFacts> {
        self.networks().find(|(n, network)| n.kind == "Network" && network.name == name).map(network_facts)
    }

    fn network(&self, network: &MoRef) -> Option<NetworkFacts> {
        self.networks().find(|(n, _)| *n == network).map(network_facts)
    }

    fn portgroup(&self, switch_uuid: &str, key: &str) -> Option<PortgroupFacts> {
        let fits = |p: &mo::DistributedVirtualPortgroup| p.key == key && self.switch_has_uuid(p, switch_uuid);
        self.portgroups().find(|(_, p)| fits(p)).map(portgroup_facts)
    }

    fn portgroup_of_port(&self, switch_uuid: &str, port: &str) -> Option<PortgroupFacts> {
        let fits = |p: &mo::DistributedVirtualPortgroup| {
            p.port_keys.iter().flatten().any(|k| k == port) && self.switch_has_uuid(p, switch_uuid)
        };
        self.portgroups().find(|(_, p)| fits(p)).map(portgroup_facts)
    }

    fn free_port(&self, switch_uuid: &str, portgroup: &str, held: &[Str]) -> Option<Str> {
        let fits = |p: &mo::DistributedVirtualPortgroup| p.key == portgroup && self.switch_has_uuid(p, switch_uuid);
        let (_, found) = self.portgroups().find(|(_, p)| fits(p))?;
        let used: std::collections::HashSet<Str> = self.devices(found.vm.as_ref()).filter_map(port_of).collect();
        let free = |key: &&Str| !used.contains(*key) && !held.contains(key);
        found.port_keys.iter().flatten().find(free).cloned()
    }

    fn disk_capacity(&self, datastore: &MoRef, path: &str) -> Option<i64> {
        let datastore = self.world.get::<mo::Datastore>(datastore)?;
        let full = format!("[{}] {path}", datastore.name);
        let disks = self.devices(datastore.vm.as_ref()).filter_map(|d| d.cast::<VirtualDisk>());
        disks.into_iter().find(|d| file_of(d).is_some_and(|f| f == full)).and_then(|d| d.capacity_in_bytes)
    }

    fn mac_in_use(&self, mac: &str) -> bool {
        let vms = self.world.iter().filter_map(|o| vim25::cast::<mo::VirtualMachine>(&*o.content));
        let devices = vms.filter_map(|vm| vm.config.as_ref()).flat_map(|c| c.hardware.device.iter().flatten());
        devices.filter_map(|d| d.cast::<VirtualEthernetCard>()).any(|n| n.mac_address.as_deref() == Some(mac))
    }
}

fn port_of(device: &Obj<VirtualDevice>) -> Option<Str> {
    let backing = device.backing.as_ref()?.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
    backing.port.port_key.clone()
}

fn file_of(disk: &VirtualDisk) -> Option<&str> {
    Some(disk.backing.as_ref()?.cast::<VirtualDeviceFileBackingInfo>()?.file_name.as_str())
}
