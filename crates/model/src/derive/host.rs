//! Usage of hosts, and the states that their summaries repeat.

use inventory::{Derive, Tx};
use vim25::{Any, MoRef, Obj, mo::HostSystem, types::*};

use super::{Load, clamp, put, totals::MachineTotal};

/// Memory that the hypervisor itself takes, MiB.
const HYPERVISOR_MEMORY: i64 = 2_048;
/// CPU that the hypervisor itself takes, MHz.
const HYPERVISOR_CPU: i64 = 60;

/// The rule.
pub(super) struct HostUsage;

impl Derive for HostUsage {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["HostSystem"])
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched {
            let load = tx.private::<MachineTotal>(&moref.id).copied().unwrap_or_default().0;
            let Some(host) = tx.get::<HostSystem>(moref) else { continue };
            let summary = summary(host, &load);
            let licensable = licensable(host, &load);
            let same = host.summary == summary && host.licensable_resource == licensable;
            if !same && let Some(host) = tx.edit::<HostSystem>(moref) {
                put(&mut host.summary, summary);
                put(&mut host.licensable_resource, licensable);
            }
        }
    }
}

fn is_on(host: &HostSystem) -> bool {
    host.runtime.power_state == HostSystemPowerState::PoweredOn
}

fn summary(host: &HostSystem, load: &Load) -> Obj<HostListSummary> {
    let mut summary = host.summary.clone();
    let used = |own, machines| Some(if is_on(host) { clamp(own + machines) } else { 0 });
    let cpu = used(HYPERVISOR_CPU, load.cpu);
    let memory = used(HYPERVISOR_MEMORY, load.host_memory);
    let stats = &summary.quick_stats;
    if stats.overall_cpu_usage != cpu || stats.overall_memory_usage != memory {
        summary.quick_stats.overall_cpu_usage = cpu;
        summary.quick_stats.overall_memory_usage = memory;
    }
    if summary.runtime.as_ref() != Some(&host.runtime) {
        summary.runtime = Some(host.runtime.clone());
    }
    if summary.overall_status != host.overall_status {
        summary.overall_status = host.overall_status.clone();
    }
    if summary.config.name != host.name {
        summary.config.name = host.name.clone();
    }
    if summary.custom_value != host.common.custom_value {
        summary.custom_value = host.common.custom_value.clone();
    }
    summary
}

/// Licences know how many virtual machines have been started.
fn licensable(host: &HostSystem, load: &Load) -> Obj<HostLicensableResourceInfo> {
    let mut info = host.licensable_resource.clone();
    let started = Any::Long(load.running);
    let at = info.resource.iter().position(|r| r.key == "numVmsStarted" && r.value != started);
    if let Some(at) = at {
        info.resource[at].value = started;
    }
    info
}

/// Whether machines can run on a host: it is connected, on and not in maintenance.
pub(super) fn is_effective(host: &HostSystem) -> bool {
    let runtime = &host.runtime;
    runtime.connection_state == HostSystemConnectionState::Connected && is_on(host) && !runtime.in_maintenance_mode
}

/// Cores, threads, MHz and bytes of a host.
pub(super) fn size(host: &HostSystem) -> (i64, i64, i64, i64) {
    let Some(hardware) = host.hardware.as_ref() else { return (0, 0, 0, 0) };
    let cores = i64::from(hardware.cpu_info.num_cpu_cores);
    let mhz = cores * (hardware.cpu_info.hz / 1_000_000);
    (cores, hardware.cpu_info.num_cpu_threads.into(), mhz, hardware.memory_size)
}
