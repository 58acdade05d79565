//! Network adapters.

use std::sync::LazyLock;

use vim25::{
    DataType, Obj, Str,
    types::{
        DistributedVirtualSwitchPortConnection, SharesInfo, SharesLevel, VirtualDeviceBackingInfo,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualEthernetCardNetworkBackingInfo,
        VirtualEthernetCardOpaqueNetworkBackingInfo, VirtualEthernetCardResourceAllocation,
    },
};

use crate::vm::surroundings::NetworkFacts;

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

static ALLOCATION: LazyLock<Obj<VirtualEthernetCardResourceAllocation>> = LazyLock::new(|| {
    VirtualEthernetCardResourceAllocation {
        reservation: Some(0),
        share: SharesInfo { shares: 50, level: SharesLevel::Normal }.into(),
        limit: Some(-1),
    }
    .into()
});

/// The network bandwidth of an adapter for which nobody asked for more.
pub fn nic_allocation() -> Obj<VirtualEthernetCardResourceAllocation> {
    ALLOCATION.clone()
}
