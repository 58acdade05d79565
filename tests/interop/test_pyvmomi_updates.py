"""Waiting for changes: one session watches while another one changes things."""

import threading
import time

import pytest
from pyVmomi import vim, vmodl

from vsphere import (
    done,
    filter_spec,
    new_disk,
    new_pvscsi,
    object_spec,
    path_set,
    place,
    powered_off_vm_spec,
    remove,
    remove_vm,
    traversal,
)
from watcher import Watcher, as_seen_by, flat, watch_all, watch_object

CPUS = "config.hardware.numCPU"


@pytest.fixture
def other(connect):
    """The session that watches; `si` is the one that changes things."""
    return connect()


# Enter, modify, leave


def test_the_first_set_shows_every_object_with_all_its_properties(si):
    watcher = Watcher(si, watch_all(si, vim.VirtualMachine, "name", CPUS))
    entered = watcher.objects()
    assert {kind for kind, _, _ in entered} == {"enter"}
    assert all(set(changes) == {"name", CPUS} for _, _, changes in entered)
    assert "DC0_H0_VM0" in {changes["name"][1] for _, _, changes in entered}
    assert {op for _, _, changes in entered for op, _ in changes.values()} == {"assign"}


def test_a_change_by_another_session_arrives_with_only_what_changed(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "name", CPUS, "config.annotation"))
    watcher.wait()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=2)))
    assert watcher.objects() == [("modify", vm, {CPUS: ("assign", 2)})]


def test_a_waiting_session_is_woken_by_the_change_of_another(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "name"))
    watcher.wait()
    found = []
    waiting = threading.Thread(target=lambda: found.extend(watcher.objects(seconds=20)))
    waiting.start()
    time.sleep(0.2)
    assert waiting.is_alive()
    start = time.monotonic()
    done(vm.Rename_Task("renamed while watched"))
    waiting.join(10)
    assert [changes["name"] for _, _, changes in found] == [("assign", "renamed while watched")]
    assert time.monotonic() - start < 5


def test_a_new_object_enters_and_a_destroyed_one_leaves(si, other, name):
    watcher = Watcher(other, watch_all(other, vim.VirtualMachine, "name"))
    watcher.wait()
    folder, pool = place(si)
    vm = done(folder.CreateVM_Task(powered_off_vm_spec(name), pool))
    try:
        assert watcher.objects() == [("enter", vm, {"name": ("assign", name)})]
    finally:
        remove_vm(vm)
    assert [(kind, obj) for kind, obj, _ in watcher.objects()] == [("leave", vm)]


def test_an_object_enters_when_a_reference_of_the_walk_changes(si, other, name):
    parent = other.content.rootFolder.childEntity[0].vmFolder
    start = object_spec(parent, traversal(vim.Folder, "childEntity"), skip=True)
    watcher = Watcher(other, filter_spec([start], [path_set(vim.Folder, "name")]))
    assert watcher.objects(seconds=1) == []
    made = as_seen_by(si, parent).CreateFolder(name)
    try:
        assert watcher.objects() == [("enter", made, {"name": ("assign", name)})]
    finally:
        done(made.Destroy_Task())
    assert [(kind, obj) for kind, obj, _ in watcher.objects()] == [("leave", made)]


def test_power_states_are_seen_in_their_order(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "runtime.powerState"))
    assert watcher.until("runtime.powerState", "poweredOff") == ["poweredOff"]
    done(vm.PowerOnVM_Task())
    assert watcher.until("runtime.powerState", "poweredOn") == ["poweredOn"]
    done(vm.PowerOffVM_Task())
    assert watcher.until("runtime.powerState", "poweredOff") == ["poweredOff"]


def test_what_is_not_watched_does_not_wake(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "name"))
    watcher.wait()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="nobody looks here")))
    assert watcher.wait(seconds=1) is None


def test_derived_properties_change_with_what_they_come_from(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "summary.config.numCpu", "summary.config.name"))
    watcher.wait()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=3, name="derived")))
    [(_, _, changes)] = watcher.objects()
    assert changes == {"summary.config.numCpu": ("assign", 3), "summary.config.name": ("assign", "derived")}


# Partial updates


def test_an_added_device_arrives_as_one_keyed_add_and_a_removed_one_as_a_remove(si, other, make_vm):
    vm = make_vm(deviceChange=[new_pvscsi(-1), new_disk(-1, 0, key=-2)])
    path = "config.hardware.device"
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), path))
    [(_, _, first)] = watcher.objects()
    assert first[path][0] == "assign"

    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[new_disk(1000, 1)])))
    [(kind, _, changes)] = watcher.objects()
    assert kind == "modify"
    assert changes[f"{path}[2001]"][0] == "add"
    assert changes[f"{path}[2001]"][1].capacityInKB == 1024 * 1024
    assert path not in changes

    [disk] = [device for device in vm.config.hardware.device if device.key == 2001]
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[remove(disk, fileOperation="destroy")])))
    [(_, _, changes)] = watcher.objects()
    assert changes[f"{path}[2001]"] == ("remove", None)
    assert path not in changes


def test_without_partial_updates_the_whole_property_arrives(si, other, make_vm):
    vm = make_vm(deviceChange=[new_pvscsi(-1)])
    path = "config.hardware.device"
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), path), partial=False)
    watcher.wait()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[new_disk(1000, 0)])))
    [(_, _, changes)] = watcher.objects()
    assert list(changes) == [path]
    operation, value = changes[path]
    assert operation == "assign" and 2000 in {device.key for device in value}


def test_a_partial_update_inside_a_watched_structure_names_the_changed_leaf(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "config.hardware"))
    watcher.wait()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=256)))
    [(_, _, changes)] = watcher.objects()
    assert changes == {"config.hardware.memoryMB": ("assign", 256)}


# Versions


def test_every_set_has_its_own_version(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    versions = [watcher.wait().version]
    for number in range(3):
        done(vm.Rename_Task(f"version {number}"))
        versions.append(watcher.wait().version)
    assert len(set(versions)) == 4


def test_the_previous_version_can_be_read_again_after_a_lost_reply(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    before = watcher.wait().version
    done(vm.Rename_Task("lost once"))
    lost = watcher.wait()
    watcher.version = before
    again = watcher.wait()
    assert flat(again) == flat(lost) == [("modify", vm, {"name": ("assign", "lost once")})]
    assert watcher.wait(seconds=0) is None


def test_an_empty_version_starts_again_with_everything(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    first = watcher.objects()
    watcher.version = ""
    assert watcher.objects() == first


def test_a_version_that_was_never_given_is_refused(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    watcher.version = "bogus-77"
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        watcher.wait()


def test_a_version_that_is_too_old_is_refused(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    old = watcher.wait().version
    for number in range(3):
        done(vm.Rename_Task(f"old {number}"))
        watcher.wait()
    watcher.version = old
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        watcher.wait()


# Time


def test_zero_seconds_ask_without_waiting(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    assert watcher.wait(seconds=0) is not None
    start = time.monotonic()
    assert watcher.wait(seconds=0) is None
    assert time.monotonic() - start < 1


def test_waiting_ends_with_nothing_after_the_given_time(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    watcher.wait()
    start = time.monotonic()
    assert watcher.wait(seconds=1) is None
    assert 0.9 < time.monotonic() - start < 3


def test_a_negative_time_is_refused(si, vm):
    with pytest.raises(vmodl.fault.InvalidArgument):
        Watcher(si, watch_object(vm, "name")).wait(seconds=-1)


def test_cancel_ends_the_waiting_call(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    watcher.wait()
    ended = []

    def wait():
        with pytest.raises(vmodl.fault.RequestCanceled):
            watcher.wait(seconds=30)
        ended.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    watcher.pc.CancelWaitForUpdates()
    waiting.join(10)
    assert ended == [True]


def test_check_for_updates_and_wait_for_updates_of_old_clients_work_the_same_way(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    version = watcher.pc.CheckForUpdates("").version
    assert watcher.pc.CheckForUpdates(version) is None
    done(vm.Rename_Task("old client"))
    assert flat(watcher.pc.WaitForUpdates(version)) == [("modify", vm, {"name": ("assign", "old client")})]


# Truncation


def test_a_set_holds_at_most_the_wanted_number_of_objects_and_says_so(si):
    watcher = Watcher(si, watch_all(si, vim.HostSystem, "name"))
    sizes, truncated = [], True
    while truncated:
        update = watcher.wait(most=3)
        sizes.append(len(flat(update)))
        truncated = bool(update.truncated)
    assert sizes == [3, 1]
    assert watcher.wait(seconds=0) is None


# Filters and collectors


def test_two_watchers_see_the_same_change(connect, si, vm):
    sessions = [connect(), connect()]
    watchers = [Watcher(session, watch_object(as_seen_by(session, vm), "name")) for session in sessions]
    for watcher in watchers:
        watcher.wait()
    done(vm.Rename_Task("seen by two"))
    assert [watcher.objects() for watcher in watchers] == [[("modify", vm, {"name": ("assign", "seen by two")})]] * 2


def test_several_filters_of_one_collector_answer_together_each_under_its_name(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"), watch_object(vm, CPUS))
    update = watcher.wait()
    assert {in_filter.filter for in_filter in update.filterSet} == set(watcher.filters)
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=2)))
    [in_filter] = watcher.wait().filterSet
    assert in_filter.filter == watcher.filters[1]


def test_a_filter_added_later_enters_on_its_own(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    watcher.wait()
    watcher.pc.CreateFilter(watch_object(vm, CPUS), True)
    assert watcher.objects() == [("enter", vm, {CPUS: ("assign", 1)})]


def test_a_destroyed_filter_reports_nothing_more(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"), watch_object(vm, CPUS))
    watcher.wait()
    watcher.filters[0].DestroyPropertyFilter()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(name="unseen", numCPUs=2)))
    assert watcher.objects() == [("modify", vm, {CPUS: ("assign", 2)})]
    assert watcher.pc.filter == watcher.filters[1:]


def test_a_filter_remembers_its_spec(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    [made] = watcher.filters
    assert made.partialUpdates is True
    assert made.spec.objectSet[0].obj == vm
    assert list(made.spec.propSet[0].pathSet) == ["name"]


def test_a_bad_filter_is_refused_when_it_is_made(si, vm):
    with pytest.raises(vmodl.query.InvalidProperty):
        Watcher(si, watch_object(vm, "noSuchProp"))
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        Watcher(si, watch_object(vim.VirtualMachine("vm-999999", si._stub), "name"))


def test_a_destroyed_collector_is_gone_with_its_filters(si, vm):
    watcher = Watcher(si, watch_object(vm, "name"))
    watcher.pc.DestroyPropertyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        watcher.wait()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        watcher.filters[0].spec


def test_a_new_disk_by_another_session_is_seen_with_its_controller(si, other, vm):
    watcher = Watcher(other, watch_object(as_seen_by(other, vm), "config.hardware.device"))
    watcher.wait()
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[new_pvscsi(-1), new_disk(-1, 0, key=-2)])))
    [(_, _, changes)] = watcher.objects()
    added = {path: value for path, (op, value) in changes.items() if op == "add"}
    assert set(added) == {"config.hardware.device[1000]", "config.hardware.device[2000]"}
    assert added["config.hardware.device[2000]"].controllerKey == 1000
