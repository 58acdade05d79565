//! Policies of ports that are inherited: from the switch by its port groups, from a port group by its ports.
//!
//! A setting is a tree of policies, each marked as inherited or not; what is in force is found by walking the tree, for
//! any kind of setting, by what the types say of themselves.

use vim25::{
    Any, DataObject, DataType, Obj, Ref, Shared, cast,
    types::{DVPortSetting, InheritablePolicy},
};

/// What is in force where `own` stands below `parent`: policies that `own` has for itself stay, the others are the
/// parent's, marked as inherited.
pub fn resolve(own: Option<&Obj<DVPortSetting>>, parent: &Obj<DVPortSetting>) -> Obj<DVPortSetting> {
    let resolved = match own {
        Some(own) => below(&**own.shared(), parent.shared()),
        None => marked(parent.shared(), true),
    };
    as_setting(resolved, parent)
}

/// A setting after a change: what the change says replaces what there was, policy by policy; what it does not say stays.
pub fn change(current: Option<&Obj<DVPortSetting>>, wanted: &Obj<DVPortSetting>) -> Obj<DVPortSetting> {
    let Some(current) = current else { return wanted.clone() };
    as_setting(overlaid(current.shared(), wanted.shared()), wanted)
}

/// A setting that nothing stands above: every policy in it is its own.
pub fn rooted(setting: &Obj<DVPortSetting>) -> Obj<DVPortSetting> {
    as_setting(marked(setting.shared(), false), setting)
}

/// Names of the policies that a setting does not inherit.
pub fn own_policies(setting: &Obj<DVPortSetting>) -> Vec<&'static str> {
    let object = &**setting.shared();
    let fields = object.descriptor().all_fields().into_iter().map(|f| f.name);
    fields.filter(|name| policy(object.field(name)).is_some_and(|(_, p)| !p.inherited)).collect()
}

fn as_setting(shared: Shared, other: &Obj<DVPortSetting>) -> Obj<DVPortSetting> {
    Obj::from_shared(shared).unwrap_or_else(|_| other.clone())
}

fn policy(field: Option<Ref<'_>>) -> Option<(&Shared, &InheritablePolicy)> {
    match field? {
        Ref::Object(object) => Some((object, cast::<InheritablePolicy>(&**object)?)),
        _ => None,
    }
}

/// `own` completed from `parent`, which is of the same kind or a more general one.
fn below(own: &dyn DataObject, parent: &Shared) -> Shared {
    let mut result = own.clone_shared();
    if !own.descriptor().is_a(parent.descriptor()) {
        // The parent knows more than `own`, which adds what it has.
        result = marked(parent, true);
    }
    for field in own.descriptor().all_fields() {
        let (mine, theirs) = (own.field(field.name), parent.field(field.name));
        let chosen = match (policy(mine), policy(theirs)) {
            (Some((mine, flag)), _) if !flag.inherited => match policy(theirs) {
                Some((theirs, _)) if mine.descriptor() == theirs.descriptor() => Some(below(&**mine, theirs)),
                _ => Some(mine.clone()),
            },
            (_, Some((theirs, _))) => Some(marked(theirs, true)),
            (Some((mine, _)), None) => Some(mine.clone()),
            (None, None) => None,
        };
        if let Some(chosen) = chosen {
            assign(&mut result, field.name, Some(Any::Object(chosen)));
        } else if field.name != "inherited" {
            let value = mine.filter(|m| !m.is_unset()).or(theirs);
            assign(&mut result, field.name, value.and_then(|v| v.to_any(field.kind)));
        }
    }
    result
}

/// A copy in which every policy says whether it is inherited.
fn marked(object: &Shared, inherited: bool) -> Shared {
    let mut copy = object.clone_shared();
    for field in object.descriptor().all_fields() {
        if let Some((nested, _)) = policy(object.field(field.name)) {
            let nested = marked(nested, inherited);
            assign(&mut copy, field.name, Some(Any::Object(nested)));
        }
    }
    if object.descriptor().is_a(InheritablePolicy::TYPE) {
        assign(&mut copy, "inherited", Some(Any::Bool(inherited)));
    }
    copy
}

/// `wanted` laid over `current`.
fn overlaid(current: &Shared, wanted: &Shared) -> Shared {
    let mut result = match current.descriptor().is_a(wanted.descriptor()) {
        true => current.clone_shared(),
        false => widened(current, wanted),
    };
    for field in wanted.descriptor().all_fields() {
        let value = wanted.field(field.name);
        let nested = policy(value).and_then(|(mine, flag)| {
            let (known, _) = policy(current.field(field.name))?;
            let mergeable = !flag.inherited && mine.descriptor() == known.descriptor();
            Some(if mergeable { overlaid(known, mine) } else { mine.clone() })
        });
        let value = nested.map(Any::Object).or_else(|| value?.to_any(field.kind));
        if value.is_some() {
            assign(&mut result, field.name, value);
        }
    }
    result
}

/// What `current` says, as an object of the type of `wanted`.
fn widened(current: &Shared, wanted: &Shared) -> Shared {
    let mut result = (wanted.descriptor().new)();
    for field in current.descriptor().all_fields() {
        assign(&mut result, field.name, current.field(field.name).and_then(|v| v.to_any(field.kind)));
    }
    result
}

/// Writes a field of an object that nobody else holds, if the object has such a field and the value fits.
fn assign(object: &mut Shared, name: &str, value: Option<Any>) {
    let Some(slot) = Shared::get_mut(object).and_then(|o| o.field_mut(name)) else { return };
    match value {
        Some(value) => drop(slot.assign(value)),
        None => slot.clear(),
    }
}

#[cfg(test)]
mod tests {
    use vim25::{DataType, types::*};

    use super::*;
    use crate::network::policy::{port_setting, uplinks};

    fn flag(inherited: bool, value: bool) -> Option<Obj<BoolPolicy>> {
        Some(BoolPolicy { base: InheritablePolicy { inherited }, value: Some(value) }.into())
    }

    fn switch() -> Obj<DVPortSetting> {
        port_setting(false, &uplinks()).into()
    }

    fn vmware(setting: &Obj<DVPortSetting>) -> &VMwareDVSPortSetting {
        setting.cast().unwrap()
    }

    fn setting(fill: impl FnOnce(&mut VMwareDVSPortSetting)) -> Obj<DVPortSetting> {
        VMwareDVSPortSetting::with(fill).into()
    }

    #[test]
    fn what_says_nothing_inherits_everything() {
        let inherited: Obj<DVPortSetting> = port_setting(true, &uplinks()).into();
        assert_eq!(resolve(None, &switch()), inherited);
        assert_eq!(resolve(Some(&setting(|_| ())), &switch()), inherited);
        assert!(own_policies(&resolve(None, &switch())).is_empty());
    }

    #[test]
    fn what_it_says_itself_stays() {
        let own = setting(|s| {
            s.blocked = flag(false, true);
            s.vm_direct_path_gen2_allowed = flag(true, false);
        });
        let resolved = resolve(Some(&own), &switch());
        assert_eq!((&resolved.blocked, &resolved.vm_direct_path_gen2_allowed), (&flag(false, true), &flag(true, true)));
        assert_eq!(own_policies(&resolved), ["blocked"]);
    }

    #[test]
    fn a_part_of_a_policy_can_be_its_own() {
        let order = VMwareUplinkPortOrderPolicy {
            active_uplink_port: Some(vec!["dvUplink2".into()]),
            standby_uplink_port: Some(vec![]),
            ..Default::default()
        };
        let own = setting(|s| {
            let teaming = VmwareUplinkPortTeamingPolicy::with(|t| t.uplink_port_order = Some(order.clone().into()));
            s.uplink_teaming_policy = Some(teaming.into());
        });
        let resolved = resolve(Some(&own), &switch());
        let teaming = vmware(&resolved).uplink_teaming_policy.as_ref().unwrap();
        assert!(!teaming.inherited && teaming.policy.as_ref().unwrap().inherited);
        assert_eq!(teaming.policy.as_ref().unwrap().value.as_deref(), Some("loadbalance_srcid"));
        assert_eq!(teaming.uplink_port_order.as_deref(), Some(&order));
        let failure = teaming.failure_criteria.as_ref().unwrap();
        assert!(failure.inherited && failure.check_beacon.as_ref().unwrap().inherited);
    }

    #[test]
    fn a_vlan_of_another_kind_replaces_the_parents() {
        let trunk = VmwareDistributedVirtualSwitchTrunkVlanSpec {
            vlan_id: Some(vec![NumericRange { start: 1, end: 9 }.into()]),
            ..Default::default()
        };
        let own = setting(|s| s.vlan = Some(trunk.into()));
        let resolved = resolve(Some(&own), &switch());
        assert_eq!(vmware(&resolved).vlan, vmware(&own).vlan);
        let plain = VmwareDistributedVirtualSwitchVlanIdSpec { vlan_id: 42, ..Default::default() };
        let changed = change(Some(&own), &setting(|s| s.vlan = Some(plain.into())));
        assert_eq!(vmware(&resolve(Some(&changed), &switch())).vlan, vmware(&changed).vlan);
    }

    #[test]
    fn a_change_replaces_what_it_says_and_nothing_else() {
        let first = setting(|s| {
            s.blocked = flag(false, true);
            s.in_shaping_policy = Some(DVSTrafficShapingPolicy::with(|p| p.enabled = flag(false, true)).into());
        });
        let second = setting(|s| {
            let peak = LongPolicy { value: Some(5), ..Default::default() };
            s.in_shaping_policy = Some(DVSTrafficShapingPolicy::with(|p| p.peak_bandwidth = Some(peak.into())).into());
        });
        let both = resolve(Some(&change(Some(&first), &second)), &switch());
        let shaping = both.in_shaping_policy.as_ref().unwrap();
        assert_eq!((&both.blocked, &shaping.enabled), (&flag(false, true), &flag(false, true)));
        assert_eq!(shaping.peak_bandwidth.as_ref().unwrap().value, Some(5));
        assert_eq!(shaping.burst_size.as_ref().map(|p| (p.inherited, p.value)), Some((true, Some(104_857_600))));
        let back = change(Some(&both), &setting(|s| s.blocked = flag(true, false)));
        assert_eq!(resolve(Some(&back), &switch()).blocked, flag(true, false));
    }

    #[test]
    fn a_setting_of_any_switch_can_be_laid_over_one_of_vmwares() {
        let plain: Obj<DVPortSetting> = DVPortSetting { blocked: flag(false, true), ..Default::default() }.into();
        let resolved = resolve(Some(&plain), &switch());
        assert_eq!(vmware(&resolved).blocked, flag(false, true));
        assert!(vmware(&resolved).uplink_teaming_policy.as_ref().unwrap().inherited);
        let later = change(Some(&plain), &setting(|s| s.ipfix_enabled = flag(false, true)));
        assert_eq!((&vmware(&later).blocked, &vmware(&later).ipfix_enabled), (&flag(false, true), &flag(false, true)));
        assert_eq!(rooted(&resolve(Some(&later), &switch())).blocked, flag(false, true));
    }
}
