//! CPUs, memory and what is allocated of them.

use vim25::{
    Obj,
    types::{
        CpuHotPlugNotSupported, MemoryHotPlugNotSupported, SharesLevel, VirtualMachineConfigInfo,
        VirtualMachineVirtualNumaInfo,
    },
};

use super::{
    allocation::allocation,
    checks::Change,
    resources::{cpu_shares, memory_overhead, memory_shares},
};
use crate::vm::{Fault, version};

/// Least memory of a VM in MB; memory comes in pieces of this size.
const MEMORY_PIECE: i64 = 4;
/// How many times its memory at power-on a VM can have after hot additions.
const HOT_ADD_FACTOR: i64 = 16;
/// By how much memory grows at least while the VM runs, in MB.
const HOT_ADD_PIECE: i64 = 128;

/// Sets CPUs, memory, hot plug and allocations.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    hot_plug_switches(config, change)?;
    cpus(config, change)?;
    memory(config, change)?;
    allocations(config, change)?;
    sizes(config);
    Ok(())
}

fn hot_plug_switches(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let spec = change.spec;
    let wanted = [spec.memory_hot_add_enabled, spec.cpu_hot_add_enabled, spec.cpu_hot_remove_enabled];
    let has = [config.memory_hot_add_enabled, config.cpu_hot_add_enabled, config.cpu_hot_remove_enabled];
    if wanted.iter().zip(&has).all(|(w, h)| w.is_none() || w == h) {
        return Ok(());
    }
    change.needs_off()?;
    config.memory_hot_add_enabled = wanted[0].or(has[0]);
    config.cpu_hot_add_enabled = wanted[1].or(has[1]);
    config.cpu_hot_remove_enabled = wanted[2].or(has[2]);
    Ok(())
}

fn cpus(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let spec = change.spec;
    let (had, had_cores) = (config.hardware.num_cpu, config.hardware.num_cores_per_socket.unwrap_or(1));
    let cpus = spec.num_cpus.unwrap_or(had);
    let most = version::max_cpus(version::number(&config.version).unwrap_or(version::NEWEST));
    if !(1..=most).contains(&cpus) {
        let why = format!("{cpus} is not within 1 to {most}, the most that '{}' can have", config.version);
        return Err(Fault::invalid_argument("configSpec.numCPUs", why));
    }
    let automatic = match spec.num_cores_per_socket {
        Some(cores) => cores == 0,
        None => config.hardware.auto_cores_per_socket == Some(true),
    };
    let cores = if automatic { 1 } else { spec.num_cores_per_socket.unwrap_or(had_cores) };
    if cores < 1 || cpus % cores != 0 {
        let why = format!("{cpus} CPUs do not make sockets of {cores} cores");
        return Err(Fault::invalid_argument("configSpec.numCoresPerSocket", why));
    }
    if cpus != had {
        check_cpu_hot_plug(config, change, cpus > had)?;
    }
    if cores != had_cores
        || (spec.num_cores_per_socket.is_some() && Some(automatic) != config.hardware.auto_cores_per_socket)
    {
        change.needs_off()?;
        config.hardware.num_cores_per_socket = Some(cores);
        config.hardware.auto_cores_per_socket = Some(automatic);
    }
    if cpus != had {
        config.hardware.num_cpu = cpus;
    }
    Ok(())
}

fn check_cpu_hot_plug(config: &VirtualMachineConfigInfo, change: &Change<'_>, more: bool) -> Result<(), Fault> {
    change.needs_awake()?;
    let allowed = if more { config.cpu_hot_add_enabled } else { config.cpu_hot_remove_enabled };
    if change.on() && allowed != Some(true) { Err(no_cpu_hot_plug()) } else { Ok(()) }
}

fn no_cpu_hot_plug() -> Fault {
    let message = "CPU hot plug is not supported for this virtual machine: the number of virtual CPUs cannot be changed \
                   while it is powered on.";
    Fault::new(CpuHotPlugNotSupported::default(), message)
}

fn no_memory_hot_plug() -> Fault {
    let message = "Memory hot plug is not supported for this virtual machine: its memory cannot be changed while it is \
                   powered on.";
    Fault::new(MemoryHotPlugNotSupported::default(), message)
}

fn memory(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let Some(wanted) = change.spec.memory_mb else { return Ok(()) };
    let had = i64::from(config.hardware.memory_mb);
    let most = version::max_memory_mb(version::number(&config.version).unwrap_or(version::NEWEST));
    let wrong = |why: String| Err(Fault::invalid_argument("configSpec.memoryMB", why));
    if !(MEMORY_PIECE..=most).contains(&wanted) {
        return wrong(format!("{wanted} is not within {MEMORY_PIECE} to {most}"));
    }
    if wanted % MEMORY_PIECE != 0 {
        return wrong(format!("{wanted} is no multiple of {MEMORY_PIECE}"));
    }
    if wanted == had {
        return Ok(());
    }
    change.needs_awake()?;
    if change.on() {
        if config.memory_hot_add_enabled != Some(true) || wanted < had {
            return Err(no_memory_hot_plug());
        }
        let limit = config.hot_plug_memory_limit.unwrap_or(had);
        if wanted > limit {
            return wrong(format!("{wanted} is above {limit}, the most that can be added while it runs"));
        }
    }
    config.hardware.memory_mb = wanted as i32;
    Ok(())
}

fn allocations(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let (cpus, memory) = (config.hardware.num_cpu, config.hardware.memory_mb);
    if let Some(locked) = change.spec.memory_reservation_locked_to_max
        && config.memory_reservation_locked_to_max != Some(locked)
    {
        config.memory_reservation_locked_to_max = Some(locked);
    }
    let wish = change.spec.cpu_allocation.as_ref();
    let cpu = allocation(config.cpu_allocation.as_ref(), wish, "configSpec.cpuAllocation", None, |level| {
        cpu_shares(level, cpus)
    })?;
    let wish = change.spec.memory_allocation.as_ref();
    let whole = i64::from(memory);
    let locked = (config.memory_reservation_locked_to_max == Some(true)).then_some(whole);
    if let Some(wished) = wish.and_then(|w| w.reservation).filter(|r| locked.is_some_and(|l| l != *r)) {
        let why = format!("{wished} is not {whole}, to which memoryReservationLockedToMax locks it");
        return Err(Fault::invalid_argument("configSpec.memoryAllocation.reservation", why));
    }
    let by_level = |level: &SharesLevel| memory_shares(level, memory);
    let mem = allocation(config.memory_allocation.as_ref(), wish, "configSpec.memoryAllocation", locked, by_level)?;
    if mem.reservation > Some(whole) {
        let why = format!("it is above the memory of the machine, {memory} MB");
        return Err(Fault::invalid_argument("configSpec.memoryAllocation.reservation", why));
    }
    if config.cpu_allocation.as_deref() != Some(&cpu) {
        config.cpu_allocation = Some(cpu.into());
    }
    if config.memory_allocation.as_deref() != Some(&mem) {
        config.memory_allocation = Some(mem.into());
    }
    Ok(())
}

/// What follows from the number of CPUs and the memory.
fn sizes(config: &mut Obj<VirtualMachineConfigInfo>) {
    let (cpus, memory) = (config.hardware.num_cpu, config.hardware.memory_mb);
    let overhead = memory_overhead(cpus, memory);
    if config.initial_overhead.as_deref() != Some(&overhead) {
        config.initial_overhead = Some(overhead.into());
    }
    let hot = config.memory_hot_add_enabled == Some(true);
    let limit = hot.then(|| config.hot_plug_memory_limit.unwrap_or(0).max(i64::from(memory) * HOT_ADD_FACTOR));
    let piece = hot.then_some(HOT_ADD_PIECE);
    if (config.hot_plug_memory_limit, config.hot_plug_memory_increment_size) != (limit, piece) {
        config.hot_plug_memory_limit = limit;
        config.hot_plug_memory_increment_size = piece;
    }
    let numa = config.numa_info.as_deref();
    if numa.is_some_and(|n| n.auto_cores_per_numa_node == Some(true) && n.cores_per_numa_node != Some(cpus)) {
        let exposed = numa.and_then(|n| n.vnuma_on_cpu_hotadd_exposed);
        let numa = VirtualMachineVirtualNumaInfo {
            cores_per_numa_node: Some(cpus),
            auto_cores_per_numa_node: Some(true),
            vnuma_on_cpu_hotadd_exposed: exposed,
        };
        config.numa_info = Some(numa.into());
    }
}
