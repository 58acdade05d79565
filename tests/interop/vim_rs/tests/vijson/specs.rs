//! What a client sends to make a machine.

use vim_rs::types::boxed_types::ValueElements;
use vim_rs::types::enums::{
    VirtualDeviceConfigSpecFileOperationEnum as FileOperation, VirtualDeviceConfigSpecOperationEnum as Operation,
    VirtualScsiSharingEnum,
};
use vim_rs::types::structs::{
    Description, OptionValue, ParaVirtualScsiController, VirtualController, VirtualDevice, VirtualDeviceConfigSpec,
    VirtualDeviceDeviceBackingInfo, VirtualDeviceFileBackingInfo, VirtualDisk, VirtualDiskFlatVer2BackingInfo,
    VirtualEthernetCard, VirtualEthernetCardNetworkBackingInfo, VirtualMachineConfigSpec, VirtualMachineFileInfo,
    VirtualMachineVmciDevice, VirtualScsiController, VirtualVmxnet, VirtualVmxnet3,
};
use vim_rs::types::traits::{VirtualDeviceConfigSpecTrait, VirtualDeviceTrait};
use vim_rs::types::vim_any::VimAny;

/// The size of the disk of [`machine`].
pub const DISK_KB: i64 = 2 * 1024 * 1024;

/// A machine with a VMXNET3 card, a disk on a paravirtual controller, and a VMCI device that talks to everyone.
pub fn machine(name: &str) -> VirtualMachineConfigSpec {
    VirtualMachineConfigSpec {
        name: Some(name.to_owned()),
        guest_id: Some("otherGuest64".to_owned()),
        num_cp_us: Some(2),
        memory_mb: Some(1024),
        files: Some(VirtualMachineFileInfo {
            vm_path_name: Some("[LocalDS_0]".to_owned()),
            ..VirtualMachineFileInfo::default()
        }),
        device_change: Some(vec![add(controller(-1)), create_file(disk(-2, -1)), add(network_card(-3)), add(vmci())]),
        extra_config: Some(vec![Box::new(text_option("guestinfo.made-by", "vim_rs"))]),
        ..VirtualMachineConfigSpec::default()
    }
}

/// A device to be added.
pub fn add(device: impl VirtualDeviceTrait + 'static) -> Box<dyn VirtualDeviceConfigSpecTrait> {
    change(Operation::Add, None, Box::new(device))
}

/// A device to be changed.
pub fn edit(device: impl VirtualDeviceTrait + 'static) -> Box<dyn VirtualDeviceConfigSpecTrait> {
    change(Operation::Edit, None, Box::new(device))
}

/// A device to be removed.
pub fn remove(device: impl VirtualDeviceTrait + 'static) -> Box<dyn VirtualDeviceConfigSpecTrait> {
    change(Operation::Remove, None, Box::new(device))
}

/// A VMXNET3 card on the default network.
pub fn network_card(key: i32) -> VirtualVmxnet3 {
    let backing = VirtualEthernetCardNetworkBackingInfo {
        virtual_device_device_backing_info_: VirtualDeviceDeviceBackingInfo {
            device_name: "VM Network".to_owned(),
            use_auto_detect: None,
        },
        ..VirtualEthernetCardNetworkBackingInfo::default()
    };
    let description = Description { label: String::new(), summary: "made by vim_rs".to_owned() };
    let device = VirtualDevice {
        key,
        backing: Some(Box::new(backing)),
        device_info: Some(Box::new(description)),
        ..VirtualDevice::default()
    };
    let card = VirtualEthernetCard {
        virtual_device_: device,
        address_type: Some("generated".to_owned()),
        wake_on_lan_enabled: Some(true),
        ..VirtualEthernetCard::default()
    };
    VirtualVmxnet3 {
        virtual_vmxnet_: VirtualVmxnet { virtual_ethernet_card_: card, ..VirtualVmxnet::default() },
        ..VirtualVmxnet3::default()
    }
}

/// An option whose value is a string.
pub fn text_option(key: &str, value: &str) -> OptionValue {
    let value = Some(VimAny::Value(ValueElements::PrimitiveString(value.to_owned())));
    OptionValue { key: key.to_owned(), value }
}

fn controller(key: i32) -> ParaVirtualScsiController {
    ParaVirtualScsiController {
        virtual_scsi_controller_: VirtualScsiController {
            virtual_controller_: VirtualController {
                virtual_device_: VirtualDevice { key, ..VirtualDevice::default() },
                ..VirtualController::default()
            },
            shared_bus: VirtualScsiSharingEnum::NoSharing,
            ..VirtualScsiController::default()
        },
    }
}

fn disk(key: i32, controller: i32) -> VirtualDisk {
    let backing = VirtualDiskFlatVer2BackingInfo {
        virtual_device_file_backing_info_: VirtualDeviceFileBackingInfo {
            file_name: "[LocalDS_0]".to_owned(),
            ..VirtualDeviceFileBackingInfo::default()
        },
        disk_mode: "persistent".to_owned(),
        thin_provisioned: Some(true),
        ..VirtualDiskFlatVer2BackingInfo::default()
    };
    VirtualDisk {
        virtual_device_: VirtualDevice {
            key,
            controller_key: Some(controller),
            unit_number: Some(0),
            backing: Some(Box::new(backing)),
            ..VirtualDevice::default()
        },
        capacity_in_kb: DISK_KB,
        ..VirtualDisk::default()
    }
}

fn vmci() -> VirtualMachineVmciDevice {
    VirtualMachineVmciDevice {
        virtual_device_: VirtualDevice { key: -4, ..VirtualDevice::default() },
        allow_unrestricted_communication: Some(true),
        ..VirtualMachineVmciDevice::default()
    }
}

fn create_file(disk: VirtualDisk) -> Box<dyn VirtualDeviceConfigSpecTrait> {
    change(Operation::Add, Some(FileOperation::Create), Box::new(disk))
}

fn change(
    operation: Operation,
    file_operation: Option<FileOperation>,
    device: Box<dyn VirtualDeviceTrait>,
) -> Box<dyn VirtualDeviceConfigSpecTrait> {
    let operation = Some(operation);
    Box::new(VirtualDeviceConfigSpec { operation, file_operation, device, ..VirtualDeviceConfigSpec::default() })
}
