//! Whatever valid or invalid edits come, a list of devices keeps its promises.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Scsi,
    Sata,
    Nvme,
    Nic,
    Floppy,
    Serial,
    Disk { controller: usize, unit: i32 },
    Cd { controller: usize },
    Remove(usize),
    Move { device: usize, controller: usize, unit: i32 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Scsi),
        Just(Step::Sata),
        Just(Step::Nvme),
        Just(Step::Nic),
        Just(Step::Floppy),
        Just(Step::Serial),
        (0..20_usize, -1..20).prop_map(|(controller, unit)| Step::Disk { controller, unit }),
        (0..20_usize).prop_map(|controller| Step::Cd { controller }),
        (0..40_usize).prop_map(Step::Remove),
        (0..40_usize, 0..20_usize, -1..20).prop_map(|(device, controller, unit)| Step::Move {
            device,
            controller,
            unit
        }),
    ]
}

fn spec_of(step: &Step, devices: &Devices) -> Obj<VirtualDeviceConfigSpec> {
    let controllers: Vec<i32> = devices.iter().filter(|d| d.is::<VirtualController>()).map(|d| d.key).collect();
    let controller = |n: usize| controllers[n % controllers.len()];
    match step {
        Step::Scsi => add(scsi(-1)),
        Step::Sata => add(VirtualAHCIController::default()),
        Step::Nvme => add(VirtualNVMEController::default()),
        Step::Nic => add(nic()),
        Step::Floppy => add(VirtualFloppy::default()),
        Step::Serial => add(VirtualSerialPort::with(|d| {
            d.backing = Some(VirtualSerialPortURIBackingInfo::default().into());
        })),
        Step::Disk { controller: n, unit } => disk_at(controller(*n), *unit, 1024),
        Step::Cd { controller: n } => add(VirtualCdrom::with(|d| d.controller_key = Some(controller(*n)))),
        Step::Remove(n) => remove(devices[n % devices.len()].key),
        Step::Move { device, controller: n, unit } => {
            let mut device = devices[device % devices.len()].clone();
            (device.controller_key, device.unit_number) = (Some(controller(*n)), Some(*unit));
            edit(&device)
        }
    }
}

fn check(devices: &Devices) {
    let keys: HashSet<i32> = devices.iter().map(|d| d.key).collect();
    assert_eq!(keys.len(), devices.len(), "keys are unique");
    let mut places = HashSet::new();
    for device in devices {
        let Some(controller) = device.controller_key else { continue };
        assert!(keys.contains(&controller), "device {} hangs on nothing", device.key);
        let apart = if controller == hardware::SIO { device.shared().descriptor().name } else { "" };
        assert!(places.insert((controller, device.unit_number, apart)), "two devices at one place: {}", device.key);
    }
    for controller in devices.iter().filter_map(|d| d.cast::<VirtualController>()) {
        let listed: Vec<i32> = controller.device.clone().unwrap_or_default();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        let mut own: Vec<i32> =
            devices.iter().filter(|d| d.controller_key == Some(controller.key)).map(|d| d.key).collect();
        own.sort_unstable();
        assert_eq!(sorted, own, "controller {} lists its devices", controller.key);
    }
    let count = |is: fn(&Obj<VirtualDevice>) -> bool| devices.iter().filter(|d| is(d)).count();
    assert!(count(|d| d.is::<VirtualSCSIController>()) <= 4 && count(|d| d.is::<VirtualEthernetCard>()) <= 10);
    assert_eq!(count(|d| d.is::<VirtualMachineVMCIDevice>()), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_edits_leaves_a_list_that_keeps_its_promises(
        steps in prop::collection::vec((step(), any::<bool>()), 1..40),
    ) {
        let world = World::default();
        let mut devices = hardware::default_devices(21);
        for (step, on) in steps {
            let spec = spec_of(&step, &devices);
            if let Ok(changed) = devices::apply(&devices, &[spec], Scene { on, ..scene(&world) }) {
                devices = changed.devices;
            }
            check(&devices);
        }
    }
}
