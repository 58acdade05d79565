//! What every managed entity has: a name, a parent, a status, and (still empty) custom values, alarms, tags and tasks.

use vim25::{DataType, MoRef, MoRefs, Obj, Str, mo::ManagedEntity, types::*};

use crate::kit::texts;

/// The role of an administrator, which is what the one user of a fresh world is everywhere.
pub(crate) const ADMIN: i32 = -1;

/// A healthy entity without children.
pub(crate) fn entity(name: impl Into<Str>, parent: Option<MoRef>) -> ManagedEntity {
    ManagedEntity::with(|e| {
        e.name = name.into();
        e.parent = parent;
        e.base.value = Some(vec![]);
        e.base.available_field = Some(vec![]);
        e.common.custom_value = Some(vec![]);
        e.overall_status = ManagedEntityStatus::Green;
        e.config_status = ManagedEntityStatus::Green;
        e.common.config_issue = Some(vec![]);
        e.common.effective_role = Some(vec![ADMIN]);
        e.common.permission = Some(vec![]);
        e.common.disabled_method = Some(vec![]);
        e.recent_task = Some(MoRefs::new());
        e.common.declared_alarm_state = Some(vec![]);
        e.common.triggered_alarm_state = Some(vec![]);
        e.alarm_actions_enabled = Some(true);
        e.common.tag = Some(vec![]);
    })
}

/// The same entity, with methods that its state does not allow.
pub(crate) fn disabling<const N: usize>(mut entity: ManagedEntity, methods: [&'static str; N]) -> ManagedEntity {
    entity.common.disabled_method = Some(texts(methods));
    entity
}

/// The permissions that stand at the root of an inventory.
pub(crate) fn root_permissions(root: &MoRef, esx: bool) -> Vec<Obj<Permission>> {
    let administrators: &[(&str, bool)] = match esx {
        true => &[("root", false), ("dcui", false), ("vpxuser", false)],
        false => &[("VSPHERE.LOCAL\\Administrator", false), ("VSPHERE.LOCAL\\Administrators", true)],
    };
    let permission = |&(principal, group): &(&str, bool)| {
        Obj::from(Permission {
            entity: Some(root.clone()),
            principal: principal.into(),
            group,
            role_id: ADMIN,
            propagate: true,
        })
    };
    administrators.iter().map(permission).collect()
}
