//! Run-time state of resource pools and vApps: what their machines and child pools reserve and use.

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj, Str,
    mo::{ResourcePool, VirtualApp},
    types::*,
};

use super::{Load, clamp, totals::MachineTotal};
use crate::vm::admission::Level;

const MIB: i64 = 1 << 20;

/// What the child pools of a pool handed it. Private state of pools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct ChildTotal {
    load: Load,
    /// CPU that child pools hold for themselves, MHz.
    cpu_held: i64,
    /// Memory that child pools hold for themselves, MiB.
    memory_held: i64,
}

/// What a pool handed its parent last. Private state of pools.
#[derive(Debug, Clone, Default, PartialEq)]
struct Handed {
    parent: Option<Str>,
    total: ChildTotal,
}

/// Reads what a pool with all that is in it uses.
pub(super) fn total_load(tx: &Tx<'_>, pool: &MoRef) -> Load {
    let mut load = tx.private::<MachineTotal>(&pool.id).copied().unwrap_or_default().0;
    load += tx.private::<ChildTotal>(&pool.id).copied().unwrap_or_default().load;
    load
}

/// The rule.
pub(super) struct PoolUsage;

pub(crate) fn is_pool(moref: &MoRef) -> bool {
    moref.kind == "ResourcePool" || moref.kind == "VirtualApp"
}

impl Derive for PoolUsage {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["ResourcePool", "VirtualApp"])
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched {
            hand_over(tx, moref);
            refresh(tx, moref);
        }
    }
}

/// Tells the parent what this pool has; the parent is then touched, and does the same.
fn hand_over(tx: &mut Tx<'_>, moref: &MoRef) {
    let new = tx.get::<ResourcePool>(moref).map(|pool| {
        let parent = pool.parent.as_ref().filter(|p| is_pool(p)).map(|p| p.id.clone());
        Handed { total: held(tx, moref, pool), parent }
    });
    let old = match &new {
        Some(_) => tx.private::<Handed>(&moref.id).cloned(),
        None => tx.before().private::<Handed>(&moref.id).cloned(),
    };
    if old == new {
        return;
    }
    if let Some(Handed { parent: Some(parent), total }) = &old {
        change(tx, parent, |children| {
            children.load -= total.load;
            children.cpu_held -= total.cpu_held;
            children.memory_held -= total.memory_held;
        });
    }
    let Some(new) = new else { return };
    if let Some(parent) = &new.parent {
        change(tx, parent, |children| {
            children.load += new.total.load;
            children.cpu_held += new.total.cpu_held;
            children.memory_held += new.total.memory_held;
        });
    }
    tx.set_private(&moref.id, new);
}

fn change(tx: &mut Tx<'_>, pool: &str, change: impl FnOnce(&mut ChildTotal)) {
    let mut children = tx.private::<ChildTotal>(pool).copied().unwrap_or_default();
    change(&mut children);
    tx.set_private(pool, children);
}

/// What a pool takes from its parent: its own reservation, or what is reserved in it if that is more.
fn held(tx: &Tx<'_>, moref: &MoRef, pool: &ResourcePool) -> ChildTotal {
    let (cpu, memory) = reserved(tx, moref);
    ChildTotal {
        load: total_load(tx, moref),
        cpu_held: Level::of(&pool.config.cpu_allocation, cpu).held(),
        memory_held: Level::of(&pool.config.memory_allocation, memory).held(),
    }
}

/// What machines and child pools of a pool have reserved: MHz and MiB.
pub(crate) fn reserved(tx: &Tx<'_>, moref: &MoRef) -> (i64, i64) {
    let own = tx.private::<MachineTotal>(&moref.id).copied().unwrap_or_default().0;
    let children = tx.private::<ChildTotal>(&moref.id).copied().unwrap_or_default();
    (own.cpu_reserved + children.cpu_held, own.memory_reserved + children.memory_held)
}

/// Brings the state of a pool up to date, and of the pools in it whose reserve is that of this one.
fn refresh(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(pool) = tx.get::<ResourcePool>(moref) else { return };
    let runtime = runtime(tx, moref, pool);
    let changed = *pool.runtime != runtime;
    let load = total_load(tx, moref);
    let children = pool.resource_pool.clone().unwrap_or_default();
    if changed {
        let runtime: Obj<ResourcePoolRuntimeInfo> = runtime.into();
        if let Some(pool) = tx.edit::<ResourcePool>(moref) {
            pool.runtime = runtime;
        }
        children.iter().for_each(|child| refresh(tx, child));
    }
    summarize(tx, moref, &load);
}

fn runtime(tx: &Tx<'_>, moref: &MoRef, pool: &ResourcePool) -> ResourcePoolRuntimeInfo {
    let load = total_load(tx, moref);
    let (cpu_used, memory_used) = reserved(tx, moref);
    let above = pool.parent.as_ref().and_then(|p| tx.get::<ResourcePool>(p)).map(|p| &p.runtime);
    let (cpu, memory) = (&pool.config.cpu_allocation, &pool.config.memory_allocation);
    let mut new = (*pool.runtime).clone();
    let cpu_above = above.map(|r| &*r.cpu);
    new.cpu = usage(cpu, 1, cpu_used, load.cpu_reserved, load.cpu, cpu_above).into();
    let memory_above = above.map(|r| &*r.memory);
    new.memory = usage(memory, MIB, memory_used, load.memory_reserved, load.host_memory, memory_above).into();
    new.overall_status = pool.overall_status.clone();
    new
}

/// One resource of a pool, in units of which `unit` make one of the wire's.
fn usage(
    allocation: &ResourceAllocationInfo,
    unit: i64,
    used: i64,
    used_for_vm: i64,
    usage: i64,
    above: Option<&ResourcePoolResourceUsage>,
) -> ResourcePoolResourceUsage {
    let borrowable = above.map_or(0, |above| above.unreserved_for_pool / unit);
    let free = Level::of(allocation, used).room(borrowable).saturating_mul(unit);
    let limit = allocation.limit.filter(|limit| *limit >= 0).map(|limit| limit.saturating_mul(unit));
    let most = match (limit, above.map(|a| a.max_usage)) {
        (Some(limit), Some(above)) => limit.min(above),
        (limit, above) => limit.or(above).unwrap_or(0),
    };
    ResourcePoolResourceUsage {
        reservation_used: used * unit,
        reservation_used_for_vm: used_for_vm * unit,
        unreserved_for_pool: free,
        unreserved_for_vm: free,
        overall_usage: usage * unit,
        max_usage: most,
    }
}

/// The summary repeats name, configuration and run-time state, and adds statistics.
fn summarize(tx: &mut Tx<'_>, moref: &MoRef, load: &Load) {
    let Some(pool) = tx.get::<ResourcePool>(moref) else { return };
    let mut summary = pool.summary.clone();
    if summary.name != pool.name {
        summary.name = pool.name.clone();
    }
    if summary.config != pool.config {
        summary.config = pool.config.clone();
    }
    if summary.runtime != pool.runtime {
        summary.runtime = pool.runtime.clone();
    }
    let stats = Obj::from(quick_stats(load));
    if summary.quick_stats.as_ref() != Some(&stats) {
        summary.quick_stats = Some(stats);
    }
    let memory = Some(clamp(load.configured_memory));
    if summary.configured_memory_mb != memory {
        summary.configured_memory_mb = memory;
    }
    if tx.get::<VirtualApp>(moref).is_some() {
        app_state(&mut summary, load);
    }
    if pool.summary != summary
        && let Some(pool) = tx.edit::<ResourcePool>(moref)
    {
        pool.summary = summary;
    }
}

/// A vApp is started while any of its machines runs.
fn app_state(summary: &mut Obj<ResourcePoolSummary>, load: &Load) {
    let state = if load.running > 0 { VirtualAppVAppState::Started } else { VirtualAppVAppState::Stopped };
    let differs = summary.cast::<VirtualAppSummary>().is_some_and(|s| s.v_app_state.as_ref() != Some(&state));
    if differs && let Some(summary) = summary.cast_mut::<VirtualAppSummary>() {
        summary.v_app_state = Some(state);
    }
}

fn quick_stats(load: &Load) -> ResourcePoolQuickStats {
    ResourcePoolQuickStats {
        overall_cpu_usage: Some(load.cpu),
        overall_cpu_demand: Some(load.cpu_demand),
        guest_memory_usage: Some(load.guest_memory),
        host_memory_usage: Some(load.host_memory),
        distributed_cpu_entitlement: Some(load.cpu_entitled),
        distributed_memory_entitlement: Some(load.memory_entitled),
        static_cpu_entitlement: Some(clamp(load.cpu_entitled)),
        static_memory_entitlement: Some(clamp(load.memory_entitled)),
        private_memory: Some((load.host_memory - load.overhead).max(0)),
        shared_memory: Some(0),
        swapped_memory: Some(0),
        ballooned_memory: Some(0),
        overhead_memory: Some(load.overhead),
        consumed_overhead_memory: Some(load.overhead),
        compressed_memory: Some(0),
    }
}
