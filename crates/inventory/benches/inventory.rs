//! Commits per second, cost of a snapshot and memory per VM, in worlds of 10,000 and 100,000 VMs.

mod support;

use std::{
    hint::black_box,
    io::{Write, stdout},
};

use criterion::{Criterion, criterion_group, criterion_main};
use inventory::{Inventory, Options, Tx};
use support::{bytes_each, filled, run};
use vim25::{DataType, MoRef, Obj, mo::VirtualMachine, types::*};

const SIZES: [usize; 2] = [10_000, 100_000];

fn options() -> Options {
    Options { retention: 64, ..Options::default() }
}

fn vm_ref(n: usize) -> MoRef {
    MoRef::new("VirtualMachine", format!("vm-{n}"))
}

/// A VM with a card, a disk, the usual controllers, its own UUIDs, and the rest from a template.
fn vm(template: &VirtualMachine, n: usize, tx: &mut Tx<'_>) -> VirtualMachine {
    let mut vm = template.clone();
    vm.name = format!("DC0_C0_RP0_VM{n}").into();
    vm.parent = Some(MoRef::new("Folder", format!("group-v{}", n / 100)));
    let name = vm.name.clone();
    let config = vm.config.as_mut().expect("the template has one");
    config.name = name.clone();
    config.uuid = tx.uuid();
    config.instance_uuid = Some(tx.uuid());
    config.files.vm_path_name = Some(format!("[LocalDS_0] {name}/{name}.vmx").into());
    let devices = config.hardware.device.as_mut().expect("the template has some");
    devices.push(card(n));
    devices.push(disk(&name));
    vm.runtime.host = Some(MoRef::new("HostSystem", format!("host-{}", n / 50)));
    vm.summary.config.name = name;
    vm.summary.vm = Some(vm_ref(n));
    vm
}

fn card(n: usize) -> Obj<VirtualDevice> {
    VirtualVmxnet3::with(|card| {
        card.key = 4000;
        card.mac_address = Some(format!("00:50:56:{:02x}:{:02x}:{:02x}", n >> 16, n >> 8 & 255, n & 255).into());
        card.backing =
            Some(VirtualEthernetCardNetworkBackingInfo::with(|b| b.device_name = "VM Network".into()).into());
    })
    .into()
}

fn disk(name: &str) -> Obj<VirtualDevice> {
    VirtualDisk::with(|disk| {
        disk.key = 2000;
        disk.capacity_in_kb = 10 << 20;
        let file = format!("[LocalDS_0] {name}/disk1.vmdk");
        disk.backing = Some(VirtualDiskFlatVer2BackingInfo::with(|b| b.file_name = file.into()).into());
    })
    .into()
}

fn template() -> VirtualMachine {
    VirtualMachine::with(|vm| {
        let devices = vec![
            VirtualIDEController::with(|d| d.key = 200).into(),
            VirtualPS2Controller::with(|d| d.key = 300).into(),
            VirtualPCIController::with(|d| d.key = 100).into(),
            VirtualSIOController::with(|d| d.key = 400).into(),
            VirtualKeyboard::with(|d| d.key = 600).into(),
            VirtualPointingDevice::with(|d| d.key = 700).into(),
            VirtualMachineVideoCard::with(|d| d.key = 500).into(),
            VirtualMachineVMCIDevice::with(|d| d.key = 12000).into(),
            ParaVirtualSCSIController::with(|d| d.key = 1000).into(),
        ];
        let hardware = VirtualHardware::with(|hardware| hardware.device = Some(devices));
        vm.config = Some(VirtualMachineConfigInfo::with(|config| config.hardware = hardware.into()).into());
        vm.guest = Some(GuestInfo::with(|guest| guest.guest_state = "notRunning".into()).into());
    })
}

fn world(count: usize) -> Inventory {
    let template = template();
    filled(count, options(), |tx, n| {
        let vm = vm(&template, n, tx);
        tx.insert(vm_ref(n), vm);
    })
}

/// Numbers below `count`, scattered.
fn scattered(count: usize) -> impl FnMut() -> usize {
    let mut n = 0;
    move || {
        n = (n + 7919) % count;
        n
    }
}

fn measure(c: &mut Criterion) {
    let worlds = SIZES.map(|count| {
        let (bytes, world) = bytes_each(count, world);
        writeln!(stdout(), "memory, {count} VMs: {bytes} bytes per VM").expect("standard output is open");
        (count, world)
    });
    for (count, world) in &worlds {
        edits(c, *count, world);
        reads(c, *count, world);
    }
}

fn edits(c: &mut Criterion, count: usize, world: &Inventory) {
    let mut next = scattered(count);
    let mut on = 0;
    c.bench_function(&format!("commit one property, {count} VMs"), |b| {
        b.iter(|| {
            on += 1;
            run(world, |tx| {
                tx.edit::<VirtualMachine>(&vm_ref(next())).expect("it is there").runtime.boot_time =
                    Some(vim25::DateTime::from_micros(on))
            })
        })
    });
    c.bench_function(&format!("commit a new name, {count} VMs"), |b| {
        b.iter(|| {
            on += 1;
            run(world, |tx| {
                tx.edit::<VirtualMachine>(&vm_ref(next())).expect("it is there").name = on.to_string().into()
            })
        })
    });
}

fn reads(c: &mut Criterion, count: usize, world: &Inventory) {
    let now = world.snapshot();
    let mut next = scattered(count);
    let parent = MoRef::new("Folder", "group-v0");
    c.bench_function(&format!("snapshot, {count} VMs"), |b| b.iter(|| black_box(world.snapshot())));
    c.bench_function(&format!("get, {count} VMs"), |b| {
        b.iter(|| black_box(now.get::<VirtualMachine>(&vm_ref(next()))).is_some())
    });
    c.bench_function(&format!("child by name, {count} VMs"), |b| {
        b.iter(|| black_box(now.index().child_named(&parent, "DC0_C0_RP0_VM7")))
    });
}

criterion_group!(benches, measure);
criterion_main!(benches);
