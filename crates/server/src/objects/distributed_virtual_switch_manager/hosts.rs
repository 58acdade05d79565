//! Which hosts can be members of a switch.

use inventory::Snapshot;
use model::network::product::{NEWEST, Version};
use vim25::{
    MoRef, Obj, args, mo,
    types::{
        DVSManagerDvsConfigTarget, DVSManagerPhysicalNicsList, DistributedVirtualPortgroupInfo,
        DistributedVirtualSwitchInfo, DistributedVirtualSwitchManagerCompatibilityResult,
        DistributedVirtualSwitchManagerDvsProductSpec, DistributedVirtualSwitchManagerHostArrayFilter,
        DistributedVirtualSwitchManagerHostContainerFilter, DistributedVirtualSwitchManagerHostDvsFilterSpec,
        DistributedVirtualSwitchManagerHostDvsMembershipFilter, DvsFault, HostSystemConnectionState,
        VMwareDVSConfigInfo,
    },
};

use crate::{
    dispatch::Call,
    fault::Fault,
    objects::{distributed_virtual_switch::host_version, entity::child_lists},
    tree,
};

/// `QueryCompatibleHostForNewDvs`: the connected hosts in a container whose software can have the switch.
pub fn for_new(call: &Call, args: args::QueryCompatibleHostForNewDvs) -> Result<Option<Vec<MoRef>>, Fault> {
    let version = Version::of_spec(args.switch_product_spec.as_deref());
    let version = version.ok_or_else(|| Fault::invalid_argument("switchProductSpec", "there is no such switch"))?;
    let world = call.snapshot();
    let fits = |host: &MoRef| obstacle(&world, host, version, None).is_none();
    Ok(Some(hosts_in(&world, &args.container, args.recursive)?.into_iter().filter(fits).collect()))
}

/// `QueryCompatibleHostForExistingDvs`: members do not count.
pub fn for_existing(call: &Call, args: args::QueryCompatibleHostForExistingDvs) -> Result<Option<Vec<MoRef>>, Fault> {
    let world = call.snapshot();
    let version = version_of(&world, &args.dvs)?;
    let fits = |host: &MoRef| {
        !is_member(&world, &args.dvs, host) && obstacle(&world, host, version, Some(&args.dvs)).is_none()
    };
    Ok(Some(hosts_in(&world, &args.container, args.recursive)?.into_iter().filter(fits).collect()))
}

/// `QueryDvsCheckCompatibility`: for every host of a container that the filters let through, what stands against it.
pub fn check(
    call: &Call,
    args: args::QueryDvsCheckCompatibility,
) -> Result<Option<Vec<Obj<DistributedVirtualSwitchManagerCompatibilityResult>>>, Fault> {
    let world = call.snapshot();
    let (version, switch) = product(&world, args.dvs_product_spec.as_deref())?;
    let container = &args.host_container;
    let mut hosts = hosts_in(&world, &container.container, container.recursive)?;
    for filter in args.host_filter_spec.iter().flatten() {
        let named = filtered(&world, filter)?;
        hosts.retain(|host| named.contains(host) == filter.inclusive);
    }
    let result = |host: MoRef| {
        let error = obstacle(&world, &host, version, switch.as_ref()).map(|fault| vec![fault.localized()]);
        DistributedVirtualSwitchManagerCompatibilityResult { host, error }.into()
    };
    Ok(Some(hosts.into_iter().map(result).collect()))
}

fn product(
    world: &Snapshot,
    spec: Option<&DistributedVirtualSwitchManagerDvsProductSpec>,
) -> Result<(Version, Option<MoRef>), Fault> {
    let Some(spec) = spec else { return Ok((NEWEST, None)) };
    if let Some(switch) = &spec.distributed_virtual_switch {
        return Ok((version_of(world, switch)?, Some(switch.clone())));
    }
    let version = Version::of_spec(spec.new_switch_product_spec.as_deref());
    let version = version.ok_or_else(|| Fault::invalid_argument("dvsProductSpec", "there is no such switch"))?;
    Ok((version, None))
}

/// The hosts that a filter names.
fn filtered(
    world: &Snapshot,
    filter: &Obj<DistributedVirtualSwitchManagerHostDvsFilterSpec>,
) -> Result<Vec<MoRef>, Fault> {
    if let Some(list) = filter.cast::<DistributedVirtualSwitchManagerHostArrayFilter>() {
        return Ok(list.host.to_vec());
    }
    if let Some(inside) = filter.cast::<DistributedVirtualSwitchManagerHostContainerFilter>() {
        return hosts_in(world, &inside.host_container.container, inside.host_container.recursive);
    }
    if let Some(members) = filter.cast::<DistributedVirtualSwitchManagerHostDvsMembershipFilter>() {
        let switch = world.get::<mo::DistributedVirtualSwitch>(&members.distributed_virtual_switch);
        let switch = switch.ok_or_else(|| Fault::object_not_found(&members.distributed_virtual_switch))?;
        return Ok(switch.config.host.iter().flatten().filter_map(|m| m.config.host.clone()).collect());
    }
    Err(Fault::invalid_argument("hostFilterSpec", "a filter names hosts, a container or a switch"))
}

fn version_of(world: &Snapshot, switch: &MoRef) -> Result<Version, Fault> {
    let known = world.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    Ok(known.config.product_info.version.as_deref().and_then(Version::parse).unwrap_or(NEWEST))
}

fn is_member(world: &Snapshot, switch: &MoRef, host: &MoRef) -> bool {
    let members = world.get::<mo::DistributedVirtualSwitch>(switch).and_then(|s| s.config.host.as_deref());
    members.unwrap_or_default().iter().any(|m| m.config.host.as_ref() == Some(host))
}

/// Why a host cannot be a member.
fn obstacle(world: &Snapshot, host: &MoRef, version: Version, switch: Option<&MoRef>) -> Option<Fault> {
    let system = world.get::<mo::HostSystem>(host)?;
    let software = host_version(system);
    let why = if system.runtime.connection_state != HostSystemConnectionState::Connected {
        format!("The host '{}' is not connected.", system.name)
    } else if !version.admits(&software) {
        format!("The host '{}' of version {software} cannot join a switch of version {version}.", system.name)
    } else if switch.is_some_and(|s| tree::datacenter(world, s) != tree::datacenter(world, host)) {
        format!("The host '{}' belongs to another datacenter than the switch.", system.name)
    } else {
        return None;
    };
    Some(Fault::new(DvsFault::default(), why))
}

/// The hosts in a container: directly in it or, recursively, anywhere below.
fn hosts_in(world: &Snapshot, container: &MoRef, recursive: bool) -> Result<Vec<MoRef>, Fault> {
    let start = world.resolve(container).ok_or_else(|| Fault::object_not_found(container))?;
    if start.content.is::<mo::HostSystem>() {
        return Ok(vec![start.moref.clone()]);
    }
    let (mut found, mut open) = (vec![], vec![(start.moref.clone(), 0)]);
    while let Some((at, depth)) = open.pop() {
        let Some(object) = world.resolve(&at) else { continue };
        if object.content.is::<mo::HostSystem>() {
            found.push(at);
            continue;
        }
        // A host stands in its compute resource, which stands for it where one does not look deeper.
        let goes_on = recursive || depth == 0 || object.content.is::<mo::ComputeResource>();
        if goes_on {
            open.extend(child_lists(&*object.content).into_iter().rev().map(|child| (child, depth + 1)));
        }
    }
    Ok(found)
}

/// `QueryDvsConfigTarget`: the switches and port groups that a host, or the host's or switch's machines, can use.
pub fn config_target(call: &Call, args: args::QueryDvsConfigTarget) -> Result<Obj<DVSManagerDvsConfigTarget>, Fault> {
    let world = call.snapshot();
    for named in args.host.iter().chain(&args.dvs) {
        world.resolve(named).ok_or_else(|| Fault::object_not_found(named))?;
    }
    let mut target = DVSManagerDvsConfigTarget {
        distributed_virtual_portgroup: Some(vec![]),
        distributed_virtual_switch: Some(vec![]),
    };
    let mut switches: Vec<_> = world
        .iter()
        .filter_map(|object| Some((&object.moref, vim25::cast::<mo::DistributedVirtualSwitch>(&*object.content)?)))
        .filter(|(moref, _)| args.dvs.as_ref().is_none_or(|dvs| dvs == *moref))
        .filter(|(moref, _)| args.host.as_ref().is_none_or(|host| is_member(&world, moref, host)))
        .collect();
    switches.sort_by_key(|(moref, _)| *moref);
    for (moref, switch) in switches {
        target.distributed_virtual_switch.get_or_insert_default().push(switch_info(moref, switch).into());
        let groups = switch.portgroup.iter().flatten().filter_map(|g| Some((g, world.get(g)?)));
        let infos = groups.map(|(g, group)| group_info(switch, g, group).into());
        target.distributed_virtual_portgroup.get_or_insert_default().extend(infos);
    }
    Ok(target.into())
}

fn switch_info(moref: &MoRef, switch: &mo::DistributedVirtualSwitch) -> DistributedVirtualSwitchInfo {
    DistributedVirtualSwitchInfo {
        switch_name: switch.name.clone(),
        switch_uuid: switch.uuid.clone(),
        distributed_virtual_switch: moref.clone(),
        network_reservation_supported: Some(true),
    }
}

fn group_info(
    switch: &mo::DistributedVirtualSwitch,
    moref: &MoRef,
    group: &mo::DistributedVirtualPortgroup,
) -> DistributedVirtualPortgroupInfo {
    DistributedVirtualPortgroupInfo {
        switch_name: switch.name.clone(),
        switch_uuid: switch.uuid.clone(),
        portgroup_name: group.name.clone(),
        portgroup_key: group.key.clone(),
        portgroup_type: group.config.type_.clone(),
        uplink_portgroup: group.config.uplink == Some(true),
        portgroup: moref.clone(),
        network_reservation_supported: Some(true),
        backing_type: group.config.backing_type.clone(),
        logical_switch_uuid: group.config.logical_switch_uuid.clone(),
        segment_id: group.config.segment_id.clone(),
        ..Default::default()
    }
}

/// `QueryCompatibleVmnicsFromHosts`: the physical adapters of hosts that a switch can have; of a switch that is offloaded
/// those of data processing units.
pub fn vmnics(
    call: &Call,
    args: args::QueryCompatibleVmnicsFromHosts,
) -> Result<Option<Vec<Obj<DVSManagerPhysicalNicsList>>>, Fault> {
    let world = call.snapshot();
    let version = version_of(&world, &args.dvs)?;
    let config = world.get::<mo::DistributedVirtualSwitch>(&args.dvs).map(|s| &s.config);
    let offload = config.and_then(|c| c.cast::<VMwareDVSConfigInfo>()?.network_offload_spec_id.as_deref());
    let on_dpu = offload.is_some_and(|id| id != "None");
    let list = |host: MoRef| {
        let system = world.get::<mo::HostSystem>(&host).ok_or_else(|| Fault::object_not_found(&host))?;
        let network = system.config.as_ref().and_then(|c| c.network.as_ref());
        let nics = network.and_then(|n| n.pnic.as_deref()).unwrap_or_default().iter();
        let fits = version.admits(&host_version(system));
        let nics = nics.filter(|nic| fits && (!on_dpu || nic.dpu_id.is_some())).cloned().collect();
        Ok(DVSManagerPhysicalNicsList { host, physical_nics: Some(nics) }.into())
    };
    args.hosts.unwrap_or_default().into_iter().map(list).collect::<Result<_, _>>().map(Some)
}
