//! What the fabric is to look like for a machine: pure, from a snapshot.

use ::vmci::{filter::Filter, reach::Generation, switch::Membership};
use inventory::Snapshot;
use model::vm::activity::{Operation, UnderWay};
use vim25::{DateTime, MoRef, Str, mo, types::VirtualMachinePowerState as Power};

use super::device::Device;

/// How a machine is, as far as VMCI is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// It runs and is to be reached.
    Plugged(Plan),
    /// It is suspended, moves, or starts anew: what programs listen on stays.
    Paused,
    /// It is off or gone.
    Off,
}

/// How a machine that runs is to be plugged in.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The run of the machine; another one resets its streams.
    pub run: Run,
    /// Its device.
    pub device: Device,
    /// Its context id.
    pub cid: ::vmci::Cid,
}

/// One run of a machine on one host: from its start or arrival to its end or departure.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The host.
    pub host: Str,
    /// When it started.
    pub boot: Option<DateTime>,
}

impl Plan {
    /// What the fabric is told, with what the machine took over when it started.
    pub fn membership(&self, latched: &Latched) -> Membership {
        Membership {
            cid: self.cid,
            unrestricted: latched.unrestricted,
            domain: latched.domain.clone(),
            grants: self.device.grants.clone(),
        }
    }

    /// The firewall.
    pub fn filter(&self) -> Filter {
        Filter::new(&self.device.rules, self.device.filter_enable)
    }
}

/// What a machine takes over when it starts, whatever is set afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latched {
    unrestricted: bool,
    domain: String,
}

impl Latched {
    /// What a machine takes over that starts now.
    pub fn of(plan: &Plan) -> Latched {
        let Device { unrestricted, domain, .. } = &plan.device;
        Latched { unrestricted: *unrestricted, domain: domain.clone() }
    }
}

/// How a machine is.
pub fn wanted(world: &Snapshot, vm: &MoRef) -> Wanted {
    let Some(machine) = world.get::<mo::VirtualMachine>(vm) else { return Wanted::Off };
    match machine.runtime.power_state {
        Power::PoweredOn => {}
        Power::Suspended => return Wanted::Paused,
        _ => return Wanted::Off,
    }
    if world.private::<UnderWay>(&vm.id).is_some_and(|now| interrupts(now.operation)) {
        return Wanted::Paused;
    }
    let (device, host) = (Device::of(machine), machine.runtime.host.clone());
    let Some((device, host)) = device.zip(host) else { return Wanted::Off };
    let Some(cid) = device.cid else { return Wanted::Off };
    Wanted::Plugged(Plan { run: Run { host: host.id, boot: machine.runtime.boot_time }, device, cid })
}

/// Whether the guest loses its VMCI sockets when this begins.
fn interrupts(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Suspend | Operation::Migrate | Operation::Revert | Operation::PowerOff | Operation::Reset
    )
}

/// What the host of a machine makes of VMCI.
pub fn generation(world: &Snapshot, host: &str) -> Generation {
    let system = world.get::<mo::HostSystem>(&MoRef::new("HostSystem", host));
    let capability = system.and_then(|system| system.capability.as_ref());
    match capability.is_some_and(|c| c.inter_vm_communication_through_vmci_supported) {
        true => Generation::BetweenVms,
        false => Generation::HostOnly,
    }
}
