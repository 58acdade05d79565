//! Whether what a virtual machine reserves can be had: on its host, in its resource pool, and in the pools above as far
//! as expandable reservations reach.
//!
//! A reservation is held from the moment a power-on begins until the machine stops. Nothing is reserved for the overhead
//! of virtualization: pools and hosts count what configurations ask for. All faults leave everything as it was.

mod ledger;
mod level;

use inventory::Tx;
use vim25::{
    MoRef,
    mo::{HostSystem, ResourcePool, VirtualMachine},
    types::{
        GenericVmConfigFault, InsufficientCpuResourcesFault, InsufficientMemoryResourcesFault,
        LatencySensitivitySensitivityLevel, ResourceAllocationInfo, ResourceConfigSpec, VirtualMachineConfigInfo,
        VirtualMachinePowerState, VirtualPCIPassthrough,
    },
};

use super::Fault;
use crate::derive;
pub use ledger::Ledger;
pub use level::Level;

/// What is reserved for a virtual machine while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reservation {
    /// MHz.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
}

impl Reservation {
    /// What a configuration reserves.
    pub fn of(config: &VirtualMachineConfigInfo) -> Reservation {
        Reservation {
            cpu: config.cpu_allocation.as_ref().and_then(|a| a.reservation).unwrap_or(0),
            memory: config.memory_allocation.as_ref().and_then(|a| a.reservation).unwrap_or(0),
        }
    }
}

/// Where a virtual machine runs or will run.
#[derive(Clone, Copy, Debug)]
pub struct Seat<'a> {
    /// The host.
    pub host: Option<&'a MoRef>,
    /// The resource pool or vApp.
    pub pool: Option<&'a MoRef>,
}

impl<'a> Seat<'a> {
    /// Where a virtual machine is.
    pub fn of(vm: &'a VirtualMachine) -> Seat<'a> {
        Seat { host: vm.runtime.host.as_ref(), pool: vm.resource_pool.as_ref() }
    }
}

/// Whether `vm` can run with `config` on a seat: for power-on, resume and migration. What it holds already, where it is,
/// counts as free.
///
/// # Errors
/// `InsufficientCpuResourcesFault`, `InsufficientMemoryResourcesFault`; `GenericVmConfigFault` if the machine has to
/// have all of its memory reserved and has not.
pub fn run(tx: &Tx<'_>, vm: &MoRef, config: &VirtualMachineConfigInfo, seat: Seat<'_>) -> Result<(), Fault> {
    whole_memory(config)?;
    seat_for(tx, Some(vm), Reservation::of(config), seat)
}

/// Whether the configuration of `vm` can become `new`: what a running machine reserves on top can be had, and memory
/// that is locked to be reserved in full can be reserved now, whether or not the machine runs.
///
/// # Errors
/// As [`run`].
pub fn change(tx: &Tx<'_>, vm: &MoRef, new: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    let Some(machine) = tx.get::<VirtualMachine>(vm) else { return Ok(()) };
    let old = machine.config.as_deref();
    let had = old.map(Reservation::of).unwrap_or_default();
    let mut more = Reservation::of(new);
    let on = machine.runtime.power_state == VirtualMachinePowerState::PoweredOn;
    let locked = |c: &VirtualMachineConfigInfo| c.memory_reservation_locked_to_max == Some(true);
    let lock = locked(new) && (!old.is_some_and(locked) || more.memory > had.memory);
    if !on || more.cpu <= had.cpu {
        more.cpu = 0;
    }
    if !lock && (!on || more.memory <= had.memory) {
        more.memory = 0;
    }
    seat_for(tx, Some(vm), more, Seat::of(machine))
}

/// Whether a new machine with `config` can be: memory that is locked to be reserved in full can be reserved now.
///
/// # Errors
/// As [`run`].
pub fn create(tx: &Tx<'_>, config: &VirtualMachineConfigInfo, seat: Seat<'_>) -> Result<(), Fault> {
    match config.memory_reservation_locked_to_max {
        Some(true) => seat_for(tx, None, Reservation { cpu: 0, ..Reservation::of(config) }, seat),
        _ => Ok(()),
    }
}

/// Whether a pool can have `config`: it reserves no more than the pools above can give it, and no less than what is
/// reserved in it. `parent` is the pool above; `pool` is none for a new one.
///
/// # Errors
/// `InsufficientMemoryResourcesFault`, `InsufficientCpuResourcesFault`.
pub fn pool(tx: &Tx<'_>, pool: Option<&MoRef>, parent: &MoRef, config: &ResourceConfigSpec) -> Result<(), Fault> {
    let (cpu, memory) = pool.map(|pool| derive::reserved_in_pool(tx, pool)).unwrap_or_default();
    let above = Ledger::default().room(tx, parent);
    let old = pool.and_then(|pool| tx.get::<ResourcePool>(pool)).map(|pool| &pool.config);
    let held = |allocation: Option<&ResourceAllocationInfo>, used| allocation.map_or(0, |a| Level::of(a, used).held());
    let place = "in this pool and the ones above";
    let memory_above = above.memory + held(old.map(|c| &*c.memory_allocation), memory);
    if let Some((room, wanted)) = Level::of(&config.memory_allocation, memory).shortage(memory_above) {
        return Err(short_of_memory(wanted, room, place));
    }
    let cpu_above = above.cpu + held(old.map(|c| &*c.cpu_allocation), cpu);
    match Level::of(&config.cpu_allocation, cpu).shortage(cpu_above) {
        Some((room, wanted)) => Err(short_of_cpu(wanted, room, place)),
        None => Ok(()),
    }
}

/// Whether a pool, with all that is reserved in it, can lie in `to`.
///
/// # Errors
/// As [`pool`].
pub fn move_pool(tx: &Tx<'_>, pool: &MoRef, to: &MoRef) -> Result<(), Fault> {
    let Some(found) = tx.get::<ResourcePool>(pool) else { return Ok(()) };
    let (cpu, memory) = derive::reserved_in_pool(tx, pool);
    let held = Reservation {
        cpu: Level::of(&found.config.cpu_allocation, cpu).held(),
        memory: Level::of(&found.config.memory_allocation, memory).held(),
    };
    let mut ledger = Ledger::default();
    if let Some(from) = &found.parent {
        ledger.release(tx, from, held);
    }
    fits(held, ledger.room(tx, to), "in the pool that it is to lie in")
}

/// Whether a seat has room for a reservation, once `vm` has left where it is.
fn seat_for(tx: &Tx<'_>, vm: Option<&MoRef>, wanted: Reservation, seat: Seat<'_>) -> Result<(), Fault> {
    if wanted == Reservation::default() {
        return Ok(());
    }
    let held = vm.and_then(|vm| derive::held(tx, vm)).unwrap_or_default();
    if let Some(host) = seat.host {
        let own = if held.host.as_ref() == Some(&host.id) { held.reserved } else { Reservation::default() };
        fits(wanted, on_host(tx, host, own), "on its host")?;
    }
    if let Some(pool) = seat.pool {
        let mut ledger = Ledger::default();
        if let Some(from) = &held.pool {
            ledger.release(tx, &MoRef::new("ResourcePool", from.clone()), held.reserved);
        }
        fits(wanted, ledger.room(tx, pool), "in its resource pool")?;
    }
    Ok(())
}

/// What a host has left, without what one machine (`own`) holds.
fn on_host(tx: &Tx<'_>, host: &MoRef, own: Reservation) -> Reservation {
    let (cpu, memory) = tx.get::<HostSystem>(host).map(derive::capacity).unwrap_or_default();
    let (cpu_used, memory_used) = derive::reserved_on_host(tx, host);
    Reservation { cpu: (cpu - cpu_used + own.cpu).max(0), memory: (memory - memory_used + own.memory).max(0) }
}

fn fits(wanted: Reservation, room: Reservation, place: &str) -> Result<(), Fault> {
    if wanted.memory > room.memory {
        return Err(short_of_memory(wanted.memory, room.memory, place));
    }
    if wanted.cpu > room.cpu {
        return Err(short_of_cpu(wanted.cpu, room.cpu, place));
    }
    Ok(())
}

fn short_of_memory(wanted: i64, room: i64, place: &str) -> Fault {
    let message = format!("{wanted} MB of memory are to be reserved, {place} {room} MB can be.");
    let fault = InsufficientMemoryResourcesFault {
        unreserved: room.saturating_mul(1 << 20),
        requested: wanted.saturating_mul(1 << 20),
        ..Default::default()
    };
    Fault::new(fault, message)
}

fn short_of_cpu(wanted: i64, room: i64, place: &str) -> Fault {
    let message = format!("{wanted} MHz of CPU are to be reserved, {place} {room} MHz can be.");
    let fault = InsufficientCpuResourcesFault { unreserved: room, requested: wanted, ..Default::default() };
    Fault::new(fault, message)
}

/// A fault if the machine has to have all of its memory reserved and has not.
fn whole_memory(config: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    let memory = i64::from(config.hardware.memory_mb);
    let Some(reason) = wants_whole_memory(config).filter(|_| Reservation::of(config).memory < memory) else {
        return Ok(());
    };
    let text = format!(
        "{reason}, so that all of its memory has to be reserved: sched.mem.min is {} MB, memsize is {memory} MB",
        Reservation::of(config).memory
    );
    Err(Fault::new(GenericVmConfigFault { reason: text.as_str().into(), ..Default::default() }, text))
}

/// Why a machine needs all of its memory reserved to start, if it does.
fn wants_whole_memory(config: &VirtualMachineConfigInfo) -> Option<&'static str> {
    let level = config.latency_sensitivity.as_ref().map(|l| &l.level);
    if level == Some(&LatencySensitivitySensitivityLevel::High) {
        return Some("The latency sensitivity of the machine is high");
    }
    let mut devices = config.hardware.device.iter().flatten();
    devices.any(|d| d.is::<VirtualPCIPassthrough>()).then_some("The machine has a PCI device of the host")
}
