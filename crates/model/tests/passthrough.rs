//! Passthrough follows what it depends on, in the commit that changes it.

mod common;

use std::sync::{Arc, Mutex};

use directpath::{HostReason, OtherReason, PortOther, PortReason, Reason, Set, VmReason};
use inventory::{Inventory, ManualClock, Options, Snapshot, Tx};
use model::{
    HostProfile, Lab, Settings,
    directpath::{Adapter, DirectPath, Passthrough, Pools, Transition, show_port},
    network::{
        Plugs,
        ports::{self, Connectee, Place},
    },
    vm::activity::{Operation, UnderWay, VmciInUse},
};
use vim25::{
    Any, MoRef, Obj,
    mo::{DistributedVirtualPortgroup, HostSystem, VirtualMachine, VmwareDistributedVirtualSwitch},
    types::*,
};

const KEY: i32 = 4000;

/// Two hosts that pass cards through, each with two machines that are ready for it.
fn world() -> (Inventory, Lab) {
    world_with(DirectPath::silent())
}

fn world_with(rule: DirectPath) -> (Inventory, Lab) {
    let settings = Settings {
        hosts: 2,
        standalone_hosts: 0,
        vms: 4,
        host_profile: HostProfile::Esxi70VmFex,
        ..Settings::vcenter()
    };
    let clock = Arc::new(ManualClock::new(common::start()));
    let derive = model::derive::rules_with(Plugs::silent(), rule);
    let inventory = Inventory::new(Options { clock, derive, ..Options::default() });
    let lab = inventory.commit(|tx| model::build(tx, &settings)).unwrap().value;
    (inventory, lab)
}

fn commit(inventory: &Inventory, change: impl FnOnce(&mut Tx<'_>)) {
    inventory
        .commit(|tx| {
            change(tx);
            Ok::<(), ()>(())
        })
        .unwrap();
}

fn config<'t>(tx: &'t mut Tx<'_>, vm: &MoRef) -> &'t mut Obj<VirtualMachineConfigInfo> {
    tx.edit::<VirtualMachine>(vm).unwrap().config.as_mut().unwrap()
}

fn reserve(tx: &mut Tx<'_>, vm: &MoRef, locked: bool) {
    config(tx, vm).memory_reservation_locked_to_max = Some(locked);
}

fn power(tx: &mut Tx<'_>, vm: &MoRef, on: bool) {
    let machine = tx.edit::<VirtualMachine>(vm).unwrap();
    let (is_on, off) = (VirtualMachinePowerState::PoweredOn, VirtualMachinePowerState::PoweredOff);
    machine.runtime.power_state = if on { is_on } else { off };
    connect(tx, vm, on);
}

fn card<'t>(tx: &'t mut Tx<'_>, vm: &MoRef) -> &'t mut Obj<VirtualDevice> {
    let devices = config(tx, vm).hardware.device.as_mut().unwrap();
    devices.iter_mut().find(|d| d.key == KEY).unwrap()
}

fn connect(tx: &mut Tx<'_>, vm: &MoRef, on: bool) {
    card(tx, vm).connectable.as_mut().unwrap().connected = on;
}

fn extra(tx: &mut Tx<'_>, vm: &MoRef, key: &'static str, value: &'static str) {
    let options = config(tx, vm).extra_config.get_or_insert_default();
    options.retain(|option| option.key != key);
    if !value.is_empty() {
        options.push(OptionValue { key: key.into(), value: Some(Any::Str(value.into())) }.into());
    }
}

fn option(tx: &mut Tx<'_>, host: &MoRef, key: &str, value: impl Into<Any>) {
    let config = tx.edit::<HostSystem>(host).unwrap().config.as_mut().unwrap();
    let mut options = config.option.as_mut().unwrap().iter_mut();
    options.find(|option| option.key == key).unwrap().value = Some(value.into());
}

fn functions(tx: &mut Tx<'_>, host: &MoRef, first: i64, second: i64) {
    option(tx, host, "Lab.Pnic.vmnic1.VirtualFunctions", first);
    option(tx, host, "Lab.Pnic.vmnic2.VirtualFunctions", second);
}

fn group(world: &Snapshot) -> MoRef {
    let groups = common::of_kind(world, "DistributedVirtualPortgroup");
    let mut groups = groups.into_iter().map(|o| o.moref.clone());
    groups.find(|g| world.get::<DistributedVirtualPortgroup>(g).unwrap().config.uplink != Some(true)).unwrap()
}

fn host_of(inventory: &Inventory, vm: &MoRef) -> MoRef {
    inventory.snapshot().get::<VirtualMachine>(vm).unwrap().runtime.host.clone().unwrap()
}

/// The first two machines of the first machine's host.
fn neighbours(inventory: &Inventory, lab: &Lab) -> (MoRef, MoRef, MoRef) {
    let host = host_of(inventory, &lab.vms[0]);
    let other = lab.vms[1..].iter().find(|vm| host_of(inventory, vm) == host).unwrap();
    (host, lab.vms[0].clone(), other.clone())
}

fn said(inventory: &Inventory, vm: &MoRef) -> Adapter {
    inventory.snapshot().private::<Passthrough>(&vm.id).unwrap().adapter(KEY).unwrap().clone()
}

fn is_active(inventory: &Inventory, vm: &MoRef) -> bool {
    check(inventory);
    said(inventory, vm).gen2.active
}

fn shown(world: &Snapshot, vm: &MoRef) -> VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState {
    let vm = world.get::<VirtualMachine>(vm).unwrap();
    let entry = vm.runtime.device.as_ref().unwrap().iter().find(|entry| entry.key == KEY).unwrap();
    entry.runtime_state.cast().cloned().unwrap()
}

/// The port of a machine's adapter, as clients see it.
fn port(inventory: &Inventory, vm: &MoRef) -> DVPortStatus {
    let mut status = DVPortStatus::default();
    let connectee = Connectee::Adapter { vm: vm.clone(), key: KEY };
    show_port(&inventory.snapshot(), &connectee, &mut status);
    status
}

/// What holds in every world: runtime and summary agree; active is without reasons, inactive with; adapter and port
/// agree; nobody holds anything who is not active.
fn check(inventory: &Inventory) {
    let world = inventory.snapshot();
    for object in common::of_kind(&world, "VirtualMachine") {
        let vm = world.get::<VirtualMachine>(&object.moref).unwrap();
        assert_eq!(vm.summary.runtime, vm.runtime);
        let said = world.private::<Passthrough>(&object.moref.id).unwrap();
        assert_eq!(said.adapters().len(), vm.runtime.device.as_ref().unwrap().len());
        for adapter in said.adapters() {
            let gen2 = &adapter.gen2;
            assert_eq!(gen2.active, gen2.vm.is_empty() && gen2.other.is_empty() && gen2.extended.is_none());
            if let Some(port) = adapter.port {
                assert_eq!(gen2.other.contains(OtherReason::IncompatibleNetwork), !port.network.is_empty());
                assert_eq!(port.other.contains(PortOther::IncompatibleConnectee), !gen2.vm.is_empty());
            }
        }
    }
    for object in common::of_kind(&world, "HostSystem") {
        let pools = world.private::<Pools>(&object.moref.id).cloned().unwrap_or_default();
        let vms = world.get::<HostSystem>(&object.moref).unwrap().vm.iter().flatten();
        let active = |vm: &&MoRef| world.private::<Passthrough>(&vm.id).is_some_and(|s| s.adapters()[0].gen2.active);
        let mut active: Vec<&str> = vms.filter(active).map(|vm| vm.id.as_str()).collect();
        active.sort_unstable();
        assert_eq!(pools.holders().map(|(owner, _)| owner.vm.as_str()).collect::<Vec<_>>(), active);
    }
}

/// The port that a machine's adapter is on.
fn place(world: &Snapshot, vm: &MoRef) -> Place {
    let config = world.get::<VirtualMachine>(vm).unwrap().config.as_ref().unwrap();
    let device = config.hardware.device.iter().flatten().find(|d| d.key == KEY).unwrap();
    let backing = device.backing.as_ref().unwrap();
    let backing = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>().unwrap();
    ports::of_connection(world, &backing.port).unwrap()
}

fn names<R: Reason>(set: Set<R>) -> Vec<&'static str> {
    set.names().collect()
}

#[test]
fn machines_that_are_alike_share_what_is_said_of_them() {
    let (inventory, lab) = world();
    check(&inventory);
    let world = inventory.snapshot();
    let runtimes: Vec<_> = lab.vms.iter().map(|vm| &world.get::<VirtualMachine>(vm).unwrap().runtime).collect();
    let entry = |at: usize| &runtimes[at].device.as_ref().unwrap()[0];
    assert!((1..4).all(|at| entry(0).same(entry(at))));
    assert_eq!(runtimes[0].host, runtimes[2].host);
    assert!(runtimes[0].same(runtimes[2]), "machines of one host share their runtime");
    let state = shown(&world, &lab.vms[0]);
    assert_eq!(state.vm_direct_path_gen2_active, Some(false));
    assert_eq!(state.vm_direct_path_gen2_inactive_reason_vm.unwrap(), ["vmNptInsufficientMemoryReservation"]);
    assert_eq!((state.vm_direct_path_gen2_inactive_reason_other, state.uptv2_active), (None, None));
}

#[test]
fn a_ready_machine_passes_through_and_holds_a_function_as_long_as_it_does() {
    let (inventory, lab) = world();
    let (host, vm, _) = neighbours(&inventory, &lab);
    commit(&inventory, |tx| reserve(tx, &vm, true));
    assert!(is_active(&inventory, &vm));
    let state = shown(&inventory.snapshot(), &vm);
    assert_eq!(state.vm_direct_path_gen2_active, Some(true));
    assert_eq!(
        (state.vm_direct_path_gen2_inactive_reason_vm, state.vm_direct_path_gen2_inactive_reason_other),
        (None, None)
    );
    let status = port(&inventory, &vm);
    assert_eq!(status.vm_direct_path_gen2_active, Some(true));
    assert_eq!(status.vm_direct_path_gen2_inactive_reason_other, None);
    let free = |inventory: &Inventory| {
        let world = inventory.snapshot();
        let pools = world.private::<Pools>(&host.id).unwrap();
        (pools.free_functions(&"vmnic1".into()), pools.free_vectors())
    };
    assert_eq!(free(&inventory), (7, 3072 - 3));
    commit(&inventory, |tx| power(tx, &vm, false));
    assert!(!is_active(&inventory, &vm));
    assert_eq!(free(&inventory), (8, 3072));
}

/// Makes the machine pass through, breaks one thing, expects these reasons, repairs it, expects it to pass through.
fn raised(
    raise: impl FnOnce(&mut Tx<'_>, &MoRef, &MoRef),
    clear: impl FnOnce(&mut Tx<'_>, &MoRef, &MoRef),
) -> (Vec<&'static str>, Vec<&'static str>, DVPortStatus) {
    let (inventory, lab) = world();
    let (host, vm, _) = neighbours(&inventory, &lab);
    commit(&inventory, |tx| reserve(tx, &vm, true));
    assert!(is_active(&inventory, &vm));
    commit(&inventory, |tx| raise(tx, &vm, &host));
    assert!(!is_active(&inventory, &vm));
    let (said, status) = (said(&inventory, &vm), port(&inventory, &vm));
    commit(&inventory, |tx| clear(tx, &vm, &host));
    assert!(is_active(&inventory, &vm));
    (names(said.gen2.vm), names(said.gen2.other), status)
}

#[track_caller]
fn is_of_machine(reason: VmReason, (vm, other, port): (Vec<&'static str>, Vec<&'static str>, DVPortStatus)) {
    assert_eq!((vm, other), (vec![reason.name()], vec![]));
    assert_eq!(port.vm_direct_path_gen2_inactive_reason_other.unwrap(), [PortOther::IncompatibleConnectee.name()]);
    assert_eq!(port.vm_direct_path_gen2_inactive_reason_network, None);
}

#[track_caller]
fn is_of_port(reason: PortReason, (vm, other, port): (Vec<&'static str>, Vec<&'static str>, DVPortStatus)) {
    assert_eq!((vm, other), (vec![], vec![OtherReason::IncompatibleNetwork.name()]));
    assert_eq!(port.vm_direct_path_gen2_inactive_reason_network.unwrap(), [reason.name()]);
    assert_eq!(port.vm_direct_path_gen2_inactive_reason_other, None);
}

#[test]
fn the_machine_itself_is_followed() {
    let disconnected = raised(|tx, vm, _| connect(tx, vm, false), |tx, vm, _| connect(tx, vm, true));
    is_of_machine(VmReason::DisabledOrDisconnectedAdapter, disconnected);
    let unreserved = raised(|tx, vm, _| reserve(tx, vm, false), |tx, vm, _| reserve(tx, vm, true));
    is_of_machine(VmReason::InsufficientMemoryReservation, unreserved);
    let nested = |tx: &mut Tx<'_>, vm: &MoRef, yes| config(tx, vm).nested_hv_enabled = Some(yes);
    let blocked = raised(|tx, vm, _| nested(tx, vm, true), |tx, vm, _| nested(tx, vm, false));
    is_of_machine(VmReason::MonitorBlocks, blocked);
    for (key, value, reason) in [
        ("lab.guest.vmxnet3.driver", "none", VmReason::IncompatibleGuestDriver),
        ("ethernet0.filter4.name", "dvfilter-maclearn", VmReason::ConflictingIoChainConfigured),
        ("ethernet0.lab.intrMode", "intx", VmReason::IncompatibleAdapterFeatures),
        ("ethernet0.lab.bootPhase", "pxe", VmReason::IncompatibleAdapterFeatures),
    ] {
        let broken = raised(|tx, vm, _| extra(tx, vm, key, value), |tx, vm, _| extra(tx, vm, key, ""));
        is_of_machine(reason, broken);
    }
}

#[test]
fn what_is_under_way_and_vmci_are_followed() {
    for operation in [
        Operation::Suspend,
        Operation::Snapshot { memory: true },
        Operation::Revert,
        Operation::Migrate,
        Operation::Reconfigure { adapters: true },
    ] {
        let busy = |tx: &mut Tx<'_>, vm: &MoRef| {
            tx.set_private(&vm.id, UnderWay { task: MoRef::new("Task", "task-1"), operation });
        };
        let idle = |tx: &mut Tx<'_>, vm: &MoRef| {
            tx.clear_private::<UnderWay>(&vm.id);
        };
        let seen = raised(|tx, vm, _| busy(tx, vm), |tx, vm, _| idle(tx, vm));
        is_of_machine(VmReason::ConflictingOperationInProgress, seen);
    }
    let used = raised(
        |tx, vm, _| {
            tx.set_private(&vm.id, VmciInUse);
        },
        |tx, vm, _| {
            tx.clear_private::<VmciInUse>(&vm.id);
        },
    );
    is_of_machine(VmReason::VmciActive, used);
}

#[test]
fn operations_that_leave_the_adapters_alone_change_nothing() {
    let (inventory, lab) = world();
    let vm = &lab.vms[0];
    commit(&inventory, |tx| reserve(tx, vm, true));
    for operation in
        [Operation::Snapshot { memory: false }, Operation::Reconfigure { adapters: false }, Operation::Other]
    {
        commit(&inventory, |tx| {
            tx.set_private(&vm.id, UnderWay { task: MoRef::new("Task", "task-1"), operation });
        });
        assert!(is_active(&inventory, vm), "{operation:?}");
    }
}

#[test]
fn the_host_and_its_physical_adapters_are_followed() {
    let failing = raised(
        |tx, _, host| option(tx, host, "Lab.Npt.FailActivation", Any::Str("no BAR".into())),
        |tx, _, host| option(tx, host, "Lab.Npt.FailActivation", Any::Str("".into())),
    );
    assert_eq!(failing.2.vm_direct_path_gen2_inactive_reason_extended.as_deref(), Some("no BAR"));
    is_of_machine(VmReason::RuntimeError, failing);
    let vectors =
        |count: i64| move |tx: &mut Tx<'_>, _: &MoRef, host: &MoRef| option(tx, host, "Lab.IntrVectors.Total", count);
    is_of_machine(VmReason::OutOfIntrVector, raised(vectors(2), vectors(3)));
    let left = |first, second| move |tx: &mut Tx<'_>, _: &MoRef, host: &MoRef| functions(tx, host, first, second);
    is_of_port(PortReason::NoVirtualFunctionsAvailable, raised(left(0, 0), left(0, 1)));
    let mode = |mode: &'static str| {
        move |tx: &mut Tx<'_>, _: &MoRef, host: &MoRef| {
            option(tx, host, "Lab.Pnic.vmnic1.NptMode", Any::Str(mode.into()));
            option(tx, host, "Lab.Pnic.vmnic2.NptMode", Any::Str(mode.into()));
        }
    };
    is_of_port(PortReason::NoCompatibleNics, raised(mode("none"), mode("upt")));
    for (key, reason) in [("Lab.Iommu", HostReason::IncompatibleHardware), ("Lab.Npt.Enabled", HostReason::Disabled)] {
        let set = |yes: bool| move |tx: &mut Tx<'_>, _: &MoRef, host: &MoRef| option(tx, host, key, yes);
        let (vm, other, port) = raised(set(false), set(true));
        assert_eq!((vm, other), (vec![], vec![OtherReason::IncompatibleHost.name()]), "{}", reason.name());
        assert_eq!(port.vm_direct_path_gen2_inactive_reason_other.unwrap(), [PortOther::IncompatibleHost.name()]);
    }
}

#[test]
fn port_group_and_switch_are_followed() {
    let allow = |yes: bool| {
        move |tx: &mut Tx<'_>, _: &MoRef, _: &MoRef| {
            let group = group(tx.before());
            let config = &mut tx.edit::<DistributedVirtualPortgroup>(&group).unwrap().config;
            let policy = BoolPolicy { value: Some(yes), ..Default::default() };
            config.default_port_config.as_mut().unwrap().vm_direct_path_gen2_allowed = Some(policy.into());
        }
    };
    is_of_port(PortReason::DisabledForPort, raised(allow(false), allow(true)));
    let feature = |yes: bool| {
        move |tx: &mut Tx<'_>, _: &MoRef, _: &MoRef| {
            let switch = common::of_kind(tx.before(), "VmwareDistributedVirtualSwitch")[0].moref.clone();
            let capability = &mut tx.edit::<VmwareDistributedVirtualSwitch>(&switch).unwrap().capability;
            capability.features_supported.as_mut().unwrap().vm_direct_path_gen2_supported = Some(yes);
        }
    };
    is_of_port(PortReason::IncompatibleDvs, raised(feature(false), feature(true)));
}

#[test]
fn a_port_of_its_own_setting_is_followed_alone() {
    let (inventory, lab) = world();
    let (_, vm, other) = neighbours(&inventory, &lab);
    commit(&inventory, |tx| [&vm, &other].into_iter().for_each(|vm| reserve(tx, vm, true)));
    let place = place(&inventory.snapshot(), &vm);
    for allowed in [false, true] {
        commit(&inventory, |tx| {
            let policy = BoolPolicy { value: Some(allowed), ..Default::default() };
            let setting = DVPortSetting { vm_direct_path_gen2_allowed: Some(policy.into()), ..Default::default() };
            let own = ports::Own { setting: Some(setting.into()), ..Default::default() };
            ports::configure(tx, &place, Some(own));
        });
        assert_eq!((is_active(&inventory, &vm), is_active(&inventory, &other)), (allowed, true));
    }
}

#[test]
fn a_mirrored_port_is_followed_alone() {
    let (inventory, lab) = world();
    let (_, vm, other) = neighbours(&inventory, &lab);
    commit(&inventory, |tx| [&vm, &other].into_iter().for_each(|vm| reserve(tx, vm, true)));
    let key = place(&inventory.snapshot(), &other).key.to_string();
    for enabled in [true, false] {
        let source = VMwareVspanPort { port_key: Some(vec![key.as_str().into()]), ..Default::default() };
        mirror(&inventory, enabled, source);
        assert_eq!((is_active(&inventory, &vm), is_active(&inventory, &other)), (true, !enabled));
    }
}

#[test]
fn a_session_that_mirrors_whatever_machines_are_connected_to_concerns_all_of_them() {
    let (inventory, lab) = world();
    commit(&inventory, |tx| lab.vms.iter().for_each(|vm| reserve(tx, vm, true)));
    for (kind, active) in [("hostVmkVnic", true), ("vmVnic", false)] {
        let wildcard = Some(vec![kind.into()]);
        mirror(&inventory, true, VMwareVspanPort { wildcard_port_connectee_type: wildcard, ..Default::default() });
        assert!(lab.vms.iter().all(|vm| is_active(&inventory, vm) == active), "{kind}");
    }
}

/// Gives the switch one session.
fn mirror(inventory: &Inventory, enabled: bool, source: VMwareVspanPort) {
    commit(inventory, |tx| {
        let switch = common::of_kind(tx.before(), "VmwareDistributedVirtualSwitch")[0].moref.clone();
        let session = VMwareVspanSession { enabled, source_port_received: Some(source.into()), ..Default::default() };
        let config = &mut tx.edit::<VmwareDistributedVirtualSwitch>(&switch).unwrap().config;
        config.cast_mut::<VMwareDVSConfigInfo>().unwrap().vspan_session = Some(vec![session.into()]);
    });
}

#[test]
fn who_comes_first_is_served_first_and_the_next_one_follows_in_the_same_commit() {
    let (inventory, lab) = world();
    let (host, first, second) = neighbours(&inventory, &lab);
    commit(&inventory, |tx| functions(tx, &host, 1, 0));
    commit(&inventory, |tx| reserve(tx, &first, true));
    commit(&inventory, |tx| reserve(tx, &second, true));
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (true, false));
    let port = port(&inventory, &second);
    let network = port.vm_direct_path_gen2_inactive_reason_network.unwrap();
    assert_eq!(network, [PortReason::NoVirtualFunctionsAvailable.name()]);
    let before = inventory.snapshot().revision();
    commit(&inventory, |tx| power(tx, &first, false));
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (false, true));
    assert_eq!(inventory.snapshot().revision().number(), before.number() + 1);
    commit(&inventory, |tx| power(tx, &first, true));
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (false, true));
    commit(&inventory, |tx| functions(tx, &host, 1, 1));
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (true, true));
}

#[test]
fn a_machine_on_another_host_takes_from_there_and_leaves_what_it_had() {
    let (inventory, lab) = world();
    let (host, first, second) = neighbours(&inventory, &lab);
    let target = lab.hosts.iter().find(|h| **h != host).unwrap();
    commit(&inventory, |tx| {
        functions(tx, &host, 1, 0);
        functions(tx, target, 0, 0);
        [&first, &second].into_iter().for_each(|vm| reserve(tx, vm, true));
    });
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (true, false));
    commit(&inventory, |tx| {
        tx.edit::<VirtualMachine>(&first).unwrap().runtime.host = Some(target.clone());
        tx.edit::<HostSystem>(&host).unwrap().vm.as_mut().unwrap().retain(|vm| *vm != first);
        tx.edit::<HostSystem>(target).unwrap().vm.as_mut().unwrap().push(first.clone());
    });
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (false, true));
    commit(&inventory, |tx| functions(tx, target, 0, 3));
    assert_eq!((is_active(&inventory, &first), is_active(&inventory, &second)), (true, true));
}

#[test]
fn a_machine_that_is_gone_holds_nothing() {
    let (inventory, lab) = world();
    let (host, first, second) = neighbours(&inventory, &lab);
    commit(&inventory, |tx| {
        functions(tx, &host, 1, 0);
        [&first, &second].into_iter().for_each(|vm| reserve(tx, vm, true));
    });
    commit(&inventory, |tx| {
        tx.edit::<HostSystem>(&host).unwrap().vm.as_mut().unwrap().retain(|vm| *vm != first);
        tx.remove(&first);
    });
    assert!(is_active(&inventory, &second));
}

#[test]
fn a_machine_without_adapters_says_nothing() {
    let (inventory, lab) = world();
    commit(&inventory, |tx| {
        let devices = config(tx, &lab.vms[0]).hardware.device.as_mut().unwrap();
        devices.retain(|device| device.key != KEY);
    });
    let world = inventory.snapshot();
    assert_eq!(world.get::<VirtualMachine>(&lab.vms[0]).unwrap().runtime.device, None);
    assert_eq!(world.private::<Passthrough>(&lab.vms[0].id), None);
}

#[test]
fn uplinks_cannot_pass_through_and_old_software_says_nothing_of_ports() {
    let (inventory, lab) = world();
    let mut status = DVPortStatus::default();
    let uplink = Connectee::PhysicalNic { host: lab.hosts[0].clone(), device: "vmnic1".into() };
    show_port(&inventory.snapshot(), &uplink, &mut status);
    assert_eq!(status.vm_direct_path_gen2_active, Some(false));
    assert_eq!(status.vm_direct_path_gen2_inactive_reason_other.unwrap(), [PortOther::IncompatibleConnectee.name()]);
    assert_eq!(status.vm_direct_path_gen2_inactive_reason_network, None);
    let (inventory, lab) = common::world(&Settings::vcenter());
    let adapter = Connectee::Adapter { vm: lab.vms[0].clone(), key: KEY };
    for connectee in [adapter, Connectee::PhysicalNic { host: lab.hosts[0].clone(), device: "vmnic1".into() }] {
        let mut status = DVPortStatus::default();
        show_port(&inventory.snapshot(), &connectee, &mut status);
        assert_eq!(status, DVPortStatus::default());
    }
}

static TOLD: Mutex<Vec<Transition>> = Mutex::new(Vec::new());

fn listen(_: &mut Tx<'_>, transitions: &[Transition]) {
    TOLD.lock().unwrap().extend_from_slice(transitions);
}

#[test]
fn every_change_is_told_once_and_the_beginning_of_a_world_is_not() {
    let told = || std::mem::take(&mut *TOLD.lock().unwrap());
    let (inventory, lab) = world_with(DirectPath::telling(listen));
    assert_eq!(told(), []);
    let vm = &lab.vms[0];
    let inactive = said(&inventory, vm);
    commit(&inventory, |tx| reserve(tx, vm, true));
    let active = said(&inventory, vm);
    let transition = Transition { vm: vm.clone(), key: KEY, before: Some(inactive), after: Some(active.clone()) };
    assert_eq!(told(), [transition]);
    commit(&inventory, |tx| config(tx, vm).annotation = Some("unrelated".into()));
    commit(&inventory, |tx| tx.edit::<VirtualMachine>(vm).unwrap().runtime.num_mks_connections = 1);
    assert_eq!(told(), []);
    commit(&inventory, |tx| {
        let devices = config(tx, vm).hardware.device.as_mut().unwrap();
        devices.retain(|device| device.key != KEY);
    });
    assert_eq!(told(), [Transition { vm: vm.clone(), key: KEY, before: Some(active), after: None }]);
}
