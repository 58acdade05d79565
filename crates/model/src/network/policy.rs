//! Policies of distributed ports: those of a switch, which its port groups inherit.

use vim25::{DataType, Obj, Str, types::*};

use crate::kit::{some, text, texts};

fn yes_no(inherited: bool, value: bool) -> Option<Obj<BoolPolicy>> {
    Some(BoolPolicy { base: InheritablePolicy { inherited }, value: Some(value) }.into())
}

fn word(inherited: bool, value: Option<&'static str>) -> Option<Obj<StringPolicy>> {
    Some(StringPolicy { base: InheritablePolicy { inherited }, value: value.map(text) }.into())
}

fn number(inherited: bool, value: i32) -> Option<Obj<IntPolicy>> {
    Some(IntPolicy { base: InheritablePolicy { inherited }, value: Some(value) }.into())
}

fn amount(inherited: bool, value: i64) -> Option<Obj<LongPolicy>> {
    Some(LongPolicy { base: InheritablePolicy { inherited }, value: Some(value) }.into())
}

/// The setting of ports by default: of a switch, or (with `inherited`) of a port group that follows its switch.
pub(crate) fn port_setting(inherited: bool, uplinks: &[Str]) -> VMwareDVSPortSetting {
    let base = InheritablePolicy { inherited };
    VMwareDVSPortSetting::with(|p| {
        p.base = common(inherited);
        let vlan = VmwareDistributedVirtualSwitchVlanIdSpec {
            base: VmwareDistributedVirtualSwitchVlanSpec { base: base.clone() },
            vlan_id: 0,
        };
        p.vlan = Some(vlan.into());
        p.qos_tag = number(inherited, -1);
        p.uplink_teaming_policy = Some(teaming(inherited, uplinks).into());
        p.security_policy = Some(security(inherited).into());
        p.ipfix_enabled = yes_no(inherited, false);
        p.tx_uplink = yes_no(inherited, false);
        p.lacp_policy = Some(
            VMwareUplinkLacpPolicy {
                base: base.clone(),
                enable: yes_no(inherited, false),
                mode: word(inherited, Some("passive")),
            }
            .into(),
        );
        p.mac_management_policy = Some(mac_management(base).into());
    })
}

fn common(inherited: bool) -> DVPortSetting {
    let base = InheritablePolicy { inherited };
    let shaping = || {
        Some(Obj::from(DVSTrafficShapingPolicy {
            base: base.clone(),
            enabled: yes_no(inherited, false),
            average_bandwidth: amount(inherited, 100_000_000),
            peak_bandwidth: amount(inherited, 100_000_000),
            burst_size: amount(inherited, 104_857_600),
        }))
    };
    DVPortSetting {
        blocked: yes_no(inherited, false),
        vm_direct_path_gen2_allowed: yes_no(inherited, true),
        in_shaping_policy: shaping(),
        out_shaping_policy: shaping(),
        vendor_specific_config: Some(DVSVendorSpecificConfig { base: base.clone(), key_value: Some(vec![]) }.into()),
        network_resource_pool_key: word(inherited, Some("-1")),
        filter_policy: Some(DvsFilterPolicy { base: base.clone(), filter_config: Some(vec![]) }.into()),
    }
}

/// Names of the uplinks of a switch for which nobody asked for others.
pub fn uplinks() -> Vec<Str> {
    texts(["dvUplink1", "dvUplink2", "dvUplink3", "dvUplink4"])
}

fn teaming(inherited: bool, uplinks: &[Str]) -> VmwareUplinkPortTeamingPolicy {
    let base = InheritablePolicy { inherited };
    VmwareUplinkPortTeamingPolicy {
        base: base.clone(),
        policy: word(inherited, Some("loadbalance_srcid")),
        reverse_policy: yes_no(inherited, true),
        notify_switches: yes_no(inherited, true),
        rolling_order: yes_no(inherited, false),
        failure_criteria: Some(
            DVSFailureCriteria {
                base: base.clone(),
                check_speed: word(inherited, Some("minimum")),
                speed: number(inherited, 10),
                check_duplex: yes_no(inherited, false),
                full_duplex: yes_no(inherited, false),
                check_error_percent: yes_no(inherited, false),
                percentage: number(inherited, 0),
                check_beacon: yes_no(inherited, false),
            }
            .into(),
        ),
        uplink_port_order: Some(
            VMwareUplinkPortOrderPolicy {
                base,
                active_uplink_port: Some(uplinks.to_vec()),
                standby_uplink_port: Some(vec![]),
            }
            .into(),
        ),
    }
}

fn security(inherited: bool) -> DVSSecurityPolicy {
    DVSSecurityPolicy {
        base: InheritablePolicy { inherited },
        allow_promiscuous: yes_no(inherited, false),
        mac_changes: yes_no(inherited, false),
        forged_transmits: yes_no(inherited, false),
    }
}

fn mac_management(base: InheritablePolicy) -> DVSMacManagementPolicy {
    DVSMacManagementPolicy {
        base: base.clone(),
        allow_promiscuous: Some(false),
        mac_changes: Some(false),
        forged_transmits: Some(false),
        mac_learning_policy: Some(
            DVSMacLearningPolicy {
                base,
                enabled: false,
                allow_unicast_flooding: Some(true),
                limit: Some(4096),
                limit_policy: some("DROP"),
            }
            .into(),
        ),
    }
}

/// What ports of a group may override.
pub fn overrides() -> VMwareDVSPortgroupPolicy {
    VMwareDVSPortgroupPolicy::with(|p| {
        p.base.block_override_allowed = true;
        p.base.port_config_reset_at_disconnect = true;
        p.base.network_resource_pool_override_allowed = Some(false);
        p.base.traffic_filter_override_allowed = Some(false);
        p.ipfix_override_allowed = Some(false);
        p.mac_management_override_allowed = Some(false);
    })
}
