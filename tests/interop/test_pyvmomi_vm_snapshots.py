"""Snapshots: the tree, the files under it, and the way back."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import (
    PropertyCollector,
    add,
    devices,
    done,
    edit,
    filter_spec,
    new_disk,
    new_pvscsi,
    new_vmxnet3,
    object_spec,
    path_set,
    remove,
)

VMCI = vim.vm.device.VirtualVMCIDevice
DISK = vim.vm.device.VirtualDisk
NIC = vim.vm.device.VirtualEthernetCard


def take(vm, name, memory=False, quiesce=False, description=""):
    return done(vm.CreateSnapshot_Task(name, description, memory, quiesce))


def tree(vm):
    """The tree as nested (name, children), and the name of the current snapshot."""

    def shape(nodes):
        return [(node.name, shape(node.childSnapshotList)) for node in nodes]

    if vm.snapshot is None:
        return [], None
    every = {node.snapshot: node.name for node in nodes_of(vm)}
    return shape(vm.snapshot.rootSnapshotList), every.get(vm.snapshot.currentSnapshot)


def nodes_of(vm):
    def walk(nodes):
        for node in nodes:
            yield node
            yield from walk(node.childSnapshotList)

    return list(walk(vm.snapshot.rootSnapshotList)) if vm.snapshot else []


def chain(disk):
    """File names of a disk, the one that is written to first."""
    files, backing = [], disk.backing
    while backing:
        files.append(backing.fileName.rpartition("/")[2])
        backing = backing.parent
    return files


def files(vm, *kinds):
    return sorted(f.name.rpartition("/")[2] for f in vm.layoutEx.file if f.type in kinds)


@pytest.fixture
def diskful(make_vm):
    """A VM with one disk and one adapter."""
    return make_vm(deviceChange=[new_pvscsi(-10), new_disk(-10, 0), new_vmxnet3()])


def test_a_snapshot_is_an_object_with_the_configuration_of_its_moment(si, diskful):
    vm = diskful
    before = si.CurrentTime()
    config = vm.config
    first = take(vm, "first", description="as it was")
    assert isinstance(first, vim.vm.Snapshot) and first.vm == vm and first.childSnapshot == []
    assert first.config.hardware.memoryMB == config.hardware.memoryMB
    assert chain(devices(first, DISK)[0]) == chain([d for d in config.hardware.device if isinstance(d, DISK)][0])
    [node] = vm.snapshot.rootSnapshotList
    assert (node.snapshot, node.vm, node.name, node.description, node.id) == (first, vm, "first", "as it was", 1)
    assert (node.state, node.quiesced, node.backupManifest) == ("poweredOff", False, None)
    assert before.replace(microsecond=0) <= node.createTime
    assert vm.snapshot.currentSnapshot == first and vm.rootSnapshot == [first]
    assert vm.config.changeVersion != config.changeVersion


def test_the_disks_go_on_in_new_files(diskful, name):
    vm = diskful
    [disk] = devices(vm, DISK)
    base = chain(disk)[0]
    take(vm, "a")
    delta = base.replace(".vmdk", "-000001.vmdk")
    [disk] = devices(vm, DISK)
    assert chain(disk) == [delta, base]
    take(vm, "b")
    [disk] = devices(vm, DISK)
    assert chain(disk)[0] == base.replace(".vmdk", "-000002.vmdk") and chain(disk)[1:] == [delta, base]
    assert len(vm.layoutEx.disk[0].chain) == 3
    assert delta.replace(".vmdk", "-delta.vmdk") in files(vm, "diskExtent")
    assert files(vm, "snapshotData") == [f"{name}-Snapshot1.vmsn", f"{name}-Snapshot2.vmsn"]
    assert files(vm, "snapshotList") == [f"{name}.vmsd"] and files(vm, "snapshotMemory") == []
    assert [s.memoryKey for s in vm.layoutEx.snapshot] == [-1, -1]
    keys = {f.key: f.name for f in vm.layoutEx.file}
    assert len(keys) == len({f.name for f in vm.layoutEx.file}) == len(vm.layoutEx.file)
    assert keys[vm.layoutEx.snapshot[0].dataKey].endswith("-Snapshot1.vmsn")
    assert [s.snapshotFile for s in vm.layout.snapshot] == [[f"{name}-Snapshot1.vmsn"], [f"{name}-Snapshot2.vmsn"]]


def test_a_revert_brings_back_configuration_and_devices(diskful, name):
    vm = diskful
    first = take(vm, "first")
    [nic] = devices(vm, NIC)
    mac = nic.macAddress
    spec = vim.vm.ConfigSpec(name=name + "-new", memoryMB=512, annotation="changed", deviceChange=[remove(nic)])
    done(vm.ReconfigVM_Task(spec))
    done(first.RevertToSnapshot_Task())
    assert (vm.config.hardware.memoryMB, vm.config.annotation) == (128, "")
    assert [card.macAddress for card in devices(vm, NIC)] == [mac]
    assert vm.network and vm in vm.network[0].vm
    # The name in the inventory is not part of what a snapshot keeps.
    assert vm.name == vm.config.name == name + "-new"
    assert vm.snapshot.currentSnapshot == first


def test_a_revert_finds_another_port_if_somebody_else_has_the_old_one(si, make_vm):
    group = next(n for n in si.content.rootFolder.childEntity[0].network if n.name == "DC0_DVPG0")

    def card(port=None):
        connection = vim.dvs.PortConnection(
            switchUuid=group.config.distributedVirtualSwitch.uuid, portgroupKey=group.key, portKey=port
        )
        backing = NIC.DistributedVirtualPortBackingInfo(port=connection)
        return add(vim.vm.device.VirtualVmxnet3(key=-1, backing=backing))

    def port(vm):
        return devices(vm, NIC)[0].backing.port.portKey

    vm = make_vm("-a", deviceChange=[card()])
    old = port(vm)
    done(take(vm, "s").RevertToSnapshot_Task())
    assert port(vm) == old
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[remove(devices(vm, NIC)[0])])))
    other = make_vm("-b", deviceChange=[card(old)])
    assert port(other) == old
    done(vm.RevertToCurrentSnapshot_Task())
    assert port(vm) not in (old, None)


def test_a_revert_drops_what_was_written_since_and_branches(diskful):
    vm = diskful
    first = take(vm, "first")
    take(vm, "second")
    base = chain(devices(first, DISK)[0])[0]
    done(first.RevertToSnapshot_Task())
    [disk] = devices(vm, DISK)
    assert chain(disk) == [base.replace(".vmdk", "-000003.vmdk"), base]
    take(vm, "third")
    assert tree(vm) == ([("first", [("second", []), ("third", [])])], "third")
    assert len(first.childSnapshot) == 2


def test_a_snapshot_with_memory_of_a_running_machine_brings_it_back_running(make_vm):
    vm = make_vm()
    done(vm.PowerOnVM_Task())
    [vmci] = devices(vm, VMCI)
    running = take(vm, "running", memory=True)
    [node] = vm.snapshot.rootSnapshotList
    assert node.state == "poweredOn"
    [saved] = [f for f in vm.layoutEx.file if f.type == "snapshotMemory"]
    assert saved.size == 128 * 1024 * 1024 and vm.layoutEx.snapshot[0].memoryKey == saved.key
    done(vm.PowerOffVM_Task())
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=2)))
    done(running.RevertToSnapshot_Task())
    assert (vm.runtime.powerState, vm.config.hardware.numCPU) == ("poweredOn", 1)
    assert vm.runtime.bootTime is not None
    assert devices(vm, VMCI)[0].id == vmci.id
    done(running.RevertToSnapshot_Task(suppressPowerOn=True))
    assert vm.runtime.powerState == "poweredOff"


def test_a_snapshot_without_memory_of_a_running_machine_leads_to_one_that_is_off(diskful):
    vm = diskful
    done(vm.PowerOnVM_Task())
    take(vm, "disks only")
    assert vm.runtime.powerState == "poweredOn" and nodes_of(vm)[0].state == "poweredOff"
    done(vm.RevertToCurrentSnapshot_Task())
    assert vm.runtime.powerState == "poweredOff"
    assert not any(device.connectable.connected for device in devices(vm, NIC))


def test_a_suspended_machine_comes_back_suspended(vm):
    done(vm.PowerOnVM_Task())
    done(vm.SuspendVM_Task())
    take(vm, "asleep", memory=True)
    done(vm.PowerOnVM_Task())
    done(vm.RevertToCurrentSnapshot_Task())
    assert vm.runtime.powerState == "suspended"


def test_the_context_id_goes_back_and_is_chosen_again_when_it_is_taken(make_vm):
    vm = make_vm("-a")
    early = take(vm, "never started")
    done(vm.PowerOnVM_Task())
    mine = devices(vm, VMCI)[0].id
    assert mine != -1
    running = take(vm, "running", memory=True)
    done(early.RevertToSnapshot_Task())
    assert devices(vm, VMCI)[0].id == -1
    wish = VMCI(key=12000, id=mine)
    other = make_vm("-b")
    done(other.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(wish)])))
    done(other.PowerOnVM_Task())
    if other.runtime.host != vm.runtime.host:
        done(other.PowerOffVM_Task())
        done(other.PowerOnVM_Task(host=vm.runtime.host))
    assert devices(other, VMCI)[0].id == mine
    done(running.RevertToSnapshot_Task())
    assert devices(vm, VMCI)[0].id not in (mine, -1)


def test_a_disk_of_a_snapshot_does_not_grow(diskful):
    vm = diskful
    take(vm, "s")
    [disk] = devices(vm, DISK)
    disk.capacityInKB *= 2
    disk.capacityInBytes = None
    with pytest.raises(vim.fault.InvalidDeviceOperation):
        done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(disk)])))
    done(vm.RemoveAllSnapshots_Task())
    [disk] = devices(vm, DISK)
    disk.capacityInKB *= 2
    disk.capacityInBytes = None
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(disk)])))


def test_removing_one_snapshot_merges_its_disk_and_keeps_its_children(diskful):
    vm = diskful
    a, b, c = (take(vm, letter) for letter in "abc")
    base = chain(devices(a, DISK)[0])[0]
    done(b.RemoveSnapshot_Task(removeChildren=False))
    assert tree(vm) == ([("a", [("c", [])])], "c")
    assert a.childSnapshot == [c]
    [disk] = devices(vm, DISK)
    assert len(chain(disk)) == 3 and chain(disk)[-1] == base
    done(a.RemoveSnapshot_Task(removeChildren=False))
    assert chain(devices(c, DISK)[0]) == [base]
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        b.config
    done(vm.RemoveAllSnapshots_Task())
    assert vm.snapshot is None and vm.rootSnapshot == [] and not vm.layoutEx.snapshot
    assert [chain(d) for d in devices(vm, DISK)] == [[base]]
    assert files(vm, "snapshotData", "snapshotMemory", "snapshotList") == []
    assert vm.runtime.consolidationNeeded is False


def test_removing_a_branch_makes_its_parent_the_current_snapshot(vm):
    a = take(vm, "a")
    b = take(vm, "b")
    take(vm, "c")
    done(b.RemoveSnapshot_Task(removeChildren=True))
    assert tree(vm) == ([("a", [])], "a")
    done(a.RemoveSnapshot_Task(True))
    assert vm.snapshot is None


def test_disks_that_were_not_merged_wait_for_consolidation(diskful):
    vm = diskful
    a = take(vm, "a")
    done(a.RemoveSnapshot_Task(removeChildren=False, consolidate=False))
    assert vm.snapshot is None and vm.runtime.consolidationNeeded is True
    assert len(chain(devices(vm, DISK)[0])) == 2
    done(vm.ConsolidateVMDisks_Task())
    assert vm.runtime.consolidationNeeded is False
    assert len(chain(devices(vm, DISK)[0])) == 1


def test_a_snapshot_has_another_name_and_description(vm):
    a = take(vm, "a")
    a.RenameSnapshot(name="b", description="later")
    [node] = vm.snapshot.rootSnapshotList
    assert (node.name, node.description) == ("b", "later")
    a.RenameSnapshot(description="only this")
    assert vm.snapshot.rootSnapshotList[0].name == "b"
    with pytest.raises(vim.fault.InvalidName):
        a.RenameSnapshot(name=" ")


def test_a_quiet_guest_is_told_of_only_where_tools_run(si, vm):
    done(vm.CreateSnapshotEx_Task("q", None, False, vim.vm.GuestQuiesceSpec(timeout=10)))
    assert nodes_of(vm)[0].quiesced is False
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        done(vm.CreateSnapshotEx_Task("q", None, False, vim.vm.GuestQuiesceSpec(timeout=1)))
    assert refused.value.invalidProperty == "quiesceSpec.timeout"


def test_the_tools_of_a_running_guest_make_it_quiet(si):
    [vm] = [v for v in si.content.rootFolder.childEntity[0].vmFolder.childEntity if v.name == "DC0_H0_VM0"]
    assert vm.guest.toolsRunningStatus == "guestToolsRunning"
    snapshot = take(vm, "quiet", quiesce=True)
    try:
        assert nodes_of(vm)[0].quiesced is True
        before = vm.guest.ipAddress
        with_memory = take(vm, "memory", memory=True)
        done(with_memory.RevertToSnapshot_Task())
        assert (vm.guest.toolsRunningStatus, vm.guest.ipAddress) == ("guestToolsRunning", before)
    finally:
        done(snapshot.RemoveSnapshot_Task(True))


def test_what_cannot_be_is_refused_and_changes_nothing(make_vm):
    vm = make_vm()
    with pytest.raises(vim.fault.NotFound):
        done(vm.RevertToCurrentSnapshot_Task())
    for bad in ("", "  ", "x" * 81):
        with pytest.raises(vim.fault.InvalidName):
            take(vm, bad)
    assert vm.snapshot is None
    vm.MarkAsTemplate()
    with pytest.raises(vmodl.fault.NotSupported):
        take(vm, "of a template")
    ghost = vim.vm.Snapshot("snapshot-999999", vm._stub)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        ghost.RevertToSnapshot_Task()


def test_the_memory_of_a_machine_with_an_independent_disk_cannot_be_saved(make_vm):
    disk = new_disk(-10, 0)
    disk.device.backing.diskMode = "independent_persistent"
    vm = make_vm(deviceChange=[new_pvscsi(-10), disk])
    done(vm.PowerOnVM_Task())
    with pytest.raises(vim.fault.MemorySnapshotOnIndependentDisk):
        take(vm, "m", memory=True)
    take(vm, "disks")
    assert len(chain(devices(vm, DISK)[0])) == 1


def test_snapshots_do_not_lie_above_each_other_without_end(vm):
    for number in range(32):
        take(vm, str(number))
    with pytest.raises(vim.fault.TooManySnapshotLevels):
        take(vm, "one too many")
    done(vm.RemoveAllSnapshots_Task())


def test_snapshots_go_with_their_machine(vm):
    snapshot = take(vm, "a")
    done(vm.Destroy_Task())
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        snapshot.config


def test_young_snapshots_can_be_kept(vm):
    take(vm, "young")
    done(vm.RemoveAllSnapshots_Task(consolidate=True, spec=vim.vm.SnapshotSelectionSpec(retentionDays=1)))
    assert tree(vm) == ([("young", [])], "young")
    with pytest.raises(vmodl.fault.InvalidArgument):
        vm.RemoveAllSnapshots_Task(consolidate=True, spec=vim.vm.SnapshotSelectionSpec(retentionDays=-1))
    done(vm.RemoveAllSnapshots_Task(consolidate=True, spec=vim.vm.SnapshotSelectionSpec(retentionDays=0)))


def test_a_waiter_sees_the_tree_grow_and_the_events_tell_of_the_revert(si, vm):
    collector = si.content.propertyCollector.CreatePropertyCollector()
    spec = filter_spec([object_spec(vm)], [path_set(vim.VirtualMachine, "snapshot", "rootSnapshot")])
    collector.CreateFilter(spec, True)
    version = collector.WaitForUpdatesEx("").version
    snapshot = take(vm, "seen")
    update = collector.WaitForUpdatesEx(version, PropertyCollector.WaitOptions(maxWaitSeconds=5))
    [changed] = update.filterSet[0].objectSet
    changes = {change.name: change.val for change in changed.changeSet}
    assert any(name.startswith("snapshot") for name in changes)
    done(snapshot.RevertToSnapshot_Task())
    by_vm = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
    wanted = vim.event.EventFilterSpec(entity=by_vm, eventTypeId=["com.vmware.vc.vm.VmStateRevertedToSnapshot"])
    [event] = si.content.eventManager.QueryEvents(wanted)
    assert {a.key: a.value for a in event.arguments} == {"snapshotName": "seen", "snapshotId": "1"}
    assert snapshot.RevertToSnapshot_Task().info.descriptionId == "vm.Snapshot.revert"


def test_a_machine_on_which_a_snapshot_is_taken_is_busy_and_can_be_set_free(fresh_server, name):
    from vsphere import create_vm

    si = fresh_server("--task-delay", "CreateSnapshot_Task:1500,RevertToSnapshot_Task:1500").connect()
    vm = create_vm(si, name)
    task = vm.CreateSnapshot_Task("slow", None, False, False)
    while task.info.state == "queued":
        pass
    assert vm.snapshot is None
    with pytest.raises(vim.fault.TaskInProgress):
        done(vm.PowerOnVM_Task())
    task.CancelTask()
    done(vm.PowerOnVM_Task())
    assert vm.snapshot is None
    snapshot = done(vm.CreateSnapshot_Task("slow", None, True, False))
    task = vm.CreateSnapshot_Task("again", None, False, False)
    while task.info.state == "queued":
        pass
    with pytest.raises(vim.fault.TaskInProgress):
        snapshot.RenameSnapshot(name="x")
    done(task)
    snapshot.RenameSnapshot(name="x")


def test_govc_draws_the_tree_and_goes_back_and_forth(govc, vm, name):
    path = f"/DC0/vm/{name}"
    govc("snapshot.create", "-vm", path, "-d", "the first", "one")
    govc("snapshot.create", "-vm", path, "-m=false", "two")
    drawn = govc("snapshot.tree", "-vm", path, "-i")
    assert "one" in drawn and "two" in drawn
    govc("snapshot.revert", "-vm", path, "one")
    assert tree(vm) == ([("one", [("two", [])])], "one")
    govc("snapshot.remove", "-vm", path, "two")
    assert tree(vm) == ([("one", [])], "one")
    govc("snapshot.remove", "-vm", path, "*")
    assert vm.snapshot is None
    assert govc.run("snapshot.revert", "-vm", path, "none").returncode != 0
