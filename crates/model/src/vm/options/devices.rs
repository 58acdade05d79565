//! Options of all other devices.

use vim25::{EnumValue, Obj, types::*};

use super::build::{Facts, backing, choice, choice_of, flag, long, number};
use crate::vm::devices::MAX_VMCI_PORT;

const PCI: Option<&str> = Some("VirtualPCIController");
const SIO: Option<&str> = Some("VirtualSIOController");
const PS2: Option<&str> = Some("VirtualPS2Controller");

/// Devices that a VM of this version has or can have, controllers, disks and adapters aside.
pub(super) fn options(version: u32) -> Vec<Obj<VirtualDeviceOption>> {
    let mut all = vec![
        Facts::of("VirtualKeyboard", PS2).plain::<VirtualKeyboardOption>(),
        pointing(),
        video(),
        serial(),
        parallel(),
    ];
    all.extend(sound());
    if version >= 7 {
        all.push(vmci());
        all.push(passthrough());
        all.push(usb());
    }
    if version >= 14 {
        all.push(tpm());
        all.push(nvdimm());
    }
    if version >= 17 {
        let run_on_boot = flag(true, false);
        all.push(VirtualWDTOption { base: Facts::of("VirtualWDT", None).base(), run_on_boot }.into());
        all.push(Facts::of("VirtualPrecisionClock", None).plain::<VirtualPrecisionClockOption>());
    }
    all
}

fn pointing() -> Obj<VirtualDeviceOption> {
    let base = VirtualDeviceDeviceBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualPointingDeviceDeviceBackingInfo".into() },
        auto_detect_available: flag(false, false),
    };
    let host_pointing_device = choice(&["autodetect"], 0);
    let backing = VirtualPointingDeviceBackingOption { base, host_pointing_device };
    Facts::of("VirtualPointingDevice", PS2).backed_by(vec![backing.into()]).plain::<VirtualPointingDeviceOption>()
}

fn video() -> Obj<VirtualDeviceOption> {
    VirtualVideoCardOption {
        base: Facts::of("VirtualMachineVideoCard", PCI).base(),
        video_ram_size_in_kb: Some(long(1024, 256 << 10, 4096)),
        num_displays: Some(number(1, 10, 1)),
        use_auto_detect: Some(flag(true, false)),
        support3_d: Some(flag(true, false)),
        use3d_renderer_supported: Some(flag(true, true)),
        graphics_memory_size_in_kb: Some(long(256 << 10, 8 << 20, 256 << 10)),
        graphics_memory_size_supported: Some(flag(true, true)),
    }
    .into()
}

/// One of them in each VM, which nobody removes; its firewall is on and has no rules.
fn vmci() -> Obj<VirtualDeviceOption> {
    let filter = VirtualMachineVMCIDeviceOptionFilterSpecOption {
        action: choice_of(VirtualMachineVMCIDeviceAction::TYPE, 0),
        protocol: choice_of(VirtualMachineVMCIDeviceProtocol::TYPE, 0),
        direction: choice_of(VirtualMachineVMCIDeviceDirection::TYPE, 0),
        lower_dst_port_boundary: long(0, MAX_VMCI_PORT, 0),
        upper_dst_port_boundary: long(0, MAX_VMCI_PORT, MAX_VMCI_PORT),
    };
    VirtualMachineVMCIDeviceOption {
        base: Facts::of("VirtualMachineVMCIDevice", PCI).base(),
        allow_unrestricted_communication: flag(true, false),
        filter_spec_option: Some(filter.into()),
        filter_supported: Some(flag(true, true)),
    }
    .into()
}

fn serial() -> Obj<VirtualDeviceOption> {
    let file = backing::<VirtualSerialPortFileBackingOption>("VirtualSerialPortFileBackingInfo");
    let uri = VirtualDeviceURIBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualSerialPortURIBackingInfo".into() },
        directions: choice(&["server", "client"], 0),
    };
    let pipe = VirtualDevicePipeBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualSerialPortPipeBackingInfo".into() },
    };
    let pipe = VirtualSerialPortPipeBackingOption {
        base: pipe,
        endpoint: choice(&["client", "server"], 0),
        no_rx_loss: flag(true, false),
    };
    let backings = vec![file, VirtualSerialPortURIBackingOption { base: uri }.into(), pipe.into()];
    let facts = Facts::of("VirtualSerialPort", SIO).connects().backed_by(backings);
    VirtualSerialPortOption { base: facts.base(), yield_on_poll: flag(true, true) }.into()
}

fn parallel() -> Obj<VirtualDeviceOption> {
    let backings = vec![
        backing::<VirtualParallelPortFileBackingOption>("VirtualParallelPortFileBackingInfo"),
        backing::<VirtualParallelPortDeviceBackingOption>("VirtualParallelPortDeviceBackingInfo"),
    ];
    Facts::of("VirtualParallelPort", SIO).connects().backed_by(backings).plain::<VirtualParallelPortOption>()
}

fn sound() -> [Obj<VirtualDeviceOption>; 3] {
    let facts = |kind| {
        let backings = vec![backing::<VirtualSoundCardDeviceBackingOption>("VirtualSoundCardDeviceBackingInfo")];
        Facts::of(kind, PCI).connects().backed_by(backings)
    };
    [
        facts("VirtualHdAudioCard").plain::<VirtualHdAudioCardOption>(),
        facts("VirtualEnsoniq1371").plain::<VirtualEnsoniq1371Option>(),
        facts("VirtualSoundBlaster16").deprecated().plain::<VirtualSoundBlaster16Option>(),
    ]
}

fn passthrough() -> Obj<VirtualDeviceOption> {
    let backings = vec![
        backing::<VirtualPCIPassthroughDeviceBackingOption>("VirtualPCIPassthroughDeviceBackingInfo"),
        backing::<VirtualPCIPassthroughDynamicBackingOption>("VirtualPCIPassthroughDynamicBackingInfo"),
    ];
    Facts::of("VirtualPCIPassthrough", PCI).backed_by(backings).plain::<VirtualPCIPassthroughOption>()
}

fn usb() -> Obj<VirtualDeviceOption> {
    let backings = vec![
        backing::<VirtualUSBUSBBackingOption>("VirtualUSBUSBBackingInfo"),
        backing::<VirtualUSBRemoteHostBackingOption>("VirtualUSBRemoteHostBackingInfo"),
        backing::<VirtualUSBRemoteClientBackingOption>("VirtualUSBRemoteClientBackingInfo"),
    ];
    let facts = Facts::of("VirtualUSB", Some("VirtualUSBController")).hot().backed_by(backings);
    facts.plain::<VirtualUSBOption>()
}

fn tpm() -> Obj<VirtualDeviceOption> {
    VirtualTPMOption { base: Facts::of("VirtualTPM", None).base(), supported_firmware: Some(vec!["efi".into()]) }.into()
}

fn nvdimm() -> Obj<VirtualDeviceOption> {
    VirtualNVDIMMOption {
        base: Facts::of("VirtualNVDIMM", Some("VirtualNVDIMMController")).base(),
        capacity_in_mb: long(4, 6 << 20, 4),
        growable: true,
        hot_growable: false,
        granularity_in_mb: 4,
    }
    .into()
}
