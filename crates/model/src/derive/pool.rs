//! Run-time state of resource pools and vApps: what their machines and child pools reserve and use.

use std::collections::BTreeSet;

use inventory::{Derive, Tx};
use vim25::{MoRef, Obj, mo::ResourcePool, types::*};

use super::{Load, clamp, put, totals::MachineTotal};
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
    parent: Option<MoRef>,
    total: ChildTotal,
}

/// What machines and child pools of a pool have.
#[derive(Clone, Copy)]
struct Inside {
    machines: Load,
    children: ChildTotal,
}

impl Inside {
    fn of(tx: &Tx<'_>, pool: &MoRef) -> Inside {
        let machines = tx.private::<MachineTotal>(&pool.id).copied().unwrap_or_default().0;
        Inside { machines, children: tx.private::<ChildTotal>(&pool.id).copied().unwrap_or_default() }
    }

    /// What they use.
    fn load(&self) -> Load {
        let mut load = self.machines;
        load += self.children.load;
        load
    }

    /// What they have reserved: MHz and MiB.
    fn reserved(&self) -> (i64, i64) {
        let (machines, children) = (&self.machines, &self.children);
        (machines.cpu_reserved + children.cpu_held, machines.memory_reserved + children.memory_held)
    }

    /// What their pool takes from its parent: its own reservation, or what is reserved in it if that is more.
    fn held(&self, pool: &ResourcePool) -> ChildTotal {
        let (cpu, memory) = self.reserved();
        ChildTotal {
            load: self.load(),
            cpu_held: Level::of(&pool.config.cpu_allocation, cpu).held(),
            memory_held: Level::of(&pool.config.memory_allocation, memory).held(),
        }
    }
}

/// Reads what a pool with all that is in it uses.
pub(super) fn total_load(tx: &Tx<'_>, pool: &MoRef) -> Load {
    Inside::of(tx, pool).load()
}

/// What machines and child pools of a pool have reserved: MHz and MiB.
pub(crate) fn reserved(tx: &Tx<'_>, pool: &MoRef) -> (i64, i64) {
    Inside::of(tx, pool).reserved()
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

    /// What is handed on goes up to the last parent in one run, and what follows from a pool down to its last child.
    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let mut parents = BTreeSet::new();
        touched.iter().for_each(|pool| hand_over(tx, pool, &mut parents));
        while !parents.is_empty() {
            let mut above = BTreeSet::new();
            for pool in &parents {
                hand_over(tx, pool, &mut above);
                refresh(tx, pool);
            }
            parents = above;
        }
        touched.iter().for_each(|pool| refresh(tx, pool));
    }
}

/// Tells the parent what this pool has. A parent that learns something new does the same next.
fn hand_over(tx: &mut Tx<'_>, moref: &MoRef, parents: &mut BTreeSet<MoRef>) {
    let new = tx.get::<ResourcePool>(moref).map(|pool| {
        let parent = pool.parent.clone().filter(is_pool);
        Handed { total: Inside::of(tx, moref).held(pool), parent }
    });
    let old = match &new {
        Some(_) => tx.private::<Handed>(&moref.id),
        None => tx.private_was::<Handed>(&moref.id),
    };
    if old == new.as_ref() {
        return;
    }
    if let Some(Handed { parent: Some(parent), total }) = old.cloned() {
        let taken = change(tx, &parent, |children| {
            children.load -= total.load;
            children.cpu_held -= total.cpu_held;
            children.memory_held -= total.memory_held;
        });
        parents.extend(taken.then_some(parent));
    }
    let Some(new) = new else { return };
    if let Some(parent) = &new.parent {
        let given = change(tx, parent, |children| {
            children.load += new.total.load;
            children.cpu_held += new.total.cpu_held;
            children.memory_held += new.total.memory_held;
        });
        parents.extend(given.then(|| parent.clone()));
    }
    tx.set_private(&moref.id, new);
}

/// Changes what a pool knows of its children. Whether there is such a pool.
fn change(tx: &mut Tx<'_>, pool: &MoRef, change: impl FnOnce(&mut ChildTotal)) -> bool {
    let mut children = tx.private::<ChildTotal>(&pool.id).copied().unwrap_or_default();
    change(&mut children);
    tx.set_private(&pool.id, children)
}

/// Brings the state of a pool up to date, and of the pools in it whose reserve is that of this one.
fn refresh(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(pool) = tx.get::<ResourcePool>(moref) else { return };
    let inside = Inside::of(tx, moref);
    let runtime = runtime(tx, pool, &inside);
    let summary = summary(pool, runtime.as_ref().unwrap_or(&pool.runtime), &inside.load());
    let children = pool.resource_pool.clone().filter(|_| runtime.is_some());
    if (runtime.is_some() || summary.is_some())
        && let Some(pool) = tx.edit::<ResourcePool>(moref)
    {
        runtime.into_iter().for_each(|runtime| pool.runtime = runtime);
        summary.into_iter().for_each(|summary| pool.summary = summary);
    }
    children.iter().flatten().for_each(|child| refresh(tx, child));
}

/// The run-time state of a pool, if it differs.
fn runtime(tx: &Tx<'_>, pool: &ResourcePool, inside: &Inside) -> Option<Obj<ResourcePoolRuntimeInfo>> {
    let (load, (cpu_used, memory_used)) = (inside.load(), inside.reserved());
    let above = pool.parent.as_ref().filter(|p| is_pool(p)).and_then(|p| tx.get::<ResourcePool>(p)).map(|p| &p.runtime);
    let (cpu, memory) = (&pool.config.cpu_allocation, &pool.config.memory_allocation);
    let cpu = usage(cpu, 1, cpu_used, load.cpu_reserved, load.cpu, above.map(|r| &*r.cpu));
    let memory_above = above.map(|r| &*r.memory);
    let memory = usage(memory, MIB, memory_used, load.memory_reserved, load.host_memory, memory_above);
    let known = &pool.runtime;
    let (same_cpu, same_memory) = (*known.cpu == cpu, *known.memory == memory);
    if same_cpu && same_memory && known.overall_status == pool.overall_status {
        return None;
    }
    let mut new = known.clone();
    if !same_cpu {
        new.cpu = cpu.into();
    }
    if !same_memory {
        new.memory = memory.into();
    }
    new.overall_status = pool.overall_status.clone();
    Some(new)
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

/// The summary repeats name, configuration and run-time state, and adds statistics; none if it does not differ.
fn summary(
    pool: &ResourcePool,
    runtime: &Obj<ResourcePoolRuntimeInfo>,
    load: &Load,
) -> Option<Obj<ResourcePoolSummary>> {
    let (known, stats) = (&pool.summary, quick_stats(load));
    let memory = Some(clamp(load.configured_memory));
    let same_stats = known.quick_stats.as_deref() == Some(&stats);
    let same = same_stats && known.configured_memory_mb == memory && known.name == pool.name;
    if same && known.config == pool.config && known.runtime == *runtime && is_in_state(known, load) {
        return None;
    }
    let mut new = known.clone();
    if !same_stats {
        new.quick_stats = Some(stats.into());
    }
    new.configured_memory_mb = memory;
    put(&mut new.name, pool.name.clone());
    put(&mut new.config, pool.config.clone());
    put(&mut new.runtime, runtime.clone());
    if let Some(app) = new.cast_mut::<VirtualAppSummary>() {
        app.v_app_state = Some(app_state(load));
    }
    Some(new)
}

/// A vApp is started while any of its machines runs.
fn app_state(load: &Load) -> VirtualAppVAppState {
    if load.running > 0 { VirtualAppVAppState::Started } else { VirtualAppVAppState::Stopped }
}

/// Whether a summary, if it is a vApp's, shows the state of it.
fn is_in_state(summary: &Obj<ResourcePoolSummary>, load: &Load) -> bool {
    summary.cast::<VirtualAppSummary>().is_none_or(|app| app.v_app_state == Some(app_state(load)))
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
