//! The configuration of a new VM before any spec is applied.

use std::sync::LazyLock;

use vim25::{
    Any, DataType, DateTime, MoRef, Obj, Str,
    types::{
        LatencySensitivity, OptionValue, ScheduledHardwareUpgradeInfo, ToolsConfigInfo,
        ToolsConfigInfoToolsLastInstallInfo, VirtualHardware, VirtualMachineBootOptions, VirtualMachineConfigInfo,
        VirtualMachineDefaultPowerOpInfo, VirtualMachineFileInfo, VirtualMachineFlagInfo,
        VirtualMachineGuestIntegrityInfo, VirtualMachineSgxInfo, VirtualMachineVirtualDeviceSwap,
        VirtualMachineVirtualDeviceSwapDeviceSwapInfo, VirtualMachineVirtualNumaInfo, VirtualMachineVirtualPMem,
    },
};

use super::resources::{cpu_allocation, memory_allocation, memory_overhead};
use crate::vm::{guest_os, hardware, identity, path, version};

/// What sets one new VM apart from another.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    /// The VM.
    pub vm: &'a MoRef,
    /// Its name.
    pub name: Str,
    /// Name of the datastore for its files.
    pub datastore: &'a str,
    /// Folder for its files, usually its name.
    pub folder: &'a str,
    /// Seed of its UUIDs.
    pub seed: u64,
    /// When it is made.
    pub now: DateTime,
}

/// One CPU, 32 MB, no disks, no adapters; everything that has a default set to it.
pub fn blank(names: &Names<'_>) -> VirtualMachineConfigInfo {
    let mut config = DEFAULTS.clone();
    config.extra_config.get_or_insert_default().insert(0, NVRAM.clone());
    christen(&mut config, names);
    config
}

/// Holds the place of [`nvram`].
static NVRAM: LazyLock<Obj<OptionValue>> = LazyLock::new(|| nvram(""));

/// The option that names the file of the BIOS settings; it stands first.
pub(crate) fn nvram(stem: &str) -> Obj<OptionValue> {
    option("nvram", format!("{stem}.nvram"))
}

/// Gives a config what sets one VM apart from another.
pub(crate) fn christen(config: &mut VirtualMachineConfigInfo, names: &Names<'_>) {
    config.change_version = names.now.to_string().into();
    config.modified = names.now;
    config.create_date = Some(names.now);
    config.name = names.name.clone();
    config.uuid = identity::bios_uuid(names.seed, &names.vm.id);
    config.instance_uuid = Some(identity::instance_uuid(names.seed, &names.vm.id));
    config.files = home_files(names.datastore, names.folder, names.folder).into();
    if let Some(first) = config.extra_config.as_mut().and_then(|o| o.first_mut()) {
        *first = nvram(names.folder);
    }
}

/// Paths of a machine whose files are called `stem`.
pub(super) fn home_files(datastore: &str, folder: &str, stem: &str) -> VirtualMachineFileInfo {
    let home = path::join(datastore, folder, "");
    VirtualMachineFileInfo {
        vm_path_name: Some(path::join(datastore, folder, &format!("{stem}.vmx"))),
        snapshot_directory: Some(home.clone()),
        suspend_directory: Some(home.clone()),
        log_directory: Some(home),
        ft_metadata_directory: None,
    }
}

/// An option of `extraConfig`.
pub(crate) fn option(key: impl Into<Str>, value: impl Into<Str>) -> Obj<OptionValue> {
    OptionValue { key: key.into(), value: Some(Any::Str(value.into())) }.into()
}

static DEFAULTS: LazyLock<VirtualMachineConfigInfo> = LazyLock::new(|| {
    VirtualMachineConfigInfo::with(|c| {
        identity_defaults(c);
        hardware_defaults(c);
        behaviour_defaults(c);
        security_defaults(c);
    })
});

fn identity_defaults(c: &mut VirtualMachineConfigInfo) {
    c.guest_id = guest_os::DEFAULT.into();
    c.guest_full_name = guest_os::full_name(guest_os::DEFAULT);
    c.version = version::key(version::NEWEST);
    c.npiv_temporary_disabled = Some(true);
    c.annotation = Some(Str::default());
    c.vm_storage_object_id = Some(Str::default());
    c.swap_storage_object_id = Some(Str::default());
}

fn hardware_defaults(c: &mut VirtualMachineConfigInfo) {
    let (cpus, memory) = (1, 32);
    c.hardware = VirtualHardware {
        num_cpu: cpus,
        num_cores_per_socket: Some(1),
        auto_cores_per_socket: Some(true),
        memory_mb: memory,
        virtual_ich7_m_present: Some(false),
        virtual_smc_present: Some(false),
        device: Some(hardware::default_devices(version::NEWEST)),
        motherboard_layout: Some("i440bxHostBridge".into()),
        simultaneous_threads: Some(1),
    }
    .into();
    c.cpu_allocation = Some(cpu_allocation(cpus).into());
    c.memory_allocation = Some(memory_allocation(memory).into());
    c.initial_overhead = Some(memory_overhead(cpus, memory).into());
    c.latency_sensitivity = Some(LatencySensitivity::default().into());
    if let Some(sensitivity) = &mut c.latency_sensitivity {
        sensitivity.level = vim25::types::LatencySensitivitySensitivityLevel::Normal;
    }
    c.memory_hot_add_enabled = Some(false);
    c.cpu_hot_add_enabled = Some(false);
    c.cpu_hot_remove_enabled = Some(false);
    c.memory_reservation_locked_to_max = Some(false);
    c.numa_info = Some(
        VirtualMachineVirtualNumaInfo {
            cores_per_numa_node: Some(cpus),
            auto_cores_per_numa_node: Some(true),
            vnuma_on_cpu_hotadd_exposed: Some(false),
        }
        .into(),
    );
    c.fixed_passthru_hot_plug_enabled = Some(false);
    c.pmem = Some(VirtualMachineVirtualPMem { snapshot_mode: Some("independent_persistent".into()) }.into());
    c.pmem_failover_enabled = Some(false);
    c.device_swap = Some(device_swap().into());
    c.device_groups = Some(Obj::default());
}

fn device_swap() -> VirtualMachineVirtualDeviceSwap {
    let info = VirtualMachineVirtualDeviceSwapDeviceSwapInfo {
        enabled: Some(true),
        applicable: Some(false),
        status: Some("none".into()),
    };
    VirtualMachineVirtualDeviceSwap { lsi_to_pvscsi: Some(info.into()) }
}

fn behaviour_defaults(c: &mut VirtualMachineConfigInfo) {
    c.tools = Some(tools().into());
    c.flags = flags().into();
    c.default_power_ops = power_ops().into();
    c.boot_options = Some(boot_options().into());
    c.reboot_power_off = Some(false);
    c.swap_placement = Some("inherit".into());
    c.v_asserts_enabled = Some(false);
    c.change_tracking_enabled = Some(false);
    c.firmware = Some("bios".into());
    c.max_mks_connections = Some(-1);
    c.guest_auto_lock_enabled = Some(true);
    c.nested_hv_enabled = Some(false);
    c.v_pmc_enabled = Some(false);
    c.message_bus_tunnel_enabled = Some(false);
    c.scheduled_hardware_upgrade_info = Some(
        ScheduledHardwareUpgradeInfo {
            upgrade_policy: Some("never".into()),
            scheduled_hardware_upgrade_status: Some("none".into()),
            ..Default::default()
        }
        .into(),
    );
    c.vmx_stats_collection_enabled = Some(true);
    c.vm_op_notification_to_app_enabled = Some(false);
    c.metro_ft_enabled = Some(false);
    c.extra_config = Some(vec![
        option("svga.present", "TRUE"),
        option("pciBridge0.present", "TRUE"),
        option("pciBridge4.present", "TRUE"),
        option("hpet0.present", "TRUE"),
        option("vmware.tools.internalversion", "0"),
    ]);
}

fn security_defaults(c: &mut VirtualMachineConfigInfo) {
    c.guest_integrity_info = Some(VirtualMachineGuestIntegrityInfo { enabled: Some(false) }.into());
    c.migrate_encryption = Some("opportunistic".into());
    c.ft_encryption_mode = Some("ftEncryptionOpportunistic".into());
    c.guest_monitoring_mode_info = Some(Obj::default());
    c.sev_enabled = Some(false);
    c.sgx_info = Some(
        VirtualMachineSgxInfo {
            epc_size: 0,
            flc_mode: Some("unlocked".into()),
            le_pub_key_hash: None,
            require_attestation: Some(false),
        }
        .into(),
    );
}

fn tools() -> ToolsConfigInfo {
    ToolsConfigInfo::with(|t| {
        t.tools_version = Some(0);
        t.tools_install_type = Some("guestToolsTypeUnknown".into());
        t.after_power_on = Some(true);
        t.after_resume = Some(true);
        t.before_guest_standby = Some(true);
        t.before_guest_shutdown = Some(true);
        t.tools_upgrade_policy = Some("manual".into());
        t.sync_time_with_host_allowed = Some(true);
        t.sync_time_with_host = Some(false);
        t.last_install_info = Some(ToolsConfigInfoToolsLastInstallInfo { counter: 0, fault: None }.into());
    })
}

fn flags() -> VirtualMachineFlagInfo {
    VirtualMachineFlagInfo::with(|f| {
        f.disable_acceleration = Some(false);
        f.enable_logging = Some(true);
        f.use_toe = Some(false);
        f.run_with_debug_info = Some(false);
        f.monitor_type = Some("release".into());
        f.ht_sharing = Some("any".into());
        f.snapshot_disabled = Some(false);
        f.snapshot_locked = Some(false);
        f.disk_uuid_enabled = Some(false);
        f.virtual_mmu_usage = Some("automatic".into());
        f.virtual_exec_usage = Some("hvAuto".into());
        f.snapshot_power_off_behavior = Some("powerOff".into());
        f.record_replay_enabled = Some(false);
        f.fault_tolerance_type = Some("unset".into());
        f.cbrc_cache_enabled = Some(false);
        f.vvtd_enabled = Some(false);
        f.vbs_enabled = Some(false);
    })
}

fn power_ops() -> VirtualMachineDefaultPowerOpInfo {
    VirtualMachineDefaultPowerOpInfo {
        power_off_type: Some("soft".into()),
        suspend_type: Some("hard".into()),
        reset_type: Some("soft".into()),
        default_power_off_type: Some("soft".into()),
        default_suspend_type: Some("hard".into()),
        default_reset_type: Some("soft".into()),
        standby_action: Some("checkpoint".into()),
    }
}

fn boot_options() -> VirtualMachineBootOptions {
    VirtualMachineBootOptions {
        boot_delay: Some(0),
        enter_bios_setup: Some(false),
        efi_secure_boot_enabled: Some(false),
        boot_retry_enabled: Some(false),
        boot_retry_delay: Some(10_000),
        boot_order: None,
        network_boot_protocol: Some("ipv4".into()),
    }
}
