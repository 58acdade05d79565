//! What distributed ports are set to, and which of them are mirrored.

use std::collections::HashSet;

use vim25::{
    EnumValue, Obj, Str,
    types::{
        BoolPolicy, DVPortSetting, DVSTrafficShapingPolicy, DistributedVirtualSwitchPortConnecteeConnecteeType,
        VMwareDVSPortSetting, VMwareVspanSession,
    },
};

/// What a port is set to: its own setting, that of its group, that of the switch, nearest first.
///
/// The nearest level with a value of its own decides. Where no level has one, the nearest value that is marked as
/// inherited is in force: it is what the server took from a level above, which a client may not be allowed to see. This
/// is also what `FetchDVPorts` shows of a policy that a group marks as inherited and the switch does not have. Where no
/// level says anything, traffic passes, VMDirectPath Gen 2 is allowed and every uplink may be used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chain<'s>(pub [Option<&'s Obj<DVPortSetting>>; 3]);

impl<'s> Chain<'s> {
    fn levels(self) -> impl Iterator<Item = &'s Obj<DVPortSetting>> {
        self.0.into_iter().flatten()
    }

    /// What is in force of a policy. `pick` finds it in one setting: whether it is inherited, and what it says.
    pub fn nearest<T>(self, pick: impl Fn(&'s Obj<DVPortSetting>) -> Option<(bool, T)>) -> Option<T> {
        let said = || self.levels().filter_map(&pick);
        let own = said().find(|(inherited, _)| !inherited);
        own.or_else(|| said().next()).map(|(_, value)| value)
    }

    /// The value of a yes-or-no policy.
    pub fn flag(self, pick: impl Fn(&'s DVPortSetting) -> Option<&'s Obj<BoolPolicy>>) -> Option<bool> {
        self.nearest(|setting| pick(setting).and_then(|policy| Some((policy.inherited, policy.value?))))
    }

    /// Whether no traffic passes.
    pub fn blocked(self) -> bool {
        self.flag(|s| s.blocked.as_ref()) == Some(true)
    }

    /// Whether VMDirectPath Gen 2 may be used.
    pub fn is_allowed(self) -> bool {
        self.flag(|s| s.vm_direct_path_gen2_allowed.as_ref()) != Some(false)
    }

    /// Whether a filter policy or traffic shaping has to see the port's packets.
    pub fn is_watched(self) -> bool {
        let filters = self.nearest(|setting| {
            let policy = setting.filter_policy.as_ref()?;
            Some((policy.inherited, policy.filter_config.iter().flatten().count()))
        });
        filters.is_some_and(|count| count > 0)
            || self.shapes(|s| s.in_shaping_policy.as_ref())
            || self.shapes(|s| s.out_shaping_policy.as_ref())
    }

    /// A part of a policy that is inherited is inherited, whatever the part says of itself.
    fn shapes(self, pick: impl Fn(&'s DVPortSetting) -> Option<&'s Obj<DVSTrafficShapingPolicy>>) -> bool {
        let enabled = self.nearest(|setting| {
            let policy = pick(setting)?;
            let enabled = policy.enabled.as_ref()?;
            Some((policy.inherited || enabled.inherited, enabled.value?))
        });
        enabled == Some(true)
    }

    /// Names of the uplinks that the port may use, active ones first. None if no level says: then it may use every one.
    pub fn uplinks(self) -> Option<impl Iterator<Item = &'s Str>> {
        let order = self.nearest(|setting| {
            let teaming = setting.cast::<VMwareDVSPortSetting>()?.uplink_teaming_policy.as_ref()?;
            let order = teaming.uplink_port_order.as_ref()?;
            Some((teaming.inherited || order.inherited, order))
        })?;
        Some(order.active_uplink_port.iter().chain(&order.standby_uplink_port).flatten())
    }
}

/// The adapters' ports of a switch whose packets its enabled sessions mirror.
#[derive(Clone, Debug, Default)]
pub struct Mirrored<'s> {
    keys: HashSet<&'s str>,
    /// A source is "whatever a virtual machine is connected to".
    all: bool,
}

impl<'s> Mirrored<'s> {
    /// Those that sessions name as sources, by key or by what is connected.
    pub fn by(sessions: &'s [Obj<VMwareVspanSession>]) -> Mirrored<'s> {
        let enabled = sessions.iter().filter(|session| session.enabled);
        let sources = enabled.flat_map(|s| [&s.source_port_transmitted, &s.source_port_received]).flatten();
        let adapter = DistributedVirtualSwitchPortConnecteeConnecteeType::VmVnic.as_str();
        let mut mirrored = Mirrored::default();
        for source in sources {
            mirrored.keys.extend(source.port_key.iter().flatten().map(|key| key.as_str()));
            mirrored.all |= source.wildcard_port_connectee_type.iter().flatten().any(|kind| kind == adapter);
        }
        mirrored
    }

    /// Whether the port with this key is mirrored, given that an adapter is connected to it.
    pub fn contains(&self, key: &str) -> bool {
        self.all || self.keys.contains(key)
    }
}
