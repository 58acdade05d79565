"""Machines that go to other hosts, pools, folders and datastores, running or not."""

import time

import pytest
from pyVmomi import vim, vmodl

from vsphere import (
    PropertyCollector,
    all_of,
    devices,
    done,
    edit,
    filter_spec,
    new_disk,
    new_pvscsi,
    new_vmxnet3,
    object_spec,
    one,
    path_set,
    powered_off_vm_spec,
)

DISK = vim.vm.device.VirtualDisk
VMCI = vim.vm.device.VirtualVMCIDevice
SLOW = "RelocateVM_Task:1500,MigrateVM_Task:1500"


@pytest.fixture(scope="module")
def site():
    """A session with a server of two datacenters, two datastores in each."""
    from harness import Server

    running = Server("--dc", "2", "--ds", "2", "--pool", "1", "--folder", "0")
    yield running.connect()
    assert running.stop() == 0


@pytest.fixture
def vm(site, name):
    """A VM with a disk and an adapter in the cluster of the first datacenter."""
    return create(site, name)


def create(si, name, **more):
    spec = powered_off_vm_spec(name, deviceChange=[new_pvscsi(-10), new_disk(-10, 0), new_vmxnet3()], **more)
    pool = one(si, vim.ClusterComputeResource, "DC0_C0").resourcePool
    return done(one(si, vim.Datacenter, "DC0").vmFolder.CreateVM_Task(spec, pool))


def host(si, name):
    return one(si, vim.HostSystem, name)


def other_host(vm):
    return next(h for h in vm.resourcePool.owner.host if h != vm.runtime.host)


def datastore(si, datacenter, name):
    [found] = [d for d in one(si, vim.Datacenter, datacenter).datastore if d.name == name]
    return found


def relocate(vm, **spec):
    return done(vm.RelocateVM_Task(vim.vm.RelocateSpec(**spec)))


def told(si, vm):
    by_vm = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
    events = si.content.eventManager.QueryEvents(vim.event.EventFilterSpec(entity=by_vm))
    return [e for e in events if not isinstance(e, vim.event.TaskEvent)]


def kinds(events):
    return [type(event).__name__.rpartition(".")[2] for event in events]


def test_a_running_machine_goes_to_another_host(site, vm):
    done(vm.PowerOnVM_Task())
    before, target, boot = vm.runtime.host, other_host(vm), vm.runtime.bootTime
    done(vm.MigrateVM_Task(None, target, "defaultPriority", "poweredOn"))
    assert vm.runtime.host == vm.summary.runtime.host == target
    assert (vm.runtime.powerState, vm.runtime.bootTime) == ("poweredOn", boot)
    assert vm in target.vm and vm not in before.vm
    assert vm in vm.resourcePool.vm and vm in vm.datastore[0].vm
    begin, end = [e for e in told(site, vm) if "igrated" in type(e).__name__]
    assert kinds([begin, end]) == ["VmBeingHotMigratedEvent", "VmMigratedEvent"]
    assert (begin.host.host, begin.destHost.host, begin.destDatastore.name) == (before, target, "LocalDS_0")
    assert (end.host.host, end.sourceHost.host) == (target, before)
    assert begin.chainId == end.chainId


def test_a_machine_that_is_off_goes_too(site, vm):
    target = other_host(vm)
    relocate(vm, host=target)
    assert vm.runtime.host == target and vm in target.vm
    assert kinds(told(site, vm))[-2:] == ["VmBeingMigratedEvent", "VmMigratedEvent"]
    done(vm.PowerOnVM_Task())
    assert vm.runtime.host == target


def test_power_on_on_another_host_changes_the_lists_of_hosts(vm):
    before, target = vm.runtime.host, other_host(vm)
    done(vm.PowerOnVM_Task(host=target))
    assert vm in target.vm and vm not in before.vm


def test_files_go_to_another_datastore_with_all_their_chain(site, vm, name):
    old, new = (datastore(site, "DC0", f"LocalDS_{n}") for n in (0, 1))
    snapshot = done(vm.CreateSnapshot_Task("s", None, False, False))
    relocate(vm, datastore=new)
    assert vm.datastore == [new] and vm in new.vm and vm not in old.vm
    assert vm.config.files.vmPathName == f"[LocalDS_1] {name}/{name}.vmx"
    assert vm.config.files.snapshotDirectory.startswith(f"[LocalDS_1] {name}")
    [disk] = devices(vm, DISK)
    assert disk.backing.datastore == disk.backing.parent.datastore == new
    assert disk.backing.parent.fileName == f"[LocalDS_1] {name}/{name}.vmdk"
    assert all(file.name.startswith("[LocalDS_1] ") for file in vm.layoutEx.file)
    assert devices(snapshot, DISK)[0].backing.fileName == disk.backing.parent.fileName
    done(snapshot.RevertToSnapshot_Task())
    assert vm.datastore == [new]
    assert [u.datastore for u in vm.storage.perDatastoreUsage] == [new]
    assert kinds([e for e in told(site, vm) if "elocated" in type(e).__name__]) == [
        "VmBeingRelocatedEvent",
        "VmRelocatedEvent",
    ]


def test_one_disk_goes_alone_and_becomes_thick(site, vm, name):
    new = datastore(site, "DC0", "LocalDS_1")
    [disk] = devices(vm, DISK)
    thick = DISK.FlatVer2BackingInfo(fileName="", diskMode="persistent", thinProvisioned=False)
    locator = vim.vm.RelocateSpec.DiskLocator(diskId=disk.key, datastore=new, diskBackingInfo=thick)
    relocate(vm, disk=[locator])
    [disk] = devices(vm, DISK)
    assert (disk.backing.fileName, disk.backing.thinProvisioned) == (f"[LocalDS_1] {name}/{name}.vmdk", False)
    assert vm.config.files.vmPathName.startswith("[LocalDS_0]")
    assert {d.name for d in vm.datastore} == {"LocalDS_0", "LocalDS_1"}
    [flat] = [f for f in vm.layoutEx.file if f.name.endswith("-flat.vmdk")]
    assert flat.size == disk.capacityInBytes


def test_a_file_that_is_in_the_way_is_not_overwritten(site, name):
    first, second = create(site, name), create(site, name + "-b")
    new = datastore(site, "DC0", "LocalDS_1")
    relocate(first, datastore=new)
    done(second.Rename_Task(name + "-c"))
    for vm in (second, create(site, name + "-d")):
        [disk] = devices(vm, DISK)
        relocate(vm, datastore=new)
    paths = [devices(vm, DISK)[0].backing.fileName for vm in new.vm if vm.name.startswith(name)]
    assert len(paths) == len(set(paths)) == 3


def test_a_machine_goes_to_another_pool_and_folder(site, vm, name):
    pool = one(site, vim.ResourcePool, "DC0_C0_RP1")
    root = vm.parent
    folder = root.CreateFolder(name + "-f")
    old = vm.resourcePool
    relocate(vm, pool=pool, folder=folder)
    assert (vm.resourcePool, vm.parent) == (pool, folder)
    assert vm in pool.vm and vm not in old.vm and vm in folder.childEntity and vm not in root.childEntity
    moved = [e for e in told(site, vm) if isinstance(e, vim.event.VmResourcePoolMovedEvent)]
    assert [(e.oldParent.resourcePool, e.newParent.resourcePool) for e in moved] == [(old, pool)]


def test_a_running_machine_goes_to_another_cluster_host_pool_and_datastore_at_once(site, vm):
    done(vm.PowerOnVM_Task())
    target, new = host(site, "DC0_H0"), datastore(site, "DC0", "LocalDS_1")
    relocate(vm, host=target, pool=target.parent.resourcePool, datastore=new)
    assert (vm.runtime.host, vm.resourcePool, vm.datastore) == (target, target.parent.resourcePool, [new])
    assert vm.runtime.powerState == "poweredOn"
    assert vm.environmentBrowser == target.parent.environmentBrowser


def test_a_context_id_that_is_taken_on_the_target_becomes_another(site, vm, name):
    done(vm.PowerOnVM_Task())
    [mine] = devices(vm, VMCI)
    other = create(site, name + "-other")
    done(other.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(VMCI(key=12000, id=mine.id))])))
    target = other_host(vm)
    done(other.PowerOnVM_Task(host=target))
    assert devices(other, VMCI)[0].id == mine.id
    free = next(h for h in vm.resourcePool.owner.host if h not in (target, vm.runtime.host))
    relocate(vm, host=free)
    assert devices(vm, VMCI)[0].id == mine.id
    relocate(vm, host=target)
    assert devices(vm, VMCI)[0].id not in (mine.id, -1)


def test_a_waiter_sees_the_host_change(site, vm):
    done(vm.PowerOnVM_Task())
    collector = site.content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(filter_spec([object_spec(vm)], [path_set(vim.VirtualMachine, "runtime.host")]), True)
    version = collector.WaitForUpdatesEx("").version
    target = other_host(vm)
    relocate(vm, host=target)
    update = collector.WaitForUpdatesEx(version, PropertyCollector.WaitOptions(maxWaitSeconds=5))
    [change] = update.filterSet[0].objectSet[0].changeSet
    assert (change.name, change.val) == ("runtime.host", target)


def test_another_datacenter_has_its_own_folder_and_networks(site, vm):
    target = host(site, "DC1_H0")
    there = one(site, vim.Datacenter, "DC1")
    store = target.datastore[0]
    spec = {"host": target, "pool": target.parent.resourcePool}
    with pytest.raises(vim.fault.InvalidDatastore):
        relocate(vm, **spec, datastore=datastore(site, "DC0", "LocalDS_0"))
    # Both datacenters have a datastore of this name: they are not the same.
    assert store.name == vm.datastore[0].name
    with pytest.raises(vim.fault.CannotAccessVmConfig):
        relocate(vm, **spec)
    with pytest.raises(vim.fault.DatacenterMismatch):
        relocate(vm, **spec, datastore=store, folder=one(site, vim.Datacenter, "DC0").vmFolder)
    relocate(vm, **spec, datastore=store)
    assert vm.parent == there.vmFolder and vm.datastore == [store]
    assert devices(vm, DISK)[0].backing.datastore == store


def test_a_network_that_the_target_lacks_is_named(site, name):
    group = next(g for g in all_of(site, vim.dvs.DistributedVirtualPortgroup).values() if g.name == "DC0_DVPG0")
    port = vim.dvs.PortConnection(switchUuid=group.config.distributedVirtualSwitch.uuid, portgroupKey=group.key)
    backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    card = vim.vm.device.VirtualDeviceSpec(operation="add", device=vim.vm.device.VirtualVmxnet3(key=-1, backing=backing))
    pool = one(site, vim.ClusterComputeResource, "DC0_C0").resourcePool
    folder = one(site, vim.Datacenter, "DC0").vmFolder
    vm = done(folder.CreateVM_Task(powered_off_vm_spec(name, deviceChange=[card]), pool))
    target = host(site, "DC1_H0")
    goal = {"host": target, "pool": target.parent.resourcePool, "datastore": target.datastore[0]}
    with pytest.raises(vim.fault.CannotAccessNetwork) as refused:
        relocate(vm, **goal)
    assert refused.value.device == "Network adapter 1" and refused.value.network == group
    assert vm.runtime.host in pool.owner.host
    [nic] = devices(vm, vim.vm.device.VirtualEthernetCard)
    nic.backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="VM Network")
    relocate(vm, **goal, deviceChange=[edit(nic)])
    assert vm.runtime.host == target and [n.name for n in vm.network] == ["VM Network"]


@pytest.mark.parametrize(
    "spec,fault,where",
    [
        ({"diskMoveType": "sideways"}, vmodl.fault.InvalidArgument, "spec.diskMoveType"),
        ({"disk": "ghost"}, vmodl.fault.InvalidArgument, "spec.disk[0].diskId"),
        ({"host": "far"}, vmodl.fault.InvalidArgument, "spec.pool"),
        ({"service": vim.ServiceLocator}, vmodl.fault.NotSupported, None),
        ({"diskMoveType": "createNewChildDiskBacking"}, vim.fault.DiskMoveTypeNotSupported, None),
    ],
)
def test_a_bad_wish_is_refused_and_changes_nothing(site, vm, spec, fault, where):
    store = datastore(site, "DC0", "LocalDS_1")
    before = (vm.runtime.host, vm.config.changeVersion, [d._moId for d in vm.datastore])
    if "service" in spec:
        credential = vim.ServiceLocator.NamePassword(username="u", password="p")
        spec = {"service": vim.ServiceLocator(instanceUuid="x", url="https://x/sdk", credential=credential)}
    elif "disk" in spec:
        spec = {"disk": [vim.vm.RelocateSpec.DiskLocator(diskId=9999, datastore=store)]}
    elif "host" in spec:
        spec = {"host": host(site, "DC0_H0")}
    else:
        spec = spec | {"datastore": store}
    with pytest.raises(fault) as refused:
        relocate(vm, **spec)
    if where:
        assert refused.value.invalidProperty == where
    assert (vm.runtime.host, vm.config.changeVersion, [d._moId for d in vm.datastore]) == before


def test_a_machine_goes_only_in_the_state_that_is_asked_for_and_a_template_not_at_all(site, vm):
    target = other_host(vm)
    with pytest.raises(vim.fault.InvalidPowerState):
        done(vm.MigrateVM_Task(None, target, "highPriority", "poweredOn"))
    with pytest.raises(vmodl.fault.InvalidArgument):
        vm.MigrateVM_Task(None, None, "highPriority", None)
    vm.MarkAsTemplate()
    with pytest.raises(vmodl.fault.NotSupported):
        vm.MigrateVM_Task(None, target, "highPriority", None)
    relocate(vm, host=target)
    assert vm.runtime.host == target and vm.config.template


def test_what_the_target_cannot_reserve_is_not_moved_there(site, vm):
    target = other_host(vm)
    size = target.summary.hardware.memorySize // (1 << 20)
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=size // 4 * 3 // 4 * 4)))
    reserve = vim.ResourceAllocationInfo(reservation=vm.config.hardware.memoryMB)
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(memoryAllocation=reserve)))
    done(vm.PowerOnVM_Task())
    other = create(site, vm.name + "-big", memoryMB=vm.config.hardware.memoryMB, memoryAllocation=reserve)
    done(other.PowerOnVM_Task(host=target))
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        relocate(vm, host=target)
    third = create(site, vm.name + "-third", memoryMB=vm.config.hardware.memoryMB, memoryAllocation=reserve)
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        done(third.PowerOnVM_Task(host=target))
    assert isinstance(told(site, third)[-1], vim.event.VmFailedToPowerOnEvent)
    done(third.Destroy_Task())
    assert vm.runtime.host != target
    for one_of in (vm, other):
        done(one_of.PowerOffVM_Task())
        done(one_of.Destroy_Task())


def test_a_host_in_maintenance_takes_no_machine_and_another_one_starts_those_that_it_has(site, vm):
    home, target = vm.runtime.host, other_host(vm)
    done(target.EnterMaintenanceMode_Task(timeout=0))
    try:
        with pytest.raises(vim.fault.InvalidHostState):
            relocate(vm, host=target)
        with pytest.raises(vim.fault.InvalidHostState):
            done(vm.PowerOnVM_Task(host=target))
        with pytest.raises(vmodl.fault.InvalidArgument):
            done(vm.PowerOnVM_Task(host=host(site, "DC0_H0")))
        assert vm.runtime.host == home and vm.runtime.powerState == "poweredOff"
    finally:
        done(target.ExitMaintenanceMode_Task(timeout=0))
    relocate(vm, host=target)
    done(target.EnterMaintenanceMode_Task(timeout=0, evacuatePoweredOffVms=False))
    try:
        done(vm.PowerOnVM_Task())
        assert vm.runtime.host != target and vm not in target.vm and vm in vm.runtime.host.vm
    finally:
        done(target.ExitMaintenanceMode_Task(timeout=0))


def test_a_move_under_way_keeps_others_off_and_can_be_cancelled(fresh_server, name):
    si = fresh_server("--task-delay", SLOW).connect()
    vm = create(si, name)
    done(vm.PowerOnVM_Task())
    before, target = vm.runtime.host, other_host(vm)
    task = vm.RelocateVM_Task(vim.vm.RelocateSpec(host=target))
    while task.info.state == "queued":
        time.sleep(0.01)
    assert kinds(told(si, vm))[-1] == "VmBeingHotMigratedEvent" and vm.runtime.host == before
    with pytest.raises(vim.fault.TaskInProgress):
        done(vm.PowerOffVM_Task())
    task.CancelTask()
    done(vm.PowerOffVM_Task())
    time.sleep(2)
    [failed] = [e for e in told(si, vm) if isinstance(e, vim.event.VmFailedMigrateEvent)]
    assert isinstance(failed.reason, vmodl.fault.RequestCanceled) and failed.destHost.host == target
    assert vm.runtime.host == before and vm in before.vm and vm not in target.vm


def test_a_checker_says_what_a_move_would_end_in_and_moves_nothing(site, vm):
    checker = site.content.vmProvisioningChecker
    home, target, far = vm.runtime.host, other_host(vm), host(site, "DC1_H0")

    def faults(task):
        return [(r.vm, r.host, [type(e).__name__.rpartition(".")[2] for e in r.error]) for r in done(task)]

    assert faults(checker.CheckMigrate_Task(vm, target)) == [(vm, target, [])]
    every = faults(checker.CheckMigrate_Task(vm, None, vm.resourcePool, None, ["hostTests"]))
    assert {h for _, h, _ in every} == set(vm.resourcePool.owner.host) and not any(e for _, _, e in every)
    assert faults(checker.CheckMigrate_Task(vm, target, None, "poweredOn")) == [(vm, target, ["InvalidPowerState"])]
    results = faults(checker.QueryVMotionCompatibilityEx_Task([vm], [target, far]))
    assert results == [(vm, target, []), (vm, far, ["CannotAccessVmConfig"])]
    spec = vim.vm.RelocateSpec(host=far)
    assert faults(checker.CheckRelocate_Task(vm, spec)) == [(vm, far, ["InvalidArgument"])]
    clone = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
    assert faults(checker.CheckClone_Task(vm, vm.parent, vm.name + "-c", clone)) == [(vm, None, [])]
    assert faults(checker.CheckClone_Task(vm, vm.parent, vm.name, clone)) == [(vm, None, ["DuplicateName"])]
    with pytest.raises(vmodl.fault.InvalidArgument):
        checker.CheckRelocate_Task(vm, spec, ["luckTests"])
    assert vm.runtime.host == home and vm.name + "-c" not in all_of(site, vim.VirtualMachine)


def test_govc_moves_a_machine(fresh_server, tmp_path, name):
    from harness import Govc

    server = fresh_server("--ds", "2")
    govc, si = Govc(server, tmp_path), server.connect()
    vm = one(si, vim.VirtualMachine, "DC0_C0_RP0_VM0")
    target = other_host(vm)
    govc("vm.migrate", "-host", target.name, vm.name)
    assert vm.runtime.host == target
    govc("vm.migrate", "-ds", "LocalDS_1", vm.name)
    assert [d.name for d in vm.datastore] == ["LocalDS_1"]
    govc("vm.migrate", "-host", "DC0_H0", vm.name)  # govc names the host's own pool too
    assert vm.runtime.host.name == "DC0_H0" and vm.resourcePool.owner.name == "DC0_H0"
    assert govc.run("vm.migrate", "-ds", "nowhere", vm.name).returncode != 0
