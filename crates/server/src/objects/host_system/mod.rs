//! `HostSystem`: maintenance mode, and the connection of a host to its vCenter.

mod connection;
mod evacuation;
mod maintenance;
#[cfg(test)]
mod tests;

use inventory::Tx;
use vim25::{
    MoRef, Str, args, mo,
    types::{HostNotConnected, HostSystemConnectionState, InvalidHostState, MethodFault},
};

use crate::{
    dispatch::{Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::HostSystem, args::EnterMaintenanceMode_Task>(maintenance::enter)?;
    registry.on::<mo::HostSystem, args::ExitMaintenanceMode_Task>(maintenance::exit)?;
    registry.on::<mo::HostSystem, args::DisconnectHost_Task>(connection::disconnect)?;
    registry.on::<mo::HostSystem, args::ReconnectHost_Task>(connection::reconnect)
}

/// Faults unless machines may start on the host: it is connected, and neither in maintenance mode nor on its way there.
pub fn check_open(tx: &Tx<'_>, host: &MoRef) -> Result<(), Fault> {
    let system = found(tx, host)?;
    check_connected(system)?;
    if system.runtime.in_maintenance_mode || maintenance::is_entering(tx, host) {
        let name = &system.name;
        return Err(state(host, format!("Host '{name}' is in maintenance mode, or about to be.")));
    }
    Ok(())
}

fn check_connected(host: &mo::HostSystem) -> Result<(), Fault> {
    if host.runtime.connection_state == HostSystemConnectionState::Connected {
        return Ok(());
    }
    Err(Fault::new(HostNotConnected::default(), format!("Host '{}' is not connected.", host.name)))
}

fn found<'t>(tx: &'t Tx<'_>, host: &MoRef) -> Result<&'t mo::HostSystem, Fault> {
    tx.get::<mo::HostSystem>(host).ok_or_else(|| Fault::object_not_found(host))
}

/// The host is in a state that does not allow the operation.
fn state(host: &MoRef, why: impl Into<String>) -> Fault {
    let fault = InvalidHostState { host: Some(host.clone()), ..Default::default() };
    Fault::new(fault, why)
}

fn name(tx: &Tx<'_>, host: &MoRef) -> Str {
    tx.get::<mo::HostSystem>(host).map(|h| h.name.clone()).unwrap_or_default()
}

/// A fault of the type `F` without members of its own.
fn plain<F: vim25::Extends<MethodFault>>(message: String) -> Fault {
    Fault::new(F::default(), message)
}
