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

#[derive(Clone, Debug)]
enum Step {
    On,
    Off,
    Suspend,
    Reset,
    Boot,
    Annotate,
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
        1 => Just(Step::Annotate),
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
        Step::Boot => vm.guest = Some(guest::starting(config(vm))),
        Step::Annotate => config(vm).annotation = Some(format!("number {number}").into()),
        Step::Snapshot => take_snapshot(number, vm, kept),
        Step::Disk { thin, below } => add_disk(number, *thin, *below, config(vm)),
        Step::Reserve(memory) => config(vm).memory_allocation.get_or_insert_default().reservation = Some(*memory),
        Step::Grow(file) => grow(*file, vm),
        Step::Template => config(vm).template ^= vm.runtime.power_state == VirtualMachinePowerState::PoweredOff,
    }
    true
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
fn power_operations_go_the_short_way_and_changes_of_the_configuration_do_not() {
    let (mut kept, mut vm) = (Kept::default(), made(1, true));
    let steps = [Step::Suspend, Step::On, Step::Boot, Step::Reset, Step::Off, Step::On];
    for (number, step) in steps.iter().enumerate() {
        let was = vm.clone();
        assert!(take(step, number as i32 + 1, &mut vm, &mut kept), "{step:?}");
        assert!(is_short(&was, &vm, &kept), "{step:?}");
        vm = long(&vm, &kept);
    }
    for step in [Step::Annotate, Step::Reserve(7), Step::Disk { thin: true, below: true }] {
        let was = vm.clone();
        take(&step, 9, &mut vm, &mut kept);
        assert!(!suffices(&was, &vm), "{step:?}");
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
