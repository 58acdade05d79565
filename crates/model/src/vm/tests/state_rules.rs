//! The short way to derived state leads where the long one does, whatever a machine has been through.

use std::collections::HashMap;

use proptest::prelude::*;
use vim25::{MoRef, Str, mo::VirtualMachine};

use super::*;
use crate::vm::{
    derive::{
        self,
        state::{refresh_state, suffices},
    },
    guest,
    power::{self, PowerOn},
    snapshot,
    surroundings::{DatastoreFacts, Lookup, NetworkFacts},
    testing::{host, now},
    tests::default_vm::made,
};

/// A setting that an operation of a client may change.
#[derive(Clone, Copy, Debug)]
enum Setting {
    Name,
    Annotation,
    Guest,
    Processors,
    Hardware,
    Instance,
    Manager,
    Modified,
    Memory,
    Firmware,
    Uuid,
}

/// Those from which neither files nor resources follow.
const GENERAL: [Setting; 8] = [
    Setting::Name,
    Setting::Annotation,
    Setting::Guest,
    Setting::Processors,
    Setting::Hardware,
    Setting::Instance,
    Setting::Manager,
    Setting::Modified,
];

const OTHER: [Setting; 3] = [Setting::Memory, Setting::Firmware, Setting::Uuid];

#[derive(Clone, Debug)]
enum Step {
    On,
    Off,
    Suspend,
    Reset,
    Boot,
    Set(Setting),
    Snapshot,
    Disk { thin: bool, below: bool },
    Reserve(i64),
    Grow(usize),
    Template,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::On),
        4 => Just(Step::Off),
        2 => Just(Step::Suspend),
        1 => Just(Step::Reset),
        1 => Just(Step::Boot),
        3 => prop::sample::select([&GENERAL[..], &OTHER].concat()).prop_map(Step::Set),
        1 => Just(Step::Snapshot),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(thin, below)| Step::Disk { thin, below }),
        1 => (0..40_i64).prop_map(Step::Reserve),
        1 => (0..20_usize).prop_map(Step::Grow),
        1 => Just(Step::Template),
    ]
}

/// Surroundings that know what snapshots keep.
#[derive(Default)]
struct Kept {
    world: World,
    snapshots: HashMap<MoRef, Obj<VirtualMachineConfigInfo>>,
}

impl Lookup for Kept {
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts> {
        self.world.datastore_named(name)
    }

    fn datastore(&self, datastore: &MoRef) -> Option<DatastoreFacts> {
        self.world.datastore(datastore)
    }

    fn opaque_network(&self, id: &str, kind: &str) -> Option<NetworkFacts> {
        self.world.opaque_network(id, kind)
    }

    fn snapshot_config(&self, snapshot: &MoRef) -> Option<Obj<VirtualMachineConfigInfo>> {
        self.snapshots.get(snapshot).cloned()
    }
}

fn config(vm: &mut VirtualMachine) -> &mut Obj<VirtualMachineConfigInfo> {
    vm.config.as_mut().unwrap()
}

/// Takes a step. Whether it was possible.
fn take(step: &Step, number: i32, vm: &mut VirtualMachine, kept: &mut Kept) -> bool {
    let moment = now().plus_seconds(60 * i64::from(number));
    match step {
        Step::On => {
            let host = host();
            return power::on(vm, &PowerOn { now: moment, host: &host, cid_taken: &|_| false }).is_ok();
        }
        Step::Off => return power::off(vm).is_ok(),
        Step::Suspend => return power::suspend(vm, moment).is_ok(),
        Step::Reset => return power::reset(vm, moment).is_ok(),
        Step::Boot => {
            let starting = guest::starting(config(vm));
            let guest = vm.guest.insert(starting);
            guest.tools_running_status = Some("guestToolsRunning".into());
            guest.ip_address = Some(format!("10.0.0.{number}").into());
        }
        Step::Set(setting) => set(*setting, number, config(vm)),
        Step::Snapshot => take_snapshot(number, vm, kept),
        Step::Disk { thin, below } => add_disk(number, *thin, *below, config(vm)),
        Step::Reserve(memory) => config(vm).memory_allocation.get_or_insert_default().reservation = Some(*memory),
        Step::Grow(file) => grow(*file, vm),
        Step::Template => config(vm).template ^= vm.runtime.power_state == VirtualMachinePowerState::PoweredOff,
    }
    true
}

fn set(setting: Setting, number: i32, config: &mut VirtualMachineConfigInfo) {
    let text = Str::from(format!("number {number}"));
    match setting {
        Setting::Name => config.name = text,
        Setting::Annotation => config.annotation = Some(text),
        Setting::Guest => (config.guest_id, config.guest_full_name) = (text.clone(), text),
        Setting::Processors => config.hardware.num_cpu = number,
        Setting::Hardware => config.version = text,
        Setting::Instance => config.instance_uuid = Some(text),
        Setting::Manager => {
            config.managed_by = Some(ManagedByInfo { extension_key: text, type_: Str::default() }.into());
        }
        Setting::Modified => config.modified = now().plus_seconds(60 * i64::from(number)),
        Setting::Memory => config.hardware.memory_mb = number,
        Setting::Firmware => config.firmware = Some(if number % 2 == 0 { "efi" } else { "bios" }.into()),
        Setting::Uuid => config.uuid = format!("{number:08}-1111").into(),
    }
}

fn take_snapshot(number: i32, vm: &mut VirtualMachine, kept: &mut Kept) {
    let moref = MoRef::new("VirtualMachineSnapshot", format!("snapshot-{number}"));
    kept.snapshots.insert(moref.clone(), vm.config.clone().unwrap());
    let node = VirtualMachineSnapshotTree::with(|node| {
        node.snapshot = moref;
        node.id = number;
        node.state = vm.runtime.power_state.clone();
    });
    vm.snapshot = Some(snapshot::add(vm.snapshot.as_deref(), node).into());
    let used = vm.layout_ex.clone().unwrap();
    let taken = |name: &str| used.file.iter().flatten().any(|file| file.name == name);
    snapshot::branch(config(vm), "vm-1", 1, &taken);
}

/// Adds a disk, maybe above one of another machine.
fn add_disk(number: i32, thin: bool, below: bool, config: &mut VirtualMachineConfigInfo) {
    let backing = |file: String, parent: Option<VirtualDiskFlatVer2BackingInfo>| {
        let mut backing = VirtualDiskFlatVer2BackingInfo { disk_mode: "persistent".into(), ..Default::default() };
        backing.thin_provisioned = Some(thin);
        backing.parent = parent.map(Into::into);
        let mut backing: Obj<VirtualDiskFlatVer2BackingInfo> = backing.into();
        backing.file_name = Str::from(file);
        backing
    };
    let parent = below.then(|| (*backing("[small] base/base.vmdk".into(), None)).clone());
    let disk = VirtualDisk::with(|disk| {
        disk.key = 3000 + number;
        disk.capacity_in_kb = 1024;
        disk.backing = Some(backing(format!("[LocalDS_0] DC0_H0_VM1/more-{number}.vmdk"), parent).up());
    });
    config.hardware.device.get_or_insert_default().push(disk.into());
}

/// Lets a file be larger than it was, as a thin disk that is written to.
fn grow(file: usize, vm: &mut VirtualMachine) {
    let files = vm.layout_ex.as_mut().and_then(|layout| layout.file.as_mut()).unwrap();
    let count = files.len();
    let file = &mut files[file % count];
    if file.type_ == "diskExtent" && file.unique_size != Some(0) {
        file.size += 1;
        file.unique_size = Some(file.size);
    }
}

/// The machine after the long way.
fn long(vm: &VirtualMachine, kept: &Kept) -> VirtualMachine {
    let (mut vm, this) = (vm.clone(), vm.summary.vm.clone().unwrap());
    derive::refresh(&mut vm, &this, kept);
    vm
}

/// Whether the short way does for what became of a machine; if so, it leads where the long one does.
fn is_short(was: &VirtualMachine, vm: &VirtualMachine, kept: &Kept) -> bool {
    let mut short = vm.clone();
    let this = vm.summary.vm.clone().unwrap();
    let does = suffices(was, vm) && refresh_state(&mut short, was, &this);
    if does {
        assert_eq!(short, long(vm, kept));
    }
    does
}

#[test]
fn power_operations_and_general_settings_go_the_short_way_and_changes_of_files_and_resources_do_not() {
    let (mut kept, mut vm) = (Kept::default(), made(1, true));
    let power = [Step::Suspend, Step::On, Step::Boot, Step::Reset, Step::Off, Step::On];
    let steps = power.into_iter().chain(GENERAL.map(Step::Set));
    for (step, number) in steps.zip(2..) {
        let was = vm.clone();
        assert!(take(&step, number, &mut vm, &mut kept), "{step:?}");
        assert!(vm != was && is_short(&was, &vm, &kept), "{step:?}");
        vm = long(&vm, &kept);
    }
    for step in [Step::Reserve(7), Step::Disk { thin: true, below: true }].into_iter().chain(OTHER.map(Step::Set)) {
        let was = vm.clone();
        take(&step, 30, &mut vm, &mut kept);
        assert!(vm != was && !suffices(&was, &vm), "{step:?}");
        vm = was;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_short_way_leads_where_the_long_one_does(on in any::<bool>(), steps in prop::collection::vec(step(), 1..30)) {
        let (mut kept, mut vm) = (Kept::default(), made(1, on));
        for (number, step) in steps.iter().enumerate() {
            let was = vm.clone();
            if !take(step, number as i32 + 1, &mut vm, &mut kept) {
                continue;
            }
            // What the rule asks first: nobody but the rule wrote to what follows, and no snapshot came.
            let same_rest = was.snapshot == vm.snapshot && was.layout_ex == vm.layout_ex;
            if same_rest {
                is_short(&was, &vm, &kept);
            }
            vm = long(&vm, &kept);
        }
    }
}
