//! What the fabric is to look like for a machine: pure, from a snapshot.

use ::vmci::{filter::Filter, reach::Generation, switch::Membership};
use inventory::Snapshot;
use model::vm::activity::{Operation, UnderWay};
use vim25::{
    DateTime, MoRef, Str, mo,
    types::{VirtualMachineFaultToleranceState as FaultTolerance, VirtualMachinePowerState as Power},
};

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
    let interrupted = world.private::<UnderWay>(&vm.id).is_some_and(|now| interrupts(now.operation));
    if interrupted || is_protected(&machine.runtime.fault_tolerance_state) {
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

/// Whether fault tolerance keeps a second machine in step: VMCI sockets cannot be open then.
fn is_protected(state: &FaultTolerance) -> bool {
    !matches!(state, FaultTolerance::NotConfigured | FaultTolerance::Disabled)
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

#[cfg(test)]
mod tests {
    use inventory::{Inventory, Options};
    use vim25::{
        DataType, Obj,
        types::{HostCapability, VirtualMachineConfigInfo, VirtualMachineVMCIDevice},
    };

    use super::*;

    fn vm() -> MoRef {
        MoRef::new("VirtualMachine", "vm-1")
    }

    fn machine(power: Power, id: i64) -> mo::VirtualMachine {
        let device = VirtualMachineVMCIDevice::with(|d| {
            d.id = Some(id);
            d.allow_unrestricted_communication = Some(true);
        });
        let config = VirtualMachineConfigInfo::with(|c| {
            c.hardware.device = Some(vec![Obj::<VirtualMachineVMCIDevice>::from(device).up()])
        });
        mo::VirtualMachine::with(|vm| {
            vm.runtime.power_state = power;
            vm.runtime.fault_tolerance_state = FaultTolerance::NotConfigured;
            vm.runtime.host = Some(MoRef::new("HostSystem", "host-1"));
            vm.config = Some(config.into());
        })
    }

    fn world(machine: mo::VirtualMachine, operation: Option<Operation>) -> Snapshot {
        let inventory = Inventory::new(Options::default());
        let made = inventory.commit::<_, ()>(|tx| {
            tx.insert(vm(), machine);
            let task = MoRef::new("Task", "task-1");
            operation.map(|operation| tx.set_private("vm-1", UnderWay { task, operation }));
            Ok(())
        });
        made.unwrap();
        inventory.snapshot()
    }

    #[test]
    fn a_machine_that_runs_is_plugged_in_on_its_host() {
        let Wanted::Plugged(plan) = wanted(&world(machine(Power::PoweredOn, -16), None), &vm()) else {
            panic!("it runs")
        };
        assert_eq!((plan.run.host.as_str(), plan.cid.bits()), ("host-1", 0xFFFF_FFF0));
    }

    #[test]
    fn a_machine_that_is_off_gone_or_without_an_id_is_not() {
        for (power, id) in [(Power::PoweredOff, 77), (Power::PoweredOn, -1), (Power::PoweredOn, 2)] {
            assert_eq!(wanted(&world(machine(power, id), None), &vm()), Wanted::Off);
        }
        let other = MoRef::new("VirtualMachine", "vm-2");
        assert_eq!(wanted(&world(machine(Power::PoweredOn, 77), None), &other), Wanted::Off);
    }

    #[test]
    fn a_machine_is_paused_while_it_is_suspended_or_on_its_way() {
        let while_it = |operation| wanted(&world(machine(Power::PoweredOn, 77), Some(operation)), &vm());
        for operation in [Operation::Migrate, Operation::Suspend, Operation::Revert, Operation::Reset] {
            assert_eq!(while_it(operation), Wanted::Paused);
        }
        assert_eq!(wanted(&world(machine(Power::Suspended, 77), None), &vm()), Wanted::Paused);
        for operation in [Operation::Snapshot { memory: false }, Operation::Reconfigure { adapters: true }] {
            assert!(matches!(while_it(operation), Wanted::Plugged(_)));
        }
    }

    #[test]
    fn a_machine_under_fault_tolerance_is_paused() {
        let mut protected = machine(Power::PoweredOn, 77);
        protected.runtime.fault_tolerance_state = FaultTolerance::Running;
        assert_eq!(wanted(&world(protected, None), &vm()), Wanted::Paused);
    }

    #[test]
    fn what_was_taken_over_at_the_start_holds_until_the_next_one() {
        let world = world(machine(Power::PoweredOn, 77), None);
        let Wanted::Plugged(mut plan) = wanted(&world, &vm()) else { panic!("it runs") };
        let latched = Latched::of(&plan);
        plan.device.unrestricted = false;
        assert!(plan.membership(&latched).unrestricted);
        assert!(!plan.membership(&Latched::of(&plan)).unrestricted);
    }

    #[test]
    fn the_host_says_whether_machines_can_talk() {
        let inventory = Inventory::new(Options::default());
        let host = |between| {
            let capability = HostCapability::with(|c| c.inter_vm_communication_through_vmci_supported = between);
            mo::HostSystem { capability: Some(capability.into()), ..Default::default() }
        };
        let made = inventory.commit::<_, ()>(|tx| {
            tx.insert(MoRef::new("HostSystem", "host-1"), host(true));
            tx.insert(MoRef::new("HostSystem", "host-2"), host(false));
            Ok(())
        });
        made.unwrap();
        let world = inventory.snapshot();
        let generations = ["host-1", "host-2", "host-3"].map(|id| generation(&world, id));
        assert_eq!(generations, [Generation::BetweenVms, Generation::HostOnly, Generation::HostOnly]);
    }
}
