//! The devices that every VM has, as ESXi makes them.
//!
//! They are built once and shared: VMs differ only in what was changed.

use std::sync::LazyLock;

use vim25::{
    DataType, Extends, Obj, Str,
    types::{
        Description, VirtualController, VirtualDevice, VirtualIDEController, VirtualKeyboard, VirtualMachineVMCIDevice,
        VirtualMachineVideoCard, VirtualPCIController, VirtualPS2Controller, VirtualPointingDevice,
        VirtualPointingDeviceDeviceBackingInfo, VirtualSIOController,
    },
};

/// Key of the PCI controller.
pub const PCI: i32 = 100;
/// Key of the first IDE controller; the second one follows.
pub const IDE: i32 = 200;
/// Key of the PS/2 controller.
pub const PS2: i32 = 300;
/// Key of the super I/O controller.
pub const SIO: i32 = 400;
/// Key of the video card.
pub const VIDEO: i32 = 500;
/// Key of the keyboard.
pub const KEYBOARD: i32 = 600;
/// Key of the pointing device.
pub const POINTING: i32 = 700;
/// Key of the VMCI device.
pub const VMCI: i32 = 12000;
/// Unit number of the VMCI device on the PCI controller.
pub const VMCI_UNIT: i32 = 17;
/// Context id of a VM that was never powered on.
pub const VMCI_ID_UNASSIGNED: i64 = -1;

static DEVICES: LazyLock<Vec<Obj<VirtualDevice>>> = LazyLock::new(|| {
    vec![
        ide(0),
        ide(1),
        ps2_controller(),
        pci_controller(),
        sio_controller(),
        keyboard(),
        pointing_device(),
        video_card(),
        vmci_device(),
    ]
});

/// The default devices of a VM with virtual hardware `version` (21 for `vmx-21`): controllers, keyboard, pointing
/// device, video card, and from version 7 on the VMCI device.
pub fn default_devices(version: u32) -> Vec<Obj<VirtualDevice>> {
    if version >= 7 {
        return DEVICES.clone();
    }
    let mut devices: Vec<Obj<VirtualDevice>> = DEVICES.iter().filter(|d| d.key != VMCI).cloned().collect();
    let pci = devices.iter_mut().find_map(|d| d.cast_mut::<VirtualPCIController>());
    if let Some(pci) = pci {
        pci.device = Some(vec![VIDEO]);
    }
    devices
}

/// Whether every VM has this device, so that it cannot be removed.
pub fn is_default(key: i32) -> bool {
    matches!(key, PCI | IDE | 201 | PS2 | SIO | VIDEO | KEYBOARD | POINTING | VMCI)
}

/// A device's label and summary.
pub fn description(label: impl Into<Str>, summary: impl Into<Str>) -> Option<Obj<Description>> {
    Some(Description { label: label.into(), summary: summary.into() }.into())
}

fn controller<T: Extends<VirtualController> + Extends<VirtualDevice>>(
    key: i32,
    bus: i32,
    label: &'static str,
    children: &[i32],
) -> Obj<VirtualDevice> {
    let mut made: Obj<VirtualController> = Obj::from(T::default());
    made.key = key;
    made.device_info = description(Str::new_static(label), Str::new_static(label));
    made.bus_number = bus;
    made.device = (!children.is_empty()).then(|| children.to_vec());
    made.up()
}

fn ide(bus: i32) -> Obj<VirtualDevice> {
    controller::<VirtualIDEController>(IDE + bus, bus, if bus == 0 { "IDE 0" } else { "IDE 1" }, &[])
}

fn ps2_controller() -> Obj<VirtualDevice> {
    controller::<VirtualPS2Controller>(PS2, 0, "PS2 controller 0", &[KEYBOARD, POINTING])
}

fn pci_controller() -> Obj<VirtualDevice> {
    controller::<VirtualPCIController>(PCI, 0, "PCI controller 0", &[VIDEO, VMCI])
}

fn sio_controller() -> Obj<VirtualDevice> {
    controller::<VirtualSIOController>(SIO, 0, "SIO controller 0", &[])
}

fn keyboard() -> Obj<VirtualDevice> {
    VirtualKeyboard::with(|d| {
        d.key = KEYBOARD;
        d.device_info = description("Keyboard", "Keyboard");
        d.controller_key = Some(PS2);
        d.unit_number = Some(0);
    })
    .into()
}

fn pointing_device() -> Obj<VirtualDevice> {
    let backing = VirtualPointingDeviceDeviceBackingInfo::with(|b| {
        b.use_auto_detect = Some(false);
        b.host_pointing_device = "autodetect".into();
    });
    VirtualPointingDevice::with(|d| {
        d.key = POINTING;
        d.device_info = description("Pointing device", "Pointing device; Device");
        d.backing = Some(backing.into());
        d.controller_key = Some(PS2);
        d.unit_number = Some(1);
    })
    .into()
}

fn video_card() -> Obj<VirtualDevice> {
    VirtualMachineVideoCard::with(|d| {
        d.key = VIDEO;
        d.device_info = description("Video card", "Video card");
        d.controller_key = Some(PCI);
        d.unit_number = Some(0);
        d.video_ram_size_in_kb = Some(4096);
        d.num_displays = Some(1);
        d.use_auto_detect = Some(false);
        d.enable3_d_support = Some(false);
        d.use3d_renderer = Some("automatic".into());
        d.graphics_memory_size_in_kb = Some(262_144);
    })
    .into()
}

fn vmci_device() -> Obj<VirtualDevice> {
    VirtualMachineVMCIDevice::with(|d| {
        d.key = VMCI;
        d.device_info = description(
            "VMCI device",
            Str::new_static(
                "Device on the virtual machine PCI bus that provides support for the virtual machine communication \
                 interface",
            ),
        );
        d.controller_key = Some(PCI);
        d.unit_number = Some(VMCI_UNIT);
        d.id = Some(VMCI_ID_UNASSIGNED);
        d.allow_unrestricted_communication = Some(false);
        d.filter_enable = Some(true);
    })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_devices_have_the_keys_that_esxi_gives_them() {
        let keys: Vec<i32> = default_devices(21).iter().map(|d| d.key).collect();
        assert_eq!(keys, [200, 201, 300, 100, 400, 600, 700, 500, 12000]);
        assert!(keys.iter().all(|k| is_default(*k)));
    }

    #[test]
    fn the_vmci_device_is_one_before_its_first_power_on() {
        let devices = default_devices(21);
        let vmci = devices.last().unwrap().cast::<VirtualMachineVMCIDevice>().unwrap();
        assert_eq!((vmci.controller_key, vmci.unit_number, vmci.id), (Some(100), Some(17), Some(-1)));
        assert_eq!((vmci.filter_enable, vmci.allow_unrestricted_communication), (Some(true), Some(false)));
        assert!(vmci.filter_info.is_none() && vmci.slot_info.is_none());
        let pci = devices.iter().find_map(|d| d.cast::<VirtualPCIController>()).unwrap();
        assert_eq!(pci.device, Some(vec![500, 12000]));
    }

    #[test]
    fn hardware_older_than_version_7_has_no_vmci_device() {
        let devices = default_devices(4);
        assert!(devices.iter().all(|d| d.key != VMCI));
        let pci = devices.iter().find_map(|d| d.cast::<VirtualPCIController>()).unwrap();
        assert_eq!(pci.device, Some(vec![500]));
    }

    #[test]
    fn two_virtual_machines_share_their_default_devices() {
        let (a, b) = (default_devices(21), default_devices(21));
        assert!(a.iter().zip(&b).all(|(x, y)| x.same(y)));
    }
}
