//! What an adapter is connected to: a standard network, a port of a distributed switch, an opaque network.

use vim25::{
    DataType, Obj, Str,
    types::{
        DistributedVirtualSwitchPortConnection, VirtualDevice, VirtualDeviceBackingInfo,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualEthernetCardNetworkBackingInfo,
        VirtualEthernetCardOpaqueNetworkBackingInfo,
    },
};

use super::bench::Bench;
use crate::vm::{
    Fault, identity,
    surroundings::{NetworkFacts, PortgroupFacts, Vacancy},
};

/// The backing of an adapter on a standard network.
pub fn network_backing(network: &NetworkFacts) -> Obj<VirtualDeviceBackingInfo> {
    VirtualEthernetCardNetworkBackingInfo::with(|b| {
        b.device_name = network.name.clone();
        b.use_auto_detect = Some(false);
        b.network = Some(network.network.clone());
        b.in_passthrough_mode = Some(false);
    })
    .into()
}

/// The backing of an adapter on a port of a distributed switch.
pub fn dvport_backing(
    switch_uuid: impl Into<Str>,
    portgroup: impl Into<Str>,
    port: Option<Str>,
    cookie: Option<i32>,
) -> Obj<VirtualDeviceBackingInfo> {
    let connection = DistributedVirtualSwitchPortConnection {
        switch_uuid: switch_uuid.into(),
        portgroup_key: Some(portgroup.into()),
        port_key: port,
        connection_cookie: cookie,
    };
    VirtualEthernetCardDistributedVirtualPortBackingInfo::with(|b| b.port = connection.into()).into()
}

/// The backing of an adapter on an opaque network.
pub fn opaque_backing(id: impl Into<Str>, kind: impl Into<Str>) -> Obj<VirtualDeviceBackingInfo> {
    VirtualEthernetCardOpaqueNetworkBackingInfo::with(|b| {
        b.opaque_network_id = id.into();
        b.opaque_network_type = kind.into();
    })
    .into()
}

/// What `deviceInfo.summary` of an adapter with this backing says: the network's name, or the switch.
pub fn nic_summary(backing: &Obj<VirtualDeviceBackingInfo>) -> Str {
    if let Some(standard) = backing.cast::<VirtualEthernetCardNetworkBackingInfo>() {
        return standard.device_name.clone();
    }
    if let Some(port) = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>() {
        return format!("DVSwitch: {}", port.port.switch_uuid).into();
    }
    match backing.cast::<VirtualEthernetCardOpaqueNetworkBackingInfo>() {
        Some(opaque) => format!("{}: {}", opaque.opaque_network_type, opaque.opaque_network_id).into(),
        None => Str::default(),
    }
}

/// The backing of an adapter, checked against what the host has and complete.
pub(crate) fn resolve(
    bench: &Bench<'_>,
    index: usize,
    device: &Obj<VirtualDevice>,
) -> Result<Obj<VirtualDeviceBackingInfo>, Fault> {
    let Some(backing) = &device.backing else {
        return Err(Fault::device_spec(index, "backing", "an adapter needs a network"));
    };
    if let Some(standard) = backing.cast::<VirtualEthernetCardNetworkBackingInfo>() {
        return standard_network(bench, index, standard).map(|n| network_backing(&n));
    }
    if let Some(port) = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>() {
        return dvport(bench, index, device.key, &port.port);
    }
    if let Some(opaque) = backing.cast::<VirtualEthernetCardOpaqueNetworkBackingInfo>() {
        let (id, kind) = (&opaque.opaque_network_id, &opaque.opaque_network_type);
        let found = bench.scene.context.surroundings.opaque_network(id, kind);
        return match found {
            Some(_) => Ok(backing.clone()),
            None => Err(Fault::device_backing(index, "backing.opaqueNetworkId", format!("no {kind} '{id}' here"))),
        };
    }
    let name = backing.shared().descriptor().name;
    Err(Fault::device_backing(index, "backing", format!("a '{name}' does not connect an adapter")))
}

fn standard_network(
    bench: &Bench<'_>,
    index: usize,
    backing: &VirtualEthernetCardNetworkBackingInfo,
) -> Result<NetworkFacts, Fault> {
    let surroundings = bench.scene.context.surroundings;
    let by_name = || Some(&backing.device_name).filter(|n| !n.is_empty()).and_then(|n| surroundings.network_named(n));
    // Clients that move an adapter change the name and often leave the old reference in place.
    let found = by_name().or_else(|| {
        let reference = backing.network.as_ref().filter(|_| backing.device_name.is_empty())?;
        surroundings.network(reference)
    });
    let wanted = if backing.device_name.is_empty() {
        backing.network.as_ref().map_or_else(|| "".into(), |n| n.id.clone())
    } else {
        backing.device_name.clone()
    };
    let host = surroundings.host().name;
    found.ok_or_else(|| {
        Fault::device_backing(index, "backing.deviceName", format!("host '{host}' has no network '{wanted}'"))
    })
}

fn dvport(
    bench: &Bench<'_>,
    index: usize,
    key: i32,
    wanted: &DistributedVirtualSwitchPortConnection,
) -> Result<Obj<VirtualDeviceBackingInfo>, Fault> {
    let group = portgroup(bench, index, wanted)?;
    if group.uplink {
        let why = format!("'{}' is for the switch's uplinks", group.key);
        return Err(Fault::device_backing(index, "backing.port.portgroupKey", why));
    }
    let port = chosen_port(bench, index, key, wanted, &group)?;
    let context = &bench.scene.context;
    let cookie = port.as_ref().map(|port| {
        let purpose = format!("cookie {} {port} {key}", wanted.switch_uuid);
        identity::number(context.seed, &context.vm.id, &purpose)
    });
    Ok(dvport_backing(wanted.switch_uuid.clone(), group.key, port, cookie))
}

/// The port that the adapter is connected to; none if that is found out when it is.
fn chosen_port(
    bench: &Bench<'_>,
    index: usize,
    key: i32,
    wanted: &DistributedVirtualSwitchPortConnection,
    group: &PortgroupFacts,
) -> Result<Option<Str>, Fault> {
    let surroundings = bench.scene.context.surroundings;
    let held = held_ports(bench, key, &wanted.switch_uuid);
    let Some(port) = &wanted.port_key else {
        return match surroundings.vacancy(group, &held) {
            Vacancy::Port(port) => Ok(Some(port)),
            Vacancy::Later => Ok(None),
            Vacancy::Full => {
                let why = format!("port group '{}' has no free port", group.key);
                Err(Fault::device_backing(index, "backing.port", why))
            }
        };
    };
    let wrong = |why: String| Err(Fault::device_backing(index, "backing.port.portKey", why));
    if held.contains(port) {
        return wrong(format!("port '{port}' is used by another adapter of this machine"));
    }
    match surroundings.port(&wanted.switch_uuid, port) {
        Some(known) if known.portgroup.key != group.key => {
            wrong(format!("port '{port}' belongs to port group '{}', not '{}'", known.portgroup.key, group.key))
        }
        // Another adapter of this machine that has it lets go of it: what holds on was found above.
        Some(known) if known.user.as_ref().is_some_and(|user| user != bench.scene.context.vm) => {
            wrong(format!("port '{port}' is in use"))
        }
        Some(_) => Ok(Some(port.clone())),
        None => wrong(format!("the host has no port '{port}' of a switch '{}'", wanted.switch_uuid)),
    }
}

fn portgroup(
    bench: &Bench<'_>,
    index: usize,
    wanted: &DistributedVirtualSwitchPortConnection,
) -> Result<PortgroupFacts, Fault> {
    let surroundings = bench.scene.context.surroundings;
    let switch = &wanted.switch_uuid;
    match (&wanted.portgroup_key, &wanted.port_key) {
        (Some(key), _) => surroundings.portgroup(switch, key).ok_or_else(|| {
            let why = format!("the host has no port group '{key}' of a switch '{switch}'");
            Fault::device_backing(index, "backing.port.portgroupKey", why)
        }),
        (None, Some(port)) => surroundings.port(switch, port).map(|known| known.portgroup).ok_or_else(|| {
            let why = format!("the host has no port '{port}' of a switch '{switch}'");
            Fault::device_backing(index, "backing.port.portKey", why)
        }),
        (None, None) => Err(Fault::device_spec(index, "backing.port", "name a port group or a port")),
    }
}

/// Whether an edit names the port group in which the adapter has its port already, and no other port.
pub(crate) fn stays(old: &Obj<VirtualDevice>, new: &Obj<VirtualDevice>) -> bool {
    let port = |d: &Obj<VirtualDevice>| {
        let backing = d.backing.as_ref()?.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
        Some(backing.port.clone())
    };
    let (Some(had), Some(wants)) = (port(old), port(new)) else { return false };
    let same_port = wants.port_key.is_none() || wants.port_key == had.port_key;
    had.switch_uuid == wants.switch_uuid && had.portgroup_key == wants.portgroup_key && same_port
}

/// Ports of a switch that the other adapters of this VM have.
fn held_ports(bench: &Bench<'_>, key: i32, switch: &str) -> Vec<Str> {
    let others = bench.devices.iter().filter(|d| d.key != key);
    let ports = others.filter_map(|d| {
        let backing = d.backing.as_ref()?.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
        (backing.port.switch_uuid == switch).then(|| backing.port.port_key.clone()).flatten()
    });
    ports.collect()
}
