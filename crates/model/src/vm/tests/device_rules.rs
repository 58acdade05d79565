use super::*;
use crate::vm::power;

fn cd(controller: Option<i32>) -> VirtualCdrom {
    VirtualCdrom::with(|d| d.controller_key = controller)
}

#[test]
fn a_controller_and_its_disk_come_in_one_spec_by_a_temporary_key() {
    let world = World::default();
    for specs in [[add(scsi(-101)), disk(-101, 1024)], [disk(-101, 1024), add(scsi(-101))]] {
        let devices = apply(scene(&world), &specs).unwrap().devices;
        assert_eq!(keys(&devices), [1000, 2000]);
        assert_eq!((by_key(&devices, 2000).controller_key, by_key(&devices, 2000).unit_number), (Some(1000), Some(0)));
        assert_eq!(children(&devices, 1000), [2000]);
        assert_eq!(children(&devices, hardware::PCI), [500, 12000, 1000]);
        assert_eq!((by_key(&devices, 1000).controller_key, by_key(&devices, 1000).unit_number), (Some(100), Some(3)));
    }
}

#[test]
fn each_kind_of_device_has_its_own_range_of_keys() {
    let world = World::default();
    let serial = VirtualSerialPort::with(|d| {
        d.backing = Some(VirtualSerialPortURIBackingInfo::with(|b| b.service_uri = "telnet://h:1".into()).into());
    });
    let specs = [
        add(scsi(-1)),
        add(VirtualLsiLogicSASController::with(|c| c.key = -2)),
        add(VirtualAHCIController::with(|c| c.key = -3)),
        add(VirtualNVMEController::with(|c| c.key = -4)),
        disk(-2, 1024),
        disk(-3, 1024),
        disk(-4, 1024),
        disk(200, 1024),
        add(cd(Some(-3))),
        add(nic()),
        add(nic()),
        add(VirtualFloppy::default()),
        add(serial),
        add(VirtualUSBController::default()),
        add(VirtualUSBXHCIController::default()),
        add(VirtualTPM::default()),
        add(VirtualHdAudioCard::default()),
    ];
    let devices = apply(scene(&world), &specs).unwrap().devices;
    let want =
        [1000, 1001, 15000, 31000, 7000, 14000, 3000, 16000, 16001, 2016, 32000, 8000, 4000, 4001, 5000, 9000, 11000];
    assert_eq!(keys(&devices), want);
    let label = |key| by_key(&devices, key).device_info.clone().unwrap().label.clone();
    assert_eq!(
        (label(1001), label(4001), label(9000)),
        ("SCSI controller 1".into(), "Network adapter 2".into(), "Serial port 1".into())
    );
    assert_eq!(
        (label(16001), label(2016), label(3000)),
        ("CD/DVD drive 1".into(), "Hard disk 1".into(), "Hard disk 4".into())
    );
}

#[test]
fn the_fifth_scsi_controller_and_the_eleventh_adapter_are_too_many() {
    let world = World::default();
    let five: Vec<_> = (0..5).map(|n| add(scsi(-1 - n))).collect();
    assert_eq!(apply(scene(&world), &five).unwrap_err().name(), "TooManyDevices");
    let ten: Vec<_> = (0..10).map(|_| add(nic())).collect();
    assert_eq!(apply(scene(&world), &ten).unwrap().devices.len(), 19);
    let eleven: Vec<_> = (0..11).map(|_| add(nic())).collect();
    assert_eq!(apply(scene(&world), &eleven).unwrap_err().name(), "TooManyDevices");
}

#[test]
fn units_count_up_and_skip_the_controllers_own() {
    let world = World::default();
    let mut specs = vec![add(VirtualLsiLogicController::with(|c| c.key = -1))];
    specs.extend((0..15).map(|_| disk(-1, 1024)));
    let devices = apply(scene(&world), &specs).unwrap().devices;
    let units: Vec<i32> = devices.iter().filter(|d| d.is::<VirtualDisk>()).filter_map(|d| d.unit_number).collect();
    assert_eq!(units, (0..16).filter(|u| *u != 7).collect::<Vec<_>>());
    specs.push(disk(-1, 1024));
    assert_eq!(apply(scene(&world), &specs).unwrap_err().name(), "InvalidController");
}

#[test]
fn unit_7_unit_99_and_a_unit_in_use_are_invalid() {
    let world = World::default();
    for unit in [7, 99] {
        let fault = apply(scene(&world), &[add(scsi(-1)), disk_at(-1, unit, 1024)]).unwrap_err();
        assert_eq!(
            (fault.name(), property(&fault)),
            ("InvalidDeviceSpec", "virtualDeviceSpec.device.unitNumber".into())
        );
    }
    let twice = [add(scsi(-1)), disk_at(-1, 3, 1024), disk_at(-1, 3, 1024)];
    let fault = apply(scene(&world), &twice).unwrap_err();
    assert_eq!(fault.fault.cast::<InvalidDeviceSpec>().unwrap().device_index, 2);
}

#[test]
fn a_device_needs_a_controller_that_fits() {
    let world = World::default();
    assert_eq!(apply(scene(&world), &[disk(-9, 1024)]).unwrap_err().name(), "InvalidController");
    assert_eq!(apply(scene(&world), &[disk(300, 1024)]).unwrap_err().name(), "InvalidController");
    let usb = VirtualUSB::with(|d| d.backing = Some(VirtualUSBUSBBackingInfo::default().into()));
    assert_eq!(apply(scene(&world), &[add(usb)]).unwrap_err().name(), "MissingController");
}

#[test]
fn abstract_types_are_no_devices() {
    let world = World::default();
    let fault = apply(scene(&world), &[add(VirtualEthernetCard::default())]).unwrap_err();
    assert_eq!(fault.name(), "InvalidDeviceSpec");
    assert!(fault.message.contains("VirtualEthernetCard"));
}

#[test]
fn a_device_newer_than_the_hardware_is_refused() {
    let world = World::default();
    let old = Scene { version: 10, ..scene(&world) };
    let fault = apply(old, &[add(VirtualNVMEController::default())]).unwrap_err();
    let detail = fault.fault.cast::<DeviceUnsupportedForVmVersion>().unwrap();
    assert_eq!((detail.current_version.as_str(), detail.expected_version.as_str()), ("vmx-10", "vmx-13"));
}

#[test]
fn a_new_vms_spec_may_name_the_devices_that_it_has_anyway() {
    let world = World::default();
    let specs = [
        add(VirtualIDEController::with(|c| {
            c.key = -7;
            c.bus_number = 1;
        })),
        add(cd(Some(-7))),
        add(VirtualMachineVideoCard::with(|v| v.video_ram_size_in_kb = Some(8192))),
    ];
    let creating = Scene { creating: true, ..scene(&world) };
    let devices = apply(creating, &specs).unwrap().devices;
    assert_eq!(keys(&devices), [3002]);
    assert_eq!(by_key(&devices, 500).cast::<VirtualMachineVideoCard>().unwrap().video_ram_size_in_kb, Some(8192));
    assert_eq!(apply(scene(&world), &specs[..1]).unwrap_err().name(), "TooManyDevices");
}

#[test]
fn what_every_vm_has_cannot_be_removed_and_what_is_not_there_is_not_found() {
    let world = World::default();
    for key in [100, 200, 500, 600, 12000] {
        let fault = apply(scene(&world), &[remove(key)]).unwrap_err();
        let detail = fault.fault.cast::<InvalidDeviceOperation>().unwrap();
        assert_eq!(detail.bad_op, Some(VirtualDeviceConfigSpecOperation::Remove));
    }
    assert_eq!(apply(scene(&world), &[remove(4000)]).unwrap_err().name(), "DeviceNotFound");
    let gone = VirtualVmxnet3::with(|n| n.key = 4000);
    assert_eq!(apply(scene(&world), &[edit(&gone.into())]).unwrap_err().name(), "DeviceNotFound");
}

#[test]
fn a_controller_goes_only_with_its_devices() {
    let world = World::default();
    let with_disk = apply(scene(&world), &[add(scsi(-1)), disk(-1, 1024)]).unwrap().devices;
    let fault = devices::apply(&with_disk, &[remove(1000)], scene(&world)).unwrap_err();
    assert_eq!(fault.name(), "InvalidDeviceOperation");
    let both = devices::apply(&with_disk, &[remove(1000), remove(2000)], scene(&world)).unwrap();
    assert_eq!(keys(&both.devices), [0; 0]);
    assert_eq!(children(&both.devices, hardware::PCI), [500, 12000]);
}

#[test]
fn a_removed_key_is_given_again_and_labels_fill_gaps() {
    let world = World::default();
    let two = apply(scene(&world), &[add(nic()), add(nic())]).unwrap().devices;
    let one = devices::apply(&two, &[remove(4000)], scene(&world)).unwrap().devices;
    assert_eq!(keys(&one), [4001]);
    let again = devices::apply(&one, &[add(nic())], scene(&world)).unwrap().devices;
    assert_eq!(keys(&again), [4000, 4001]);
    assert_eq!(by_key(&again, 4000).device_info.clone().unwrap().label, "Network adapter 1");
}

#[test]
fn an_edit_cannot_turn_a_device_into_another() {
    let world = World::default();
    let devices = apply(scene(&world), &[add(nic())]).unwrap().devices;
    let other = VirtualE1000::with(|n| n.key = 4000);
    let fault = devices::apply(&devices, &[edit(&other.into())], scene(&world)).unwrap_err();
    assert_eq!(fault.name(), "InvalidDeviceSpec");
}

#[test]
fn adapters_disks_and_scsi_controllers_come_and_go_while_the_vm_runs() {
    let world = World::default();
    let on = Scene { on: true, ..scene(&world) };
    let devices = apply(on, &[add(scsi(-1)), disk(-1, 1024), add(nic())]).unwrap().devices;
    let card = by_key(&devices, 4000);
    assert!(card.connectable.as_ref().unwrap().connected);
    let slot = card.slot_info.clone().unwrap().cast::<VirtualDevicePciBusSlotInfo>().unwrap().pci_slot_number;
    assert_eq!(slot, 192);
    assert!(devices::apply(&devices, &[remove(4000), remove(2000)], on).is_ok());
}

#[test]
fn what_cannot_be_plugged_into_a_running_vm_is_refused() {
    let world = World::default();
    let on = Scene { on: true, ..scene(&world) };
    for spec in [add(VirtualFloppy::default()), add(cd(Some(200))), disk(200, 1024), add(VirtualTPM::default())] {
        assert_eq!(apply(on, &[spec]).unwrap_err().name(), "DeviceHotPlugNotSupported");
    }
    let mut video = by_key(&hardware::default_devices(21), 500);
    video.cast_mut::<VirtualMachineVideoCard>().unwrap().num_displays = Some(2);
    assert_eq!(apply(on, &[edit(&video)]).unwrap_err().name(), "DeviceHotPlugNotSupported");
    assert!(apply(scene(&world), &[edit(&video)]).is_ok());
}

#[test]
fn a_file_operation_goes_only_with_disks() {
    let world = World::default();
    let mut spec = add(nic());
    spec.file_operation = Some(VirtualDeviceConfigSpecFileOperation::Create);
    assert_eq!(apply(scene(&world), &[spec]).unwrap_err().name(), "InvalidDeviceOperation");
}

#[test]
fn an_iso_has_to_be_on_a_datastore_that_there_is() {
    let world = World::default();
    let iso = |file: &str| {
        let mut drive = cd(Some(200));
        drive.backing = Some(VirtualCdromIsoBackingInfo::with(|b| b.file_name = file.into()).into());
        apply(scene(&world), &[add(drive)])
    };
    let drive = by_key(&iso("[LocalDS_0] iso/a.iso").unwrap().devices, 3000);
    assert_eq!(drive.device_info.clone().unwrap().summary, "ISO [LocalDS_0] iso/a.iso");
    assert_eq!(
        drive.backing.clone().unwrap().cast::<VirtualDeviceFileBackingInfo>().unwrap().datastore.as_ref().unwrap().id,
        "datastore-5"
    );
    assert_eq!(iso("[nope] a.iso").unwrap_err().name(), "InvalidDatastore");
    assert_eq!(iso("a.iso").unwrap_err().name(), "InvalidDeviceBacking");
}

#[test]
fn slots_are_given_once() {
    let world = World::default();
    let mut devices = apply(scene(&world), &[add(scsi(-1)), add(nic()), add(nic())]).unwrap().devices;
    power::assign_slots(&mut devices);
    let slots = |devices: &Devices| {
        let of =
            |d: &Obj<VirtualDevice>| Some(d.slot_info.as_ref()?.cast::<VirtualDevicePciBusSlotInfo>()?.pci_slot_number);
        devices.iter().filter_map(of).collect::<Vec<i32>>()
    };
    assert_eq!(slots(&devices), [32, 160, 192, 224]);
    let before = devices.clone();
    power::assign_slots(&mut devices);
    assert_eq!(devices, before);
}
