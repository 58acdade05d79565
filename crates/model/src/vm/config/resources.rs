//! CPU and memory allocation of a VM.

use vim25::types::{ResourceAllocationInfo, SharesInfo, SharesLevel, VirtualMachineConfigInfoOverheadInfo};

/// Shares of one virtual CPU at level normal.
const CPU_SHARES: i32 = 1000;
/// Shares of one MB of memory at level normal.
const MEMORY_SHARES: i32 = 10;

/// The CPU allocation that a VM has by default: nothing reserved, no limit, normal shares.
pub fn cpu_allocation(cpus: i32) -> ResourceAllocationInfo {
    allocation(cpu_shares(&SharesLevel::Normal, cpus))
}

/// The memory allocation that a VM has by default.
pub fn memory_allocation(memory_mb: i32) -> ResourceAllocationInfo {
    allocation(memory_shares(&SharesLevel::Normal, memory_mb))
}

fn allocation(shares: i32) -> ResourceAllocationInfo {
    ResourceAllocationInfo {
        reservation: Some(0),
        expandable_reservation: Some(false),
        limit: Some(-1),
        shares: Some(SharesInfo { shares, level: SharesLevel::Normal }.into()),
        overhead_limit: None,
    }
}

/// CPU shares at a level: 500, 1000 or 2000 for each virtual CPU.
pub(crate) fn cpu_shares(level: &SharesLevel, cpus: i32) -> i32 {
    at_level(level, cpus.saturating_mul(CPU_SHARES))
}

/// Memory shares at a level: 5, 10 or 20 for each MB.
pub(crate) fn memory_shares(level: &SharesLevel, memory_mb: i32) -> i32 {
    at_level(level, memory_mb.saturating_mul(MEMORY_SHARES))
}

fn at_level(level: &SharesLevel, normal: i32) -> i32 {
    match level {
        SharesLevel::Low => normal / 2,
        SharesLevel::High => normal.saturating_mul(2),
        _ => normal,
    }
}

/// What the host sets aside for a VM of this size beside its memory: about 1 % of it and a fixed part for each CPU.
pub fn memory_overhead(cpus: i32, memory_mb: i32) -> VirtualMachineConfigInfoOverheadInfo {
    let megabytes = 24 + i64::from(cpus) * 4 + i64::from(memory_mb) / 128;
    VirtualMachineConfigInfoOverheadInfo {
        initial_memory_reservation: Some(megabytes << 20),
        initial_swap_reservation: Some((megabytes * 9) << 20),
    }
}
