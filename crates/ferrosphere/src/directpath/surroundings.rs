//! What is known of an adapter's host and port.

use ::directpath::facts::{Port, PortRole};
use ::directpath::read::{self, Chain, product_version};
use ::directpath::{HostReason, Set, host_reasons};
use vim25::Str;
use vim25::types::{DistributedVirtualSwitchHostMemberPnicBacking, HostNetworkInfo, HostProxySwitch, PhysicalNic};

use super::subject::Subject;
use super::world::connection;

/// First software with VMDirectPath Gen 2, and the first without it, which has UPTv2 instead.
const GEN2: std::ops::Range<(u32, u32)> = (4, 1)..(8, 0);

/// Whether the server reports this reason.
type Reported<'r> = &'r dyn Fn(&str) -> bool;

/// Why the host does neither VMDirectPath Gen 2 nor UPTv2.
pub fn host(subject: &Subject<'_>, reported: Reported<'_>) -> (Set<HostReason>, Set<HostReason>) {
    let Some(config) = subject.host.and_then(|host| host.config.as_ref()) else {
        let product = Set::EMPTY.with(HostReason::IncompatibleProduct);
        return (if reported("vmNptIncompatibleHost") { product } else { Set::EMPTY }, Set::EMPTY);
    };
    let version = product_version(Some(config));
    let capability = subject.host.and_then(|host| host.capability.as_deref());
    let gen2 = match capability {
        Some(capability) => read::gen2(capability),
        // Software that says nothing: it does not know the technology, or the client may not know the host.
        None => host_reasons(GEN2.contains(&version), true, true),
    };
    let dpu = pnics(subject).any(|pnic| pnic.dpu_id.is_some());
    let off = |reason| gen2.contains(reason);
    let hardware = dpu && !off(HostReason::IncompatibleHardware);
    (gen2, host_reasons(version >= GEN2.end, hardware, !off(HostReason::Disabled)))
}

/// The distributed port that the adapter is connected to.
pub fn port(subject: &Subject<'_>, reported: Reported<'_>) -> Option<Port> {
    let connection = connection(subject.card)?;
    let switch = subject.world.switch(connection);
    let features = switch.and_then(|switch| switch.capability.features_supported.as_ref());
    let chain = settings(subject);
    let proxy = proxy(subject);
    let devices = proxy.map(|proxy| uplink_devices(proxy, chain));
    let used = || pnics(subject).filter(|pnic| devices.as_ref().is_none_or(|devices| devices.contains(&pnic.device)));
    // A host whose software does not know Gen 2 leaves its adapters' property unset: that is the host's reason.
    let told = pnics(subject).any(|pnic| pnic.vm_direct_path_gen2_supported.is_some());
    let suits = |pnic: &PhysicalNic| pnic.vm_direct_path_gen2_supported == Some(true);
    Some(Port {
        role: PortRole::Adapter,
        switch_gen2: match switch {
            Some(_) => features.is_some_and(|f| f.vm_direct_path_gen2_supported == Some(true)),
            None => !reported("portNptIncompatibleDvs"),
        },
        switch_offloaded: proxy.is_none_or(|proxy| proxy.network_offloading_enabled == Some(true)),
        allowed: chain.is_allowed() && !reported("portNptDisabledForPort"),
        uplink_gen2: (proxy.is_none() || !told || used().any(suits)) && !reported("portNptNoCompatibleNics"),
        uplink_dpu: proxy.is_none() || used().any(|pnic| pnic.dpu_id.is_some()),
        chain: chain.is_watched(),
    })
}

fn network<'w>(subject: &Subject<'w>) -> Option<&'w HostNetworkInfo> {
    subject.host?.config.as_ref()?.network.as_deref()
}

fn pnics<'w>(subject: &Subject<'w>) -> impl Iterator<Item = &'w PhysicalNic> + use<'w> {
    network(subject).into_iter().flat_map(|network| network.pnic.iter().flatten()).map(|pnic| &**pnic)
}

/// The switch as it is on the host.
fn proxy<'w>(subject: &Subject<'w>) -> Option<&'w HostProxySwitch> {
    let uuid = &connection(subject.card)?.switch_uuid;
    let switches = network(subject)?.proxy_switch.iter().flatten().map(|switch| &**switch);
    switches.into_iter().find(|switch| switch.dvs_uuid.eq_ignore_ascii_case(uuid))
}

fn settings<'w>(subject: &Subject<'w>) -> Chain<'w> {
    let Some(connection) = connection(subject.card) else { return Chain::default() };
    let port = subject.world.port(connection).and_then(|port| port.config.setting.as_ref());
    let group = subject.world.group(connection).and_then(|group| group.config.default_port_config.as_ref());
    let switch = subject.world.switch(connection).map(|switch| &switch.config.default_port_config);
    Chain([port, group, switch])
}

/// Physical adapters behind the uplinks that the port may use; behind all, where their names are not told.
fn uplink_devices(proxy: &HostProxySwitch, chain: Chain<'_>) -> Vec<Str> {
    let backing = proxy.spec.backing.as_ref();
    let specs = backing.and_then(|b| b.cast::<DistributedVirtualSwitchHostMemberPnicBacking>()?.pnic_spec.as_ref());
    let names: Option<Vec<&Str>> = chain.uplinks().map(Iterator::collect);
    let name = |key: &Str| proxy.uplink_port.iter().flatten().find(|port| port.key == *key).map(|port| &port.value);
    let may = |names: &Vec<&Str>, key: Option<&Str>| key.and_then(name).is_none_or(|name| names.contains(&name));
    let is_used = |key: Option<&Str>| names.as_ref().is_none_or(|names| may(names, key));
    let specs = specs.into_iter().flatten().filter(|spec| is_used(spec.uplink_port_key.as_ref()));
    specs.map(|spec| spec.pnic_device.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vim25::types::{
        DVPortSetting, DistributedVirtualSwitchHostMemberPnicSpec, HostProxySwitchSpec, KeyValue, VMwareDVSPortSetting,
        VMwareUplinkPortOrderPolicy, VmwareUplinkPortTeamingPolicy,
    };
    use vim25::{DataType, Obj};

    fn teaming(active: &[&str], standby: &[&str]) -> Obj<DVPortSetting> {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).into()).collect());
        let order = VMwareUplinkPortOrderPolicy::with(|order| {
            (order.active_uplink_port, order.standby_uplink_port) = (names(active), names(standby));
        });
        let policy = VmwareUplinkPortTeamingPolicy { uplink_port_order: Some(order.into()), ..Default::default() };
        Obj::from(VMwareDVSPortSetting { uplink_teaming_policy: Some(policy.into()), ..Default::default() })
    }

    #[test]
    fn only_adapters_of_uplinks_in_use_count() {
        let spec = |device: &str, key: &str| {
            let (pnic_device, uplink_port_key) = (device.into(), Some(key.into()));
            DistributedVirtualSwitchHostMemberPnicSpec { pnic_device, uplink_port_key, ..Default::default() }.into()
        };
        let pnic_spec = Some(vec![spec("vmnic0", "10"), spec("vmnic1", "11"), spec("vmnic2", "12")]);
        let backing = DistributedVirtualSwitchHostMemberPnicBacking { pnic_spec, ..Default::default() };
        let port = |key: &str, value: &str| KeyValue { key: key.into(), value: value.into() }.into();
        let proxy = HostProxySwitch::with(|proxy| {
            proxy.uplink_port = Some(vec![port("10", "uplink1"), port("11", "uplink2"), port("12", "uplink3")]);
            proxy.spec = HostProxySwitchSpec { backing: Some(backing.into()) }.into();
        });
        let devices = |setting: Option<&Obj<DVPortSetting>>| uplink_devices(&proxy, Chain([setting, None, None]));
        assert_eq!(devices(None), ["vmnic0", "vmnic1", "vmnic2"]);
        assert_eq!(devices(Some(&teaming(&["uplink3"], &["uplink1"]))), ["vmnic0", "vmnic2"]);
        assert!(devices(Some(&teaming(&[], &[]))).is_empty(), "a team of nobody");
    }
}
