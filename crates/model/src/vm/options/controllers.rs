//! Options of controllers.

use vim25::{Extends, Obj, Str, types::*};

use super::build::{Facts, flag, number};

const PCI: Option<&str> = Some("VirtualPCIController");

/// Controllers that a VM of this version has or can have.
pub(super) fn options(version: u32) -> Vec<Obj<VirtualDeviceOption>> {
    let mut all = vec![pci(version), ide(), ps2(), sio()];
    all.push(scsi::<VirtualBusLogicControllerOption>("VirtualBusLogicController", 15));
    all.push(scsi::<VirtualLsiLogicControllerOption>("VirtualLsiLogicController", 15));
    if version >= 7 {
        let wide = if version >= 14 { 64 } else { 15 };
        all.push(scsi::<VirtualLsiLogicSASControllerOption>("VirtualLsiLogicSASController", 15));
        all.push(scsi::<ParaVirtualSCSIControllerOption>("ParaVirtualSCSIController", wide));
        all.push(usb());
    }
    if version >= 8 {
        all.push(xhci());
    }
    if version >= 10 {
        all.push(sata());
    }
    if version >= 13 {
        all.push(nvme(if version >= 21 { 64 } else { 15 }));
    }
    if version >= 14 {
        all.push(nvdimm());
    }
    all
}

fn controller(facts: Facts, devices: Obj<IntOption>, supported: &[&str]) -> VirtualControllerOption {
    let supported_device = Some(supported.iter().map(|s| Str::from(*s)).collect());
    VirtualControllerOption { base: facts.base(), devices, supported_device }
}

fn pci(version: u32) -> Obj<VirtualDeviceOption> {
    let since = |first: u32, most: i32| number(0, if version >= first { most } else { 0 }, 0);
    let has_vmci = i32::from(version >= 7);
    VirtualPCIControllerOption {
        base: controller(Facts::of("VirtualPCIController", None), number(0, 18, 0), &[]),
        num_scsi_controllers: number(0, 4, 0),
        num_ethernet_cards: number(0, if version >= 7 { 10 } else { 4 }, 0),
        num_video_cards: number(1, 1, 1),
        num_sound_cards: number(0, 1, 0),
        num_vmi_roms: number(0, 0, 0),
        num_vmci_devices: number(has_vmci, has_vmci, has_vmci),
        num_pci_passthrough_devices: since(7, 16),
        num_sas_scsi_controllers: since(7, 4),
        num_vmxnet3_ethernet_cards: since(7, 10),
        num_para_virtual_scsi_controllers: since(7, 4),
        num_sata_controllers: since(10, 4),
        num_nvme_controllers: Some(since(13, 4)),
        num_vmxnet3_vrdma_ethernet_cards: Some(since(13, 10)),
    }
    .into()
}

fn ide() -> Obj<VirtualDeviceOption> {
    VirtualIDEControllerOption {
        base: controller(Facts::of("VirtualIDEController", None), number(0, 2, 0), &["VirtualDisk", "VirtualCdrom"]),
        num_ide_disks: number(0, 2, 0),
        num_ide_cdroms: number(0, 2, 0),
    }
    .into()
}

fn ps2() -> Obj<VirtualDeviceOption> {
    let devices = ["VirtualKeyboard", "VirtualPointingDevice"];
    VirtualPS2ControllerOption {
        base: controller(Facts::of("VirtualPS2Controller", None), number(0, 2, 2), &devices),
        num_keyboards: number(1, 1, 1),
        num_pointing_devices: number(1, 1, 1),
    }
    .into()
}

fn sio() -> Obj<VirtualDeviceOption> {
    let devices = ["VirtualFloppy", "VirtualSerialPort", "VirtualParallelPort"];
    VirtualSIOControllerOption {
        base: controller(Facts::of("VirtualSIOController", None), number(0, 37, 0), &devices),
        num_floppy_drives: number(0, 2, 0),
        num_serial_ports: number(0, 32, 0),
        num_parallel_ports: number(0, 3, 0),
    }
    .into()
}

fn scsi<T: Extends<VirtualSCSIControllerOption> + Extends<VirtualDeviceOption>>(
    kind: &'static str,
    disks: i32,
) -> Obj<VirtualDeviceOption> {
    let devices = ["VirtualDisk", "VirtualCdrom", "VirtualSCSIPassthrough"];
    let mut option: Obj<VirtualSCSIControllerOption> = T::default().into();
    *option = VirtualSCSIControllerOption {
        base: controller(Facts::of(kind, PCI).hot(), number(0, disks, 0), &devices),
        num_scsi_disks: number(0, disks, 0),
        num_scsi_cdroms: number(0, disks, 0),
        num_scsi_passthrough: number(0, disks, 0),
        sharing: vec![
            VirtualSCSISharing::NoSharing,
            VirtualSCSISharing::VirtualSharing,
            VirtualSCSISharing::PhysicalSharing,
        ],
        default_shared_index: 0,
        hot_add_remove: flag(true, true),
        scsi_ctlr_unit_number: 7,
    };
    option.up()
}

fn sata() -> Obj<VirtualDeviceOption> {
    let devices = ["VirtualDisk", "VirtualCdrom"];
    let base = VirtualSATAControllerOption {
        base: controller(Facts::of("VirtualAHCIController", PCI).hot(), number(0, 30, 0), &devices),
        num_sata_disks: number(0, 30, 0),
        num_sata_cdroms: number(0, 30, 0),
    };
    VirtualAHCIControllerOption { base }.into()
}

fn nvme(disks: i32) -> Obj<VirtualDeviceOption> {
    VirtualNVMEControllerOption {
        base: controller(Facts::of("VirtualNVMEController", PCI).hot(), number(0, disks, 0), &["VirtualDisk"]),
        num_nvme_disks: number(0, disks, 0),
        sharing: Some(vec!["noSharing".into(), "physicalSharing".into()]),
    }
    .into()
}

fn nvdimm() -> Obj<VirtualDeviceOption> {
    VirtualNVDIMMControllerOption {
        base: controller(Facts::of("VirtualNVDIMMController", PCI), number(0, 64, 0), &["VirtualNVDIMM"]),
        num_nvdimm_controllers: number(0, 1, 0),
    }
    .into()
}

fn usb() -> Obj<VirtualDeviceOption> {
    VirtualUSBControllerOption {
        base: controller(Facts::of("VirtualUSBController", PCI).hot(), number(0, 20, 0), &["VirtualUSB"]),
        auto_connect_devices: flag(false, false),
        ehci_supported: flag(true, true),
        supported_speeds: ["low", "full", "high"].map(Str::from).to_vec(),
    }
    .into()
}

fn xhci() -> Obj<VirtualDeviceOption> {
    VirtualUSBXHCIControllerOption {
        base: controller(Facts::of("VirtualUSBXHCIController", PCI).hot(), number(0, 20, 0), &["VirtualUSB"]),
        auto_connect_devices: flag(false, false),
        supported_speeds: ["low", "full", "high", "superSpeed"].map(Str::from).to_vec(),
    }
    .into()
}
