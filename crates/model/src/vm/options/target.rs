//! `QueryConfigTarget`: what hosts offer a VM.

use std::collections::BTreeSet;

use inventory::Snapshot;
use vim25::{
    DataType, MoRef, Obj, Str, mo,
    types::{
        ConfigTarget, DistributedVirtualPortgroupInfo, DistributedVirtualSwitchInfo, OpaqueNetworkSummary,
        OpaqueNetworkTargetInfo, VirtualMachineDatastoreInfo, VirtualMachineNetworkInfo, VirtualMachineTargetInfo,
        VmfsDatastoreInfo,
    },
};

use crate::{
    host::newest_hardware,
    vm::{devices::MAX_DISK_BYTES, version},
};

/// The hosts for which an environment browser answers.
pub fn hosts_of(world: &Snapshot, browser: &MoRef) -> Vec<MoRef> {
    let own = world.index().by_browser(browser).and_then(|owner| world.get::<mo::ComputeResource>(&owner));
    own.and_then(|c| c.host.as_ref()).into_iter().flatten().cloned().collect()
}

/// What these hosts offer together: datastores and networks of any of them, CPUs and memory of the largest.
pub fn config_target(world: &Snapshot, hosts: &[MoRef]) -> ConfigTarget {
    let systems: Vec<&mo::HostSystem> = hosts.iter().filter_map(|h| world.get(h)).collect();
    let datastores: BTreeSet<&MoRef> = systems.iter().flat_map(|h| h.datastore.iter().flatten()).collect();
    let networks: BTreeSet<&MoRef> = systems.iter().flat_map(|h| h.network.iter().flatten()).collect();
    ConfigTarget::with(|t| {
        sizes(t, &systems);
        t.datastore = Some(datastores.into_iter().filter_map(|d| datastore(world.get(d)?)).collect());
        connections(t, world, &networks);
        t.smc_present = false;
        t.auto_vmotion = Some(true);
        t.sev_supported = Some(false);
        t.max_simultaneous_threads = Some(1);
        t.available_persistent_memory_reservation_mb = Some(0);
    })
}

fn sizes(target: &mut ConfigTarget, hosts: &[&mo::HostSystem]) {
    for host in hosts {
        let Some(hardware) = host.hardware.as_ref() else { continue };
        let newest = newest_hardware(host);
        let threads = i32::from(hardware.cpu_info.num_cpu_threads);
        target.num_cpus = target.num_cpus.max(threads);
        target.max_cpus_per_host = Some(target.max_cpus_per_host.unwrap_or(0).max(threads));
        target.num_cpu_cores = target.num_cpu_cores.max(hardware.cpu_info.num_cpu_cores.into());
        let nodes = hardware.numa_info.as_ref().map_or(1, |n| n.num_nodes);
        target.num_numa_nodes = target.num_numa_nodes.max(nodes);
        let most = version::max_memory_mb(newest);
        let megabytes = (hardware.memory_size >> 20).min(most) as i32;
        target.max_mem_mb_optimal_perf = target.max_mem_mb_optimal_perf.max(megabytes);
        target.supported_max_mem_mb = Some(target.supported_max_mem_mb.unwrap_or(0).max(most as i32));
    }
}

fn named(name: &Str) -> VirtualMachineTargetInfo {
    VirtualMachineTargetInfo { name: name.clone(), configuration_tag: Some(vec!["clusterWide".into()]) }
}

fn datastore(of: &mo::Datastore) -> Option<Obj<VirtualMachineDatastoreInfo>> {
    let rdm = of.info.cast::<VmfsDatastoreInfo>();
    let info = VirtualMachineDatastoreInfo {
        base: named(&of.name),
        datastore: of.summary.clone(),
        capability: of.capability.clone(),
        max_file_size: of.info.max_file_size,
        max_virtual_disk_capacity: Some(MAX_DISK_BYTES.min(of.info.max_file_size)),
        max_physical_rdm_file_size: rdm.map(|i| i.max_physical_rdm_file_size),
        max_virtual_rdm_file_size: rdm.map(|i| i.max_virtual_rdm_file_size),
        mode: "readWrite".into(),
        v_storage_support: Some("vStorageUnsupported".into()),
        supported_v_disk_formats: None,
    };
    of.summary.accessible.then(|| info.into())
}

fn connections(target: &mut ConfigTarget, world: &Snapshot, networks: &BTreeSet<&MoRef>) {
    let (mut plain, mut opaque, mut groups) = (vec![], vec![], vec![]);
    let mut switches: BTreeSet<&MoRef> = BTreeSet::new();
    for network in networks {
        if let Some(group) = world.get::<mo::DistributedVirtualPortgroup>(network) {
            let Some(moref) = &group.config.distributed_virtual_switch else { continue };
            let Some(switch) = world.get::<mo::DistributedVirtualSwitch>(moref) else { continue };
            switches.insert(moref);
            groups.push(portgroup(network, group, switch).into());
        } else if let Some(found) = world.get::<mo::OpaqueNetwork>(network) {
            opaque.extend(opaque_network(found));
        } else if let Some(found) = world.get::<mo::Network>(network) {
            let base = named(&found.name);
            plain.push(VirtualMachineNetworkInfo { base, network: found.summary.clone(), vswitch: None }.into());
        }
    }
    let switch = |moref: &&MoRef| {
        let found = world.get::<mo::DistributedVirtualSwitch>(moref)?;
        let info = DistributedVirtualSwitchInfo {
            switch_name: found.name.clone(),
            switch_uuid: found.uuid.clone(),
            distributed_virtual_switch: (*moref).clone(),
            network_reservation_supported: Some(true),
        };
        Some(info.into())
    };
    target.distributed_virtual_switch = Some(switches.iter().filter_map(switch).collect());
    target.network = Some(plain);
    target.opaque_network = Some(opaque);
    target.distributed_virtual_portgroup = Some(groups);
}

fn opaque_network(of: &mo::OpaqueNetwork) -> Option<Obj<OpaqueNetworkTargetInfo>> {
    let network = of.summary.down::<OpaqueNetworkSummary>()?;
    Some(OpaqueNetworkTargetInfo { base: named(&of.name), network, network_reservation_supported: Some(false) }.into())
}

fn portgroup(
    moref: &MoRef,
    group: &mo::DistributedVirtualPortgroup,
    switch: &mo::DistributedVirtualSwitch,
) -> DistributedVirtualPortgroupInfo {
    DistributedVirtualPortgroupInfo {
        switch_name: switch.name.clone(),
        switch_uuid: switch.uuid.clone(),
        portgroup_name: group.name.clone(),
        portgroup_key: group.key.clone(),
        portgroup_type: group.config.type_.clone(),
        uplink_portgroup: group.config.uplink.unwrap_or(false),
        portgroup: moref.clone(),
        network_reservation_supported: Some(false),
        backing_type: group.config.backing_type.clone(),
        logical_switch_uuid: group.config.logical_switch_uuid.clone(),
        segment_id: group.config.segment_id.clone(),
        subnet_id: None,
    }
}
