//! `summary.*` and quick statistics.

use std::sync::LazyLock;

use vim25::{
    DataType, MoRef, Obj,
    mo::VirtualMachine,
    types::{
        GuestInfo, ManagedEntityStatus, VirtualDisk, VirtualEthernetCard, VirtualMachineConfigInfo,
        VirtualMachineConfigSummary, VirtualMachineConfigSummaryCommon, VirtualMachineGuestSummary,
        VirtualMachineGuestSummaryCommon, VirtualMachineQuickStats, VirtualMachineStorageInfo,
        VirtualMachineStorageSummary, VirtualMachineSummary, VirtualTPM, VmConfigInfo,
    },
};

use super::is_on;
use crate::kit::Recent;

thread_local! {
    static CONFIGS: Recent<VirtualMachineConfigSummaryCommon> = const { Recent::new() };
    static GUESTS: Recent<VirtualMachineGuestSummaryCommon> = const { Recent::new() };
}

/// Everything that a list of VMs shows.
pub(super) fn summary(vm: &VirtualMachine, this: &MoRef) -> Obj<VirtualMachineSummary> {
    summary_in_state(vm, this, config(vm))
}

/// What it shows of the configuration.
pub(super) fn config(vm: &VirtualMachine) -> Obj<VirtualMachineConfigSummary> {
    vm.config.as_deref().map(|c| keep(Some(&vm.summary.config), config_summary(c))).unwrap_or_default()
}

/// [`summary`] of a VM whose configuration looks like that.
pub(super) fn summary_in_state(
    vm: &VirtualMachine,
    this: &MoRef,
    config: Obj<VirtualMachineConfigSummary>,
) -> Obj<VirtualMachineSummary> {
    let old = &vm.summary;
    let mut new = VirtualMachineSummary {
        vm: Some(this.clone()),
        runtime: vm.runtime.clone(),
        guest: vm.guest.as_deref().map(|g| keep(old.guest.as_ref(), guest_summary(g))),
        config,
        storage: vm.storage.as_deref().map(|s| keep(old.storage.as_ref(), storage_summary(s))),
        quick_stats: old.quick_stats.clone(),
        overall_status: vm.overall_status.clone(),
        custom_value: vm.common.custom_value.clone(),
    };
    if let Some(config) = vm.config.as_deref() {
        let stats = quick_stats(config, is_on(&vm.runtime.power_state), &vm.guest_heartbeat_status);
        if stats != new.quick_stats {
            new.quick_stats = stats;
        }
    }
    new.into()
}

/// The old object if the new one is equal.
fn keep<T: DataType>(old: Option<&Obj<T>>, new: T) -> Obj<T> {
    let new = Obj::from(new);
    old.filter(|o| **o == new).cloned().unwrap_or(new)
}

/// `summary.config`.
pub fn config_summary(config: &VirtualMachineConfigInfo) -> VirtualMachineConfigSummary {
    let devices = config.hardware.device.as_deref().unwrap_or_default();
    let cpu = config.cpu_allocation.as_ref().and_then(|a| a.reservation);
    let memory = config.memory_allocation.as_ref().and_then(|a| a.reservation);
    let v_app: Option<&VmConfigInfo> = config.v_app_config.as_deref();
    let mut common = VirtualMachineConfigSummaryCommon {
        template: config.template,
        memory_size_mb: Some(config.hardware.memory_mb),
        cpu_reservation: cpu.map(clamp),
        memory_reservation: memory.map(clamp),
        num_cpu: Some(config.hardware.num_cpu),
        num_ethernet_cards: Some(devices.iter().filter(|d| d.is::<VirtualEthernetCard>()).count() as i32),
        num_virtual_disks: Some(devices.iter().filter(|d| d.is::<VirtualDisk>()).count() as i32),
        guest_id: Some(config.guest_id.clone()),
        guest_full_name: Some(config.guest_full_name.clone()),
        annotation: config.annotation.clone(),
        product: v_app.and_then(|v| v.product.as_ref()?.first().cloned()),
        install_boot_required: Some(v_app.is_some_and(|v| v.install_boot_required)),
        ft_info: config.ft_info.clone(),
        managed_by: config.managed_by.clone(),
        tpm_present: Some(devices.iter().any(|d| d.is::<VirtualTPM>())),
        num_vmiop_backings: Some(0),
        hw_version: Some(config.version.clone()),
    }
    .into();
    CONFIGS.with(|recent| recent.share(&mut common));
    VirtualMachineConfigSummary {
        name: config.name.clone(),
        vm_path_name: config.files.vm_path_name.clone().unwrap_or_default(),
        uuid: Some(config.uuid.clone()),
        instance_uuid: config.instance_uuid.clone(),
        common,
    }
}

/// `summary.guest`.
pub fn guest_summary(guest: &GuestInfo) -> VirtualMachineGuestSummary {
    let mut common = VirtualMachineGuestSummaryCommon {
        guest_id: guest.guest_id.clone(),
        guest_full_name: guest.guest_full_name.clone(),
        tools_status: guest.tools_status.clone(),
        tools_version_status: guest.tools_version_status.clone(),
        tools_version_status2: guest.tools_version_status2.clone(),
        tools_running_status: guest.tools_running_status.clone(),
        hw_version: guest.hw_version.clone(),
    }
    .into();
    GUESTS.with(|recent| recent.share(&mut common));
    VirtualMachineGuestSummary { host_name: guest.host_name.clone(), ip_address: guest.ip_address.clone(), common }
}

/// `summary.storage`: the sum over all datastores.
pub fn storage_summary(storage: &VirtualMachineStorageInfo) -> VirtualMachineStorageSummary {
    let mut sum = VirtualMachineStorageSummary { timestamp: storage.timestamp, ..Default::default() };
    for row in storage.per_datastore_usage.iter().flatten() {
        sum.committed = sum.committed.saturating_add(row.committed);
        sum.uncommitted = sum.uncommitted.saturating_add(row.uncommitted);
        sum.unshared = sum.unshared.saturating_add(row.unshared);
    }
    sum
}

static STATS_OFF: LazyLock<Obj<VirtualMachineQuickStats>> =
    LazyLock::new(|| stats(0, 0, ManagedEntityStatus::Gray).into());

/// `summary.quickStats` of an idle VM: what it is entitled to while it runs, zeros while it does not.
pub fn quick_stats(
    config: &VirtualMachineConfigInfo,
    on: bool,
    heartbeat: &ManagedEntityStatus,
) -> Obj<VirtualMachineQuickStats> {
    if !on {
        return STATS_OFF.clone();
    }
    stats(config.hardware.num_cpu, config.hardware.memory_mb, heartbeat.clone()).into()
}

/// An idle virtual CPU takes about this many MHz.
const IDLE_MHZ: i32 = 15;

fn stats(cpus: i32, memory: i32, heartbeat: ManagedEntityStatus) -> VirtualMachineQuickStats {
    let active = memory / 20;
    let overhead = if memory == 0 { 0 } else { 30 + memory / 256 + cpus };
    VirtualMachineQuickStats::with(|s| {
        s.overall_cpu_usage = Some(cpus * IDLE_MHZ);
        s.overall_cpu_demand = Some(cpus * IDLE_MHZ);
        s.overall_cpu_readiness = Some(0);
        s.guest_memory_usage = Some(active);
        s.host_memory_usage = Some(if memory == 0 { 0 } else { memory + overhead });
        s.guest_heartbeat_status = heartbeat;
        s.distributed_cpu_entitlement = Some(cpus * IDLE_MHZ);
        s.distributed_memory_entitlement = Some(memory);
        s.static_cpu_entitlement = Some(cpus * IDLE_MHZ);
        s.static_memory_entitlement = Some(memory);
        s.granted_memory = Some(memory);
        s.private_memory = Some(memory);
        s.shared_memory = Some(0);
        s.swapped_memory = Some(0);
        s.ballooned_memory = Some(0);
        s.consumed_overhead_memory = Some(overhead);
        s.ft_log_bandwidth = Some(-1);
        s.ft_secondary_latency = Some(-1);
        s.ft_latency_status = Some(ManagedEntityStatus::Gray);
        s.compressed_memory = Some(0);
        s.uptime_seconds = Some(0);
        s.ssd_swapped_memory = Some(0);
        s.active_memory = Some(active);
    })
}

/// `guestHeartbeatStatus`.
pub(super) fn heartbeat(tools_run: bool) -> ManagedEntityStatus {
    if tools_run { ManagedEntityStatus::Green } else { ManagedEntityStatus::Gray }
}

fn clamp(value: i64) -> i32 {
    value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}
