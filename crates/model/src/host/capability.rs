//! What a host can do, as far as its software knows of it.

use vim25::{ApiVersion, DataType, types::HostCapability};

use super::{HostProfile, forget_newer};
use crate::kit::{set, some};

/// The capabilities of every host of a profile that speaks `api_version`. Those of VMDirectPath Gen 2 are derived.
pub(crate) fn capability(profile: HostProfile, api_version: ApiVersion) -> HostCapability {
    let mut capability = newest();
    match profile {
        HostProfile::Esxi80 | HostProfile::Esxi80Dpu => {}
        HostProfile::Esxi70 | HostProfile::Esxi70VmFex => limits_of_7(&mut capability),
        HostProfile::Esx50 => as_of_5(&mut capability),
        HostProfile::Esx40 => as_of_4(&mut capability),
    }
    // This flag is younger than what it tells: hosts before it let machines talk, and vCenter says so for them.
    let machines_talk = capability.inter_vm_communication_through_vmci_supported;
    forget_newer(&mut capability, api_version);
    capability.inter_vm_communication_through_vmci_supported = machines_talk;
    capability
}

fn newest() -> HostCapability {
    HostCapability::with(|c| {
        supported(c);
        supported_since_7(c);
        encryption(c);
        limits(c);
        // Gone from ESXi or not on this machine: record and replay, VMCI between virtual machines, TPM, flash cache.
        set!(c, false, standby_supported, datastore_principal_supported);
        set!(c, false, record_replay_supported, inter_vm_communication_through_vmci_supported);
        set!(c, false, restricted_snapshot_relocate_supported, tpm_supported, txt_enabled, v_flash_supported);
        set!(c, false, scaled_screenshot_supported, local_swap_datastore_supported, virtual_exec_usage_supported);
        c.replay_unsupported_reason = some("recordreplay.notSupported");
        c.unmap_method_supported = some("dynamic");
    })
}

fn supported(c: &mut HostCapability) {
    set!(c, true, cpu_memory_resource_configuration_supported);
    set!(c, true, recursive_resource_pools_supported, reboot_supported, shutdown_supported, vmotion_supported);
    set!(c, true, san_supported, nfs_supported, iscsi_supported, vlan_tagging_supported, nic_teaming_supported);
    set!(c, true, high_guest_mem_supported, maintenance_mode_supported, suspended_relocate_supported);
    set!(c, true, per_vm_swap_files, unshared_swap_v_motion_supported, background_snapshots_supported);
    set!(c, true, pre_assigned_pci_unit_numbers_supported, screenshot_supported, storage_v_motion_supported);
    set!(c, true, vmotion_with_storage_v_motion_supported, vmotion_across_network_supported);
    set!(c, true, hbr_nic_selection_supported, vr_nfc_nic_selection_supported, provisioning_nic_selection_supported);
    set!(c, true, ft_supported, smp_ft_supported, login_by_ssl_thumbprint_supported, clone_from_snapshot_supported);
    set!(c, true, delta_disk_backings_supported, per_vm_network_traffic_shaping_supported, storage_iorm_supported);
    set!(c, true, v_storage_capable, snapshot_relayout_supported, firewall_ip_rules_supported);
    set!(c, true, service_package_info_supported, vmfs_datastore_mount_capable, v_pmc_supported);
    set!(c, true, eight_plus_host_vmfs_shared_access_supported, nested_hv_supported, feature_capabilities_supported);
    set!(c, true, scheduled_hardware_upgrade_supported, latency_sensitivity_supported, storage_policy_supported);
    set!(c, true, accel3d_supported, reliable_memory_aware, multiple_network_stack_instance_supported);
    set!(c, true, message_bus_proxy_supported, vsan_supported, host_access_manager_supported, nfs41_supported);
    set!(c, true, nfs41_krb5i_supported, turn_disk_locator_led_supported, virtual_volume_datastore_supported);
    set!(c, true, mark_as_ssd_supported, mark_as_local_supported, smart_card_authentication_supported);
    set!(c, true, one_k_volume_apis_supported, gateway_on_nic_supported, upit_supported, cpu_hw_mmu_supported);
    set!(c, true, ft_efi_supported, virtual_mmu_usage_ignored, virtual_exec_usage_ignored, vm_create_date_supported);
    set!(c, true, vmfs3_eol_supported, ft_vmcp_supported);
}

fn supported_since_7(c: &mut HostCapability) {
    set!(c, true, p_mem_supported, p_mem_snapshot_supported, assignable_hardware_supported, quick_boot_supported);
    set!(c, true, suspend_to_memory_supported, use_feature_reqs_for_old_h_wv, mark_perennially_reserved_supported);
    set!(c, true, hpp_psp_supported, device_rebind_without_reboot_supported, storage_policy_change_supported);
    set!(c, true, precision_time_protocol_supported, remote_device_v_motion_supported, ah_device_hints_supported);
    set!(c, true, nvme_over_tcp_supported, nvme_storage_fabric_services_supported, assign_hw_pci_config_supported);
    set!(c, true, time_config_supported, nvme_batch_operations_supported, ptp_config_supported);
    set!(c, true, p_mem_independent_snapshot_supported, vmknic_binding_supported, ultralow_fixed_unmap_supported);
    set!(c, true, nvme_vvol_supported, fpt_hotplug_supported, mconnect_supported, vsan_nic_mgmt_supported);
    set!(c, true, vvol_nqn_supported, stretched_sc_supported, vmknic_binding_on_nf_sv41, vp_status_check_supported);
    set!(c, true, n_connect_supported, user_key_supported);
    set!(c, false, p_mem_failover_supported, sgx_registration_supported, iommu_sl_dirty_capable, ndcm_supported);
    set!(c, false, uefi_secure_boot, ipmi_supported);
}

fn encryption(c: &mut HostCapability) {
    set!(c, true, crypto_supported, encrypted_v_motion_supported, encryption_change_on_add_remove_supported);
    set!(c, true, encryption_with_snapshots_supported, encryption_memory_save_supported, encryption_hbr_supported);
    set!(c, true, encrypted_ft_supported, host_config_encryption_supported, encryption_fault_tolerance_supported);
    set!(c, false, encryption_hot_operation_supported, encryption_rdm_supported, encryption_v_flash_supported);
    set!(c, false, encryption_cbrc_supported);
}

fn limits(c: &mut HostCapability) {
    set!(c, Some(1024), max_supported_vms, max_running_vms, max_host_running_vms);
    set!(c, Some(4096), max_supported_vcpus, max_host_supported_vcpus, max_registered_vms);
    c.max_num_disks_sv_motion = Some(248);
    c.max_virtual_disk_desc_version_supported = Some(3);
    c.max_vcpus_per_ft_vm = Some(8);
    c.max_mem_mb_per_ft_vm = Some(131_072);
    c.max_supported_vm_memory = Some(25_149_440);
    c.max_supported_simultaneous_threads = Some(2);
    c.max_supported_ptp_ports = Some(5);
    c.supported_vmfs_major_version = Some(vec![5, 6]);
    c.replay_compatibility_issues = Some(vec![]);
    c.ft_compatibility_issues = Some(vec![]);
    c.smp_ft_compatibility_issues = Some(vec![]);
    c.supported_cpu_feature = Some(vec![]);
}

fn limits_of_7(c: &mut HostCapability) {
    c.max_supported_vm_memory = Some(6_275_072);
}

/// Before ESXi 5.1 machines on a host could talk by VMCI, and record and replay existed.
fn before_5_1(c: &mut HostCapability) {
    set!(c, true, record_replay_supported, inter_vm_communication_through_vmci_supported);
    set!(c, true, virtual_exec_usage_supported);
    c.replay_unsupported_reason = None;
    c.max_vcpus_per_ft_vm = None;
    set!(c, false, provisioning_nic_selection_supported, vr_nfc_nic_selection_supported);
}

fn as_of_5(c: &mut HostCapability) {
    before_5_1(c);
    set!(c, Some(512), max_supported_vms, max_running_vms, max_host_running_vms);
    set!(c, Some(2048), max_supported_vcpus, max_host_supported_vcpus, max_registered_vms);
    c.supported_vmfs_major_version = Some(vec![3, 5]);
}

fn as_of_4(c: &mut HostCapability) {
    before_5_1(c);
    set!(c, Some(320), max_supported_vms, max_running_vms);
    c.max_supported_vcpus = Some(512);
    set!(c, false, storage_iorm_supported, v_storage_capable);
}
