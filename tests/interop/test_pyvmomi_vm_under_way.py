"""Operations that take a while: what clients see between their beginning and their end, and how they are cancelled."""

import time

import pytest
from pyVmomi import vim, vmodl

from vsphere import create_vm, done, new_vmxnet3

SLOW = "2000"
METHODS = ("PowerOnVM_Task", "PowerOffVM_Task", "SuspendVM_Task", "ReconfigVM_Task", "Destroy_Task")


@pytest.fixture
def slow(fresh_server):
    """A session with a server on which operations of virtual machines take two seconds."""
    return fresh_server("--task-delay", ",".join(f"{method}:{SLOW}" for method in METHODS)).connect()


def events_of(si, vm):
    by_vm = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
    events = si.content.eventManager.QueryEvents(vim.event.EventFilterSpec(entity=by_vm))
    return [type(event).__name__.rpartition(".")[2] for event in events]


def running(task):
    """The info of a task that has begun."""
    while task.info.state == "queued":
        time.sleep(0.01)
    return task.info


def test_a_start_is_told_at_once_and_happens_later(slow, name):
    vm = create_vm(slow, name)
    task = vm.PowerOnVM_Task()
    info = running(task)
    assert (info.state, info.cancelable) == ("running", True)
    assert events_of(slow, vm)[-1] == "VmStartingEvent"
    assert vm.runtime.powerState == "poweredOff"
    done(task)
    assert vm.runtime.powerState == "poweredOn" and task.info.cancelable is False
    assert "VmPoweredOnEvent" in events_of(slow, vm)
    took = (task.info.completeTime - task.info.startTime).total_seconds()
    assert 1.9 <= took < 10


def test_nobody_else_works_on_a_machine_meanwhile(slow, name):
    vm = create_vm(slow, name)
    first = vm.PowerOnVM_Task()
    running(first)
    for second in (vm.PowerOnVM_Task, vm.PowerOffVM_Task, vm.Destroy_Task):
        with pytest.raises(vim.fault.TaskInProgress) as refused:
            done(second())
        assert refused.value.task == first
    for at_once in (vm.UnregisterVM, vm.MarkAsTemplate):
        with pytest.raises(vim.fault.TaskInProgress):
            at_once()
    done(first)
    done(vm.PowerOffVM_Task())


def test_a_cancelled_operation_changes_nothing_and_frees_the_machine_at_once(slow, name):
    vm = create_vm(slow, name)
    first = vm.PowerOnVM_Task()
    running(first)
    first.CancelTask()
    assert (first.info.state, first.info.cancelled) == ("error", True)
    assert isinstance(first.info.error, vmodl.fault.RequestCanceled)
    second = vm.PowerOnVM_Task()
    assert running(second).state == "running"
    done(second)
    assert vm.runtime.powerState == "poweredOn"
    assert first.info.state == "error"


def test_a_cancelled_removal_leaves_the_machine(slow, name):
    vm = create_vm(slow, name)
    task = vm.Destroy_Task()
    running(task)
    task.CancelTask()
    time.sleep(2.5)
    assert vm.name == name
    done(vm.Destroy_Task())
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        vm.name


def test_a_bad_request_is_refused_before_any_time_passes(slow, name):
    vm = create_vm(slow, name)
    before = time.monotonic()
    with pytest.raises(vim.fault.InvalidPowerState):
        done(vm.SuspendVM_Task())
    with pytest.raises(vmodl.fault.InvalidArgument):
        done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=-1)))
    assert time.monotonic() - before < 1.5


def test_what_has_become_impossible_meanwhile_fails_and_frees_the_machine(slow, name):
    vm = create_vm(slow, name + "-a")
    task = vm.ReconfigVM_Task(vim.vm.ConfigSpec(name=name))
    running(task)
    create_vm(slow, name)
    with pytest.raises(vim.fault.DuplicateName):
        done(task)
    assert vm.name == name + "-a"
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[new_vmxnet3()])))
