//! `ReconfigureDVPort_Task`

use inventory::Tx;
use model::network::{
    inherit,
    ports::{self, Own, Place},
};
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{DVPortConfigSpec, DVPortSetting, DVPortgroupPolicy, DvsPortReconfiguredEvent, VMwareDVSPortgroupPolicy},
};

use super::{
    faults::{concurrent, dvs, not_found},
    setting, tell,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// Changes the configuration of ports: of all or, after a fault, of none.
pub fn reconfigure(call: &Call, args: args::ReconfigureDVPort_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        let mut changed = vec![];
        for spec in &args.port {
            changed.push(edit(tx, work, spec)?);
        }
        if !changed.is_empty() {
            let event = DvsPortReconfiguredEvent { port_key: changed, ..Default::default() };
            tell::switch_event(tx, work, &work.this.clone(), event, "has reconfigured ports");
        }
        Ok(None)
    })
}

fn edit(tx: &mut Tx<'_>, work: &Work, spec: &DVPortConfigSpec) -> Result<Str, Fault> {
    match spec.operation.as_str() {
        "edit" => {}
        "add" | "remove" => {
            return Err(Fault::not_supported("Ports come and go with their port group: change its number of ports."));
        }
        other => return Err(Fault::invalid_argument("port.operation", format!("'{other}' is no operation"))),
    }
    let key = spec.key.clone().ok_or_else(|| Fault::invalid_argument("port.key", "which port is meant?"))?;
    let place = ports::find(tx, &work.this, &key);
    let place = place.ok_or_else(|| not_found(format!("The switch has no port '{key}'.")))?;
    let was_blocked = blocked(tx, &place);
    let known = ports::port(tx, &place).and_then(|p| p.own.as_deref()).cloned().unwrap_or_default();
    concurrent(spec.config_version.as_deref(), &known.version.to_string())?;
    let own = changed(tx, work, &place, spec, known)?;
    ports::configure(tx, &place, Some(own));
    let is_blocked = blocked(tx, &place);
    if is_blocked != was_blocked && ports::port(tx, &place).is_some_and(|p| p.connectee.is_some()) {
        tell::port_blocked(tx, &place, is_blocked);
    }
    Ok(key)
}

fn blocked(tx: &Tx<'_>, place: &Place) -> bool {
    ports::chain(tx, place).is_some_and(|chain| chain.blocked())
}

/// The port's own configuration after the change.
fn changed(tx: &Tx<'_>, work: &Work, place: &Place, spec: &DVPortConfigSpec, known: Own) -> Result<Own, Fault> {
    let mut own = known;
    own.version += 1;
    if let Some(name) = &spec.name {
        own.name = Some(name.clone());
    }
    if let Some(text) = &spec.description {
        own.description = Some(text.clone());
    }
    if let Some(scope) = &spec.scope {
        for entity in scope {
            tx.get::<mo::ManagedEntity>(entity).ok_or_else(|| Fault::object_not_found(entity))?;
        }
        own.scope = scope.clone();
    }
    if let Some(wanted) = &spec.setting {
        setting::check(tx, &work.this, wanted)?;
        permitted(tx, place, wanted)?;
        own.setting = Some(inherit::change(own.setting.as_ref(), wanted));
    }
    Ok(own)
}

/// Refuses what the port group does not let its ports override.
fn permitted(tx: &Tx<'_>, place: &Place, wanted: &Obj<DVPortSetting>) -> Result<(), Fault> {
    let Some(group) = tx.get::<mo::DistributedVirtualPortgroup>(&place.portgroup) else { return Ok(()) };
    let policy = &group.config.policy;
    match inherit::own_policies(wanted).into_iter().find(|name| !may_override(policy, name)) {
        Some(name) => Err(dvs(format!("The port group '{}' does not let its ports override {name}.", group.name))),
        None => Ok(()),
    }
}

fn may_override(policy: &Obj<DVPortgroupPolicy>, name: &str) -> bool {
    let vmware = policy.cast::<VMwareDVSPortgroupPolicy>();
    match name {
        "blocked" => policy.block_override_allowed,
        "inShapingPolicy" | "outShapingPolicy" => policy.shaping_override_allowed,
        "vendorSpecificConfig" => policy.vendor_config_override_allowed,
        "networkResourcePoolKey" => policy.network_resource_pool_override_allowed.unwrap_or(false),
        "filterPolicy" => policy.traffic_filter_override_allowed.unwrap_or(false),
        "vlan" => vmware.is_some_and(|p| p.vlan_override_allowed),
        "uplinkTeamingPolicy" => vmware.is_some_and(|p| p.uplink_teaming_override_allowed),
        "securityPolicy" => vmware.is_some_and(|p| p.security_policy_override_allowed),
        "ipfixEnabled" => vmware.is_some_and(|p| p.ipfix_override_allowed.unwrap_or(false)),
        "macManagementPolicy" => vmware.is_some_and(|p| p.mac_management_override_allowed.unwrap_or(false)),
        _ => true,
    }
}
