//! What a machine's configuration depends on outside of it, read from the world.

use inventory::Snapshot;
use model::{
    network::ports::{self, Binding, Connectee},
    vm::surroundings::{
        DatastoreFacts, HostFacts, Lookup, NetworkFacts, PortFacts, PortgroupFacts, Surroundings, Vacancy,
    },
};
use vim25::{
    MoRef, Str, mo,
    types::{VirtualDeviceFileBackingInfo, VirtualDisk, VirtualMachineConfigInfo},
};

use super::shelf;

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
        let refs = self.host_system().and_then(|h| h.datastore.as_ref()).unwrap_or_default();
        refs.iter().filter_map(|d| Some(datastore_facts(d, self.world.get(d)?)))
    }

    fn networks(&self) -> impl Iterator<Item = (&'w MoRef, &'w mo::Network)> {
        let refs = self.host_system().and_then(|h| h.network.as_ref()).unwrap_or_default();
        refs.iter().filter_map(|n| Some((n, self.world.get::<mo::Network>(n)?)))
    }

    fn switch_has_uuid(&self, portgroup: &mo::DistributedVirtualPortgroup, uuid: &str) -> bool {
        let switch = portgroup.config.distributed_virtual_switch.as_ref();
        let switch = switch.and_then(|s| self.world.get::<mo::DistributedVirtualSwitch>(s));
        switch.is_some_and(|s| s.uuid.eq_ignore_ascii_case(uuid))
    }

    /// The configurations of the machines on a datastore that have a file of this full path.
    fn having(&self, store: &MoRef, path: &str) -> impl Iterator<Item = &'w VirtualMachineConfigInfo> {
        let world = self.world;
        let vms = world.index().by_file(path).into_iter().filter_map(|vm| world.get::<mo::VirtualMachine>(&vm));
        // Datastores of other datacenters may have the same name.
        let here = vms.filter(move |vm| vm.datastore.iter().flatten().any(|datastore| datastore == store));
        here.filter_map(|vm| vm.config.as_deref())
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
        let moref = MoRef::new("DistributedVirtualPortgroup", key);
        let portgroup = self.world.get::<mo::DistributedVirtualPortgroup>(&moref)?;
        let here = self.host_system()?.network.iter().flatten().any(|n| *n == moref);
        (here && self.switch_has_uuid(portgroup, switch_uuid)).then(|| portgroup_facts((&moref, portgroup)))
    }

    fn port(&self, switch_uuid: &str, port: &str) -> Option<PortFacts> {
        let switch = ports::switch_of_host(self.world, &self.host, switch_uuid)?;
        let place = ports::find(self.world, &switch, port)?;
        let portgroup = self.world.get::<mo::DistributedVirtualPortgroup>(&place.portgroup)?;
        let connectee = ports::port(self.world, &place).and_then(|p| p.connectee.as_ref());
        let user = connectee.map(|connectee| match connectee {
            Connectee::Adapter { vm, .. } => vm.clone(),
            Connectee::PhysicalNic { host, .. } | Connectee::HostNic { host, .. } => host.clone(),
        });
        Some(PortFacts { portgroup: portgroup_facts((&place.portgroup, portgroup)), user })
    }

    fn vacancy(&self, portgroup: &PortgroupFacts, held: &[Str]) -> Vacancy {
        let moref = &portgroup.portgroup;
        let Some(group) = self.world.get::<mo::DistributedVirtualPortgroup>(moref) else { return Vacancy::Full };
        if ports::binding(group) != Binding::Early {
            return Vacancy::Later;
        }
        let held: Vec<u32> = held.iter().filter_map(|key| key.parse().ok()).collect();
        match ports::ports(self.world, moref).and_then(|ports| ports.free().first_except(&held)) {
            Some(key) => Vacancy::Port(key.to_string().into()),
            None if group.config.auto_expand == Some(true) => Vacancy::Later,
            None => Vacancy::Full,
        }
    }

    fn disk_capacity(&self, moref: &MoRef, path: &str) -> Option<i64> {
        let datastore = self.world.get::<mo::Datastore>(moref)?;
        let full = format!("[{}] {path}", datastore.name);
        let devices = self.having(moref, &full).flat_map(|config| config.hardware.device.iter().flatten());
        let mut disks = devices.filter_map(|device| device.cast::<VirtualDisk>());
        let known = disks.find(|d| file_of(d).is_some_and(|f| f == full)).and_then(|d| d.capacity_in_bytes);
        known.or_else(|| shelf::disk_capacity(self.world, moref, &full))
    }

    fn file_exists(&self, datastore: &MoRef, path: &str) -> bool {
        if !path.ends_with(".vmx") {
            return self.disk_capacity(datastore, path).is_some();
        }
        if shelf::has_vmx(self.world, datastore, path) {
            return true;
        }
        let Some(found) = self.world.get::<mo::Datastore>(datastore) else { return false };
        let full = format!("[{}] {path}", found.name);
        let mut vms = self.having(datastore, &full);
        vms.any(|config| config.files.vm_path_name.as_deref() == Some(full.as_str()))
    }

    fn mac_in_use(&self, mac: &str) -> bool {
        !self.world.index().by_mac(mac).is_empty()
    }
}

fn file_of(disk: &VirtualDisk) -> Option<&str> {
    Some(disk.backing.as_ref()?.cast::<VirtualDeviceFileBackingInfo>()?.file_name.as_str())
}
