//! What a switch is able to do, as far as a client says so, and operations on the switch as a product.

use inventory::Tx;
use model::network::product::Version;
use vim25::{
    MoRef, args, mo,
    types::{DVSCapability, DistributedVirtualSwitchProductSpec, DvsUpgradedEvent, VMwareDVSConfigInfo},
};

use super::{faults::dvs, features, hosts, tell};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// `UpdateDvsCapability`: whether VMDirectPath Gen 2 is supported is what can be said; the rest belongs to the version.
pub fn update(call: &Call, args: args::UpdateDvsCapability) -> Result<(), Fault> {
    call.commit(|tx| apply(tx, &call.this, &args.capability))
}

/// Takes over what can be said of a switch.
pub fn apply(tx: &mut Tx<'_>, switch: &MoRef, wanted: &DVSCapability) -> Result<(), Fault> {
    let asked = wanted.features_supported.as_ref().and_then(|f| f.vm_direct_path_gen2_supported);
    let known = tx.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    let known = known.capability.features_supported.as_ref();
    let Some(asked) = asked.filter(|a| known.and_then(|f| f.vm_direct_path_gen2_supported) != Some(*a)) else {
        return Ok(());
    };
    if let Some(switch) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        let features = switch.capability.features_supported.get_or_insert_default();
        features.vm_direct_path_gen2_supported = Some(asked);
    }
    Ok(())
}

/// `EnableNetworkResourceManagement`
pub fn manage_resources(call: &Call, args: args::EnableNetworkResourceManagement) -> Result<(), Fault> {
    call.commit(|tx| {
        let known = call.this_in::<mo::DistributedVirtualSwitch>(tx)?;
        let features = known.capability.features_supported.as_ref();
        if args.enable && !features.is_some_and(|f| f.network_resource_management_supported) {
            return Err(dvs("A switch of this version does not manage network resources."));
        }
        if known.config.network_resource_management_enabled != args.enable
            && let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(&call.this)
        {
            known.config.network_resource_management_enabled = args.enable;
        }
        Ok(())
    })
}

/// `PerformDvsProductSpecOperation_Task`: `upgrade` to a newer version that every member can have.
pub fn product_operation(call: &Call, args: args::PerformDvsProductSpecOperation_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        match args.operation.as_str() {
            "upgrade" => upgrade(tx, work, args.product_spec.as_deref())?,
            "preInstall" | "notifyAvailableUpgrade" | "proceedWithUpgrade" | "updateBundleInfo" => {
                return Err(Fault::not_supported("Only switches of other vendors have this operation."));
            }
            other => return Err(Fault::invalid_argument("operation", format!("'{other}' is no operation"))),
        }
        Ok(None)
    })
}

fn upgrade(tx: &mut Tx<'_>, work: &Work, spec: Option<&DistributedVirtualSwitchProductSpec>) -> Result<(), Fault> {
    let switch = &work.this;
    let known = tx.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    let current = features::version(&known.config);
    let wanted = spec.and_then(|s| Version::of_spec(Some(s)));
    let wanted = wanted.ok_or_else(|| Fault::invalid_argument("productSpec", "there is no such version"))?;
    if current.is_some_and(|current| wanted <= current) {
        return Err(dvs(format!("The switch is not older than version {wanted}.")));
    }
    let members: Vec<MoRef> = known.config.host.iter().flatten().filter_map(|m| m.config.host.clone()).collect();
    let old = |host: &&mo::HostSystem| !wanted.admits(&hosts::host_version(host));
    if let Some(host) = members.iter().filter_map(|h| tx.get::<mo::HostSystem>(h)).find(old) {
        return Err(dvs(format!("The host '{}' is older than version {wanted}: upgrade it first.", host.name)));
    }
    let mut capability = wanted.capability();
    let passthrough = known.capability.features_supported.as_ref().and_then(|f| f.vm_direct_path_gen2_supported);
    if let Some(features) = &mut capability.features_supported
        && current.is_some_and(|c| c.features().vm_direct_path_gen2_supported != passthrough)
    {
        features.vm_direct_path_gen2_supported = passthrough;
    }
    let product: vim25::Obj<DistributedVirtualSwitchProductSpec> = wanted.spec().into();
    if let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        known.capability = capability.into();
        known.summary.product_info = Some(product.clone());
        debug_assert!(known.config.is::<VMwareDVSConfigInfo>());
        known.config.product_info = product.clone();
    }
    let event = DvsUpgradedEvent { product_info: product, ..Default::default() };
    tell::switch_event(tx, work, switch, event, &format!("was upgraded to version {wanted}"));
    Ok(())
}
