//! `VirtualMachine.capability`: what a VM of ESXi 8.0.3 can do, depending on whether it runs.

use std::sync::LazyLock;

use vim25::{
    DataType, Obj,
    types::{VirtualMachineCapability, VirtualMachinePowerState},
};

static OFF: LazyLock<Obj<VirtualMachineCapability>> = LazyLock::new(|| made(false).into());
static ON: LazyLock<Obj<VirtualMachineCapability>> = LazyLock::new(|| made(true).into());

/// The capabilities in a power state.
pub fn capability(state: &VirtualMachinePowerState) -> Obj<VirtualMachineCapability> {
    if *state == VirtualMachinePowerState::PoweredOn { ON.clone() } else { OFF.clone() }
}

fn made(on: bool) -> VirtualMachineCapability {
    VirtualMachineCapability::with(|c| {
        snapshots(c);
        settings(c, on);
        newer(c);
    })
}

fn snapshots(c: &mut VirtualMachineCapability) {
    c.snapshot_operations_supported = true;
    c.multiple_snapshots_supported = true;
    c.snapshot_config_supported = true;
    c.powered_off_snapshots_supported = true;
    c.memory_snapshots_supported = true;
    c.revert_to_snapshot_supported = true;
    c.quiesced_snapshots_supported = true;
    c.disk_only_snapshot_on_suspended_vm_supported = Some(true);
}

fn settings(c: &mut VirtualMachineCapability, on: bool) {
    c.cpu_feature_mask_supported = true;
    c.setting_screen_resolution_supported = on;
    c.tools_auto_update_supported = true;
    c.vm_npiv_wwn_supported = true;
    c.npiv_wwn_on_non_rdm_vm_supported = true;
    c.vm_npiv_wwn_disable_supported = true;
    c.vm_npiv_wwn_update_supported = true;
    c.swap_placement_supported = true;
    c.tools_sync_time_supported = true;
    c.virtual_mmu_usage_supported = true;
    c.disk_shares_supported = true;
    c.boot_options_supported = true;
    c.boot_retry_options_supported = true;
    c.setting_video_ram_size_supported = true;
    c.setting_display_topology_supported = on;
    c.change_tracking_supported = true;
    c.multiple_cores_per_socket_supported = true;
    c.host_based_replication_supported = true;
    c.guest_auto_lock_supported = true;
    c.memory_reservation_lock_supported = true;
    c.feature_requirement_supported = true;
    c.powered_on_monitor_type_change_supported = true;
    c.se_sparse_disk_supported = true;
    c.nested_hv_supported = true;
    c.v_pmc_supported = true;
}

fn newer(c: &mut VirtualMachineCapability) {
    c.secure_boot_supported = Some(true);
    c.per_vm_evc_supported = Some(true);
    c.virtual_mmu_usage_ignored = Some(true);
    c.virtual_exec_usage_ignored = Some(true);
    c.suspend_to_memory_supported = Some(true);
    c.tools_sync_time_allow_supported = Some(true);
    c.sev_supported = Some(false);
    c.pmem_failover_supported = Some(true);
    c.require_sgx_attestation_supported = Some(false);
    c.change_mode_disks_supported = Some(true);
    c.vendor_device_group_supported = Some(true);
}
