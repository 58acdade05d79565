//! `disabledMethod` of hosts: what their state does not allow.

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Str,
    mo::HostSystem,
    types::{HostRuntimeInfo, HostSystemConnectionState},
};

use crate::{derive::differs, kit::text};

/// The rule.
pub(crate) struct Methods;

impl Derive for Methods {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["HostSystem"])
    }

    fn reads_private(&self) -> bool {
        false
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched {
            if !differs(tx, moref, &["runtime", "disabledMethod"]) {
                continue;
            }
            let Some(host) = tx.get::<HostSystem>(moref) else { continue };
            let disabled = disabled(&host.runtime);
            if host.common.disabled_method.as_ref() != Some(&disabled)
                && let Some(host) = tx.edit::<HostSystem>(moref)
            {
                host.common.disabled_method = Some(disabled);
            }
        }
    }
}

/// A host that runs cannot be powered up; the others come in pairs of which one is possible.
fn disabled(runtime: &HostRuntimeInfo) -> Vec<Str> {
    let connected = runtime.connection_state == HostSystemConnectionState::Connected;
    let mut disabled = match (connected, runtime.in_maintenance_mode) {
        (true, true) => vec!["EnterMaintenanceMode_Task"],
        (true, false) => vec!["ExitMaintenanceMode_Task"],
        (false, _) => vec!["DisconnectHost_Task", "EnterMaintenanceMode_Task", "ExitMaintenanceMode_Task"],
    };
    disabled.push("PowerUpHostFromStandBy_Task");
    if connected {
        disabled.push("ReconnectHost_Task");
    }
    disabled.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_can_do_follows_from_its_state() {
        let disabled = |state, maintenance| {
            let runtime =
                HostRuntimeInfo { connection_state: state, in_maintenance_mode: maintenance, ..Default::default() };
            disabled(&runtime)
        };
        let usual = disabled(HostSystemConnectionState::Connected, false);
        assert_eq!(usual, ["ExitMaintenanceMode_Task", "PowerUpHostFromStandBy_Task", "ReconnectHost_Task"]);
        assert_eq!(disabled(HostSystemConnectionState::Connected, true)[0], "EnterMaintenanceMode_Task");
        let gone = disabled(HostSystemConnectionState::Disconnected, false);
        assert!(gone.contains(&text("DisconnectHost_Task")) && !gone.contains(&text("ReconnectHost_Task")));
    }
}
