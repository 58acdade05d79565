//! PCI slot numbers: given at the first power-on, kept from then on.

use vim25::{
    DataType, Obj, Type,
    types::{
        ParaVirtualSCSIController, VirtualDevice, VirtualDevicePciBusSlotInfo, VirtualE1000e, VirtualEthernetCard,
        VirtualLsiLogicSASController, VirtualMachineVMCIDevice, VirtualNVMEController, VirtualSATAController,
        VirtualSCSIController, VirtualSoundCard, VirtualSriovEthernetCard, VirtualUSBController,
        VirtualUSBXHCIController, VirtualVmxnet3,
    },
};

/// Gives a slot to each PCI device that has none.
pub(crate) fn assign(devices: &mut [Obj<VirtualDevice>]) {
    let mut used: Vec<i32> = devices.iter().filter_map(|d| slot_of(d)).collect();
    for device in devices.iter_mut().filter(|device| slot_of(device).is_none()) {
        if let Some(bus) = Bus::of(device) {
            let slot = bus.slots().find(|s| !used.contains(s)).unwrap_or(0);
            used.push(slot);
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
    /// Devices on PCI Express, among others of their kind that are not.
    const EXPRESS: [&Type; 7] = [
        VirtualVmxnet3::TYPE,
        VirtualE1000e::TYPE,
        VirtualSriovEthernetCard::TYPE,
        ParaVirtualSCSIController::TYPE,
        VirtualLsiLogicSASController::TYPE,
        VirtualNVMEController::TYPE,
        VirtualUSBXHCIController::TYPE,
    ];
    const PCI: [&Type; 6] = [
        VirtualEthernetCard::TYPE,
        VirtualSCSIController::TYPE,
        VirtualSATAController::TYPE,
        VirtualUSBController::TYPE,
        VirtualSoundCard::TYPE,
        VirtualMachineVMCIDevice::TYPE,
    ];

    fn of(device: &Obj<VirtualDevice>) -> Option<Bus> {
        device.shared().descriptor().lineage().find_map(|ty| {
            let express = || Bus::EXPRESS.contains(&ty).then_some(Bus::PciExpress);
            express().or_else(|| Bus::PCI.contains(&ty).then_some(Bus::Pci))
        })
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
