use vim25::{
    MoRef, Obj, args, mo,
    types::{
        HostConnectSpec, HostSystemConnectionState, TaskInfo, TaskInfoState, VirtualMachineConnectionState,
        VirtualMachinePowerState,
    },
};

use crate::{
    fault::Fault,
    testing::{World, moref, refused},
};

fn host() -> MoRef {
    moref("HostSystem", "host-10")
}

fn enter_within(world: &World, timeout: i32) -> MoRef {
    let args = args::EnterMaintenanceMode_Task { timeout, evacuate_powered_off_vms: None, maintenance_spec: None };
    world.call(&host(), args).unwrap()
}

fn exit(world: &World) -> Obj<TaskInfo> {
    world.finish(&world.call(&host(), args::ExitMaintenanceMode_Task { timeout: 0 }).unwrap())
}

fn power(world: &World, vm: &str, state: VirtualMachinePowerState) {
    world.commit(|tx| tx.edit::<mo::VirtualMachine>(&moref("VirtualMachine", vm)).unwrap().runtime.power_state = state);
}

/// The test world with the machines of the host in this state.
fn world(state: VirtualMachinePowerState) -> World {
    let world = World::new();
    for vm in ["vm-20", "vm-22"] {
        power(&world, vm, state.clone());
    }
    world
}

fn in_maintenance(world: &World) -> bool {
    world.get::<mo::HostSystem>(&host()).runtime.in_maintenance_mode
}

fn open(world: &World) -> Result<(), Fault> {
    world.commit(|tx| super::check_open(tx, &host()))
}

fn fault_of(task: &TaskInfo) -> &'static str {
    task.error.as_ref().expect("the task failed").fault.shared().descriptor().name
}

/// Whether the task's work has begun and waits for machines.
fn waits(world: &World, task: &MoRef) -> bool {
    let info = world.get::<mo::Task>(task).info;
    info.state == TaskInfoState::Running && info.cancelable
}

#[test]
fn an_idle_host_enters_and_leaves_maintenance_mode() {
    let world = world(VirtualMachinePowerState::PoweredOff);
    let entered = world.finish(&enter_within(&world, 0));
    assert_eq!(entered.state, TaskInfoState::Success);
    assert!(in_maintenance(&world) && refused(open(&world)).0 == "InvalidHostState");
    assert_eq!(fault_of(&world.finish(&enter_within(&world, 0))), "InvalidHostState", "it is there already");
    assert_eq!(exit(&world).state, TaskInfoState::Success);
    assert!(!in_maintenance(&world) && open(&world).is_ok());
    assert_eq!(fault_of(&exit(&world)), "InvalidHostState");
    let told = world.event_names();
    for event in ["EnteringMaintenanceModeEvent", "EnteredMaintenanceModeEvent", "ExitMaintenanceModeEvent"] {
        assert_eq!(told.iter().filter(|name| **name == event).count(), 1, "{event}");
    }
}

#[test]
fn a_host_waits_for_its_machines_and_none_starts_meanwhile() {
    let world = world(VirtualMachinePowerState::PoweredOn);
    let task = enter_within(&world, 0);
    power(&world, "vm-20", VirtualMachinePowerState::PoweredOff);
    world.settle(|| waits(&world, &task));
    assert!(!in_maintenance(&world));
    assert_eq!(refused(open(&world)).0, "InvalidHostState");
    power(&world, "vm-22", VirtualMachinePowerState::Suspended);
    assert_eq!(world.finish(&task).state, TaskInfoState::Success);
    assert!(in_maintenance(&world));
}

#[test]
fn waiting_ends_with_its_timeout_or_when_it_is_cancelled() {
    let world = world(VirtualMachinePowerState::PoweredOn);
    assert_eq!(fault_of(&world.finish(&enter_within(&world, 1))), "Timedout");
    assert!(open(&world).is_ok(), "machines can start again");
    let task = enter_within(&world, 0);
    world.settle(|| waits(&world, &task));
    world.call(&task, args::CancelTask {}).unwrap();
    assert_eq!(fault_of(&world.finish(&task)), "RequestCanceled");
    world.settle(|| open(&world).is_ok());
    assert!(!in_maintenance(&world));
}

#[test]
fn a_disconnected_host_takes_its_machines_along_and_comes_back() {
    let world = world(VirtualMachinePowerState::PoweredOn);
    let disconnect = || world.finish(&world.call(&host(), args::DisconnectHost_Task {}).unwrap());
    let reconnect = |name: Option<&str>| {
        let spec = HostConnectSpec { host_name: name.map(Into::into), ..Default::default() };
        let args = args::ReconnectHost_Task { cnx_spec: Some(spec.into()), reconnect_spec: None };
        world.finish(&world.call(&host(), args).unwrap())
    };
    assert_eq!(disconnect().state, TaskInfoState::Success);
    let vm: mo::VirtualMachine = world.get(&moref("VirtualMachine", "vm-20"));
    assert_eq!(vm.runtime.connection_state, VirtualMachineConnectionState::Disconnected);
    assert_eq!(refused(open(&world)).0, "HostNotConnected");
    assert_eq!(fault_of(&disconnect()), "InvalidHostState");
    assert_eq!(fault_of(&world.finish(&enter_within(&world, 0))), "HostNotConnected");
    assert_eq!(fault_of(&reconnect(Some("another"))), "InvalidName");
    assert_eq!(reconnect(None).state, TaskInfoState::Success);
    let state = world.get::<mo::HostSystem>(&host()).runtime.connection_state.clone();
    assert_eq!(state, HostSystemConnectionState::Connected);
    assert_eq!(fault_of(&reconnect(None)), "InvalidHostState");
    let told = world.event_names();
    assert!(told.contains(&"HostDisconnectedEvent") && told.contains(&"HostConnectedEvent"));
}
