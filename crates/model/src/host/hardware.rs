//! Hardware: processors, memory, NUMA nodes, PCI devices, BIOS.

use vim25::{DataType, DateTime, Obj, Str, types::*};

use super::{HostProfile, machine::*, ports::Port};
use crate::kit::{element, some, text};

/// What all hosts of a profile have in common.
pub(crate) fn shared_hardware(profile: HostProfile) -> HostHardwareInfo {
    let devices = devices(profile);
    HostHardwareInfo::with(|h| {
        h.cpu_power_management_info = Some(
            HostCpuPowerManagementInfo {
                current_policy: some("Balanced"),
                hardware_support: some("ACPI P-states, ACPI C-states"),
            }
            .into(),
        );
        h.cpu_info =
            HostCpuInfo { num_cpu_packages: PACKAGES, num_cpu_cores: CORES, num_cpu_threads: THREADS, hz: HZ }.into();
        h.cpu_pkg = (0..PACKAGES).map(|index| cpu_package(index).into()).collect();
        h.memory_size = MEMORY;
        h.numa_info = Some(numa(&devices).into());
        h.pci_device = Some(devices.iter().map(|device| pci_device(device).into()).collect());
        h.cpu_feature = Some(cpu_features());
        h.bios_info = Some(bios(profile).into());
        h.reliable_memory_info = Some(HostReliableMemoryInfo { memory_size: 0 }.into());
        h.memory_tiering_type = some("noTiering");
        h.memory_tier_info = Some(vec![HostMemoryTierInfo { size: MEMORY, ..tier("DRAM", "DRAM") }.into()]);
    })
}

fn tier(name: &'static str, type_: &'static str) -> HostMemoryTierInfo {
    HostMemoryTierInfo::with(|t| {
        t.name = text(name);
        t.type_ = text(type_);
        t.flags = Some(vec![]);
    })
}

/// The hardware of one host.
pub(crate) fn hardware(shared: &HostHardwareInfo, profile: HostProfile, uuid: Str, serial: Str) -> HostHardwareInfo {
    let mut hardware = shared.clone();
    hardware.system_info = HostSystemInfo::with(|s| {
        s.vendor = text(profile.maker().vendor);
        s.model = text(profile.maker().model);
        s.uuid = uuid;
        s.serial_number = Some(serial.clone());
        s.other_identifying_info = Some(vec![
            identifier(element("AssetTag", "Asset Tag", "Asset tag of the system"), text("unknown")),
            identifier(element("ServiceTag", "Service tag", "Service tag of the system"), serial),
        ]);
    })
    .into();
    hardware
}

fn identifier(identifier_type: Obj<ElementDescription>, value: Str) -> Obj<HostSystemIdentificationInfo> {
    HostSystemIdentificationInfo { identifier_value: value, identifier_type }.into()
}

/// The threads of a package or NUMA node.
fn threads(of: i16) -> Vec<i16> {
    let each = THREADS / PACKAGES;
    (of * each..(of + 1) * each).collect()
}

fn cpu_package(index: i16) -> HostCpuPackage {
    HostCpuPackage::with(|p| {
        p.index = index;
        p.vendor = text("intel");
        p.hz = HZ;
        p.bus_hz = 100_000_000;
        p.description = text(CPU_MODEL);
        p.thread_id = threads(index);
        p.cpu_feature = Some(cpu_features());
        p.family = Some(6);
        p.model = Some(106);
        p.stepping = Some(6);
    })
}

/// The CPUID leaves that compatibility checks look at.
fn cpu_features() -> Vec<Obj<HostCpuIdInfo>> {
    let leaf = |level: i32, [eax, ebx, ecx, edx]: [u32; 4]| {
        let bits = |value: u32| {
            let digits = format!("{value:032b}");
            let nibbles: Vec<&str> = (0..8).map(|i| &digits[i * 4..i * 4 + 4]).collect();
            Some(Str::from(nibbles.join(":")))
        };
        let [eax, ebx, ecx, edx] = [bits(eax), bits(ebx), bits(ecx), bits(edx)];
        Obj::from(HostCpuIdInfo { level, vendor: None, eax, ebx, ecx, edx })
    };
    vec![
        leaf(0, [0x1b, 0x756e_6547, 0x6c65_746e, 0x4965_6e69]),
        leaf(1, [0x0006_06a6, 0x0020_0800, 0x77fe_fbff, 0xbfeb_fbff]),
        leaf(i32::MIN, [0x8000_0008, 0, 0, 0]),
        leaf(i32::MIN + 1, [0, 0, 0x121, 0x2c10_0800]),
        leaf(i32::MIN + 8, [0x0000_392e, 0, 0, 0]),
    ]
}

fn numa(devices: &[&Pci]) -> HostNumaInfo {
    let each = MEMORY / i64::from(PACKAGES);
    let node = |id: i16| {
        Obj::from(HostNumaNode::with(|n| {
            n.type_id = id as i8;
            n.cpu_id = threads(id);
            n.memory_size = Some(each);
            n.memory_range_begin = i64::from(id) * each;
            n.memory_range_length = each;
            let on_node = devices.iter().filter(|d| (d.bus >= 0x80) == (id == 1));
            n.pci_id = Some(on_node.map(|d| d.id().into()).collect());
        }))
    };
    HostNumaInfo {
        type_: text("NUMA"),
        num_nodes: i32::from(PACKAGES),
        numa_node: Some((0..PACKAGES).map(node).collect()),
    }
}

/// A PCI device of the machine.
#[derive(Debug)]
pub(crate) struct Pci {
    pub bus: u8,
    pub slot: u8,
    pub function: u8,
    pub class: u16,
    pub vendor: u16,
    pub device: u16,
    pub vendor_name: &'static str,
    pub device_name: &'static str,
    pub class_name: &'static str,
}

impl Pci {
    /// Its address, for example `0000:3b:00.1`.
    pub(crate) fn id(&self) -> String {
        format!("0000:{:02x}:{:02x}.{}", self.bus, self.slot, self.function)
    }

    /// Where it lies: bus, slot, function.
    fn address(&self) -> (u8, u8, u8) {
        (self.bus, self.slot, self.function)
    }
}

const fn intel(address: (u8, u8, u8), class: u16, device: u16, name: &'static str, class_name: &'static str) -> Pci {
    let (bus, slot, function) = address;
    let vendor_name = "Intel Corporation";
    Pci { bus, slot, function, class, vendor: 0x8086, device, vendor_name, device_name: name, class_name }
}

/// What every machine has beside its network ports: chipset, disk controller, a Fibre Channel port.
static BOARD: [Pci; 4] = [
    intel((0x00, 0x00, 0), 0x0880, 0x09a2, "Ice Lake Memory Map/VT-d", "System peripheral"),
    intel(
        (0x00, 0x11, 5),
        0x0106,
        0xa1d2,
        "C620 Series Chipset Family SSATA Controller [AHCI mode]",
        "SATA controller",
    ),
    Pci {
        bus: 0x5e,
        slot: 0,
        function: 0,
        class: 0x0c04,
        vendor: 0x1077,
        device: 0x2281,
        vendor_name: "QLogic Corp.",
        device_name: "ISP2812-based 64/32G Fibre Channel to PCIe Controller",
        class_name: "Fibre Channel",
    },
    intel((0x80, 0x00, 0), 0x0880, 0x09a2, "Ice Lake Memory Map/VT-d", "System peripheral"),
];

/// The devices of a machine in the order of their addresses.
fn devices(profile: HostProfile) -> Vec<&'static Pci> {
    let ports = profile.ports().iter().map(|port: &'static Port| &port.pci);
    let mut all: Vec<_> = BOARD.iter().chain(ports).collect();
    all.sort_by_key(|device| device.address());
    all
}

/// The disk controller behind `vmhba0`.
pub(crate) static DISK_CONTROLLER: &Pci = &BOARD[1];
/// The Fibre Channel port behind `vmhba1`.
pub(crate) static FIBRE_CHANNEL: &Pci = &BOARD[2];

/// Ids with the top bit set are negative on the wire, and so are buses above 127.
fn pci_device(device: &Pci) -> HostPciDevice {
    HostPciDevice::with(|d| {
        d.id = device.id().into();
        d.class_id = device.class.cast_signed();
        d.bus = device.bus.cast_signed();
        d.slot = device.slot.cast_signed();
        d.function = device.function.cast_signed();
        d.vendor_id = device.vendor.cast_signed();
        d.sub_vendor_id = device.vendor.cast_signed();
        d.vendor_name = text(device.vendor_name);
        d.device_id = device.device.cast_signed();
        d.sub_device_id = 1;
        d.device_name = text(device.device_name);
        d.device_class_name = some(device.class_name);
    })
}

fn bios(profile: HostProfile) -> HostBIOSInfo {
    HostBIOSInfo {
        bios_version: some(profile.maker().bios),
        release_date: DateTime::parse("2023-12-19T00:00:00Z"),
        vendor: some(profile.maker().vendor),
        major_release: Some(1),
        minor_release: Some(13),
        firmware_major_release: None,
        firmware_minor_release: None,
        firmware_type: some("UEFI"),
    }
}
