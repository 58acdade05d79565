"""Power: every state, every wrong state, and what the runtime says."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import all_of, done, one


def test_power_on_starts_the_clock_and_power_off_ends_it(si, vm):
    before = si.CurrentTime()
    done(vm.PowerOnVM_Task())
    assert vm.runtime.powerState == vm.summary.runtime.powerState == "poweredOn"
    assert vm.runtime.bootTime >= before.replace(microsecond=0)
    assert vm.summary.quickStats.uptimeSeconds >= 0
    done(vm.PowerOffVM_Task())
    assert vm.runtime.powerState == "poweredOff" and vm.runtime.bootTime is None


def test_power_on_chooses_a_host_of_the_cluster_that_lists_the_vm(vm):
    done(vm.PowerOnVM_Task())
    assert vm in vm.runtime.host.vm
    assert vm.runtime.host in vm.resourcePool.owner.host


def test_suspend_keeps_the_vm_and_power_on_resumes_it(vm):
    done(vm.PowerOnVM_Task())
    done(vm.SuspendVM_Task())
    assert vm.runtime.powerState == "suspended" and vm.runtime.suspendTime is not None
    done(vm.PowerOnVM_Task())
    assert vm.runtime.powerState == "poweredOn"


def test_reset_leaves_it_on(vm):
    done(vm.PowerOnVM_Task())
    done(vm.ResetVM_Task())
    assert vm.runtime.powerState == "poweredOn"


def test_a_suspended_vm_can_be_powered_off(vm):
    done(vm.PowerOnVM_Task())
    done(vm.SuspendVM_Task())
    done(vm.PowerOffVM_Task())
    assert vm.runtime.powerState == "poweredOff"


@pytest.mark.parametrize(
    "state,method,wanted",
    [
        ("poweredOff", "PowerOffVM_Task", None),
        ("poweredOff", "SuspendVM_Task", None),
        ("poweredOff", "ResetVM_Task", None),
        ("poweredOn", "PowerOnVM_Task", None),
        ("poweredOn", "Destroy_Task", "poweredOff"),
        ("poweredOn", "UnregisterVM", "poweredOff"),
        ("suspended", "SuspendVM_Task", None),
        ("suspended", "ResetVM_Task", None),
    ],
)
def test_an_operation_in_the_wrong_state_is_refused_and_changes_nothing(vm, state, method, wanted):
    if state != "poweredOff":
        done(vm.PowerOnVM_Task())
    if state == "suspended":
        done(vm.SuspendVM_Task())
    with pytest.raises(vim.fault.InvalidPowerState) as refused:
        answer = getattr(vm, method)()
        done(answer)
    assert refused.value.existingState == state
    assert refused.value.requestedState in ("poweredOn", "poweredOff", "suspended")
    assert wanted is None or refused.value.requestedState == wanted
    assert vm.runtime.powerState == state


def test_an_unregistered_vm_is_gone_from_the_inventory_but_its_files_stay(si, make_vm, name):
    vm = make_vm()
    datastore, path = vm.datastore[0], vm.config.files.vmPathName
    free = datastore.summary.freeSpace
    assert vm.UnregisterVM() is None
    assert name not in all_of(si, vim.VirtualMachine)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        vm.name
    assert datastore.summary.freeSpace == free
    assert path.startswith("[LocalDS_0]")


def test_a_destroyed_vm_is_gone_everywhere(si, make_vm, name):
    vm = make_vm()
    host, pool, datastore, folder = vm.runtime.host, vm.resourcePool, vm.datastore[0], vm.parent
    done(vm.Destroy_Task())
    for listing in (host.vm, pool.vm, datastore.vm, folder.childEntity):
        assert vm not in listing
    with pytest.raises(vmodl.fault.ManagedObjectNotFound) as refused:
        vm.runtime
    assert refused.value.obj == vm


def test_a_datacenter_powers_on_many_at_once(si, make_vm):
    [datacenter] = si.content.rootFolder.childEntity
    vms = [make_vm(" a"), make_vm(" b")]
    result = done(datacenter.PowerOnMultiVM_Task(vms))
    assert {attempt.vm for attempt in result.attempted} == set(vms)
    assert not result.notAttempted
    for attempt in result.attempted:
        done(attempt.task)
    assert {vm.runtime.powerState for vm in vms} == {"poweredOn"}


def test_cancelling_a_power_operation_either_refuses_or_holds(vm):
    task = vm.PowerOnVM_Task()
    try:
        task.CancelTask()
        cancelled = True
    except (vim.fault.InvalidState, vmodl.fault.NotSupported):
        cancelled = False
    try:
        done(task)
        finished = True
    except vmodl.fault.RequestCanceled:
        finished = False
    state = vm.runtime.powerState
    assert state == ("poweredOn" if finished else "poweredOff")
    assert cancelled or finished
    assert task.info.state == ("success" if finished else "error")
    assert vm.runtime.powerState == state


def test_a_guest_comes_back_with_its_name_and_address_after_a_power_cycle(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM1")
    before = (vm.guest.hostName, vm.guest.ipAddress, vm.guest.toolsRunningStatus)
    assert before[1] and before[2] == "guestToolsRunning"
    done(vm.PowerOffVM_Task())
    assert (vm.guest.ipAddress, vm.guest.toolsRunningStatus) == (None, "guestToolsNotRunning")
    done(vm.PowerOnVM_Task())
    assert (vm.guest.hostName, vm.guest.ipAddress, vm.guest.toolsRunningStatus) == before
    assert vm.summary.guest.ipAddress == before[1]
