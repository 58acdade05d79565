//! What is told of switches, port groups and ports: their events.

use inventory::Tx;
use model::network::ports::{self, Connectee, Happening, Place, Tale};
use vim25::{
    Extends, MoRef, Obj, Str, mo,
    types::{
        DVPortStatus, DVPortgroupReconfiguredEvent, DvsEventArgument, DvsPortBlockedEvent, DvsPortConnectedEvent,
        DvsPortCreatedEvent, DvsPortDeletedEvent, DvsPortDisconnectedEvent, DvsPortLinkDownEvent, DvsPortLinkUpEvent,
        DvsPortUnblockedEvent, Event,
    },
};

use crate::{events, task::Work};

/// Tells of a switch as part of a task.
pub fn switch_event(tx: &mut Tx<'_>, work: &Work, switch: &MoRef, event: impl Extends<Event>, what: &str) {
    let name = name(tx, switch);
    chained(tx, work, switch, event.into(), format!("The vSphere Distributed Switch {name} {what}"));
}

/// Tells of a port group as part of a task.
pub fn portgroup_event(tx: &mut Tx<'_>, work: &Work, portgroup: &MoRef, event: impl Extends<Event>, what: &str) {
    let (name, switch) = (name(tx, portgroup), switch_of(tx, portgroup));
    let mut event: Obj<Event> = event.into();
    event.dvs = switch.map(|(argument, _)| argument);
    chained(tx, work, portgroup, event, format!("The dvPort group {name} {what}"));
}

fn chained(tx: &mut Tx<'_>, work: &Work, entity: &MoRef, mut event: Obj<Event>, text: String) {
    event.chain_id = tx.get::<mo::Task>(&work.task()).map_or(0, |task| task.info.event_chain_id);
    events::post(tx, work.user.clone(), entity, event, text);
}

fn name(tx: &Tx<'_>, entity: &MoRef) -> Str {
    tx.get::<mo::ManagedEntity>(entity).map(|e| e.name.clone()).unwrap_or_default()
}

fn switch_of(tx: &Tx<'_>, portgroup: &MoRef) -> Option<(Obj<DvsEventArgument>, MoRef)> {
    let group = tx.get::<mo::DistributedVirtualPortgroup>(portgroup).or_else(|| tx.before().get(portgroup))?;
    let switch = group.config.distributed_virtual_switch.clone()?;
    let mut argument = DvsEventArgument { dvs: switch.clone(), ..Default::default() };
    argument.name = name(tx, &switch);
    Some((argument.into(), switch))
}

/// Tells what happened to ports: the ear of the rule that keeps them.
pub fn ports(tx: &mut Tx<'_>, tale: &Tale) {
    let keys: Vec<Str> = tale.keys.iter().map(|key| Str::from(key.to_string())).collect();
    let key = keys.first().cloned().unwrap_or_default();
    let place = Place { portgroup: tale.portgroup.clone(), key: tale.keys.first().copied().unwrap_or_default() };
    let status = |tx: &Tx<'_>| ports::status(tx, &place).map(Obj::<DVPortStatus>::from);
    let shown = |tx: &Tx<'_>, connectee: &Connectee| Some(ports::shown(tx, connectee).into());
    let (event, what): (Obj<Event>, &str) = match &tale.happening {
        Happening::Created => (DvsPortCreatedEvent { port_key: keys, ..Default::default() }.into(), "was created"),
        Happening::Removed => (DvsPortDeletedEvent { port_key: keys, ..Default::default() }.into(), "was deleted"),
        Happening::Connected(c) => {
            let connectee = shown(tx, c);
            (DvsPortConnectedEvent { port_key: key.clone(), connectee, ..Default::default() }.into(), "was connected")
        }
        Happening::Disconnected(c) => {
            let connectee = shown(tx, c);
            let event = DvsPortDisconnectedEvent { port_key: key.clone(), connectee, ..Default::default() };
            (event.into(), "was disconnected")
        }
        Happening::LinkUp(_) => {
            let runtime_info = status(tx);
            (DvsPortLinkUpEvent { port_key: key.clone(), runtime_info, ..Default::default() }.into(), "link was up")
        }
        Happening::LinkDown(_) => {
            let runtime_info = status(tx);
            (DvsPortLinkDownEvent { port_key: key.clone(), runtime_info, ..Default::default() }.into(), "link was down")
        }
    };
    post(tx, &tale.portgroup, &tale.keys, event, what);
}

/// Tells that a port is blocked, or no longer.
pub fn port_blocked(tx: &mut Tx<'_>, place: &Place, blocked: bool) {
    let port_key: Str = place.key.to_string().into();
    let runtime_info = ports::status(tx, place).map(Obj::from);
    let before = |state: &'static str| Some(Str::new_static(state));
    let (event, what): (Obj<Event>, &str) = match blocked {
        true => {
            let prev_block_state = before("unblocked");
            let event = DvsPortBlockedEvent { port_key, runtime_info, prev_block_state, ..Default::default() };
            (event.into(), "was blocked")
        }
        false => {
            let prev_block_state = before("blocked");
            let event = DvsPortUnblockedEvent { port_key, runtime_info, prev_block_state, ..Default::default() };
            (event.into(), "was unblocked")
        }
    };
    post(tx, &place.portgroup, &[place.key], event, what);
}

fn post(tx: &mut Tx<'_>, portgroup: &MoRef, keys: &[u32], mut event: Obj<Event>, what: &str) {
    let Some((argument, switch)) = switch_of(tx, portgroup) else { return };
    let text = match keys {
        [key] => format!("The dvPort {key} {what} in the vSphere Distributed Switch {}", argument.name),
        _ => format!("{} dvPorts: each {what} in the vSphere Distributed Switch {}", keys.len(), argument.name),
    };
    event.dvs = Some(argument);
    events::post(tx, "", &switch, event, text);
}

/// A port group has another configuration.
pub fn portgroup_reconfigured(tx: &mut Tx<'_>, work: &Work, portgroup: &MoRef, event: DVPortgroupReconfiguredEvent) {
    portgroup_event(tx, work, portgroup, event, "was reconfigured");
}
