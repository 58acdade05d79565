//! `hardwareOptions` of a virtual hardware version.

use vim25::{
    Obj,
    types::{ResourceAllocationOption, ResourceConfigOption, SharesLevel, SharesOption, VirtualHardwareOption},
};

use super::{
    build::{flag, long, number},
    controllers, devices, disks, nics,
};
use crate::vm::version;

/// Everything that the hardware of this version can be.
pub(super) fn options(of: u32) -> VirtualHardwareOption {
    let cpus = version::max_cpus(of);
    let since = |first: u32, most: i32| number(0, if of >= first { most } else { 0 }, 0);
    let device_options = [controllers::options(of), disks::options(), nics::options(of), devices::options(of)].concat();
    VirtualHardwareOption {
        hw_version: of as i32,
        virtual_device_option: device_options,
        device_list_readonly: false,
        num_cpu: (1..=cpus).collect(),
        num_cores_per_socket: number(1, cpus, 1),
        auto_cores_per_socket: Some(flag(of >= 20, of >= 20)),
        num_cpu_readonly: false,
        memory_mb: long(4, version::max_memory_mb(of), 1024),
        num_pci_controllers: number(1, 1, 1),
        num_ide_controllers: number(2, 2, 2),
        num_usb_controllers: since(7, 1),
        num_usbxhci_controllers: since(8, 1),
        num_sio_controllers: number(1, 1, 1),
        num_ps2_controllers: number(1, 1, 1),
        licensing_limit: None,
        num_supported_wwn_ports: Some(number(0, 16, 0)),
        num_supported_wwn_nodes: Some(number(0, 16, 0)),
        resource_config_option: resources(cpus).into(),
        num_nvdimm_controllers: Some(since(14, 1)),
        num_tpm_devices: Some(since(14, 1)),
        num_wdt_devices: Some(since(17, 1)),
        num_precision_clock_devices: Some(since(17, 1)),
        epc_memory_mb: Some(long(0, 0, 0)),
        acpi_host_bridges_firmware: Some(vec!["efi".into()]),
        num_cpu_simultaneous_threads: Some(number(1, if of >= 20 { 2 } else { 1 }, 1)),
        num_numa_nodes: Some(number(1, cpus, 1)),
        num_device_groups: Some(since(20, 4)),
        device_group_types: None,
    }
}

fn resources(cpus: i32) -> ResourceConfigOption {
    let shares = |most: i32, default: i32| -> Obj<ResourceAllocationOption> {
        let option = SharesOption { shares_option: number(0, most, default), default_level: SharesLevel::Normal };
        ResourceAllocationOption { shares_option: option.into() }.into()
    };
    ResourceConfigOption {
        cpu_allocation_option: shares(1_000_000, cpus.saturating_mul(1000).min(1_000_000)),
        memory_allocation_option: shares(1_000_000, 1_000_000),
    }
}
