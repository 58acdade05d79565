//! The configuration of a host.

use vim25::{ApiVersion, DataType, Obj, types::*};

use super::{
    HostProfile, HostSpec, forget_newer,
    network::{self, SharedNetwork},
    options, services, storage,
};
use crate::{
    content::about,
    kit::{some, text},
};

/// What all hosts of a server have in common.
pub(crate) struct SharedConfig {
    /// Everything that needs no more than a copy.
    base: HostConfigInfo,
    network: SharedNetwork,
    boot_disk: Obj<ScsiLun>,
    /// What may be set by advanced options.
    pub definitions: Vec<Obj<OptionDef>>,
}

pub(crate) fn shared_config(profile: HostProfile, api_version: ApiVersion) -> SharedConfig {
    let definitions = options::definitions(profile);
    let base = HostConfigInfo::with(|c| {
        c.product = about::esxi(profile, api_version).into();
        c.hyper_thread = Some(HostHyperThreadScheduleInfo { available: true, active: true, config: true }.into());
        c.cpu_scheduler = Some(HostCpuSchedulerInfo { policy: text("systemDefault") }.into());
        c.virtual_machine_reservation = Some(memory_reservation().into());
        c.system_file = Some(vec![]);
        c.capabilities = Some(network::capabilities().into());
        c.datastore_capabilities = Some(storage::datastore_capabilities().into());
        c.offload_capabilities = Some(network::offload().into());
        c.service = Some(services::services().into());
        c.firewall = Some(services::firewall().into());
        c.auto_start = Some(auto_start().into());
        c.option = Some(options::options(profile));
        c.option_def = Some(definitions.clone());
        c.datastore_principal = some("root");
        c.date_time_info = Some(services::date_time().into());
        c.flags = Some(HostFlagInfo::default().into());
        c.admin_disabled = Some(false);
        c.lockdown_mode = Some(HostLockdownMode::LockdownDisabled);
        c.pci_passthru_info = Some(vec![]);
        c.feature_version = Some(vec![]);
        c.wake_on_lan_capable = Some(false);
        c.domain_list = Some(vec![]);
        c.graphics_info = Some(vec![]);
        c.shared_passthru_gpu_types = Some(vec![]);
        c.assignable_hardware_binding = Some(vec![]);
    });
    let mut base = power(base);
    forget_newer(&mut base, api_version);
    let network = network::shared_network(profile);
    SharedConfig { base, network, boot_disk: storage::boot_disk(), definitions }
}

/// The configuration of one host.
pub(crate) fn config(shared: &SharedConfig, host: &HostSpec) -> HostConfigInfo {
    let mut config = shared.base.clone();
    config.host = host.moref.clone();
    config.storage_device = Some(storage::devices(&host.volumes, &shared.boot_disk, host.port_name()).into());
    config.file_system_volume = Some(storage::file_systems(&host.volumes).into());
    config.network = Some(network::network(&shared.network, host).into());
    config.virtual_nic_manager_info = Some(network::virtual_nic_manager(&network::vmk0(host)).into());
    config
}

fn memory_reservation() -> VirtualMachineMemoryReservationInfo {
    VirtualMachineMemoryReservationInfo {
        virtual_machine_min: 0,
        virtual_machine_max: 0,
        virtual_machine_reserved: 0,
        allocation_policy: text("swapSome"),
    }
}

fn auto_start() -> HostAutoStartManagerConfig {
    let defaults = AutoStartDefaults {
        enabled: Some(false),
        start_delay: Some(120),
        stop_delay: Some(120),
        wait_for_heartbeat: Some(false),
        stop_action: some("PowerOff"),
    };
    HostAutoStartManagerConfig { defaults: Some(defaults.into()), power_info: Some(vec![]) }
}

/// The power policies that a machine offers.
fn power(mut config: HostConfigInfo) -> HostConfigInfo {
    let policy = |key, name, short| {
        let (name, short_name) = (text(name), text(short));
        let description = name.clone();
        Obj::from(HostPowerPolicy { key, name, short_name, description })
    };
    let policies = vec![
        policy(1, "High performance", "static"),
        policy(2, "Balanced", "dynamic"),
        policy(3, "Low power", "low"),
        policy(4, "Custom", "custom"),
    ];
    config.power_system_info = Some(PowerSystemInfo { current_policy: policies[1].clone() }.into());
    config.power_system_capability = Some(PowerSystemCapability { available_policy: policies }.into());
    config
}
