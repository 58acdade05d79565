"""Tasks: what they say, who sees them, and what becomes of them."""

import datetime

import pytest
from pyVmomi import vim, vmodl

from vsphere import PropertyCollector, done, filter_spec, object_spec, path_set, place, powered_off_vm_spec, remove_vm


def wait(task):
    """The info of a task after its end, good or bad."""
    try:
        done(task)
    except vmodl.MethodFault:
        pass
    return task.info


def test_a_successful_task_tells_who_did_what_to_which_object_and_when(connect, vm, name):
    session = connect(user="alice", password="secret")
    before = session.CurrentTime()
    info = wait(vim.VirtualMachine(vm._moId, session._stub).PowerOnVM_Task())
    assert (info.state, info.error, info.cancelled) == ("success", None, False)
    assert (info.entity, info.entityName) == (vm, name)
    assert info.descriptionId == "VirtualMachine.powerOn"
    assert info.name.info.wsdlName == "PowerOnVM_Task"
    assert isinstance(info.reason, vim.TaskReasonUser)
    assert info.reason.userName == session.content.sessionManager.currentSession.userName
    assert info.queueTime <= info.startTime <= info.completeTime
    assert before - datetime.timedelta(seconds=1) <= info.queueTime
    assert info.eventChainId > 0
    assert info.key == info.task._moId


def test_the_result_of_a_creating_task_is_the_new_object_and_its_entity_the_folder(si, name):
    folder, pool = place(si)
    info = wait(folder.CreateVM_Task(powered_off_vm_spec(name), pool))
    try:
        assert isinstance(info.result, vim.VirtualMachine) and info.result.name == name
        assert (info.entity, info.entityName, info.descriptionId) == (folder, "vm", "Folder.createVm")
    finally:
        remove_vm(info.result)


def test_a_failed_task_carries_the_fault_and_a_sentence_that_a_person_reads(vm, name):
    done(vm.PowerOnVM_Task())
    info = wait(vm.PowerOnVM_Task())
    assert (info.state, info.entityName) == ("error", name)
    assert isinstance(info.error, vim.fault.InvalidPowerState)
    text = info.error.msg
    assert " " in text and "types." not in text and "InvalidPowerState" not in text


def test_a_task_is_in_the_recent_tasks_of_its_entity_and_of_the_manager(si, vm):
    task = vm.PowerOnVM_Task()
    done(task)
    assert task in vm.recentTask
    assert task in si.content.taskManager.recentTask


def test_task_progress_reaches_its_end_in_order(si, vm):
    task = vm.PowerOnVM_Task()
    pc = si.content.propertyCollector.CreatePropertyCollector()
    pc.CreateFilter(filter_spec([object_spec(task)], [path_set(vim.Task, "info.state", "info.progress")]), True)
    states, version = [], ""
    while not states or states[-1] not in ("success", "error"):
        update = pc.WaitForUpdatesEx(version, PropertyCollector.WaitOptions(maxWaitSeconds=5))
        version = update.version
        states += [
            change.val
            for in_filter in update.filterSet
            for entry in in_filter.objectSet
            for change in entry.changeSet
            if change.name == "info.state"
        ]
    order = ["queued", "running", "success"]
    assert states == sorted(states, key=order.index) and states[-1] == "success"


def test_a_finished_task_cannot_be_cancelled(vm):
    task = vm.PowerOnVM_Task()
    done(task)
    with pytest.raises((vim.fault.InvalidState, vmodl.fault.NotSupported)):
        task.CancelTask()
    assert task.info.state == "success"


def test_an_unknown_task_is_not_found(si):
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        vim.Task("task-999999", si._stub).info


def test_a_collector_of_task_history_reads_forward_and_backward(si, vm):
    for operation in (vm.PowerOnVM_Task, vm.ResetVM_Task, vm.PowerOffVM_Task):
        done(operation())
    by_entity = vim.TaskFilterSpec.ByEntity(entity=vm, recursion="self")
    collector = si.content.taskManager.CreateCollectorForTasks(vim.TaskFilterSpec(entity=by_entity))
    try:
        collector.RewindCollector()
        oldest_first = [info.descriptionId for info in collector.ReadNextTasks(100)]
        assert oldest_first[-3:] == ["VirtualMachine.powerOn", "VirtualMachine.reset", "VirtualMachine.powerOff"]
        assert not collector.ReadNextTasks(100)
        collector.SetCollectorPageSize(1)
        collector.ResetCollector()  # to just before the latest page
        backward = [info.descriptionId for info in collector.ReadPreviousTasks(2)]
        assert set(backward) <= set(oldest_first) and len(backward) == 2
    finally:
        collector.DestroyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        collector.latestPage


def test_the_latest_page_of_a_collector_is_limited(si, vm):
    for operation in (vm.PowerOnVM_Task, vm.ResetVM_Task, vm.PowerOffVM_Task):
        done(operation())
    collector = si.content.taskManager.CreateCollectorForTasks(vim.TaskFilterSpec())
    collector.SetCollectorPageSize(2)
    assert len(collector.latestPage) == 2
    collector.DestroyCollector()
