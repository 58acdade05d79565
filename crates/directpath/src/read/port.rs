//! The facts of a distributed port.

use vim25::{
    Obj, Str,
    types::{
        BoolPolicy, DVPortSetting, DVSFeatureCapability, DVSTrafficShapingPolicy, HostNetworkInfo,
        VMwareDVSPortSetting, VMwareVspanSession,
    },
};

use crate::facts::{Port, PortRole};

/// What a port is set to: its own setting, that of its group, that of the switch, nearest first. What one level does not
/// say, or marks as inherited, the next one says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chain<'s>(pub [Option<&'s Obj<DVPortSetting>>; 3]);

impl<'s> Chain<'s> {
    fn levels(self) -> impl Iterator<Item = &'s Obj<DVPortSetting>> {
        self.0.into_iter().flatten()
    }

    /// The value of the nearest level that has its own. A client may not see the levels above; what is marked as inherited
    /// is then what the server took from them.
    fn flag(self, pick: impl Fn(&'s DVPortSetting) -> Option<&'s Obj<BoolPolicy>>) -> Option<bool> {
        let policies = || self.levels().filter_map(|level| pick(level));
        let own = policies().filter(|policy| !policy.inherited).find_map(|policy| policy.value);
        own.or_else(|| policies().find_map(|policy| policy.value))
    }

    /// Whether VMDirectPath Gen 2 may be used: unless a level says no.
    pub fn is_allowed(self) -> bool {
        self.flag(|s| s.vm_direct_path_gen2_allowed.as_ref()).unwrap_or(true)
    }

    /// Whether a filter policy or traffic shaping has to see the port's packets.
    pub fn is_watched(self) -> bool {
        let shaped = |pick: fn(&DVPortSetting) -> Option<&Obj<DVSTrafficShapingPolicy>>| {
            self.flag(move |level| pick(level).filter(|p| !p.inherited)?.enabled.as_ref()) == Some(true)
        };
        let mut filters = self.levels().filter_map(|level| level.filter_policy.as_ref()).filter(|p| !p.inherited);
        let filtered = filters.next().is_some_and(|p| p.filter_config.iter().flatten().count() > 0);
        filtered || shaped(|s| s.in_shaping_policy.as_ref()) || shaped(|s| s.out_shaping_policy.as_ref())
    }

    /// Names of the uplinks that the port may use, active ones first.
    pub fn uplinks(self) -> impl Iterator<Item = &'s Str> {
        let teaming = self.levels().filter_map(|level| level.cast::<VMwareDVSPortSetting>());
        let teaming = teaming.filter_map(|s| s.uplink_teaming_policy.as_ref()).filter(|t| !t.inherited);
        let order = teaming.filter_map(|t| t.uplink_port_order.as_ref()).find(|order| !order.inherited);
        order.into_iter().flat_map(|o| o.active_uplink_port.iter().chain(&o.standby_uplink_port).flatten())
    }
}

/// Keys of the ports whose packets an enabled session mirrors.
pub fn mirrored_ports(sessions: &[Obj<VMwareVspanSession>]) -> impl Iterator<Item = &Str> {
    let enabled = sessions.iter().filter(|session| session.enabled);
    let sources = enabled.flat_map(|s| [&s.source_port_transmitted, &s.source_port_received]).flatten();
    sources.flat_map(|source| source.port_key.iter().flatten())
}

/// The facts of an adapter's port on a host.
///
/// `switch_uuid` names the switch, `features` are what it supports, `pnics` are the devices of the host behind the
/// uplinks that the port may use, and `mirrored` tells whether a session mirrors it.
pub fn port(
    chain: Chain<'_>,
    mirrored: bool,
    switch_uuid: &str,
    features: Option<&DVSFeatureCapability>,
    pnics: &[Str],
    network: &HostNetworkInfo,
) -> Port {
    let used = || network.pnic.iter().flatten().filter(|pnic| pnics.contains(&pnic.device));
    let mut switches = network.proxy_switch.iter().flatten().filter(|s| s.dvs_uuid.eq_ignore_ascii_case(switch_uuid));
    Port {
        role: PortRole::Adapter,
        switch_gen2: features.and_then(|f| f.vm_direct_path_gen2_supported) == Some(true),
        switch_offloaded: switches.any(|s| s.network_offloading_enabled == Some(true)),
        allowed: chain.is_allowed(),
        uplink_gen2: used().any(|pnic| pnic.vm_direct_path_gen2_supported == Some(true)),
        uplink_dpu: used().any(|pnic| pnic.dpu_id.is_some()),
        chain: mirrored || chain.is_watched(),
    }
}
