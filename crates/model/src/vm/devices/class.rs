//! Kinds of devices, and the fixed facts about each.

use vim25::{Obj, types::*};

/// What a device is, as far as keys, controllers and limits care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Pci,
    Ps2,
    Sio,
    Ide,
    Scsi,
    Sata,
    Nvme,
    Usb,
    Xhci,
    NvdimmController,
    Keyboard,
    Pointing,
    Video,
    Vmci,
    Disk,
    Cdrom,
    Floppy,
    Nic,
    Serial,
    Parallel,
    Sound,
    UsbDevice,
    Tpm,
    Passthrough,
    ScsiPassthrough,
    Nvdimm,
    Watchdog,
    Clock,
}

use Class::*;

impl Class {
    /// The class of a device; none for a type that no VM can have: an abstract one, or one that ESXi 8 gave up.
    pub fn of(device: &Obj<VirtualDevice>) -> Option<Class> {
        let name = device.shared().descriptor().name;
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
    }

    /// Whether it is a controller.
    pub fn is_controller(self) -> bool {
        matches!(self, Pci | Ps2 | Sio | Ide | Scsi | Sata | Nvme | Usb | Xhci | NvdimmController)
    }

    /// Whether every VM has it and no client adds or removes it.
    pub fn is_fixed(self) -> bool {
        matches!(self, Pci | Ps2 | Sio | Ide | Keyboard | Pointing | Video | Vmci)
    }

    /// Classes of controllers to which it can be attached, the preferred one first.
    pub fn controllers(self) -> &'static [Class] {
        match self {
            Disk => &[Scsi, Nvme, Sata, Ide],
            Cdrom => &[Ide, Sata, Scsi],
            ScsiPassthrough => &[Scsi],
            Floppy | Serial | Parallel => &[Sio],
            Keyboard | Pointing => &[Ps2],
            UsbDevice => &[Xhci, Usb],
            Nvdimm => &[NvdimmController],
            Scsi | Sata | Nvme | Usb | Xhci | NvdimmController | Video | Vmci | Nic | Sound | Passthrough => &[Pci],
            Pci | Ps2 | Sio | Ide | Tpm | Watchdog | Clock => &[],
        }
    }

    /// Most of them in one VM; none where only the places on controllers limit them.
    pub fn limit(self) -> Option<usize> {
        match self {
            Disk | Cdrom | ScsiPassthrough => None,
            Scsi | Sata | Nvme => Some(4),
            Ide | Floppy => Some(2),
            Nic => Some(10),
            Serial => Some(32),
            Parallel => Some(3),
            UsbDevice => Some(20),
            Passthrough => Some(16),
            Nvdimm => Some(64),
            _ => Some(1),
        }
    }

    /// The first virtual hardware version that has it.
    pub fn since(self) -> u32 {
        match self {
            Usb | UsbDevice | Vmci | Passthrough => 7,
            Xhci => 8,
            Sata => 10,
            Nvme => 13,
            Tpm | Nvdimm | NvdimmController => 14,
            Watchdog | Clock => 17,
            _ => 4,
        }
    }

    /// Whether it can be added to and removed from a running VM. Disks and CD drives: depends on the controller.
    pub fn hot_plug(self) -> bool {
        matches!(self, Nic | Disk | Cdrom | Scsi | Sata | Nvme | Usb | Xhci | UsbDevice | ScsiPassthrough)
    }

    /// What it is called in labels and messages.
    pub fn name(self) -> &'static str {
        match self {
            Pci => "PCI controller",
            Ps2 => "PS2 controller",
            Sio => "SIO controller",
            Ide => "IDE",
            Scsi => "SCSI controller",
            Sata => "SATA controller",
            Nvme => "NVME controller",
            Usb => "USB controller",
            Xhci => "USB xHCI controller",
            NvdimmController => "NVDIMM controller",
            Keyboard => "Keyboard",
            Pointing => "Pointing device",
            Video => "Video card",
            Vmci => "VMCI device",
            Disk => "Hard disk",
            Cdrom => "CD/DVD drive",
            Floppy => "Floppy drive",
            Nic => "Network adapter",
            Serial => "Serial port",
            Parallel => "Parallel port",
            Sound => "Sound card",
            UsbDevice => "USB",
            Tpm => "Virtual TPM",
            Passthrough => "PCI device",
            ScsiPassthrough => "SCSI device",
            Nvdimm => "NVDIMM",
            Watchdog => "Watchdog timer",
            Clock => "Precision clock",
        }
    }
}

/// Types by wire name. What is missing here cannot be in a VM.
const TYPES: &[(&str, Class)] = &[
    ("VirtualPCIController", Pci),
    ("VirtualPS2Controller", Ps2),
    ("VirtualSIOController", Sio),
    ("VirtualIDEController", Ide),
    ("ParaVirtualSCSIController", Scsi),
    ("VirtualBusLogicController", Scsi),
    ("VirtualLsiLogicController", Scsi),
    ("VirtualLsiLogicSASController", Scsi),
    ("VirtualAHCIController", Sata),
    ("VirtualNVMEController", Nvme),
    ("VirtualUSBController", Usb),
    ("VirtualUSBXHCIController", Xhci),
    ("VirtualNVDIMMController", NvdimmController),
    ("VirtualKeyboard", Keyboard),
    ("VirtualPointingDevice", Pointing),
    ("VirtualMachineVideoCard", Video),
    ("VirtualMachineVMCIDevice", Vmci),
    ("VirtualDisk", Disk),
    ("VirtualCdrom", Cdrom),
    ("VirtualFloppy", Floppy),
    ("VirtualE1000", Nic),
    ("VirtualE1000e", Nic),
    ("VirtualPCNet32", Nic),
    ("VirtualSriovEthernetCard", Nic),
    ("VirtualVmxnet2", Nic),
    ("VirtualVmxnet3", Nic),
    ("VirtualVmxnet3Vrdma", Nic),
    ("VirtualSerialPort", Serial),
    ("VirtualParallelPort", Parallel),
    ("VirtualEnsoniq1371", Sound),
    ("VirtualHdAudioCard", Sound),
    ("VirtualSoundBlaster16", Sound),
    ("VirtualUSB", UsbDevice),
    ("VirtualTPM", Tpm),
    ("VirtualPCIPassthrough", Passthrough),
    ("VirtualSCSIPassthrough", ScsiPassthrough),
    ("VirtualNVDIMM", Nvdimm),
    ("VirtualWDT", Watchdog),
    ("VirtualPrecisionClock", Clock),
];

#[cfg(test)]
mod tests {
    use vim25::type_named;

    use super::*;

    #[test]
    fn every_listed_type_is_a_device_of_the_api() {
        for (name, _) in TYPES {
            assert!(type_named(name).is_some_and(|t| t.is_a(<VirtualDevice as vim25::DataType>::TYPE)), "{name}");
        }
    }

    #[test]
    fn abstract_types_have_no_class() {
        assert_eq!(Class::of(&Obj::<VirtualDevice>::default()), None);
        assert_eq!(Class::of(&VirtualEthernetCard::default().into()), None);
        assert_eq!(Class::of(&VirtualSCSIController::default().into()), None);
        assert_eq!(Class::of(&VirtualVmxnet3::default().into()), Some(Nic));
    }
}
