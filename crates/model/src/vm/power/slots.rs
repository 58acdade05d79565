//! PCI slot numbers: given at the first power-on, kept from then on.

use std::collections::HashSet;

use vim25::{
    Obj,
    types::{
        ParaVirtualSCSIController, VirtualDevice, VirtualDevicePciBusSlotInfo, VirtualE1000e, VirtualEthernetCard,
        VirtualLsiLogicSASController, VirtualMachineVMCIDevice, VirtualNVMEController, VirtualSATAController,
        VirtualSCSIController, VirtualSoundCard, VirtualSriovEthernetCard, VirtualUSBController,
        VirtualUSBXHCIController, VirtualVmxnet3,
    },
};

/// Gives a slot to each PCI device that has none.
pub(crate) fn assign(devices: &mut [Obj<VirtualDevice>]) {
    let mut used: HashSet<i32> = devices.iter().filter_map(|d| slot_of(d)).collect();
    for device in devices {
        let Some(bus) = Bus::of(device) else { continue };
        if slot_of(device).is_none() {
            let slot = bus.slots().find(|s| !used.contains(s)).unwrap_or(0);
            used.insert(slot);
            let info = VirtualDevicePciBusSlotInfo { pci_slot_number: slot, ..Default::default() };
            device.slot_info = Some(info.into());
        }
    }
}

fn slot_of(device: &VirtualDevice) -> Option<i32> {
    device.slot_info.as_ref()?.cast::<VirtualDevicePciBusSlotInfo>().map(|s| s.pci_slot_number)
}

/// The kind of bus on which a device sits.
#[derive(Clone, Copy)]
enum Bus {
    Pci,
    PciExpress,
}

impl Bus {
    fn of(device: &Obj<VirtualDevice>) -> Option<Bus> {
        let express = device.is::<VirtualVmxnet3>()
            || device.is::<VirtualE1000e>()
            || device.is::<VirtualSriovEthernetCard>()
            || device.is::<ParaVirtualSCSIController>()
            || device.is::<VirtualLsiLogicSASController>()
            || device.is::<VirtualNVMEController>()
            || device.is::<VirtualUSBXHCIController>();
        let pci = device.is::<VirtualEthernetCard>()
            || device.is::<VirtualSCSIController>()
            || device.is::<VirtualSATAController>()
            || device.is::<VirtualUSBController>()
            || device.is::<VirtualSoundCard>()
            || device.is::<VirtualMachineVMCIDevice>();
        if express { Some(Bus::PciExpress) } else { pci.then_some(Bus::Pci) }
    }

    /// The slots of the bus in the order in which they are given: behind the PCI bridge from 32 on, and the functions
    /// of four PCI Express root ports, 160, 192, 224, 256, 1184, ….
    fn slots(self) -> Box<dyn Iterator<Item = i32>> {
        match self {
            Bus::Pci => Box::new(32..64),
            Bus::PciExpress => {
                Box::new((0..8).flat_map(|function| (5..9).map(move |port| port * 32 + function * 1024)))
            }
        }
    }
}
