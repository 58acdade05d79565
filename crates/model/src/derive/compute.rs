//! Totals of compute resources over their hosts, and the size of their root pools.

use std::collections::BTreeSet;

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj,
    mo::{ClusterComputeResource, ComputeResource, HostSystem, ResourcePool},
    types::*,
};

use super::{
    Load, clamp,
    host::{is_effective, size},
    pool::total_load,
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
        let computes: BTreeSet<MoRef> = touched.iter().flat_map(|moref| affected(tx, moref)).collect();
        for compute in &computes {
            refresh(tx, compute);
        }
    }
}

/// The compute resources that look different when `moref` does: as it is now and as it was.
fn affected(tx: &Tx<'_>, moref: &MoRef) -> Vec<MoRef> {
    match moref.kind.as_str() {
        "ComputeResource" | "ClusterComputeResource" => vec![moref.clone()],
        "HostSystem" => {
            let (now, before) = (tx.get::<HostSystem>(moref), tx.before().get::<HostSystem>(moref));
            now.iter().chain(&before).filter_map(|host| host.parent.clone()).collect()
        }
        "ResourcePool" => tx.get::<ResourcePool>(moref).map(|pool| pool.owner.clone()).into_iter().collect(),
        _ => vec![],
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
    let load = pool.as_ref().map_or(Load::default(), |pool| total_load(tx, pool));
    match tx.get::<ClusterComputeResource>(moref) {
        Some(cluster) => {
            let summary = cluster_summary(cluster, &sum, &load);
            if cluster.summary_ex != summary
                && let Some(cluster) = tx.edit::<ClusterComputeResource>(moref)
            {
                cluster.summary_ex = summary.clone();
                cluster.base.summary = summary.up();
            }
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

fn cluster_summary(cluster: &ClusterComputeResource, sum: &Sum, load: &Load) -> Obj<ClusterComputeResourceSummary> {
    let mut summary = (*cluster.summary_ex).clone();
    sum.fill(&mut summary.base);
    summary.base.overall_status = cluster.overall_status.clone();
    // Machines in equal shares have all they want: the best score.
    summary.num_vms_per_drs_score_bucket = Some(vec![0, 0, 0, 0, clamp(load.running)]);
    summary.usage_summary = Some(
        ClusterUsageSummary {
            total_cpu_capacity_mhz: clamp(sum.effective_mhz),
            total_mem_capacity_mb: clamp(sum.effective_mib),
            cpu_reservation_mhz: clamp(load.cpu_reserved),
            mem_reservation_mb: clamp(load.memory_reserved),
            cpu_demand_mhz: clamp(load.cpu_demand),
            mem_demand_mb: clamp(load.host_memory),
            cpu_entitled_mhz: clamp(load.cpu_entitled),
            mem_entitled_mb: clamp(load.memory_entitled),
            powered_off_vm_count: clamp(load.machines - load.running),
            total_vm_count: clamp(load.machines),
            ..Default::default()
        }
        .into(),
    );
    summary.into()
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
