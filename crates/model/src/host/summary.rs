//! Summary and run-time state of a host.

use vim25::{DataType, Obj, Str, types::*};

use super::{HostProfile, HostSpec, machine, ports::Port};
use crate::kit::{element, some, text};

/// The port on which the host is managed.
const PORT: i32 = 443;

/// A host that runs, belongs to its vCenter and is well.
pub(crate) fn runtime(profile: HostProfile, spec: &HostSpec) -> HostRuntimeInfo {
    HostRuntimeInfo::with(|r| {
        r.connection_state = HostSystemConnectionState::Connected;
        r.power_state = HostSystemPowerState::PoweredOn;
        r.standby_mode = some("none");
        r.in_maintenance_mode = false;
        r.in_quarantine_mode = Some(false);
        r.boot_time = Some(spec.boot_time);
        r.health_system_runtime = Some(health(profile).into());
        r.network_runtime_info = Some(network_runtime().into());
        r.host_max_virtual_disk_capacity = Some(62 << 40);
        r.crypto_state = some("incapable");
        r.state_encryption = Some(
            HostRuntimeInfoStateEncryptionInfo {
                protection_mode: text("none"),
                require_secure_boot: Some(false),
                require_exec_installed_only: Some(false),
            }
            .into(),
        );
    })
}

fn health(profile: HostProfile) -> HealthSystemRuntime {
    let sensor = HostNumericSensorInfo::with(|s| {
        s.name = text("VMware Rollup Health State");
        s.health_state = Some(element("green", "Green", "Sensor is operating under normal conditions"));
        s.base_units = text("");
        s.rate_units = some("");
        s.sensor_type = text("system");
    });
    HealthSystemRuntime {
        system_health_info: Some(HostSystemHealthInfo { numeric_sensor_info: Some(vec![sensor.into()]) }.into()),
        hardware_status_info: units(profile),
    }
}

/// How the data processing units are, on a machine that has any.
fn units(profile: HostProfile) -> Option<Obj<HostHardwareStatusInfo>> {
    let mut ids: Vec<&'static str> = profile.ports().iter().filter_map(|port: &Port| port.dpu).collect();
    ids.dedup();
    let unit = |id: &&'static str| {
        let base = HostHardwareElementInfo {
            name: text(id),
            status: element("Green", "Green", "Physical element is functioning as expected"),
        };
        let fru = HostFru {
            type_: text("board"),
            part_name: text("BlueField-2 DPU 25GbE Dual-Port SFP56"),
            part_number: text("MBF2H532C"),
            manufacturer: text("NVIDIA"),
            ..Default::default()
        };
        DpuStatusInfo { base, dpu_id: text(id), fru: Some(fru.into()), sensors: Some(vec![]) }.into()
    };
    let units: Vec<Obj<DpuStatusInfo>> = ids.iter().map(unit).collect();
    let status = HostHardwareStatusInfo { dpu_status_info: Some(units), ..Default::default() };
    (!ids.is_empty()).then(|| status.into())
}

fn network_runtime() -> HostRuntimeInfoNetworkRuntimeInfo {
    let stack = HostRuntimeInfoNetStackInstanceRuntimeInfo {
        net_stack_instance_key: text("defaultTcpipStack"),
        state: some("active"),
        vmknic_keys: Some(vec![text("vmk0")]),
        max_number_of_connections: Some(11_000),
        current_ip_v6_enabled: Some(false),
    };
    HostRuntimeInfoNetworkRuntimeInfo {
        net_stack_instance_runtime_info: Some(vec![stack.into()]),
        network_resource_runtime: None,
    }
}

/// The summary of a host without load.
pub(crate) fn summary(
    profile: HostProfile,
    spec: &HostSpec,
    hardware: &HostHardwareInfo,
    runtime: Obj<HostRuntimeInfo>,
    config: &HostConfigInfo,
) -> HostListSummary {
    HostListSummary::with(|s| {
        s.host = Some(spec.moref.clone());
        s.hardware = Some(hardware_summary(hardware, config).into());
        s.runtime = Some(runtime);
        s.config = config_summary(spec, config).into();
        s.quick_stats = HostListSummaryQuickStats::with(|q| {
            q.overall_cpu_usage = Some(0);
            q.overall_memory_usage = Some(0);
            q.distributed_cpu_fairness = Some(1000);
            q.distributed_memory_fairness = Some(1000);
            q.available_p_mem_capacity = Some(0);
            q.uptime = Some(0);
        })
        .into();
        s.overall_status = ManagedEntityStatus::Green;
        s.reboot_required = false;
        s.custom_value = Some(vec![]);
        s.management_server_ip = spec.managed_by.clone();
        s.max_evc_mode_key = some(newest_evc_mode(profile));
    })
}

/// The newest EVC mode that the software knows; the processor is newer than all of them.
fn newest_evc_mode(profile: HostProfile) -> &'static str {
    match profile {
        HostProfile::Esx40 => "intel-penryn",
        HostProfile::Esx50 => "intel-sandybridge",
        _ => "intel-icelake",
    }
}

fn hardware_summary(hardware: &HostHardwareInfo, config: &HostConfigInfo) -> HostHardwareSummary {
    let system = &hardware.system_info;
    let nics = config.network.as_ref().and_then(|n| n.pnic.as_ref()).map_or(0, Vec::len);
    let adapters = config.storage_device.as_ref().and_then(|s| s.host_bus_adapter.as_ref()).map_or(0, Vec::len);
    HostHardwareSummary::with(|h| {
        h.vendor = system.vendor.clone();
        h.model = system.model.clone();
        h.uuid = system.uuid.clone();
        h.other_identifying_info = system.other_identifying_info.clone();
        h.memory_size = hardware.memory_size;
        h.cpu_model = text(machine::CPU_MODEL);
        h.cpu_mhz = machine::MHZ;
        h.num_cpu_pkgs = hardware.cpu_info.num_cpu_packages;
        h.num_cpu_cores = hardware.cpu_info.num_cpu_cores;
        h.num_cpu_threads = hardware.cpu_info.num_cpu_threads;
        h.num_nics = nics as i32;
        h.num_hbas = adapters as i32;
    })
}

fn config_summary(spec: &HostSpec, config: &HostConfigInfo) -> HostConfigSummary {
    HostConfigSummary::with(|c| {
        c.name = spec.name.clone();
        c.port = PORT;
        c.ssl_thumbprint = Some(thumbprint(&spec.uuid));
        c.product = Some(config.product.clone());
        c.vmotion_enabled = false;
        c.fault_tolerance_enabled = false;
        c.feature_version = Some(vec![]);
    })
}

/// Twenty bytes that stand for the host's certificate. They follow from the host's UUID, so that they are its own.
fn thumbprint(uuid: &str) -> Str {
    let digits: Vec<char> = uuid.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_uppercase()).collect();
    let pairs: Vec<String> =
        digits.iter().cycle().zip(digits.iter().cycle().skip(5)).take(20).map(|(a, b)| format!("{a}{b}")).collect();
    pairs.join(":").into()
}
