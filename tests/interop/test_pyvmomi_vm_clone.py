"""Clones: machines and templates like another one, with an identity of their own."""

import time

import pytest
from pyVmomi import vim, vmodl

from vsphere import (
    add,
    all_of,
    create_vm,
    devices,
    done,
    edit,
    new_disk,
    new_pvscsi,
    new_vmxnet3,
    one,
    place,
    powered_off_vm_spec,
    remove_vm,
)

DISK = vim.vm.device.VirtualDisk
NIC = vim.vm.device.VirtualEthernetCard
VMCI = vim.vm.device.VirtualVMCIDevice


@pytest.fixture
def source(make_vm):
    """A VM with two disks and an adapter."""
    return make_vm(
        "-source",
        annotation="the first",
        deviceChange=[new_pvscsi(-10), new_disk(-10, 0), new_disk(-10, 1, key=-2), new_vmxnet3()],
    )


@pytest.fixture
def clone(si, name):
    """A function that clones; all clones are gone after the test."""
    made = []

    def make(of, suffix="", folder=None, location=None, **spec):
        location = location or vim.vm.RelocateSpec()
        wish = vim.vm.CloneSpec(**({"location": location, "powerOn": False, "template": False} | spec))
        made.append(done(of.CloneVM_Task(folder or of.parent, name + suffix, wish)))
        return made[-1]

    yield make
    for vm in made:
        remove_vm(vm)


def files(vm):
    """File names of the chain of each disk, the one that is written to first."""

    def chain(backing):
        return [backing.fileName] + chain(backing.parent) if backing else []

    return [chain(disk.backing) for disk in devices(vm, DISK)]


def last_event(si, vm, kind):
    by_vm = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
    events = si.content.eventManager.QueryEvents(vim.event.EventFilterSpec(entity=by_vm))
    return [event for event in events if isinstance(event, kind)][-1]


def test_a_clone_is_like_its_source_but_for_its_identity(si, source, clone, name):
    done(source.PowerOnVM_Task())
    vm = clone(source)
    assert (vm.name, vm.parent, vm.resourcePool) == (name, source.parent, source.resourcePool)
    assert (vm.config.annotation, vm.config.hardware.memoryMB) == ("the first", 128)
    assert vm.runtime.powerState == "poweredOff" and source.runtime.powerState == "poweredOn"
    assert vm.config.uuid != source.config.uuid and vm.config.instanceUuid != source.config.instanceUuid
    assert devices(vm, VMCI)[0].id == -1 != devices(source, VMCI)[0].id
    [mine], [yours] = devices(vm, NIC), devices(source, NIC)
    assert mine.macAddress != yours.macAddress and not mine.connectable.connected
    assert files(vm) == [[f"[LocalDS_0] {name}/{name}.vmdk"], [f"[LocalDS_0] {name}/{name}_1.vmdk"]]
    assert vm.config.files.vmPathName == f"[LocalDS_0] {name}/{name}.vmx"
    assert [d.backing.uuid for d in devices(vm, DISK)] != [d.backing.uuid for d in devices(source, DISK)]
    assert {d.key for d in vm.config.hardware.device} == {d.key for d in source.config.hardware.device}
    assert vm in vm.runtime.host.vm and vm in vm.network[0].vm and vm in vm.datastore[0].vm
    assert si.content.searchIndex.FindByUuid(None, vm.config.instanceUuid, True, True) == vm
    done(vm.PowerOnVM_Task())
    assert devices(vm, VMCI)[0].id not in (-1, devices(source, VMCI)[0].id)
    begin, end = (last_event(si, source, vim.event.VmBeingClonedEvent), last_event(si, vm, vim.event.VmClonedEvent))
    assert (begin.destName, begin.destFolder.folder, end.sourceVm.vm) == (name, source.parent, source)


def test_a_clone_can_differ_and_be_powered_on_at_once(source, clone):
    spec = vim.vm.ConfigSpec(numCPUs=2, memoryMB=256, deviceChange=[add(VMCI(key=-50, filterEnable=False))])
    vm = clone(source, config=spec, powerOn=True)
    assert (vm.config.hardware.numCPU, vm.config.hardware.memoryMB) == (2, 256)
    assert vm.runtime.powerState == "poweredOn"
    assert [d.filterEnable for d in devices(vm, VMCI)] == [False]
    assert source.config.hardware.numCPU == 1


def test_a_template_is_made_by_a_clone_and_gives_machines(si, source, clone, name):
    template = clone(source, "-t", template=True)
    assert template.config.template and template.resourcePool is None
    assert template not in source.resourcePool.vm
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        clone(template)
    assert refused.value.invalidProperty == "spec.location.pool"
    vm = clone(template, location=vim.vm.RelocateSpec(pool=source.resourcePool))
    assert not vm.config.template and vm.resourcePool == source.resourcePool and vm in source.resourcePool.vm
    deployed = last_event(si, vm, vim.event.VmDeployedEvent)
    assert (deployed.srcTemplate.vm, deployed.vm.vm) == (template, vm)


def test_a_whole_clone_of_a_machine_with_snapshots_has_one_file_for_each_disk(source, clone, name):
    done(source.CreateSnapshot_Task("s", None, False, False))
    assert [len(chain) for chain in files(source)] == [2, 2]
    vm = clone(source)
    assert [len(chain) for chain in files(vm)] == [1, 1]
    assert vm.snapshot is None


def test_a_linked_clone_stands_on_the_disks_of_a_snapshot(source, clone, name):
    base = files(source)
    snapshot = done(source.CreateSnapshot_Task("s", None, False, False))
    done(source.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=512)))
    used = source.datastore[0].summary.freeSpace
    location = vim.vm.RelocateSpec(diskMoveType="createNewChildDiskBacking")
    vm = clone(source, snapshot=snapshot, location=location)
    assert files(vm) == [[f"[LocalDS_0] {name}/{name}{n}.vmdk", *base[i]] for i, n in enumerate(("", "_1"))]
    assert vm.config.hardware.memoryMB == 128
    assert used - source.datastore[0].summary.freeSpace < 10 << 20
    # The source's own chain cannot be merged while another machine stands on it.
    done(snapshot.RemoveSnapshot_Task(removeChildren=False))
    assert files(source)[0][1:] == base[0] and files(vm)[0][1:] == base[0]
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        clone(source, "-x", location=location)
    assert refused.value.invalidProperty == "spec.snapshot"


def test_a_clone_of_a_snapshot_is_what_the_machine_was(source, clone):
    snapshot = done(source.CreateSnapshot_Task("s", None, False, False))
    done(source.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=512)))
    assert clone(source, snapshot=snapshot).config.hardware.memoryMB == 128
    other = done(source.CreateSnapshot_Task("t", None, False, False))
    assert clone(source, "-2", snapshot=other).config.hardware.memoryMB == 512


def test_each_clone_on_a_distributed_switch_has_a_port_of_its_own(si, make_vm, clone):
    group = next(g for g in all_of(si, vim.dvs.DistributedVirtualPortgroup).values() if g.name == "DC0_DVPG0")
    port = vim.dvs.PortConnection(switchUuid=group.config.distributedVirtualSwitch.uuid, portgroupKey=group.key)
    backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    source = make_vm("-source", deviceChange=[add(vim.vm.device.VirtualVmxnet3(key=-1, backing=backing))])
    machines = [source, clone(source, "-1"), clone(source, "-2")]
    ports = [devices(vm, NIC)[0].backing.port.portKey for vm in machines]
    assert len(set(ports)) == 3 and None not in ports
    assert {devices(vm, NIC)[0].key for vm in machines} == {devices(source, NIC)[0].key}


def test_a_clone_goes_to_another_host_and_network(si, source, clone):
    target = one(si, vim.HostSystem, "DC0_H0")
    [nic] = devices(source, NIC)
    group = next(g for g in all_of(si, vim.dvs.DistributedVirtualPortgroup).values() if g.name == "DC0_DVPG0")
    port = vim.dvs.PortConnection(switchUuid=group.config.distributedVirtualSwitch.uuid, portgroupKey=group.key)
    nic.backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    location = vim.vm.RelocateSpec(host=target, pool=target.parent.resourcePool, deviceChange=[edit(nic)])
    vm = clone(source, location=location)
    assert (vm.runtime.host, vm.network) == (target, [group])
    assert vm.environmentBrowser == target.parent.environmentBrowser


@pytest.mark.parametrize(
    "spec,fault,where",
    [
        ({"template": True, "powerOn": True}, vmodl.fault.InvalidArgument, "spec.powerOn"),
        ({"memory": True}, vmodl.fault.NotSupported, None),
        ({"tpmProvisionPolicy": "lend"}, vmodl.fault.InvalidArgument, "spec.tpmProvisionPolicy"),
        ({"customization": "any"}, vmodl.fault.NotSupported, None),
        ({"config": "bad"}, vmodl.fault.InvalidArgument, None),
        ({"snapshot": "other"}, vmodl.fault.InvalidArgument, "spec.snapshot"),
    ],
)
def test_a_bad_wish_is_refused_and_makes_nothing(si, source, make_vm, clone, name, spec, fault, where):
    if "customization" in spec:
        linux = vim.vm.customization.LinuxPrep(domain="d", hostName=vim.vm.customization.VirtualMachineNameGenerator())
        addresses = vim.vm.customization.GlobalIPSettings()
        spec = {"customization": vim.vm.customization.Specification(globalIPSettings=addresses, identity=linux)}
    if "config" in spec:
        spec = {"config": vim.vm.ConfigSpec(numCPUs=-1)}
    if "snapshot" in spec:
        spec = {"snapshot": done(make_vm("-other").CreateSnapshot_Task("s", None, False, False))}
    with pytest.raises(fault) as refused:
        clone(source, **spec)
    if where:
        assert refused.value.invalidProperty == where
    assert name not in all_of(si, vim.VirtualMachine)


def test_a_name_that_is_taken_and_a_folder_of_another_kind_are_refused(si, source, clone):
    with pytest.raises(vim.fault.DuplicateName):
        done(source.CloneVM_Task(source.parent, source.name, vim.vm.CloneSpec(location=vim.vm.RelocateSpec())))
    [datacenter] = all_of(si, vim.Datacenter).values()
    with pytest.raises(vmodl.fault.NotSupported):
        clone(source, folder=datacenter.hostFolder)


def test_what_finds_no_room_is_not_cloned(si, make_vm, clone):
    store = one(si, vim.Datastore, "LocalDS_0")
    size = store.summary.freeSpace // 1024 * 2 // 3
    disk = new_disk(-10, 0, size_kb=size)
    disk.device.backing.thinProvisioned = False
    source = make_vm("-source", deviceChange=[new_pvscsi(-10), disk])
    with pytest.raises(vim.fault.NoDiskSpace):
        clone(source)


def test_many_clones_of_one_template_are_made_at_once(fresh_server, name):
    si = fresh_server("--task-delay", "CloneVM_Task:1000").connect()
    folder, pool = place(si)
    template = done(folder.CreateVM_Task(powered_off_vm_spec(name), pool))
    template.MarkAsTemplate()
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=pool), powerOn=True, template=False)
    before = time.monotonic()
    tasks = [template.CloneVM_Task(folder, f"{name}-{n}", spec) for n in range(5)]
    tasks[0].CancelTask()
    machines = [done(task) for task in tasks[1:]]
    assert time.monotonic() - before < 4
    assert {vm.runtime.powerState for vm in machines} == {"poweredOn"}
    assert len({vm.config.uuid for vm in machines}) == 4
    assert f"{name}-0" not in all_of(si, vim.VirtualMachine)


def test_an_instant_clone_runs_on_from_the_same_moment(si, source, name):
    wish = vim.vm.InstantCloneSpec(name=name, location=vim.vm.RelocateSpec())
    with pytest.raises(vim.fault.InvalidPowerState):
        done(source.InstantClone_Task(wish))
    done(source.PowerOnVM_Task())
    base = files(source)
    wish.config = [vim.option.OptionValue(key="guestinfo.name", value="b")]
    wish.biosUuid = "564d379a-1111-2222-3333-2ed352d83be0"
    vm = done(source.InstantClone_Task(wish))
    try:
        assert vm.runtime.powerState == source.runtime.powerState == "poweredOn"
        assert vm.config.uuid == wish.biosUuid and devices(vm, VMCI)[0].id == 0x52D83BE0
        assert {o.key: o.value for o in vm.config.extraConfig}["guestinfo.name"] == "b"
        # Both go on in files of their own above those that they share.
        assert [chain[1:] for chain in files(vm)] == [chain[1:] for chain in files(source)] == base
        assert not {chain[0] for chain in files(vm)} & {chain[0] for chain in files(source)}
        assert devices(vm, NIC)[0].macAddress != devices(source, NIC)[0].macAddress
    finally:
        remove_vm(vm)


def test_the_guest_of_an_instant_clone_is_the_same(si, name):
    source = one(si, vim.VirtualMachine, "DC0_C0_RP0_VM0")
    vm = done(source.InstantClone_Task(vim.vm.InstantCloneSpec(name=name, location=vim.vm.RelocateSpec())))
    try:
        assert vm.guest.hostName == source.guest.hostName and vm.guest.ipAddress == source.guest.ipAddress
    finally:
        remove_vm(vm)


def test_govc_clones_machines_and_templates(govc, si, source, name):
    govc("vm.clone", "-vm", source.name, "-pool", "DC0_C0/Resources", "-on=false", "-template", f"{name}-t")
    govc("vm.clone", "-vm", f"{name}-t", "-pool", "DC0_C0/Resources", "-on=true", f"{name}-c")
    vms = all_of(si, vim.VirtualMachine)
    template, machine = vms[f"{name}-t"], vms[f"{name}-c"]
    assert template.config.template and machine.runtime.powerState == "poweredOn"
    govc("snapshot.create", "-vm", source.name, "root")
    govc("vm.clone", "-vm", source.name, "-snapshot", "root", "-link", "-pool", "DC0_C0/Resources", "-on=false", f"{name}-l")
    linked = all_of(si, vim.VirtualMachine)[f"{name}-l"]
    assert [len(chain) for chain in files(linked)] == [2, 2]
    for vm in (template, machine, linked):
        remove_vm(vm)
