//! The facts of virtual network adapters.

use vim25::{
    Obj,
    types::{
        DistributedVirtualSwitchPortConnection, VirtualDevice, VirtualEthernetCard,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualMachineConfigInfo, VirtualVmxnet3,
    },
};

use super::text;
use crate::{
    facts::{Interrupts, Nic},
    lab::{self, Of},
};

/// Key of `ethernet0`.
const FIRST_CARD: i32 = 4000;
/// Queues that a driver asks for at the most where nothing else is said.
const QUEUES: u16 = 8;

/// A virtual network adapter of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Card<'c> {
    /// Its device.
    pub device: &'c Obj<VirtualDevice>,
    /// Its place among the devices of the machine.
    pub place: usize,
    /// Its facts.
    pub nic: Nic,
    /// The distributed port that its backing names.
    pub connection: Option<&'c Obj<DistributedVirtualSwitchPortConnection>>,
}

/// The adapters of a machine, in the order of its devices.
pub fn cards(config: &VirtualMachineConfigInfo) -> impl Iterator<Item = Card<'_>> {
    let devices = config.hardware.device.iter().flatten().enumerate();
    devices.filter_map(|(place, device)| {
        let nic = nic(config, device, device.cast::<VirtualEthernetCard>()?);
        Some(Card { device, place, nic, connection: connection(device) })
    })
}

/// The distributed port that the backing of a device names.
pub fn connection(device: &VirtualDevice) -> Option<&Obj<DistributedVirtualSwitchPortConnection>> {
    let backing = device.backing.as_ref()?.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
    Some(&backing.port)
}

fn nic(config: &VirtualMachineConfigInfo, device: &Obj<VirtualDevice>, card: &VirtualEthernetCard) -> Nic {
    let vmxnet3 = device.cast::<VirtualVmxnet3>();
    let queues = u16::try_from(config.hardware.num_cpu).unwrap_or(1).clamp(1, QUEUES);
    let mut nic = Nic {
        vmxnet3: vmxnet3.is_some(),
        connected: device.connectable.as_ref().is_some_and(|c| c.connected),
        upt_compatible: card.upt_compatibility_enabled == Some(true),
        uptv2: vmxnet3.is_some_and(|v| v.uptv2_enabled == Some(true)),
        tx_queues: queues,
        rx_queues: queues,
        ..Nic::default()
    };
    options(config, device.key.saturating_sub(FIRST_CARD), &mut nic);
    nic
}

/// Takes what the machine's options say of adapter `number`.
fn options(config: &VirtualMachineConfigInfo, number: i32, nic: &mut Nic) {
    for option in config.extra_config.iter().flatten() {
        let (Some((of, what)), Some(value)) = (lab::adapter_key(&option.key), text(option)) else { continue };
        if i64::from(of) != i64::from(number) || value.is_empty() {
            continue;
        }
        match what {
            Of::Interrupts => nic.interrupts = interrupts(value),
            Of::TxQueues => nic.tx_queues = value.parse().unwrap_or(nic.tx_queues),
            Of::RxQueues => nic.rx_queues = value.parse().unwrap_or(nic.rx_queues),
            Of::BootPhase => nic.pxe = value == "pxe",
            Of::Filter => nic.filtered = true,
        }
    }
}

fn interrupts(value: &str) -> Interrupts {
    match value {
        "intx" => Interrupts::IntX,
        "msi" => Interrupts::Msi,
        "msix" => Interrupts::MsiX,
        _ => Interrupts::Auto,
    }
}
