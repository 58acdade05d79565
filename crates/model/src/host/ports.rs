//! Network ports of hosts, by profile: what each is and what it can.

use super::hardware::Pci;

/// Speeds of a 10-gigabit port, MB/s.
const TEN: &[i32] = &[1_000, 10_000];
/// Speeds of a 25-gigabit port.
const TWENTY_FIVE: &[i32] = &[10_000, 25_000];
/// Speeds of a port of a blade.
const FORTY: &[i32] = &[40_000];

/// The data processing unit of [`DPU`].
pub(crate) const DPU_ID: &str = "vmdpu0";
/// The kind of network offload that it does.
pub(crate) const OFFLOAD: &str = "NVIDIA BlueField";

/// A network port.
#[derive(Debug)]
pub(crate) struct Port {
    /// `vmnic0`
    pub device: &'static str,
    pub pci: Pci,
    pub driver: &'static str,
    pub driver_version: &'static str,
    pub firmware: &'static str,
    /// Speeds that it can have; it runs at the last one.
    pub speeds: &'static [i32],
    /// Whether it belongs to the distributed switch; otherwise it is `vSwitch0`'s, which only the first one is.
    pub on_switch: bool,
    /// Whether it passes through.
    pub passes: bool,
    /// Virtual functions that it has for network cards.
    pub virtual_functions: i64,
    /// The data processing unit that it is on.
    pub dpu: Option<&'static str>,
}

const fn port(device: &'static str, pci: Pci, driver: [&'static str; 3]) -> Port {
    let [driver, driver_version, firmware] = driver;
    Port {
        device,
        pci,
        driver,
        driver_version,
        firmware,
        speeds: TEN,
        on_switch: true,
        passes: false,
        virtual_functions: 0,
        dpu: None,
    }
}

const fn card(address: (u8, u8, u8), vendor: u16, device: u16, vendor_name: &'static str, name: &'static str) -> Pci {
    let (bus, slot, function) = address;
    Pci {
        bus,
        slot,
        function,
        class: 0x0200,
        vendor,
        device,
        vendor_name,
        device_name: name,
        class_name: "Ethernet controller",
    }
}

const fn x710(function: u8) -> Pci {
    let name = "Ethernet Controller X710 for 10GbE SFP+";
    card((0x3b, 0, function), 0x8086, 0x1572, "Intel Corporation", name)
}

const fn intel_82599(function: u8) -> Pci {
    let name = "82599EB 10-Gigabit SFI/SFP+ Network Connection";
    card((0x3b, 0, function), 0x8086, 0x10fb, "Intel Corporation", name)
}

const fn vic(function: u8) -> Pci {
    card((0x62, 0, function), 0x1137, 0x0043, "Cisco Systems Inc", "Cisco VIC Ethernet NIC")
}

const fn bluefield(function: u8) -> Pci {
    let name = "MT42822 BlueField-2 integrated ConnectX-6 Dx network controller";
    card((0x86, 0, function), 0x15b3, 0xa2d6, "Mellanox Technologies", name)
}

const I40EN: [&str; 3] = ["i40en", "2.7.2.0", "8.50"];
const IXGBE: [&str; 3] = ["ixgbe", "2.0.84.8", "0x61c10001"];
const NENIC: [&str; 3] = ["nenic", "1.0.29.0", "5.2(2)"];
const NMLX5: [&str; 3] = ["nmlx5_core", "4.23.0.66", "24.36.7506"];

const fn on_standard_switch(port: Port) -> Port {
    Port { on_switch: false, ..port }
}

const fn with_vm_fex(port: Port) -> Port {
    Port { speeds: FORTY, passes: true, virtual_functions: 8, ..port }
}

const fn on_dpu(port: Port) -> Port {
    Port { speeds: TWENTY_FIVE, passes: true, virtual_functions: 32, dpu: Some(DPU_ID), ..port }
}

/// A common server: two ports that pass nothing through.
pub(crate) static COMMON: [Port; 2] =
    [on_standard_switch(port("vmnic0", x710(0), I40EN)), port("vmnic1", x710(1), I40EN)];

/// The same of an older one.
pub(crate) static OLD: [Port; 2] =
    [on_standard_switch(port("vmnic0", intel_82599(0), IXGBE)), port("vmnic1", intel_82599(1), IXGBE)];

/// A blade: a port for management, and two with dynamic virtual NICs for the distributed switch.
pub(crate) static VM_FEX: [Port; 3] = [
    on_standard_switch(Port { speeds: FORTY, ..port("vmnic0", vic(0), NENIC) }),
    with_vm_fex(port("vmnic1", vic(1), NENIC)),
    with_vm_fex(port("vmnic2", vic(2), NENIC)),
];

/// A common server with a data processing unit: its two ports carry the distributed switch.
pub(crate) static DPU: [Port; 3] = [
    on_standard_switch(port("vmnic0", x710(0), I40EN)),
    on_dpu(port("vmnic1", bluefield(0), NMLX5)),
    on_dpu(port("vmnic2", bluefield(1), NMLX5)),
];
