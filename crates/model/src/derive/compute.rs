//! Totals of compute resources over their hosts, and the size of their root pools.

use std::collections::BTreeMap;

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj,
    mo::{ClusterComputeResource, ComputeResource, HostSystem, ResourcePool},
    types::*,
};

use self::What::{Size, Use};
use super::{
    Load, clamp, differs,
    host::{is_effective, size},
    pool::{is_pool, total_load},
};

/// The rule.
pub(super) struct ComputeTotals;

impl Derive for ComputeTotals {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["ComputeResource", "ClusterComputeResource", "HostSystem", "ResourcePool"])
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let mut computes = BTreeMap::new();
        for moref in touched {
            match moref.kind.as_str() {
                "ComputeResource" | "ClusterComputeResource" => note(&mut computes, moref, Size),
                "HostSystem" => host(tx, moref, &mut computes),
                "ResourcePool" => pool(tx, moref, &mut computes),
                _ => {}
            }
        }
        for (compute, what) in &computes {
            match what {
                Size => refresh(tx, compute),
                Use => refresh_use(tx, compute),
            }
        }
    }
}

/// What may be another of a compute resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// What its machines use.
    Use,
    /// What its hosts have, and all else.
    Size,
}

fn note(computes: &mut BTreeMap<MoRef, What>, compute: &MoRef, what: What) {
    let known = computes.entry(compute.clone()).or_insert(what);
    *known = what.max(*known);
}

/// Properties of a host of which a compute resource is told.
const OF_HOSTS: [&str; 3] = ["parent", "hardware", "runtime"];

/// The compute resources that look different when a host does: as it is now and as it was.
fn host(tx: &mut Tx<'_>, moref: &MoRef, computes: &mut BTreeMap<MoRef, What>) {
    if !differs(tx, moref, &OF_HOSTS) {
        return;
    }
    let (now, before) = (tx.get::<HostSystem>(moref), tx.was::<HostSystem>(moref));
    let parents = now.iter().chain(&before).filter_map(|host| host.parent.as_ref());
    parents.for_each(|compute| note(computes, compute, Size));
}

/// The compute resource that looks different when its root pool does.
fn pool(tx: &mut Tx<'_>, moref: &MoRef, computes: &mut BTreeMap<MoRef, What>) {
    let what = if differs(tx, moref, &["config", "owner", "parent"]) { Size } else { Use };
    let pool = tx.get::<ResourcePool>(moref).filter(|pool| !pool.parent.as_ref().is_some_and(is_pool));
    if let Some(pool) = pool {
        note(computes, &pool.owner, what);
    }
}

/// Sums over hosts.
#[derive(Default)]
struct Sum {
    hosts: i64,
    effective_hosts: i64,
    cores: i64,
    threads: i64,
    mhz: i64,
    bytes: i64,
    effective_mhz: i64,
    effective_mib: i64,
}

impl Sum {
    fn over<'h>(tx: &Tx<'_>, hosts: impl Iterator<Item = &'h MoRef>) -> Sum {
        let mut sum = Sum::default();
        for host in hosts.filter_map(|h| tx.get::<HostSystem>(h)) {
            let (cores, threads, mhz, bytes) = size(host);
            sum.hosts += 1;
            sum.cores += cores;
            sum.threads += threads;
            sum.mhz += mhz;
            sum.bytes += bytes;
            if is_effective(host) {
                sum.effective_hosts += 1;
                sum.effective_mhz += mhz;
                sum.effective_mib += bytes >> 20;
            }
        }
        sum
    }

    fn fill(&self, summary: &mut ComputeResourceSummary) {
        let short = |count: i64| count.min(i16::MAX.into()) as i16;
        summary.total_cpu = clamp(self.mhz);
        summary.total_memory = self.bytes;
        summary.num_cpu_cores = short(self.cores);
        summary.num_cpu_threads = short(self.threads);
        summary.effective_cpu = clamp(self.effective_mhz);
        summary.effective_memory = self.effective_mib;
        summary.num_hosts = clamp(self.hosts);
        summary.num_effective_hosts = clamp(self.effective_hosts);
    }
}

fn refresh(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(compute) = tx.get::<ComputeResource>(moref) else { return };
    let sum = Sum::over(tx, compute.host.iter().flatten());
    let pool = compute.resource_pool.clone();
    match tx.get::<ClusterComputeResource>(moref) {
        Some(cluster) => {
            let mut summary = (*cluster.summary_ex).clone();
            sum.fill(&mut summary.base);
            summary.base.overall_status = cluster.overall_status.clone();
            let mut usage = ClusterUsageSummary {
                total_cpu_capacity_mhz: clamp(sum.effective_mhz),
                total_mem_capacity_mb: clamp(sum.effective_mib),
                ..Default::default()
            };
            let load = load_of(tx, cluster);
            fill_use(&mut usage, &load);
            summary.usage_summary = Some(usage.into());
            summary.num_vms_per_drs_score_bucket = Some(scores(&load));
            summarize(tx, moref, summary.into());
        }
        None => {
            let mut summary = (*compute.summary).clone();
            sum.fill(&mut summary);
            summary.overall_status = compute.overall_status.clone();
            if *compute.summary != summary
                && let Some(compute) = tx.edit::<ComputeResource>(moref)
            {
                compute.summary = summary.into();
            }
        }
    }
    if let Some(pool) = pool {
        resize(tx, &pool, &sum);
    }
}

/// [`refresh`] where hosts are what they were: only a cluster shows what its machines use.
fn refresh_use(tx: &mut Tx<'_>, moref: &MoRef) {
    let Some(cluster) = tx.get::<ClusterComputeResource>(moref) else { return };
    let Some(known) = cluster.summary_ex.usage_summary.as_deref() else { return refresh(tx, moref) };
    let load = load_of(tx, cluster);
    let mut usage = known.clone();
    fill_use(&mut usage, &load);
    let (scores, mut summary) = (Some(scores(&load)), cluster.summary_ex.clone());
    if usage != *known || summary.num_vms_per_drs_score_bucket != scores {
        summary.usage_summary = Some(usage.into());
        summary.num_vms_per_drs_score_bucket = scores;
        summarize(tx, moref, summary);
    }
}

/// Writes the summary of a cluster, if it differs.
fn summarize(tx: &mut Tx<'_>, moref: &MoRef, summary: Obj<ClusterComputeResourceSummary>) {
    let differs = tx.get::<ClusterComputeResource>(moref).is_some_and(|cluster| cluster.summary_ex != summary);
    if differs && let Some(cluster) = tx.edit::<ClusterComputeResource>(moref) {
        cluster.summary_ex = summary.clone();
        cluster.base.summary = summary.up();
    }
}

/// What the machines of a cluster use.
fn load_of(tx: &Tx<'_>, cluster: &ClusterComputeResource) -> Load {
    cluster.resource_pool.as_ref().map_or(Load::default(), |pool| total_load(tx, pool))
}

/// How many machines have which score: in equal shares they have all they want, which is the best.
fn scores(load: &Load) -> Vec<i32> {
    vec![0, 0, 0, 0, clamp(load.running)]
}

fn fill_use(usage: &mut ClusterUsageSummary, load: &Load) {
    usage.cpu_reservation_mhz = clamp(load.cpu_reserved);
    usage.mem_reservation_mb = clamp(load.memory_reserved);
    usage.cpu_demand_mhz = clamp(load.cpu_demand);
    usage.mem_demand_mb = clamp(load.host_memory);
    usage.cpu_entitled_mhz = clamp(load.cpu_entitled);
    usage.mem_entitled_mb = clamp(load.memory_entitled);
    usage.powered_off_vm_count = clamp(load.machines - load.running);
    usage.total_vm_count = clamp(load.machines);
}

/// The root pool has what the hosts that take part have.
fn resize(tx: &mut Tx<'_>, pool: &MoRef, sum: &Sum) {
    let Some(known) = tx.get::<ResourcePool>(pool) else { return };
    let fits = |allocation: &ResourceAllocationInfo, size| {
        allocation.reservation == Some(size) && allocation.limit == Some(size)
    };
    let (cpu, memory) = (&known.config.cpu_allocation, &known.config.memory_allocation);
    if fits(cpu, sum.effective_mhz) && fits(memory, sum.effective_mib) {
        return;
    }
    if let Some(pool) = tx.edit::<ResourcePool>(pool) {
        let config = &mut *pool.config;
        for (allocation, size) in
            [(&mut config.cpu_allocation, sum.effective_mhz), (&mut config.memory_allocation, sum.effective_mib)]
        {
            allocation.reservation = Some(size);
            allocation.limit = Some(size);
        }
    }
}
