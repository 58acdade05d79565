//! `ReconfigureDvs_Task`

use inventory::Tx;
use model::network::inherit;
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{DVSConfigSpec, DvsReconfiguredEvent, DvsRenamedEvent, LimitExceeded, VMwareDVSConfigSpec},
};

use super::{
    faults::{concurrent, next_version},
    features, hosts, setting, tell, uplinks, vspan,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::names,
    task::{self, Work},
};

/// Changes the configuration of a switch: all of the spec or nothing.
pub fn reconfigure(call: &Call, args: args::ReconfigureDvs_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        let switch = &work.this;
        let known = tx.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
        let version = known.config.config_version.clone();
        concurrent(args.spec.config_version.as_deref(), &version)?;
        apply(tx, work, switch, &args.spec)?;
        if let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
            known.config.config_version = next_version(&version).into();
        }
        let event = DvsReconfiguredEvent { config_spec: args.spec.clone(), ..Default::default() };
        tell::switch_event(tx, work, switch, event, "was reconfigured");
        Ok(None)
    })
}

/// The first configuration of a new switch.
pub fn first(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, spec: &Obj<DVSConfigSpec>) -> Result<(), Fault> {
    apply(tx, work, switch, spec)
}

fn apply(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, spec: &Obj<DVSConfigSpec>) -> Result<(), Fault> {
    if let Some(name) = &spec.name {
        rename(tx, work, switch, name)?;
    }
    if let Some(names) = uplinks::wanted(spec.uplink_port_policy.as_ref())? {
        uplinks::rename(tx, switch, names)?;
    }
    limits(tx, switch, spec)?;
    uplink_groups(tx, switch, spec)?;
    if let Some(wanted) = &spec.default_port_config {
        setting::check(tx, switch, wanted)?;
        if let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
            let current = known.config.default_port_config.clone();
            known.config.default_port_config = inherit::rooted(&inherit::resolve(Some(wanted), &current));
        }
    }
    plain(tx, switch, spec);
    if let Some(vmware) = spec.cast::<VMwareDVSConfigSpec>() {
        features::apply(tx, switch, vmware)?;
    }
    hosts::change(tx, work, switch, spec.host.as_deref().unwrap_or_default())?;
    if let Some(vmware) = spec.cast::<VMwareDVSConfigSpec>() {
        vspan::change(tx, switch, vmware.vspan_config_spec.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

/// `Rename_Task`
pub fn rename_task(call: &Call, args: args::Rename_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| rename(tx, work, &work.this, &args.new_name).map(|()| None))
}

fn rename(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, name: &str) -> Result<(), Fault> {
    let name: Str = names::kept(name, Some(switch))?;
    let known = tx.get::<mo::ManagedEntity>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    let (old, parent) = (known.name.clone(), known.parent.clone());
    if old == name {
        return Ok(());
    }
    if let Some(parent) = parent {
        names::unused(tx, &parent, &name, Some(switch))?;
    }
    if let Some(known) = tx.edit::<mo::ManagedEntity>(switch) {
        known.name = name.clone();
    }
    let event = DvsRenamedEvent { old_name: old.clone(), new_name: name, ..Default::default() };
    tell::switch_event(tx, work, switch, event, &format!("was renamed from {old}"));
    Ok(())
}

/// How many ports there may be.
fn limits(tx: &mut Tx<'_>, switch: &MoRef, spec: &DVSConfigSpec) -> Result<(), Fault> {
    if spec.num_standalone_ports.is_some_and(|count| count != 0) {
        return Err(Fault::not_supported("Ports of this switch belong to port groups; it has no others."));
    }
    let Some(known) = tx.get::<mo::DistributedVirtualSwitch>(switch) else { return Ok(()) };
    let ports = known.config.num_ports;
    if let Some(max) = spec.max_ports {
        if max < ports.max(1) {
            let fault = LimitExceeded { property: Some("maxPorts".into()), limit: Some(ports), ..Default::default() };
            return Err(Fault::new(fault, format!("The switch has {ports} ports already.")));
        }
        if let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
            known.config.max_ports = max;
        }
    }
    match spec.default_proxy_switch_max_num_ports {
        Some(ports) if ports < 1 => Err(Fault::invalid_argument("spec.defaultProxySwitchMaxNumPorts", "at least 1")),
        _ => Ok(()),
    }
}

/// The port groups of uplinks can be named, but they are what they are.
fn uplink_groups(tx: &Tx<'_>, switch: &MoRef, spec: &DVSConfigSpec) -> Result<(), Fault> {
    let Some(known) = tx.get::<mo::DistributedVirtualSwitch>(switch) else { return Ok(()) };
    let ours = known.config.uplink_portgroup.as_ref().unwrap_or_default();
    match spec.uplink_portgroup.iter().flatten().find(|group| !ours.contains(group)) {
        Some(other) => {
            let why = format!("'{}' is not the port group of the switch's uplinks", other.id);
            Err(Fault::invalid_argument("spec.uplinkPortgroup", why))
        }
        None => Ok(()),
    }
}

/// What is kept as it is given.
fn plain(tx: &mut Tx<'_>, switch: &MoRef, spec: &DVSConfigSpec) {
    let Some(switch) = tx.edit::<mo::DistributedVirtualSwitch>(switch) else { return };
    let summary = &mut switch.summary;
    if let Some(text) = &spec.description {
        summary.description = Some(text.clone());
    }
    if let Some(contact) = &spec.contact {
        summary.contact = Some(contact.clone());
    }
    let config = &mut switch.config;
    macro_rules! keep {
        ($($field:ident),+) => { $(if spec.$field.is_some() { config.$field = spec.$field.clone(); })+ };
    }
    keep!(extension_key, description, policy, vendor_specific_config, switch_ip_address);
    keep!(default_proxy_switch_max_num_ports, infrastructure_traffic_resource_config);
    keep!(net_resource_pool_traffic_resource_config, network_resource_control_version);
    if let Some(contact) = &spec.contact {
        config.contact = contact.clone();
    }
}
