//! What Fault Tolerance needs, and what the two machines of a pair are.

use vim25::{MoRef, mo::VirtualMachine};

use super::*;
use crate::vm::{
    config::{self, SecondaryFiles},
    fault_tolerance::{Role, check_change, issues, protected, states, tie, untie},
    testing::datastore,
};

type Config = Obj<VirtualMachineConfigInfo>;
type State = VirtualMachineFaultToleranceState;

const OFF: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOff;
const ON: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOn;
const SUSPENDED: VirtualMachinePowerState = VirtualMachinePowerState::Suspended;

fn primary() -> (MoRef, Config) {
    let world = World::default();
    let spec = VirtualMachineConfigSpec::with(|s| {
        s.name = Some("vm".into());
        s.memory_mb = Some(64);
        let path = Some("[LocalDS_0]".into());
        s.files = Some(VirtualMachineFileInfo { vm_path_name: path, ..Default::default() }.into());
        let controller = add(scsi(-1));
        s.device_change = Some(vec![controller, disk(-1, 1 << 20), disk(-1, 1 << 20), add(nic())]);
    });
    (world.vm.clone(), config::create(&spec, &world.context()).unwrap())
}

fn secondary(of: &Config, home: &str) -> Result<Config, Fault> {
    let world = World { vm: MoRef::new("VirtualMachine", "vm-41"), ..World::default() };
    let home = datastore(home).unwrap();
    config::secondary(of, "vm (secondary)".into(), &SecondaryFiles { home: &home, disks: &[] }, &world.context())
}

fn pair() -> (Config, Config) {
    let (this, first) = primary();
    let mut first = protected(&first);
    let mut second = secondary(&first, "LocalDS_0").unwrap();
    tie((&this, &mut first), (&MoRef::new("VirtualMachine", "vm-41"), &mut second));
    (first, second)
}

fn machine(config: &Config) -> VirtualMachine {
    VirtualMachine::with(|vm| {
        vm.name = config.name.clone();
        vm.config = Some(config.clone());
    })
}

#[test]
fn the_state_of_a_pair_follows_from_what_runs() {
    let own = |first: &_, second, disabled| states(first, second, disabled).0;
    assert_eq!(states(&ON, Some(&ON), false), (State::Running, State::Running));
    assert_eq!(states(&ON, Some(&OFF), false), (State::NeedSecondary, State::Enabled));
    assert_eq!(own(&ON, None, false), State::NeedSecondary);
    assert_eq!(own(&OFF, Some(&OFF), false), State::Enabled);
    assert_eq!(own(&SUSPENDED, Some(&OFF), false), State::Enabled);
    assert_eq!(states(&ON, Some(&ON), true), (State::Disabled, State::Disabled));
}

#[test]
fn a_secondary_is_the_same_guest_with_files_of_its_own() {
    let (first, second) = pair();
    assert_eq!((&first.uuid, first.instance_uuid == second.instance_uuid), (&second.uuid, false));
    assert_eq!(second.files.vm_path_name.as_deref(), Some("[LocalDS_0] vm (secondary)/vm (secondary).vmx"));
    let disks = second.hardware.device.iter().flatten().filter(|d| d.is::<VirtualDisk>());
    let file = |d: &Obj<VirtualDevice>| {
        d.backing.as_ref().and_then(|b| Some(b.cast::<VirtualDeviceFileBackingInfo>()?.file_name.to_string()))
    };
    let files: Vec<String> = disks.filter_map(file).collect();
    let own = |file: &str| format!("[LocalDS_0] vm (secondary)/{file}");
    assert_eq!(files, [own("vm (secondary).vmdk"), own("vm (secondary)_1.vmdk")]);
    let mac = |c: &Config| {
        let card = c.hardware.device.iter().flatten().find_map(|d| d.cast::<VirtualEthernetCard>().cloned());
        card.unwrap().mac_address
    };
    assert_eq!(mac(&first), mac(&second));
}

#[test]
fn each_of_a_pair_knows_both() {
    let (mut first, second) = pair();
    assert_eq!(Role::of(&first), Some(Role::Primary([MoRef::new("VirtualMachine", "vm-41")].into())));
    assert_eq!(Role::of(&second), Some(Role::Secondary(MoRef::new("VirtualMachine", "vm-40"))));
    let uuids = |c: &Config| c.ft_info.as_ref().unwrap().instance_uuids.clone();
    assert_eq!(uuids(&first), [first.instance_uuid.clone().unwrap(), second.instance_uuid.clone().unwrap()]);
    assert_eq!(uuids(&first), uuids(&second));
    untie(&mut first);
    assert_eq!((Role::of(&first), first.flags.fault_tolerance_type.as_deref()), (None, Some("unset")));
}

#[test]
fn a_secondary_needs_room_for_its_disks() {
    let (_, first) = primary();
    assert_eq!(secondary(&first, "small").unwrap_err().name(), "NoDiskSpace");
}

#[test]
fn all_that_keeps_a_machine_from_it_is_told() {
    let (this, config) = primary();
    assert_eq!(issues(&this, &machine(&config)), []);
    let mut bad = config;
    bad.nested_hv_enabled = Some(true);
    bad.hardware.num_cpu = 9;
    bad.hardware.device.get_or_insert_default().push(VirtualPCIPassthrough::default().into());
    let names: Vec<_> = issues(&this, &machine(&bad)).iter().map(Fault::name).collect();
    assert_eq!(names, ["VmFaultToleranceConfigIssue", "VmFaultToleranceConfigIssue", "DeviceNotSupported"]);
    let (first, second) = pair();
    let reason = |config: &Config| {
        let issue = issues(&this, &machine(config)).remove(0).fault;
        issue.cast::<VmFaultToleranceConfigIssue>().unwrap().reason.clone().unwrap().to_string()
    };
    assert_eq!((reason(&first), reason(&second)), ("moreThanOneSecondary".into(), "ftSecondaryVm".into()));
}

#[test]
fn a_pair_keeps_memory_cpus_and_disks_and_a_secondary_everything() {
    let (this, _) = primary();
    let (first, second) = pair();
    let change = |from: &Config, change: fn(&mut VirtualMachineConfigInfo)| {
        let mut new = from.clone();
        change(&mut new);
        check_change(&this, from, &new).map_err(|fault| fault.name())
    };
    assert_eq!(change(&first, |c| c.annotation = Some("x".into())), Ok(()));
    assert_eq!(change(&first, |c| c.hardware.memory_mb = 128), Err("FaultToleranceCannotEditMem"));
    assert_eq!(change(&first, |c| c.hardware.num_cpu = 2), Err("InvalidVmConfig"));
    let without_disks = |c: &mut VirtualMachineConfigInfo| {
        c.hardware.device.as_mut().unwrap().retain(|d| !d.is::<VirtualDisk>());
    };
    assert_eq!(change(&first, without_disks), Err("InvalidVmConfig"));
    assert_eq!(change(&second, |c| c.annotation = Some("x".into())), Err("InvalidOperationOnSecondaryVm"));
    assert_eq!(change(&second, |_| {}), Ok(()));
}
