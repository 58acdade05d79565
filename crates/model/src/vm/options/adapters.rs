//! The kinds of network adapters, and what each can: one table for options, for the validation of specs, and for
//! passthrough.

use vim25::{DataType, Obj, types::*};

/// Facts about a kind of network adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adapter {
    /// Name of its type: `VirtualVmxnet3`.
    pub kind: &'static str,
    /// First hardware version that has it.
    pub since: u32,
    /// Whether new machines should not have it any more.
    pub deprecated: bool,
    /// Whether it can pass through by VMDirectPath Gen 2, and so be UPT compatible.
    pub gen2: bool,
    /// First hardware version with which it can pass through by UPT version 2.
    pub uptv2_since: Option<u32>,
}

const fn adapter(kind: &'static str, since: u32) -> Adapter {
    Adapter { kind, since, deprecated: false, gen2: false, uptv2_since: None }
}

/// All of them, the oldest first.
pub const ADAPTERS: [Adapter; 7] = [
    Adapter { deprecated: true, ..adapter(VirtualPCNet32::TYPE.name, 4) },
    adapter(VirtualE1000::TYPE.name, 4),
    Adapter { deprecated: true, ..adapter(VirtualVmxnet2::TYPE.name, 4) },
    Adapter { gen2: true, uptv2_since: Some(20), ..adapter(VirtualVmxnet3::TYPE.name, 7) },
    adapter(VirtualE1000e::TYPE.name, 8),
    adapter(VirtualSriovEthernetCard::TYPE.name, 10),
    adapter(VirtualVmxnet3Vrdma::TYPE.name, 13),
];

/// What kind of network adapter a device is, by its exact type.
pub fn adapter_of(device: &Obj<VirtualDevice>) -> Option<&'static Adapter> {
    named(device.shared().descriptor().name)
}

pub(super) fn named(kind: &str) -> Option<&'static Adapter> {
    ADAPTERS.iter().find(|adapter| adapter.kind == kind)
}

impl Adapter {
    /// Whether it can pass through by UPT version 2 on this hardware version.
    pub fn uptv2(&self, hardware: u32) -> bool {
        self.uptv2_since.is_some_and(|since| hardware >= since)
    }
}
