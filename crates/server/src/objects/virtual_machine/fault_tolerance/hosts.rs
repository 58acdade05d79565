//! The host of a secondary: another one than its primary's.

use inventory::Tx;
use model::vm::{
    admission::{self, Seat},
    fault_tolerance,
    surroundings::Lookup,
};
use vim25::{
    MoRef, MoRefs, mo,
    types::{
        FaultToleranceAntiAffinityViolated, HostNotConnected, IncompatibleHostForFtSecondary,
        NoHostSuitableForFtSecondary, VirtualMachineConfigInfo,
    },
};

use super::super::{Around, place};
use crate::fault::Fault;

/// The host that a client names for the secondary, or the best of all: one that can run it, has room for what it
/// reserves, and has the fewest machines.
pub fn choose(tx: &Tx<'_>, this: &MoRef, primary: &mo::VirtualMachine, named: Option<&MoRef>) -> Result<MoRef, Fault> {
    if let Some(host) = named {
        let issues = obstacles(tx, primary, host)?;
        return if issues.is_empty() { Ok(host.clone()) } else { Err(incompatible(host, issues)) };
    }
    let config = fault_tolerance::protected(primary.config.as_ref().unwrap_or(&Default::default()));
    let rank = |host: &MoRef| (!has_room(tx, primary, &config, host), machines_on(tx, host));
    let fits = |host: &&MoRef| obstacles(tx, primary, host).is_ok_and(|issues| issues.is_empty());
    let best = siblings(tx, primary).iter().filter(fits).min_by_key(|host| rank(host));
    best.cloned().ok_or_else(|| {
        let message = format!("No other host can run a secondary of '{}'.", primary.name);
        let fault =
            NoHostSuitableForFtSecondary { vm: this.clone(), vm_name: primary.name.clone(), ..Default::default() };
        Fault::new(fault, message)
    })
}

/// The hosts of the compute resource in which the primary runs.
fn siblings<'t>(tx: &'t Tx<'_>, primary: &mo::VirtualMachine) -> &'t MoRefs {
    let owner = primary.resource_pool.as_ref().and_then(|pool| tx.get::<mo::ResourcePool>(pool)).map(|p| &p.owner);
    let owner = owner.and_then(|owner| tx.get::<mo::ComputeResource>(owner));
    owner.and_then(|owner| owner.host.as_ref()).unwrap_or_default()
}

/// What keeps a host from running the secondary.
fn obstacles(tx: &Tx<'_>, primary: &mo::VirtualMachine, host: &MoRef) -> Result<Vec<Fault>, Fault> {
    let system = tx.get::<mo::HostSystem>(host).ok_or_else(|| Fault::object_not_found(host))?;
    let mut found = vec![];
    if primary.runtime.host.as_ref() == Some(host) {
        found.push(too_near(host, system));
    }
    if !siblings(tx, primary).contains(host) {
        let why = format!("'{host}' does not belong to the compute resource of the primary");
        found.push(Fault::invalid_argument("host", why));
    }
    if !place::is_usable(system) {
        let message = format!("Host '{}' is not connected, or in maintenance mode.", system.name);
        found.push(Fault::new(HostNotConnected::default(), message));
    }
    let around = Around::new(tx.before(), host.clone());
    let datastores = primary.datastore.iter().flatten();
    for datastore in datastores.filter(|d| around.datastore(d).is_none_or(|facts| !facts.accessible)) {
        found.push(Fault::invalid_argument("host", format!("the host cannot reach '{datastore}'")));
    }
    Ok(found)
}

/// The other machine of the pair is on the host already.
pub fn too_near(host: &MoRef, system: &mo::HostSystem) -> Fault {
    let message = format!("The other machine of the pair is on host '{}'.", system.name);
    let fault =
        FaultToleranceAntiAffinityViolated { host_name: system.name.clone(), host: host.clone(), ..Default::default() };
    Fault::new(fault, message)
}

fn incompatible(host: &MoRef, issues: Vec<Fault>) -> Fault {
    let texts: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
    let message = format!("The host cannot run the secondary: {}", texts.join(" "));
    let error = issues.iter().map(Fault::localized).collect();
    Fault::new(IncompatibleHostForFtSecondary { host: host.clone(), error: Some(error), ..Default::default() }, message)
}

fn has_room(tx: &Tx<'_>, primary: &mo::VirtualMachine, config: &VirtualMachineConfigInfo, host: &MoRef) -> bool {
    let seat = Seat { host: Some(host), pool: primary.resource_pool.as_ref() };
    admission::run(tx, &MoRef::default(), config, seat).is_ok()
}

fn machines_on(tx: &Tx<'_>, host: &MoRef) -> usize {
    tx.get::<mo::HostSystem>(host).and_then(|host| host.vm.as_ref()).map_or(0, MoRefs::len)
}
