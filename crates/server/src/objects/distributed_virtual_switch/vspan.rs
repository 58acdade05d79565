//! Port mirroring: sessions, and the ports that they watch.

use inventory::Tx;
use model::network::ports;
use vim25::{
    MoRef, Obj, Str, mo,
    types::{VMwareDVSConfigInfo, VMwareDVSVspanConfigSpec, VMwareVspanPort, VMwareVspanSession},
};

use super::faults::{dvs, not_found};
use crate::fault::Fault;

/// Adds, changes and removes sessions.
pub fn change(tx: &mut Tx<'_>, switch: &MoRef, specs: &[Obj<VMwareDVSVspanConfigSpec>]) -> Result<(), Fault> {
    for spec in specs {
        let mut session = spec.vspan_session.clone();
        if spec.operation != "remove" {
            check(tx, switch, &session)?;
        }
        if spec.operation == "add" {
            session.key = Some(tx.uuid());
        }
        let Some(known) = tx.edit::<mo::DistributedVirtualSwitch>(switch) else { return Ok(()) };
        let config = known.config.cast_mut::<VMwareDVSConfigInfo>();
        let config = config.ok_or_else(|| Fault::not_supported("The switch mirrors no ports."))?;
        let list = config.vspan_session.get_or_insert_default();
        apply(list, &spec.operation, session)?;
    }
    Ok(())
}

fn apply(
    list: &mut Vec<Obj<VMwareVspanSession>>,
    operation: &str,
    session: Obj<VMwareVspanSession>,
) -> Result<(), Fault> {
    let named = |other: &VMwareVspanSession| other.name.is_some() && other.name == session.name;
    if operation != "remove" && list.iter().any(|other| named(other) && other.key != session.key) {
        let name = session.name.as_deref().unwrap_or_default();
        return Err(dvs(format!("There is a mirroring session '{name}' already.")));
    }
    let at = list.iter().position(|other| other.key.is_some() && other.key == session.key);
    let missing = || not_found("There is no mirroring session with this key.");
    match operation {
        "add" => list.push(session),
        "edit" => list[at.ok_or_else(missing)?] = session,
        "remove" => drop(list.remove(at.ok_or_else(missing)?)),
        other => {
            let why = format!("'{other}' is no operation");
            return Err(Fault::invalid_argument("spec.vspanConfigSpec.operation", why));
        }
    }
    Ok(())
}

/// The ports that a session names exist, and none is watched and written to at once.
fn check(tx: &Tx<'_>, switch: &MoRef, session: &VMwareVspanSession) -> Result<(), Fault> {
    let keys = |ports: &Option<Obj<VMwareVspanPort>>| -> Vec<Str> {
        ports.iter().flat_map(|p| p.port_key.iter().flatten()).cloned().collect()
    };
    let mut sources = keys(&session.source_port_transmitted);
    sources.extend(keys(&session.source_port_received));
    let destinations = keys(&session.destination_port);
    for key in sources.iter().chain(&destinations) {
        if ports::find(tx, switch, key).is_none() {
            return Err(not_found(format!("The switch has no port '{key}'.")));
        }
    }
    match sources.iter().find(|key| destinations.contains(key)) {
        Some(key) => {
            let session_key = session.key.clone().unwrap_or_default();
            let fault = vim25::types::VspanSameSessionPortConflict {
                vspan_session_key: session_key,
                port_key: key.clone(),
                ..Default::default()
            };
            Err(Fault::new(fault, format!("The port '{key}' is both source and destination of the session.")))
        }
        None => Ok(()),
    }
}
