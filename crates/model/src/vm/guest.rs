//! `guest`: what VMware Tools would report.

use vim25::{
    DataType, Obj, Str,
    types::{
        GuestInfo, GuestInfoCommon, GuestNicInfo, GuestNicInfoCommon, NetIpConfigInfo, NetIpConfigInfoIpAddress,
        NetIpConfigInfoIpAddressCommon, VirtualEthernetCard, VirtualEthernetCardNetworkBackingInfo,
        VirtualMachineConfigInfo, VirtualMachineToolsStatus,
    },
};

use super::guest_os;
use crate::kit::{Recent, some};

/// The version that a guest with tools reports: 12.3.0.
pub const TOOLS_VERSION: i32 = 12_352;

/// The guest of a VM that is off or suspended.
pub fn stopped(config: &VirtualMachineConfigInfo) -> Obj<GuestInfo> {
    shared(base(config, "notRunning"))
}

/// The guest of a VM that was just switched on: tools are not up yet.
pub fn starting(config: &VirtualMachineConfigInfo) -> Obj<GuestInfo> {
    shared(base(config, "running"))
}

/// The guest of a running VM whose tools are up.
pub fn running(config: &VirtualMachineConfigInfo, addresses: &Addresses<'_>) -> Obj<GuestInfo> {
    let mut guest = base(config, "running");
    guest.tools_status = Some(VirtualMachineToolsStatus::ToolsOk);
    guest.tools_version_status = Some(Str::new_static("guestToolsUnmanaged"));
    guest.tools_version_status2 = Some(Str::new_static("guestToolsUnmanaged"));
    guest.tools_running_status = Some("guestToolsRunning".into());
    guest.tools_version = Some(TOOLS_VERSION.to_string().into());
    guest.tools_install_type = Some(Str::new_static("guestToolsTypeOpenVMTools"));
    guest.guest_id = Some(config.guest_id.clone());
    guest.guest_full_name = Some(config.guest_full_name.clone());
    guest.guest_family = Some(guest_os::family(&config.guest_id).into());
    guest.host_name = Some(addresses.host_name.clone());
    guest.guest_operations_ready = Some(true);
    guest.guest_state_change_supported = Some(true);
    let cards = config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualEthernetCard>());
    let mut nics: Vec<Obj<GuestNicInfo>> =
        cards.enumerate().map(|(nth, card)| nic(card, addresses, nth).into()).collect();
    nics.shrink_to_fit();
    let first = nics.iter().find_map(|n| n.ip_address.as_ref()?.first());
    guest.ip_address = first.cloned();
    guest.net = Some(nics);
    shared(guest)
}

/// How a running guest can be reached.
pub struct Addresses<'a> {
    /// Its host name.
    pub host_name: Str,
    /// The IPv4 address of its n-th adapter, counted from 0, if it has one there.
    pub ip: &'a dyn Fn(usize) -> Option<Str>,
    /// The name of the network of an adapter, where the adapter itself does not tell.
    pub network: &'a dyn Fn(&VirtualEthernetCard) -> Option<Str>,
}

thread_local! {
    static GUESTS: Recent<GuestInfoCommon> = const { Recent::new() };
    static NICS: Recent<GuestNicInfoCommon> = const { Recent::new() };
    static ADDRESSES: Recent<NetIpConfigInfoIpAddressCommon> = const { Recent::new() };
}

fn shared(mut guest: GuestInfo) -> Obj<GuestInfo> {
    GUESTS.with(|recent| recent.share(&mut guest.common));
    guest.into()
}

fn base(config: &VirtualMachineConfigInfo, state: &'static str) -> GuestInfo {
    let installed = config.tools.as_ref().and_then(|t| t.tools_version).is_some_and(|v| v > 0);
    let (status, version) = if installed {
        (VirtualMachineToolsStatus::ToolsNotRunning, "guestToolsUnmanaged")
    } else {
        (VirtualMachineToolsStatus::ToolsNotInstalled, "guestToolsNotInstalled")
    };
    GuestInfo::with(|g| {
        g.tools_status = Some(status);
        g.tools_version_status = Some(version.into());
        g.tools_version_status2 = Some(version.into());
        g.tools_running_status = Some("guestToolsNotRunning".into());
        g.tools_version = config.tools.as_ref().and_then(|t| t.tools_version).map(|v| v.to_string().into());
        g.tools_install_type = config.tools.as_ref().and_then(|t| t.tools_install_type.clone());
        g.net = Some(vec![]);
        g.guest_state = state.into();
        g.app_heartbeat_status = Some("appStatusGray".into());
        g.guest_kernel_crashed = Some(false);
        g.app_state = Some("none".into());
        g.guest_operations_ready = Some(false);
        g.interactive_guest_operations_ready = Some(false);
        g.guest_state_change_supported = Some(false);
        g.generation_info = Some(vec![]);
        g.hw_version = Some(config.version.clone());
    })
}

fn nic(card: &VirtualEthernetCard, addresses: &Addresses<'_>, nth: usize) -> GuestNicInfo {
    let connected = card.connectable.as_ref().is_none_or(|c| c.connected);
    let ip = connected.then(|| (addresses.ip)(nth)).flatten();
    let config =
        ip.clone().map(|ip| NetIpConfigInfo { ip_address: Some(vec![address(ip).into()]), ..Default::default() });
    let mut common = GuestNicInfoCommon {
        network: network_name(card).or_else(|| (addresses.network)(card)),
        connected,
        device_config_id: card.key,
        ..Default::default()
    }
    .into();
    NICS.with(|recent| recent.share(&mut common));
    GuestNicInfo {
        ip_address: ip.map(|ip| vec![ip]),
        mac_address: card.mac_address.clone(),
        ip_config: config.map(Into::into),
        common,
    }
}

fn address(ip: Str) -> NetIpConfigInfoIpAddress {
    let common = NetIpConfigInfoIpAddressCommon { prefix_length: 8, state: some("preferred"), ..Default::default() };
    let mut common = common.into();
    ADDRESSES.with(|recent| recent.share(&mut common));
    NetIpConfigInfoIpAddress { ip_address: ip, common }
}

fn network_name(card: &VirtualEthernetCard) -> Option<Str> {
    card.backing.as_ref()?.cast::<VirtualEthernetCardNetworkBackingInfo>().map(|b| b.device_name.clone())
}
