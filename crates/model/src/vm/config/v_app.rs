//! `vAppConfig`: products and properties of a VM that came from an OVF package.

use vim25::{
    Any, DataType, Obj,
    types::{
        ArrayUpdateOperation, VAppIPAssignmentInfo, VAppOvfSectionInfo, VAppProductInfo, VAppPropertyInfo,
        VirtualMachineConfigInfo, VmConfigInfo, VmConfigSpec,
    },
};

use super::checks::Change;
use crate::vm::{Fault, merge};

/// Sets or removes it.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    if change.spec.v_app_config_removed == Some(true) {
        if config.v_app_config.is_some() {
            config.v_app_config = None;
        }
        return Ok(());
    }
    let Some(spec) = &change.spec.v_app_config else { return Ok(()) };
    let new = updated(config.v_app_config.as_deref(), spec)?;
    if config.v_app_config.as_deref() != Some(&new) {
        config.v_app_config = Some(new.into());
    }
    Ok(())
}

fn updated(old: Option<&VmConfigInfo>, spec: &VmConfigSpec) -> Result<VmConfigInfo, Fault> {
    let mut new = old.cloned().unwrap_or_else(|| VmConfigInfo {
        ip_assignment: VAppIPAssignmentInfo {
            ip_allocation_policy: Some("fixedPolicy".into()),
            ip_protocol: Some("IPv4".into()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    });
    for (index, update) in spec.product.iter().flatten().enumerate() {
        let key = |info: &VAppProductInfo| Some(info.key);
        let path = format!("configSpec.vAppConfig.product[{index}]");
        step(new.product.get_or_insert_default(), &update.operation, &update.remove_key, &update.info, key, &path)?;
    }
    for (index, update) in spec.property.iter().flatten().enumerate() {
        let key = |info: &VAppPropertyInfo| Some(info.key);
        let path = format!("configSpec.vAppConfig.property[{index}]");
        step(new.property.get_or_insert_default(), &update.operation, &update.remove_key, &update.info, key, &path)?;
    }
    for (index, update) in spec.ovf_section.iter().flatten().enumerate() {
        let key = |info: &VAppOvfSectionInfo| info.key;
        let path = format!("configSpec.vAppConfig.ovfSection[{index}]");
        step(new.ovf_section.get_or_insert_default(), &update.operation, &update.remove_key, &update.info, key, &path)?;
    }
    if let Some(wish) = &spec.ip_assignment {
        new.ip_assignment = merge::over(Some(&new.ip_assignment), wish);
    }
    new.eula = spec.eula.clone().or(new.eula);
    new.ovf_environment_transport = spec.ovf_environment_transport.clone().or(new.ovf_environment_transport);
    new.install_boot_required = spec.install_boot_required.unwrap_or(new.install_boot_required);
    new.install_boot_stop_delay = spec.install_boot_stop_delay.unwrap_or(new.install_boot_stop_delay);
    Ok(new)
}

/// Adds, edits or removes one item of a list with keys.
fn step<T: DataType>(
    list: &mut Vec<Obj<T>>,
    operation: &ArrayUpdateOperation,
    remove_key: &Option<Any>,
    info: &Option<Obj<T>>,
    key_of: impl Fn(&T) -> Option<i32>,
    path: &str,
) -> Result<(), Fault> {
    let wrong = |member: &str, why: &str| Err(Fault::invalid_argument(format!("{path}.{member}"), why));
    match (operation, info, remove_key) {
        (ArrayUpdateOperation::Add, Some(info), _) => {
            if list.iter().any(|known| key_of(known) == key_of(info)) {
                return wrong("info.key", "there is one with this key already");
            }
            list.push(info.clone());
        }
        (ArrayUpdateOperation::Edit, Some(info), _) => {
            let Some(known) = list.iter_mut().find(|known| key_of(known) == key_of(info)) else {
                return wrong("info.key", "there is none with this key");
            };
            *known = merge::over(Some(known), info);
        }
        (ArrayUpdateOperation::Remove, _, Some(Any::Int(key))) => {
            let before = list.len();
            list.retain(|known| key_of(known) != Some(*key));
            if list.len() == before {
                return wrong("removeKey", "there is none with this key");
            }
        }
        (ArrayUpdateOperation::Remove, _, _) => return wrong("removeKey", "name the key of what is to go"),
        (ArrayUpdateOperation::Add | ArrayUpdateOperation::Edit, None, _) => return wrong("info", "it is missing"),
        (ArrayUpdateOperation::Other_(_), _, _) => return wrong("operation", "it is neither add, edit nor remove"),
    }
    Ok(())
}
