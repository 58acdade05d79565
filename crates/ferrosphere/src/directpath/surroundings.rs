//! What is known of an adapter's host and port.

use ::directpath::facts::{Port, PortRole};
use ::directpath::{HostReason, Reason, Set, host_reasons, read::product_version};
use vim25::types::{
    BoolPolicy, DVPortSetting, DVSTrafficShapingPolicy, DistributedVirtualSwitchHostMemberPnicBacking, HostCapability,
    HostNetworkInfo, HostProxySwitch, PhysicalNic, VMwareDVSPortSetting,
};
use vim25::{Obj, Str};

use super::subject::Subject;
use super::world::connection;

/// First software with VMDirectPath Gen 2, and the first without it, which has UPTv2 instead.
const GEN2: std::ops::Range<(u32, u32)> = (4, 1)..(8, 0);

/// Settings of a port, of its group, and of the switch: the first that says something counts.
type Chain<'w> = Vec<&'w Obj<DVPortSetting>>;

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
        Some(capability) => said(capability),
        // Software that says nothing: it does not know the technology, or the client may not know the host.
        None => host_reasons(GEN2.contains(&version), true, true),
    };
    let dpu = pnics(subject).any(|pnic| pnic.dpu_id.is_some());
    let off = |reason| gen2.contains(reason);
    let hardware = dpu && !off(HostReason::IncompatibleHardware);
    (gen2, host_reasons(version >= GEN2.end, hardware, !off(HostReason::Disabled)))
}

/// What the host says of itself.
fn said(capability: &HostCapability) -> Set<HostReason> {
    if capability.vm_direct_path_gen2_supported == Some(true) {
        return Set::EMPTY;
    }
    let names = capability.vm_direct_path_gen2_unsupported_reason.iter().flatten();
    let said: Set<HostReason> = names.filter_map(|name| HostReason::parse(name)).collect();
    if said.is_empty() { Set::EMPTY.with(HostReason::IncompatibleProduct) } else { said }
}

/// The distributed port that the adapter is connected to.
pub fn port(subject: &Subject<'_>, reported: Reported<'_>) -> Option<Port> {
    let connection = connection(subject.card)?;
    let switch = subject.world.switch(connection);
    let features = switch.and_then(|switch| switch.capability.features_supported.as_ref());
    let chain = settings(subject);
    let proxy = proxy(subject);
    let devices = proxy.map(|proxy| uplink_devices(proxy, &chain));
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
        allowed: is_allowed(&chain) && !reported("portNptDisabledForPort"),
        uplink_gen2: (proxy.is_none() || !told || used().any(suits)) && !reported("portNptNoCompatibleNics"),
        uplink_dpu: proxy.is_none() || used().any(|pnic| pnic.dpu_id.is_some()),
        chain: is_watched(&chain),
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
    let Some(connection) = connection(subject.card) else { return Vec::new() };
    let port = subject.world.port(connection).and_then(|port| port.config.setting.as_ref());
    let group = subject.world.group(connection).and_then(|group| group.config.default_port_config.as_ref());
    let switch = subject.world.switch(connection).map(|switch| &switch.config.default_port_config);
    [port, group, switch].into_iter().flatten().collect()
}

/// What a policy says: at the first level that does not inherit it, else what a level was told that inherits it.
fn policy(chain: &Chain<'_>, pick: fn(&DVPortSetting) -> Option<&Obj<BoolPolicy>>) -> Option<bool> {
    let levels = || chain.iter().filter_map(|level| pick(level));
    levels().filter(|policy| !policy.inherited).chain(levels()).find_map(|policy| policy.value)
}

/// Whether VMDirectPath Gen 2 may be used: unless a level says no.
fn is_allowed(chain: &Chain<'_>) -> bool {
    policy(chain, |setting| setting.vm_direct_path_gen2_allowed.as_ref()).unwrap_or(true)
}

/// Whether a filter or shaping has to see the port's packets.
fn is_watched(chain: &Chain<'_>) -> bool {
    let shaped = |pick: fn(&DVPortSetting) -> Option<&Obj<DVSTrafficShapingPolicy>>| {
        let levels = || chain.iter().filter_map(|level| pick(level));
        let own = levels().filter(|policy| !policy.inherited).chain(levels());
        own.filter_map(|policy| policy.enabled.as_ref()).find_map(|enabled| enabled.value) == Some(true)
    };
    let mut filters = chain.iter().filter_map(|level| level.filter_policy.as_ref()).filter(|policy| !policy.inherited);
    let filtered = filters.next().is_some_and(|policy| policy.filter_config.iter().flatten().count() > 0);
    filtered || shaped(|s| s.in_shaping_policy.as_ref()) || shaped(|s| s.out_shaping_policy.as_ref())
}

/// Physical adapters behind the uplinks that the teaming policy uses; behind all, where their names are not told.
fn uplink_devices(proxy: &HostProxySwitch, chain: &Chain<'_>) -> Vec<Str> {
    let backing = proxy.spec.backing.as_ref();
    let specs = backing.and_then(|b| b.cast::<DistributedVirtualSwitchHostMemberPnicBacking>()?.pnic_spec.as_ref());
    let teaming = chain.iter().filter_map(|level| level.cast::<VMwareDVSPortSetting>()?.uplink_teaming_policy.as_ref());
    let orders: Vec<_> = teaming.filter_map(|teaming| teaming.uplink_port_order.as_ref()).collect();
    let order = orders.iter().find(|order| !order.inherited).or(orders.first());
    let names = order.into_iter().flat_map(|o| o.active_uplink_port.iter().chain(&o.standby_uplink_port).flatten());
    let names: Vec<&Str> = names.collect();
    let name = |key: &Str| proxy.uplink_port.iter().flatten().find(|port| port.key == *key).map(|port| &port.value);
    let is_used = |key: Option<&Str>| order.is_none() || key.and_then(name).is_none_or(|name| names.contains(&name));
    let specs = specs.into_iter().flatten().filter(|spec| is_used(spec.uplink_port_key.as_ref()));
    specs.map(|spec| spec.pnic_device.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vim25::DataType;
    use vim25::types::{
        DistributedVirtualSwitchHostMemberPnicSpec, HostProxySwitchSpec, KeyValue, VMwareUplinkPortOrderPolicy,
        VmwareUplinkPortTeamingPolicy,
    };

    fn allowed(inherited: bool, value: Option<bool>) -> Obj<DVPortSetting> {
        let mut policy = BoolPolicy { value, ..Default::default() };
        policy.base.inherited = inherited;
        DVPortSetting { vm_direct_path_gen2_allowed: Some(policy.into()), ..Default::default() }.into()
    }

    fn is(levels: &[Obj<DVPortSetting>]) -> bool {
        is_allowed(&levels.iter().collect())
    }

    #[test]
    fn the_nearest_level_that_does_not_inherit_decides() {
        let nothing = || Obj::<DVPortSetting>::default();
        assert!(is(&[]) && is(&[nothing(), nothing()]), "nobody says no");
        assert!(!is(&[allowed(true, None), allowed(false, Some(false)), allowed(false, Some(true))]));
        assert!(is(&[allowed(false, Some(true)), allowed(false, Some(false))]));
        assert!(!is(&[allowed(true, Some(false))]), "the port was told, and the levels above cannot be read");
    }

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
        let devices = |levels: &[Obj<DVPortSetting>]| uplink_devices(&proxy, &levels.iter().collect());
        assert_eq!(devices(&[]), ["vmnic0", "vmnic1", "vmnic2"]);
        assert_eq!(devices(&[teaming(&["uplink3"], &["uplink1"])]), ["vmnic0", "vmnic2"]);
        assert!(devices(&[teaming(&[], &[])]).is_empty(), "a team of nobody");
    }
}
