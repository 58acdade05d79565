//! What virtual machines use, in numbers that can be added and taken away.

use std::ops::{AddAssign, SubAssign};

use vim25::{mo::VirtualMachine, types::VirtualMachinePowerState};

use crate::vm::admission::Reservation;

/// What a virtual machine, or many of them, use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Load {
    /// Virtual machines, running or not.
    pub machines: i64,
    /// Those that run.
    pub running: i64,
    /// Configured memory in MiB, running or not.
    pub configured_memory: i64,
    /// CPU in use, MHz.
    pub cpu: i64,
    /// CPU wanted, MHz.
    pub cpu_demand: i64,
    /// Memory of the host in use, MiB.
    pub host_memory: i64,
    /// Memory that guests use actively, MiB.
    pub guest_memory: i64,
    /// Memory that virtualization itself takes, MiB.
    pub overhead: i64,
    /// CPU to which running machines are entitled, MHz.
    pub cpu_entitled: i64,
    /// Memory to which running machines are entitled, MiB.
    pub memory_entitled: i64,
    /// CPU reserved for running machines, MHz.
    pub cpu_reserved: i64,
    /// Memory reserved for running machines, MiB.
    pub memory_reserved: i64,
}

impl Load {
    /// What one virtual machine uses. A template uses nothing; a machine that `starts` has its reservation already, so
    /// that two that start at the same time cannot both be promised the last of what there is.
    pub fn of(vm: &VirtualMachine, starts: bool) -> Load {
        let Some(config) = vm.config.as_ref().filter(|c| !c.template) else { return Load::default() };
        let mut load = Load { machines: 1, configured_memory: config.hardware.memory_mb.into(), ..Load::default() };
        let on = vm.runtime.power_state == VirtualMachinePowerState::PoweredOn;
        if on || starts {
            let reserved = Reservation::of(config);
            load.cpu_reserved = reserved.cpu;
            load.memory_reserved = reserved.memory;
        }
        if !on {
            return load;
        }
        let stats = &vm.summary.quick_stats;
        let number = |value: Option<i32>| i64::from(value.unwrap_or(0));
        load.running = 1;
        load.cpu = number(stats.overall_cpu_usage);
        load.cpu_demand = number(stats.overall_cpu_demand);
        load.host_memory = number(stats.host_memory_usage);
        load.guest_memory = number(stats.guest_memory_usage);
        load.overhead = number(stats.consumed_overhead_memory);
        load.cpu_entitled = number(stats.distributed_cpu_entitlement);
        load.memory_entitled = number(stats.distributed_memory_entitlement);
        load
    }
}

/// Applies an operator to each number of two loads.
macro_rules! each {
    ($a:ident, $op:tt, $b:ident) => {
        $a.machines $op $b.machines;
        $a.running $op $b.running;
        $a.configured_memory $op $b.configured_memory;
        $a.cpu $op $b.cpu;
        $a.cpu_demand $op $b.cpu_demand;
        $a.host_memory $op $b.host_memory;
        $a.guest_memory $op $b.guest_memory;
        $a.overhead $op $b.overhead;
        $a.cpu_entitled $op $b.cpu_entitled;
        $a.memory_entitled $op $b.memory_entitled;
        $a.cpu_reserved $op $b.cpu_reserved;
        $a.memory_reserved $op $b.memory_reserved;
    };
}

impl AddAssign for Load {
    fn add_assign(&mut self, other: Load) {
        each!(self, +=, other);
    }
}

impl SubAssign for Load {
    fn sub_assign(&mut self, other: Load) {
        each!(self, -=, other);
    }
}
