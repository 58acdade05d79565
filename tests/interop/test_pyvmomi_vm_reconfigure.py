"""ReconfigVM_Task, Rename_Task: what changes, what may change while it runs, and what is refused."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import add, create_vm, devices, done, edit, new_disk, new_pvscsi, new_vmxnet3, one, remove

Spec = vim.vm.ConfigSpec


def reconfigure(vm, *changes, **fields):
    done(vm.ReconfigVM_Task(Spec(deviceChange=list(changes), **fields)))


def unit_of(disks):
    return [(disk.key, disk.controllerKey, disk.unitNumber) for disk in disks]


@pytest.fixture
def with_disk(make_vm):
    """A VM with a controller and a disk."""
    return make_vm(deviceChange=[new_pvscsi(-1), new_disk(-1, 0, key=-2)])


# Hardware and options


def test_cpus_and_memory_change_everywhere(vm):
    reconfigure(vm, numCPUs=4, memoryMB=1024)
    assert (vm.config.hardware.numCPU, vm.config.hardware.memoryMB) == (4, 1024)
    assert (vm.summary.config.numCpu, vm.summary.config.memorySizeMB) == (4, 1024)


def test_a_spec_changes_only_what_it_names(vm):
    before = vm.config
    reconfigure(vm, annotation="only this")
    after = vm.config
    assert after.annotation == "only this"
    for field in ("name", "uuid", "guestId", "version"):
        assert getattr(after, field) == getattr(before, field)
    assert after.hardware.numCPU == before.hardware.numCPU
    assert [device.key for device in after.hardware.device] == [device.key for device in before.hardware.device]


def test_extra_config_is_set_changed_and_removed_by_an_empty_value(vm):
    def options():
        return {option.key: option.value for option in vm.config.extraConfig}

    def put(value):
        reconfigure(vm, extraConfig=[vim.option.OptionValue(key="guestinfo.test", value=value)])

    put("one")
    others = options()
    assert others.pop("guestinfo.test") == "one"
    put("two")
    assert options() == others | {"guestinfo.test": "two"}
    put("")
    assert options() == others


def test_a_rename_is_seen_in_name_config_and_summary(vm):
    done(vm.Rename_Task("another name"))
    assert vm.name == vm.config.name == vm.summary.config.name == "another name"
    reconfigure(vm, name="a third name")
    assert vm.name == vm.config.name == "a third name"


def test_a_name_with_slashes_and_percents_is_escaped_as_in_a_vcenter(vm):
    done(vm.Rename_Task("a/b\\c%d"))
    assert vm.name.lower() == "a%2fb%5cc%25d"


def test_a_rename_to_a_taken_name_is_refused(make_vm, name):
    first, second = make_vm(" a"), make_vm(" b")
    with pytest.raises(vim.fault.DuplicateName) as refused:
        done(second.Rename_Task(name + " a"))
    assert refused.value.object == first
    assert second.name == name + " b"


def test_every_change_gives_a_new_change_version_and_an_old_one_is_refused(vm):
    old = vm.config.changeVersion
    reconfigure(vm, annotation="one", changeVersion=old)
    assert vm.config.changeVersion != old
    with pytest.raises(vim.fault.ConcurrentAccess):
        reconfigure(vm, annotation="two", changeVersion=old)
    with pytest.raises(vim.fault.ConcurrentAccess):
        reconfigure(vm, annotation="two", changeVersion="bogus")
    assert vm.config.annotation == "one"


@pytest.mark.parametrize(
    "wrong", [{"numCPUs": 9999}, {"numCPUs": -1}, {"memoryMB": -5}, {"guestId": "nonsenseGuest"}], ids=str
)
def test_an_impossible_value_is_refused_and_nothing_changes(vm, wrong):
    before = vm.config.changeVersion
    with pytest.raises((vmodl.fault.InvalidArgument, vim.fault.VmConfigFault, vmodl.fault.NotSupported)):
        reconfigure(vm, annotation="must not stay", **wrong)
    assert vm.config.changeVersion == before and vm.config.annotation != "must not stay"


# While it runs


def test_cpus_and_memory_of_a_running_vm_stay_without_hot_add(vm):
    done(vm.PowerOnVM_Task())
    with pytest.raises((vim.fault.InvalidPowerState, vim.fault.CpuHotPlugNotSupported)):
        reconfigure(vm, numCPUs=2)
    with pytest.raises((vim.fault.InvalidPowerState, vim.fault.MemoryHotPlugNotSupported)):
        reconfigure(vm, memoryMB=4096)
    assert (vm.config.hardware.numCPU, vm.config.hardware.memoryMB) == (1, 128)


def test_cpus_and_memory_of_a_running_vm_grow_with_hot_add(make_vm):
    vm = make_vm(cpuHotAddEnabled=True, memoryHotAddEnabled=True, memoryMB=1024)
    done(vm.PowerOnVM_Task())
    reconfigure(vm, numCPUs=2, memoryMB=2048)
    assert (vm.config.hardware.numCPU, vm.config.hardware.memoryMB) == (2, 2048)


def test_disks_and_cards_come_and_go_while_it_runs(with_disk):
    done(with_disk.PowerOnVM_Task())
    reconfigure(with_disk, new_disk(1000), new_vmxnet3())
    assert [disk.key for disk in devices(with_disk, vim.vm.device.VirtualDisk)] == [2000, 2001]
    [card] = devices(with_disk, vim.vm.device.VirtualVmxnet3)
    assert card.connectable.connected is True
    reconfigure(with_disk, remove(card))
    assert devices(with_disk, vim.vm.device.VirtualVmxnet3) == []


# Devices


def test_a_second_controller_gets_the_next_key_and_its_disks_theirs(with_disk):
    reconfigure(
        with_disk,
        add(vim.vm.device.ParaVirtualSCSIController(key=-1, busNumber=1, sharedBus="noSharing")),
        new_disk(-1, key=-2),
    )
    assert [controller.key for controller in devices(with_disk, vim.vm.device.VirtualSCSIController)] == [1000, 1001]
    assert unit_of(devices(with_disk, vim.vm.device.VirtualDisk)) == [(2000, 1000, 0), (2016, 1001, 0)]


def test_the_unit_of_the_controller_itself_is_never_given_to_a_disk(with_disk):
    reconfigure(with_disk, *[new_disk(1000, key=-number) for number in range(1, 9)])
    units = [disk.unitNumber for disk in devices(with_disk, vim.vm.device.VirtualDisk)]
    assert units == [0, 1, 2, 3, 4, 5, 6, 8, 9]


@pytest.mark.parametrize("unit", [0, 7, 99, -5])
def test_a_unit_that_is_taken_reserved_or_out_of_range_is_refused(with_disk, unit):
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        reconfigure(with_disk, new_disk(1000, unit))
    assert len(devices(with_disk, vim.vm.device.VirtualDisk)) == 1


def test_a_disk_grows_but_does_not_shrink(with_disk):
    [disk] = devices(with_disk, vim.vm.device.VirtualDisk)
    disk.capacityInKB = 2 * 1024 * 1024
    disk.capacityInBytes = None
    reconfigure(with_disk, edit(disk))
    [disk] = devices(with_disk, vim.vm.device.VirtualDisk)
    assert (disk.capacityInKB, disk.capacityInBytes) == (2 * 1024 * 1024, 2 * 2**30)
    disk.capacityInKB, disk.capacityInBytes = 1024, None
    with pytest.raises((vim.fault.VmConfigFault, vmodl.fault.NotSupported, vmodl.fault.InvalidArgument)):
        reconfigure(with_disk, edit(disk))


def test_a_network_card_moves_to_another_network(si, make_vm):
    vm = make_vm(deviceChange=[new_vmxnet3("VM Network")])
    group = one(si, vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0")
    [card] = devices(vm, vim.vm.device.VirtualVmxnet3)
    mac = card.macAddress
    card.backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(
        port=vim.dvs.PortConnection(portgroupKey=group.key, switchUuid=group.config.distributedVirtualSwitch.uuid)
    )
    reconfigure(vm, edit(card))
    [card] = devices(vm, vim.vm.device.VirtualVmxnet3)
    assert (card.key, card.macAddress, card.backing.port.portgroupKey) == (4000, mac, group.key)
    assert vm.network == [group]


def test_a_manual_mac_is_kept_and_a_bad_one_refused(vm):
    card = new_vmxnet3()
    card.device.addressType, card.device.macAddress = "manual", "00:50:56:12:34:56"
    reconfigure(vm, card)
    assert [card.macAddress for card in devices(vm, vim.vm.device.VirtualVmxnet3)] == ["00:50:56:12:34:56"]
    bad = new_vmxnet3()
    bad.device.addressType, bad.device.macAddress = "manual", "not a mac"
    with pytest.raises((vim.fault.VmConfigFault, vmodl.fault.InvalidArgument)):
        reconfigure(vm, bad)


@pytest.mark.parametrize("operation", [edit, remove])
def test_a_device_that_is_not_there_can_neither_be_edited_nor_removed(vm, operation):
    with pytest.raises(vim.fault.InvalidDeviceSpec) as refused:
        reconfigure(vm, operation(vim.vm.device.VirtualDisk(key=2077, capacityInKB=1024)))
    assert refused.value.deviceIndex == 0


def test_the_second_of_two_changes_is_named_when_it_is_wrong_and_the_first_undone(with_disk):
    with pytest.raises(vim.fault.InvalidDeviceSpec) as refused:
        reconfigure(with_disk, new_disk(1000, 1), new_disk(1000, 99, key=-2))
    assert refused.value.deviceIndex == 1
    assert len(devices(with_disk, vim.vm.device.VirtualDisk)) == 1


def test_the_vmci_device_cannot_be_removed_nor_doubled(vm):
    [vmci] = devices(vm, vim.vm.device.VirtualVMCIDevice)
    for change in (remove(vmci), add(vim.vm.device.VirtualVMCIDevice(key=-1))):
        with pytest.raises(vim.fault.VmConfigFault):
            reconfigure(vm, change)
    assert [device.key for device in devices(vm, vim.vm.device.VirtualVMCIDevice)] == [12000]


def test_a_busy_name_is_free_again_after_a_rename(si, make_vm, name):
    vm = make_vm()
    done(vm.Rename_Task(name + " moved away"))
    second = create_vm(si, name)
    assert second != vm
    done(second.Destroy_Task())
