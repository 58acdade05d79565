//! Port groups: added to a switch, and configured.

use inventory::Tx;
use model::network::{
    inherit,
    portgroup::{Kind, PortgroupSpec, portgroup},
    ports::{self, Binding, Place},
};
use vim25::{
    Any, MoRef, Obj, Str, args, mo,
    types::{
        DVPortgroupConfigSpec, DVPortgroupCreatedEvent, DVPortgroupPolicy, DVPortgroupReconfiguredEvent,
        DVPortgroupRenamedEvent, VMwareDVSPortgroupPolicy,
    },
};

use super::{
    faults::{concurrent, dvs, in_use, next_version, not_found},
    hosts::full,
    setting, tell,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::{adopt, names},
    task::{self, Work},
};

/// Ports of a new group for which nobody asked for more.
const PORTS: i32 = 8;
/// Ports of one group at the most.
const MOST_PORTS: i32 = 60_000;

/// `AddDVPortgroup_Task`: all of them or none.
pub fn add(call: &Call, args: args::AddDVPortgroup_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        for spec in &args.spec {
            make(tx, work, spec)?;
        }
        Ok(None)
    })
}

/// `CreateDVPortgroup_Task`
pub fn create(call: &Call, args: args::CreateDVPortgroup_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| make(tx, work, &args.spec).map(|made| Some(Any::MoRef(made))))
}

/// `LookupDvPortGroup`
pub fn lookup(call: &Call, args: args::LookupDvPortGroup) -> Result<Option<MoRef>, Fault> {
    let world = call.snapshot();
    let moref = MoRef::new("DistributedVirtualPortgroup", args.portgroup_key.clone());
    let group = world.get::<mo::DistributedVirtualPortgroup>(&moref);
    match group.filter(|g| g.config.distributed_virtual_switch.as_ref() == Some(&call.this)) {
        Some(_) => Ok(Some(moref)),
        None => Err(not_found(format!("The switch has no port group '{}'.", args.portgroup_key))),
    }
}

fn make(tx: &mut Tx<'_>, work: &Work, spec: &Obj<DVPortgroupConfigSpec>) -> Result<MoRef, Fault> {
    let switch = &work.this;
    let known = tx.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    let folder = known.parent.clone().ok_or_else(|| dvs("The switch lies in no folder."))?;
    let hosts = known.config.host.iter().flatten().filter_map(|m| m.config.host.clone()).collect();
    let setting = inherit::resolve(None, &known.config.default_port_config);
    let name: Str = names::kept(spec.name.as_deref().unwrap_or_default(), None)?;
    names::unused(tx, &folder, &name, None)?;
    let made = MoRef::new("DistributedVirtualPortgroup", tx.new_id("dvportgroup"));
    let paper = PortgroupSpec {
        moref: made.clone(),
        name,
        switch: switch.clone(),
        folder: folder.clone(),
        hosts,
        kind: Kind::Standard,
        ports: vec![],
        setting,
    };
    tx.insert(made.clone(), portgroup(paper));
    adopt(tx, &folder, &made);
    if let Some(switch) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        switch.portgroup.get_or_insert_default().push(made.clone());
    }
    let mut first = spec.clone();
    first.name = None;
    first.num_ports = first.num_ports.or(Some(PORTS));
    let early = first.type_.as_deref().is_none_or(|t| t == "earlyBinding");
    first.auto_expand = first.auto_expand.or(Some(early));
    apply(tx, work, &made, &first)?;
    tell::portgroup_event(tx, work, &made, DVPortgroupCreatedEvent::default(), "was added");
    Ok(made)
}

/// `ReconfigureDVPortgroup_Task`
pub fn reconfigure(call: &Call, args: args::ReconfigureDVPortgroup_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| {
        let this = &work.this;
        let known = tx.get::<mo::DistributedVirtualPortgroup>(this).ok_or_else(|| Fault::object_not_found(this))?;
        let version = known.config.config_version.clone().unwrap_or_default();
        concurrent(args.spec.config_version.as_deref(), &version)?;
        let blocked = blocked_ports(tx, this);
        apply(tx, work, this, &args.spec)?;
        if let Some(known) = tx.edit::<mo::DistributedVirtualPortgroup>(this) {
            known.config.config_version = Some(next_version(&version).into());
        }
        tell_blocked(tx, this, blocked);
        let event = DVPortgroupReconfiguredEvent { config_spec: args.spec.clone(), ..Default::default() };
        tell::portgroup_reconfigured(tx, work, this, event);
        Ok(None)
    })
}

/// Whether ports that inherit are blocked.
fn blocked_ports(tx: &Tx<'_>, portgroup: &MoRef) -> bool {
    ports::chain(tx, &Place { portgroup: portgroup.clone(), key: u32::MAX }).is_some_and(|chain| chain.blocked())
}

/// Tells of every connected port that follows its group, if that is blocked now or no longer.
fn tell_blocked(tx: &mut Tx<'_>, portgroup: &MoRef, before: bool) {
    let now = blocked_ports(tx, portgroup);
    if now == before {
        return;
    }
    let Some(all) = ports::ports(tx, portgroup).cloned() else { return };
    for (key, port) in all.iter().filter(|(_, port)| port.connectee.is_some()) {
        let own = port.own.as_ref().and_then(|own| own.setting.as_ref()?.blocked.clone());
        if own.is_none_or(|policy| policy.inherited) {
            tell::port_blocked(tx, &Place { portgroup: portgroup.clone(), key }, now);
        }
    }
}

/// `Rename_Task`
pub fn rename_task(call: &Call, args: args::Rename_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| rename(tx, work, &work.this, &args.new_name).map(|()| None))
}

fn apply(tx: &mut Tx<'_>, work: &Work, group: &MoRef, spec: &Obj<DVPortgroupConfigSpec>) -> Result<(), Fault> {
    if let Some(name) = &spec.name {
        rename(tx, work, group, name)?;
    }
    if let Some(kind) = &spec.type_ {
        rebind(tx, group, kind)?;
    }
    if let Some(count) = spec.num_ports {
        resize(tx, group, count)?;
    }
    if let Some(wanted) = &spec.policy {
        policy(tx, group, wanted);
    }
    if let Some(wanted) = &spec.default_port_config {
        default_setting(tx, group, wanted)?;
    }
    plain(tx, group, spec)
}

fn config<'t>(tx: &'t Tx<'_>, group: &MoRef) -> Result<&'t mo::DistributedVirtualPortgroup, Fault> {
    tx.get::<mo::DistributedVirtualPortgroup>(group).ok_or_else(|| Fault::object_not_found(group))
}

fn is_uplink(group: &mo::DistributedVirtualPortgroup) -> bool {
    group.config.uplink == Some(true)
}

fn rename(tx: &mut Tx<'_>, work: &Work, group: &MoRef, name: &str) -> Result<(), Fault> {
    let name: Str = names::kept(name, Some(group))?;
    let known = config(tx, group)?;
    let (old, parent) = (known.name.clone(), known.parent.clone());
    if old == name {
        return Ok(());
    }
    if let Some(parent) = parent {
        names::unused(tx, &parent, &name, Some(group))?;
    }
    if let Some(known) = tx.edit::<mo::ManagedEntity>(group) {
        known.name = name.clone();
    }
    let event = DVPortgroupRenamedEvent { old_name: old.clone(), new_name: name, ..Default::default() };
    tell::portgroup_event(tx, work, group, event, &format!("was renamed from {old}"));
    Ok(())
}

/// Another way of taking ports, while nobody has one.
fn rebind(tx: &mut Tx<'_>, group: &MoRef, kind: &Str) -> Result<(), Fault> {
    if !["earlyBinding", "lateBinding", "ephemeral"].contains(&kind.as_str()) {
        return Err(Fault::invalid_argument("spec.type", format!("'{kind}' is no way to take ports")));
    }
    let known = config(tx, group)?;
    if known.config.type_ == *kind {
        return Ok(());
    }
    if is_uplink(known) {
        return Err(dvs("The port group of uplinks has early binding."));
    }
    let (name, binding) = (known.name.clone(), ports::binding(known));
    let used = ports::ports(tx, group).is_some_and(|p| p.iter().any(|(_, port)| port.connectee.is_some()));
    let listed = known.vm.iter().flatten().next().is_some();
    if used || listed {
        return Err(in_use("DistributedVirtualPortgroup", &name, "something is connected to it"));
    }
    if kind == "ephemeral" {
        let free: Vec<u32> = ports::ports(tx, group).map(|p| p.free().iter().collect()).unwrap_or_default();
        ports::shrink(tx, group, &free);
    }
    if let Some(known) = tx.edit::<mo::DistributedVirtualPortgroup>(group) {
        known.config.type_ = kind.clone();
        if kind == "ephemeral" {
            known.config.num_ports = 0;
        }
        if kind != "earlyBinding" {
            known.config.auto_expand = Some(false);
        }
    }
    match binding == Binding::Ephemeral {
        true => resize(tx, group, PORTS),
        false => Ok(()),
    }
}

/// As many ports as asked for: more are made, and the last free ones go. Ephemeral ports are not counted.
fn resize(tx: &mut Tx<'_>, group: &MoRef, count: i32) -> Result<(), Fault> {
    if !(0..=MOST_PORTS).contains(&count) {
        let why = format!("a port group has 0 to {MOST_PORTS} ports, not {count}");
        return Err(Fault::invalid_argument("spec.numPorts", why));
    }
    let known = config(tx, group)?;
    let now = known.port_keys.as_ref().map_or(0, Vec::len);
    let wanted = count as usize;
    if ports::binding(known) == Binding::Ephemeral || wanted == now {
        return Ok(());
    }
    if is_uplink(known) {
        return Err(dvs("The port group of uplinks has a port for each uplink of each member."));
    }
    let (name, switch) = (known.name.clone(), known.config.distributed_virtual_switch.clone().unwrap_or_default());
    if wanted > now {
        let more = u32::try_from(wanted - now).unwrap_or(0);
        return ports::grow(tx, group, more).map(|_| ()).map_err(|ports::Full| full(tx, &switch));
    }
    let mut free: Vec<u32> = ports::ports(tx, group).map(|p| p.free().iter().collect()).unwrap_or_default();
    if free.len() < now - wanted {
        let why = format!("{} of its ports are in use", now - free.len());
        return Err(in_use("DistributedVirtualPortgroup", &name, &why));
    }
    let gone = free.split_off(free.len() - (now - wanted));
    ports::shrink(tx, group, &gone);
    Ok(())
}

/// What ports may override: a policy of any switch says nothing of what only VMware's switches have.
fn policy(tx: &mut Tx<'_>, group: &MoRef, wanted: &Obj<DVPortgroupPolicy>) {
    let Some(known) = tx.edit::<mo::DistributedVirtualPortgroup>(group) else { return };
    match (known.config.policy.cast_mut::<VMwareDVSPortgroupPolicy>(), wanted.is::<VMwareDVSPortgroupPolicy>()) {
        (Some(vmware), false) => vmware.base = (**wanted).clone(),
        _ => known.config.policy = wanted.clone(),
    }
}

fn default_setting(tx: &mut Tx<'_>, group: &MoRef, wanted: &Obj<vim25::types::DVPortSetting>) -> Result<(), Fault> {
    let switch = config(tx, group)?.config.distributed_virtual_switch.clone().unwrap_or_default();
    setting::check(tx, &switch, wanted)?;
    let known = tx.get::<mo::DistributedVirtualSwitch>(&switch).ok_or_else(|| Fault::object_not_found(&switch))?;
    let parent = known.config.default_port_config.clone();
    if let Some(known) = tx.edit::<mo::DistributedVirtualPortgroup>(group) {
        let changed = inherit::change(known.config.default_port_config.as_ref(), wanted);
        known.config.default_port_config = Some(inherit::resolve(Some(&changed), &parent));
    }
    Ok(())
}

/// What is kept as it is given.
fn plain(tx: &mut Tx<'_>, group: &MoRef, spec: &DVPortgroupConfigSpec) -> Result<(), Fault> {
    for entity in spec.scope.iter().flatten() {
        tx.get::<mo::ManagedEntity>(entity).ok_or_else(|| Fault::object_not_found(entity))?;
    }
    let Some(known) = tx.edit::<mo::DistributedVirtualPortgroup>(group) else { return Ok(()) };
    let early = ports::binding(known) == Binding::Early;
    let uplink = is_uplink(known);
    let config = &mut known.config;
    macro_rules! keep {
        ($($field:ident),+) => { $(if spec.$field.is_some() { config.$field = spec.$field.clone(); })+ };
    }
    keep!(port_name_format, description, scope, vendor_specific_config, vm_vnic_network_resource_pool_key);
    if let Some(expand) = spec.auto_expand {
        config.auto_expand = Some(expand && early && !uplink);
    }
    Ok(())
}
