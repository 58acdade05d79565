//! `DisconnectHost_Task` and `ReconnectHost_Task`: whether vCenter manages a host. The host and its machines run on.

use inventory::Tx;
use vim25::{
    Any, MoRef, args, mo,
    types::{
        HostConnectedEvent, HostDisconnectedEvent, HostSystemConnectionState, InvalidName,
        VirtualMachineConnectionState,
    },
};

use super::{found, state};
use crate::{
    dispatch::Call,
    events,
    fault::Fault,
    service,
    task::{self, Work},
};

/// `DisconnectHost_Task`
pub(super) fn disconnect(call: &Call, _: args::DisconnectHost_Task) -> Result<MoRef, Fault> {
    needs_vcenter(call)?;
    task::transact(call, |work, tx| {
        let system = found(tx, &work.this)?;
        if system.runtime.connection_state == HostSystemConnectionState::Disconnected {
            return Err(state(&work.this, format!("Host '{}' is disconnected already.", system.name)));
        }
        let message = format!("Disconnected from {}", system.name);
        connect(tx, &work.this, false);
        let event = HostDisconnectedEvent { reason: Some("userRequest".into()), ..Default::default() };
        events::post(tx, work.user.clone(), &work.this, event, message);
        Ok(None)
    })
}

/// `ReconnectHost_Task`. The host is the one that it was: a spec that names another one is refused, and an account that
/// it names is taken for right, as there is no host that could say otherwise.
pub(super) fn reconnect(call: &Call, args: args::ReconnectHost_Task) -> Result<MoRef, Fault> {
    needs_vcenter(call)?;
    let named = args.cnx_spec.as_ref().and_then(|spec| spec.host_name.clone());
    task::transact(call, move |work, tx| reconnected(work, tx, named.as_deref()))
}

fn reconnected(work: &Work, tx: &mut Tx<'_>, named: Option<&str>) -> Result<Option<Any>, Fault> {
    let host = &work.this;
    let system = found(tx, host)?;
    if let Some(named) = named.filter(|named| !named.is_empty() && *named != system.name) {
        let fault = InvalidName { name: named.into(), entity: Some(host.clone()), ..Default::default() };
        return Err(Fault::new(fault, format!("'{named}' is another host than '{}'.", system.name)));
    }
    if system.runtime.connection_state == HostSystemConnectionState::Connected {
        return Err(state(host, format!("Host '{}' is connected.", system.name)));
    }
    let message = format!("Connected to {}", system.name);
    connect(tx, host, true);
    events::post(tx, work.user.clone(), host, HostConnectedEvent::default(), message);
    Ok(None)
}

/// A host that is its own server cannot be disconnected from it.
fn needs_vcenter(call: &Call) -> Result<(), Fault> {
    let world = call.snapshot();
    match service::content(&world).is_some_and(|content| content.about.api_type == "HostAgent") {
        true => Err(Fault::not_supported("Only a vCenter connects and disconnects hosts.")),
        false => Ok(()),
    }
}

/// Connects or disconnects a host with its machines.
fn connect(tx: &mut Tx<'_>, host: &MoRef, on: bool) {
    let Some(system) = tx.edit::<mo::HostSystem>(host) else { return };
    let (of_host, of_machine) = match on {
        true => (HostSystemConnectionState::Connected, VirtualMachineConnectionState::Connected),
        false => (HostSystemConnectionState::Disconnected, VirtualMachineConnectionState::Disconnected),
    };
    system.runtime.connection_state = of_host;
    for vm in system.vm.clone().unwrap_or_default() {
        if let Some(vm) = tx.edit::<mo::VirtualMachine>(&vm) {
            vm.runtime.connection_state = of_machine.clone();
        }
    }
}
