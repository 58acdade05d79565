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
            let (summary, licensable) = (summary(host, &load), licensable(host, &load));
            if (summary.is_some() || licensable.is_some())
                && let Some(host) = tx.edit::<HostSystem>(moref)
            {
                summary.into_iter().for_each(|summary| host.summary = summary);
                licensable.into_iter().for_each(|licensable| host.licensable_resource = licensable);
            }
        }
    }
}

fn is_on(host: &HostSystem) -> bool {
    host.runtime.power_state == HostSystemPowerState::PoweredOn
}

/// The summary of a host, if it differs.
fn summary(host: &HostSystem, load: &Load) -> Option<Obj<HostListSummary>> {
    let known = &host.summary;
    let used = |own, machines| Some(if is_on(host) { clamp(own + machines) } else { 0 });
    let cpu = used(HYPERVISOR_CPU, load.cpu);
    let memory = used(HYPERVISOR_MEMORY, load.host_memory);
    let stats = &known.quick_stats;
    let same_stats = stats.overall_cpu_usage == cpu && stats.overall_memory_usage == memory;
    let same_state = known.runtime.as_ref() == Some(&host.runtime) && known.overall_status == host.overall_status;
    let same_name = known.config.name == host.name;
    if same_stats && same_state && same_name && known.custom_value == host.common.custom_value {
        return None;
    }
    let mut summary = known.clone();
    if !same_stats {
        summary.quick_stats.overall_cpu_usage = cpu;
        summary.quick_stats.overall_memory_usage = memory;
    }
    if !same_name {
        summary.config.name = host.name.clone();
    }
    put(&mut summary.runtime, Some(host.runtime.clone()));
    put(&mut summary.overall_status, host.overall_status.clone());
    put(&mut summary.custom_value, host.common.custom_value.clone());
    Some(summary)
}

/// Licences know how many virtual machines have been started; none if they know it already.
fn licensable(host: &HostSystem, load: &Load) -> Option<Obj<HostLicensableResourceInfo>> {
    let (known, started) = (&host.licensable_resource, Any::Long(load.running));
    let at = known.resource.iter().position(|r| r.key == "numVmsStarted" && r.value != started)?;
    let mut info = known.clone();
    info.resource[at].value = started;
    Some(info)
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
