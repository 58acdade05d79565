"""Machines that leave the inventory and come back: `UnregisterVM` and `RegisterVM_Task`."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import all_of, devices, done, new_disk, new_pvscsi, new_vmxnet3, one, remove_vm

DISK = vim.vm.device.VirtualDisk


@pytest.fixture
def gone(make_vm):
    """(folder, pool, path, uuid, disk files) of a machine with a snapshot that has left the inventory."""
    thick = new_disk(-10, 0)
    thick.device.backing.thinProvisioned = False
    vm = make_vm(deviceChange=[new_pvscsi(-10), thick, new_vmxnet3()])
    done(vm.CreateSnapshot_Task("kept", "as it was", False, False))
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=256)))
    found = (vm.parent, vm.resourcePool, vm.config.files.vmPathName, vm.config.instanceUuid, files(vm))
    vm.UnregisterVM()
    return found


def files(vm):
    def chain(backing):
        return [backing.fileName] + chain(backing.parent) if backing else []

    return [chain(disk.backing) for disk in devices(vm, DISK)]


def test_a_machine_comes_back_with_all_that_its_files_hold(si, gone, name):
    folder, pool, path, uuid, disks = gone
    free = one(si, vim.Datastore, "LocalDS_0").summary.freeSpace
    vm = done(folder.RegisterVM_Task(path, None, False, pool))
    try:
        assert (vm.name, vm.config.instanceUuid, vm.config.hardware.memoryMB) == (name, uuid, 256)
        assert files(vm) == disks and vm in folder.childEntity and vm in pool.vm
        assert one(si, vim.Datastore, "LocalDS_0").summary.freeSpace == free
        [node] = vm.snapshot.rootSnapshotList
        assert (node.name, node.vm, vm.snapshot.currentSnapshot) == ("kept", vm, node.snapshot)
        assert node.snapshot.vm == vm
        done(node.snapshot.RevertToSnapshot_Task())
        assert vm.config.hardware.memoryMB == 128
        assert done(vm.CreateSnapshot_Task("next", None, False, False)).vm == vm
        assert [n.id for n in vm.snapshot.rootSnapshotList[0].childSnapshotList] == [2]
        with pytest.raises(vim.fault.AlreadyExists):
            done(folder.RegisterVM_Task(path, name + "-2", False, pool))
    finally:
        remove_vm(vm)


def test_a_machine_comes_back_as_a_template_with_another_name(si, gone, name):
    folder, pool, path, _, _ = gone
    host = pool.owner.host[0]
    for arguments in ((path, None, True, pool), (path, None, True, None), (path, None, False, None)):
        with pytest.raises(vmodl.fault.InvalidArgument):
            done(folder.RegisterVM_Task(*arguments))
    template = done(folder.RegisterVM_Task(path, name + "-t", True, None, host))
    assert (template.name, template.config.template, template.resourcePool) == (name + "-t", True, None)
    assert template.runtime.host == host and template in host.vm
    remove_vm(template)


@pytest.mark.parametrize(
    "path,fault",
    [
        ("no brackets.vmx", vim.fault.InvalidDatastorePath),
        ("[LocalDS_0] a/b.vmdk", vim.fault.InvalidDatastorePath),
        ("[nowhere] a/a.vmx", vim.fault.InvalidDatastore),
        ("[LocalDS_0] nothing/here.vmx", vim.fault.NotFound),
    ],
)
def test_what_is_not_there_cannot_be_registered(si, gone, path, fault):
    folder, pool, _, _, _ = gone
    before = len(all_of(si, vim.VirtualMachine))
    with pytest.raises(fault):
        done(folder.RegisterVM_Task(path, None, False, pool))
    assert len(all_of(si, vim.VirtualMachine)) == before


def test_files_that_stay_are_in_the_way_of_new_ones_and_can_be_attached(si, gone, make_vm, name):
    _, _, path, _, disks = gone
    twin = make_vm()
    assert twin.name == name and twin.config.files.vmPathName != path
    disk = new_disk(-10, 0)
    disk.fileOperation, disk.device.capacityInKB = None, 0
    disk.device.backing.fileName = disks[0][0]
    vm = make_vm("-b", deviceChange=[new_pvscsi(-10), disk])
    assert devices(vm, DISK)[0].capacityInKB == 1024 * 1024


def test_govc_unregisters_and_registers(govc, make_vm, si, name):
    vm = make_vm()
    path = vm.config.files.vmPathName.partition("] ")[2]
    govc("vm.unregister", name)
    govc("vm.register", "-ds", "LocalDS_0", "-pool", "DC0_C0/Resources", path)
    remove_vm(all_of(si, vim.VirtualMachine)[name])
