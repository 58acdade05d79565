use vim25::mo::VirtualMachine;

use super::*;
use crate::vm::{
    derive,
    power::{self, PowerOn},
    testing::{host, now},
    tests::default_vm::made,
};

const OFF: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOff;
const ON: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOn;

fn start(vm: &mut VirtualMachine) -> Result<(), Fault> {
    power::on(vm, &PowerOn { now: now().plus_seconds(60), host: &host(), cid_taken: &|_| false })
}

fn settled(mut vm: VirtualMachine) -> VirtualMachine {
    let this = vm.summary.vm.clone().unwrap();
    derive::refresh(&mut vm, &this, &World::default());
    vm
}

fn states(fault: Fault) -> (Option<VirtualMachinePowerState>, VirtualMachinePowerState) {
    let fault = fault.fault.cast::<InvalidPowerState>().unwrap();
    (fault.requested_state.clone(), fault.existing_state.clone())
}

#[test]
fn a_started_vm_runs_on_its_host_with_its_devices_connected() {
    let mut vm = made(1, false);
    start(&mut vm).unwrap();
    assert_eq!((vm.runtime.power_state.clone(), vm.runtime.boot_time), (ON, Some(now().plus_seconds(60))));
    assert_eq!((vm.runtime.max_cpu_usage, vm.runtime.max_memory_usage), (Some(2000), Some(32)));
    let devices = vm.config.as_ref().unwrap().hardware.device.clone().unwrap();
    let connected = |key| by_key(&devices, key).connectable.as_ref().unwrap().connected;
    assert_eq!((connected(4000), connected(3000)), (true, false), "a drive that is not to start connected does not");
    assert_eq!(vm.guest.as_ref().unwrap().tools_running_status.as_deref(), Some("guestToolsNotRunning"));
}

#[test]
fn stopping_disconnects_and_keeps_the_vmci_id_and_slots() {
    let on = made(1, true);
    let mut vm = on.clone();
    power::off(&mut vm).unwrap();
    assert_eq!(
        (vm.runtime.power_state.clone(), vm.runtime.boot_time, vm.runtime.clean_power_off),
        (OFF, None, Some(true))
    );
    let devices = |vm: &VirtualMachine| vm.config.as_ref().unwrap().hardware.device.clone().unwrap();
    assert_eq!(by_key(&devices(&vm), 12000), by_key(&devices(&on), 12000));
    assert_eq!(by_key(&devices(&vm), 4000).slot_info, by_key(&devices(&on), 4000).slot_info);
    assert!(!by_key(&devices(&vm), 4000).connectable.as_ref().unwrap().connected);
    start(&mut vm).unwrap();
    assert_eq!(by_key(&devices(&vm), 12000), by_key(&devices(&on), 12000));
}

#[test]
fn an_operation_in_the_wrong_state_names_both_states() {
    let (mut off, mut on) = (made(1, false), made(1, true));
    assert_eq!(states(start(&mut on).unwrap_err()), (Some(ON), ON));
    assert_eq!(states(power::off(&mut off).unwrap_err()), (Some(OFF), OFF));
    assert_eq!(states(power::reset(&mut off, now()).unwrap_err()), (Some(ON), OFF));
    let suspended = Some(VirtualMachinePowerState::Suspended);
    assert_eq!(states(power::suspend(&mut off, now()).unwrap_err()), (suspended, OFF));
}

#[test]
fn a_suspended_vm_has_a_suspend_file_and_can_be_resumed_or_stopped() {
    let mut vm = made(1, true);
    power::suspend(&mut vm, now()).unwrap();
    let vm = settled(vm);
    assert_eq!(vm.runtime.suspend_time, Some(now()));
    let types: Vec<_> = vm.layout_ex.iter().flat_map(|l| l.file.iter().flatten()).map(|f| f.type_.clone()).collect();
    assert_eq!(types, ["config", "nvram", "log", "suspend", "diskDescriptor", "diskExtent"]);
    let (mut resumed, mut stopped) = (vm.clone(), vm);
    start(&mut resumed).unwrap();
    power::off(&mut stopped).unwrap();
    assert_eq!((resumed.runtime.suspend_time, stopped.runtime.suspend_time), (None, None));
}

#[test]
fn a_taken_context_id_is_not_used_twice() {
    let id = |vm: &VirtualMachine| {
        let devices = vm.config.as_ref().unwrap().hardware.device.clone().unwrap();
        by_key(&devices, 12000).cast::<VirtualMachineVMCIDevice>().unwrap().id.unwrap()
    };
    let mut vm = made(1, false);
    let wanted = power::first_choice(&vm.config.as_ref().unwrap().uuid).unwrap();
    power::on(&mut vm, &PowerOn { now: now(), host: &host(), cid_taken: &|id| id == wanted }).unwrap();
    assert_eq!(id(&vm), i64::from(power::pick(wanted.wrapping_add(1), &|_| false)));
}

#[test]
fn a_template_does_not_start() {
    let mut vm = made(1, false);
    vm.config.as_mut().unwrap().template = true;
    assert_eq!(start(&mut vm).unwrap_err().name(), "NotSupported");
}

#[test]
fn what_cannot_be_called_depends_on_the_state() {
    let disabled = |vm: &VirtualMachine| vm.common.disabled_method.clone().unwrap();
    assert!(disabled(&made(1, true)).contains(&"PowerOnVM_Task".into()));
    let off = disabled(&made(1, false));
    assert!(off.contains(&"PowerOffVM_Task".into()) && !off.contains(&"PowerOnVM_Task".into()));
    let mut vm = made(1, true);
    power::suspend(&mut vm, now()).unwrap();
    let suspended = disabled(&settled(vm));
    assert!(suspended.contains(&"Destroy_Task".into()) && !suspended.contains(&"PowerOffVM_Task".into()));
}

#[test]
fn refreshing_twice_changes_nothing() {
    for vm in [made(1, true), made(2, false)] {
        let again = settled(vm.clone());
        assert_eq!(again, vm);
        assert!(again.summary.same(&vm.summary) && again.layout_ex.unwrap().same(vm.layout_ex.as_ref().unwrap()));
    }
}

#[test]
fn files_keep_their_keys_when_others_come_and_go() {
    let on = made(1, true);
    let mut vm = on.clone();
    power::off(&mut vm).unwrap();
    let vm = settled(vm);
    let files = |vm: &VirtualMachine| {
        let all = vm.layout_ex.as_ref().unwrap().file.clone().unwrap();
        all.iter().map(|f| (f.name.clone(), f.key)).collect::<std::collections::HashMap<_, _>>()
    };
    let (before, after) = (files(&on), files(&vm));
    assert_eq!(before.len(), after.len() + 1, "the swap file is gone");
    assert!(after.iter().all(|(name, key)| before[name] == *key));
}
