//! Members of a switch: hosts join, leave, and connect physical adapters.

use inventory::Tx;
use model::network::ports;
use vim25::{
    DataType, MoRef, Obj, Str, mo,
    types::{
        AlreadyExists, DistributedVirtualSwitchHostMember, DistributedVirtualSwitchHostMemberConfigInfo,
        DistributedVirtualSwitchHostMemberConfigSpec, DistributedVirtualSwitchHostMemberRuntimeState,
        DvsHostJoinedEvent, DvsHostLeftEvent, HostEventArgument, HostSystemConnectionState, InvalidHostState,
        LimitExceeded,
    },
};

use super::{
    create::names_of,
    faults::{dvs, in_use, not_found},
    pnics, tell,
};
use crate::{fault::Fault, task::Work, tree};

/// Ports that a member may have if nobody says otherwise.
const PORTS: i32 = 512;
/// Ports that a member may have at the most.
const MOST_PORTS: i32 = 32_768;

type Spec = DistributedVirtualSwitchHostMemberConfigSpec;

/// Does what the specs say, in their order.
pub fn change(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, specs: &[Obj<Spec>]) -> Result<(), Fault> {
    for spec in specs {
        match spec.operation.as_str() {
            "add" => join(tx, work, switch, spec)?,
            "edit" => edit(tx, switch, spec)?,
            "remove" => leave(tx, work, switch, &spec.host)?,
            other => {
                return Err(Fault::invalid_argument("spec.host.operation", format!("'{other}' is no operation")));
            }
        }
    }
    Ok(())
}

fn config<'t>(tx: &'t Tx<'_>, switch: &MoRef) -> Result<&'t vim25::types::DVSConfigInfo, Fault> {
    let switch = tx.get::<mo::DistributedVirtualSwitch>(switch).ok_or_else(|| Fault::object_not_found(switch))?;
    Ok(&switch.config)
}

/// Whether a host is a member.
pub fn is_member(config: &vim25::types::DVSConfigInfo, host: &MoRef) -> bool {
    config.host.iter().flatten().any(|m| m.config.host.as_ref() == Some(host))
}

fn join(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, spec: &Spec) -> Result<(), Fault> {
    let host = &spec.host;
    admit(tx, switch, host)?;
    let max = max_ports(spec)?.or(config(tx, switch)?.default_proxy_switch_max_num_ports).unwrap_or(PORTS);
    let count = names_of(&config(tx, switch)?.uplink_port_policy).map_or(0, <[_]>::len);
    let uplink_port_key = more_uplinks(tx, switch, count)?;
    let offloading = offloads(tx, switch, host);
    let member = DistributedVirtualSwitchHostMember {
        runtime_state: Some(
            DistributedVirtualSwitchHostMemberRuntimeState { current_max_proxy_switch_ports: max }.into(),
        ),
        config: DistributedVirtualSwitchHostMemberConfigInfo::with(|c| {
            c.host = Some(host.clone());
            c.max_proxy_switch_ports = max;
            c.vendor_specific_config = Some(spec.vendor_specific_config.clone().unwrap_or_default());
            c.backing = pnics::none();
            c.nsx_switch = Some(false);
            c.ens_enabled = Some(false);
            c.ens_interrupt_enabled = Some(false);
            c.network_offloading_enabled = Some(offloading);
        })
        .into(),
        product_info: None,
        uplink_port_key: Some(uplink_port_key),
        status: "up".into(),
        status_detail: None,
    };
    if let Some(switch) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        switch.config.host.get_or_insert_default().push(member.into());
    }
    if let Some(backing) = &spec.backing {
        pnics::connect(tx, switch, host, backing)?;
    }
    let event = DvsHostJoinedEvent { host_joined: argument(tx, host), ..Default::default() };
    let name = event.host_joined.name.clone();
    tell::switch_event(tx, work, switch, event, &format!("was joined by the host {name}"));
    Ok(())
}

/// Refuses a host that cannot be a member.
fn admit(tx: &Tx<'_>, switch: &MoRef, host: &MoRef) -> Result<(), Fault> {
    let system = tx.get::<mo::HostSystem>(host).ok_or_else(|| Fault::object_not_found(host))?;
    if is_member(config(tx, switch)?, host) {
        let fault = AlreadyExists { name: Some(system.name.clone()), ..Default::default() };
        return Err(Fault::new(fault, format!("The host '{}' is a member of the switch already.", system.name)));
    }
    if tree::datacenter(tx, host) != tree::datacenter(tx, switch) {
        return Err(dvs(format!("The host '{}' belongs to another datacenter than the switch.", system.name)));
    }
    if system.runtime.connection_state != HostSystemConnectionState::Connected {
        let fault = InvalidHostState { host: Some(host.clone()), ..Default::default() };
        return Err(Fault::new(fault, format!("The host '{}' is not connected.", system.name)));
    }
    match super::features::version(config(tx, switch)?) {
        Some(version) if !version.admits(&host_version(system)) => Err(dvs(format!(
            "The host '{}' of version {} cannot be a member of a switch of version {version}.",
            system.name,
            host_version(system)
        ))),
        _ => Ok(()),
    }
}

/// The version of a host's software.
pub fn host_version(host: &mo::HostSystem) -> Str {
    host.config.as_ref().map(|c| c.product.version.clone()).unwrap_or_default()
}

/// Whether the data processing unit of the host does the work of a switch that is made for it.
fn offloads(tx: &Tx<'_>, switch: &MoRef, host: &MoRef) -> bool {
    let config = config(tx, switch).ok().and_then(|c| vim25::cast::<vim25::types::VMwareDVSConfigInfo>(c));
    let wanted = config.and_then(|c| c.network_offload_spec_id.as_deref()).is_some_and(|id| id != "None");
    let network = tx.get::<mo::HostSystem>(host).and_then(|h| h.config.as_ref()?.network.as_ref());
    let nics = network.and_then(|n| n.pnic.as_deref()).unwrap_or_default();
    wanted && nics.iter().any(|nic| nic.dpu_id.is_some())
}

fn max_ports(spec: &Spec) -> Result<Option<i32>, Fault> {
    match spec.max_proxy_switch_ports {
        Some(ports) if !(1..=MOST_PORTS).contains(&ports) => {
            let fault = LimitExceeded {
                property: Some("host.maxProxySwitchPorts".into()),
                limit: Some(MOST_PORTS),
                ..Default::default()
            };
            Err(Fault::new(fault, format!("A host has 1 to {MOST_PORTS} ports of a switch, not {ports}.")))
        }
        asked => Ok(asked),
    }
}

fn uplink_group(tx: &Tx<'_>, switch: &MoRef) -> Result<MoRef, Fault> {
    let group = config(tx, switch)?.uplink_portgroup.iter().flatten().next().cloned();
    group.ok_or_else(|| dvs("The switch has no port group for uplinks."))
}

fn more_uplinks(tx: &mut Tx<'_>, switch: &MoRef, count: usize) -> Result<Vec<Str>, Fault> {
    let group = uplink_group(tx, switch)?;
    let made = ports::grow(tx, &group, u32::try_from(count).unwrap_or(0)).map_err(|ports::Full| full(tx, switch))?;
    Ok(made.into_iter().map(|key| Str::from(key.to_string())).collect())
}

/// The switch has as many ports as it may have.
pub fn full(tx: &Tx<'_>, switch: &MoRef) -> Fault {
    let limit = config(tx, switch).map(|c| c.max_ports).ok();
    let fault = LimitExceeded { property: Some("maxPorts".into()), limit, ..Default::default() };
    Fault::new(fault, "The switch has as many ports as it may have: raise maxPorts.")
}

/// Gives a member as many uplinks as the switch has names for.
pub fn resize(tx: &mut Tx<'_>, switch: &MoRef, host: &MoRef, count: usize) -> Result<(), Fault> {
    let find = |m: &&Obj<DistributedVirtualSwitchHostMember>| m.config.host.as_ref() == Some(host);
    let member = config(tx, switch)?.host.iter().flatten().find(find);
    let mut keys = member.and_then(|m| m.uplink_port_key.clone()).unwrap_or_default();
    let missing = count.saturating_sub(keys.len());
    keys.truncate(count);
    keys.extend(more_uplinks(tx, switch, missing)?);
    edit_member(tx, switch, host, |member| member.uplink_port_key = Some(keys));
    Ok(())
}

/// Changes what a switch says of one member.
pub fn edit_member(
    tx: &mut Tx<'_>,
    switch: &MoRef,
    host: &MoRef,
    change: impl FnOnce(&mut DistributedVirtualSwitchHostMember),
) {
    let members = tx.edit::<mo::DistributedVirtualSwitch>(switch).and_then(|s| s.config.host.as_mut());
    let member = members.and_then(|list| list.iter_mut().find(|m| m.config.host.as_ref() == Some(host)));
    if let Some(member) = member {
        change(member);
    }
}

fn edit(tx: &mut Tx<'_>, switch: &MoRef, spec: &Spec) -> Result<(), Fault> {
    expect_member(tx, switch, &spec.host)?;
    let max = max_ports(spec)?;
    if let Some(backing) = &spec.backing {
        pnics::connect(tx, switch, &spec.host, backing)?;
    }
    edit_member(tx, switch, &spec.host, |member| {
        if let Some(max) = max {
            member.config.max_proxy_switch_ports = max;
            member.runtime_state =
                Some(DistributedVirtualSwitchHostMemberRuntimeState { current_max_proxy_switch_ports: max }.into());
        }
        if let Some(blobs) = &spec.vendor_specific_config {
            member.config.vendor_specific_config = Some(blobs.clone());
        }
    });
    Ok(())
}

fn expect_member(tx: &Tx<'_>, switch: &MoRef, host: &MoRef) -> Result<(), Fault> {
    match is_member(config(tx, switch)?, host) {
        true => Ok(()),
        false => Err(not_found(format!("The host '{}' is no member of the switch.", host.id))),
    }
}

fn leave(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, host: &MoRef) -> Result<(), Fault> {
    expect_member(tx, switch, host)?;
    refuse_used(tx, switch, host)?;
    let event = DvsHostLeftEvent { host_left: argument(tx, host), ..Default::default() };
    if let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(switch) {
        known.config.host.iter_mut().for_each(|list| list.retain(|m| m.config.host.as_ref() != Some(host)));
    }
    let name = event.host_left.name.clone();
    tell::switch_event(tx, work, switch, event, &format!("was left by the host {name}"));
    Ok(())
}

/// Refuses to let a host go whose machines or interfaces are connected to the switch.
fn refuse_used(tx: &Tx<'_>, switch: &MoRef, host: &MoRef) -> Result<(), Fault> {
    let Some(known) = tx.get::<mo::DistributedVirtualSwitch>(switch) else { return Ok(()) };
    let groups = known.portgroup.as_ref().unwrap_or_default();
    let Some(system) = tx.get::<mo::HostSystem>(host) else { return Ok(()) };
    let machines = system.vm.iter().flatten().filter_map(|vm| tx.get::<mo::VirtualMachine>(vm));
    let user = machines.filter(|vm| vm.network.iter().flatten().any(|n| groups.contains(n))).map(|vm| &vm.name).next();
    if let Some(vm) = user {
        return Err(in_use("HostSystem", &system.name, &format!("its machine '{vm}' is connected to the switch")));
    }
    let network = system.config.as_ref().and_then(|c| c.network.as_ref());
    let mut vnics = network.and_then(|n| n.vnic.as_deref()).unwrap_or_default().iter();
    let on_switch =
        vnics.find(|v| v.spec.distributed_virtual_port.as_ref().is_some_and(|p| p.switch_uuid == known.uuid));
    match on_switch {
        Some(vnic) => Err(in_use(
            "HostSystem",
            &system.name,
            &format!("its interface '{}' is connected to the switch", vnic.device),
        )),
        None => Ok(()),
    }
}

fn argument(tx: &Tx<'_>, host: &MoRef) -> Obj<HostEventArgument> {
    let mut argument = HostEventArgument { host: host.clone(), ..Default::default() };
    argument.name = tx.get::<mo::HostSystem>(host).map(|h| h.name.clone()).unwrap_or_default();
    argument.into()
}
