"""CreateVM_Task: what a new VM consists of, and which specs are refused."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import (
    add,
    all_of,
    create_vm,
    devices,
    done,
    new_disk,
    new_pvscsi,
    new_vmxnet3,
    one,
    place,
    powered_off_vm_spec,
)

INVALID_SPEC = (vmodl.fault.InvalidArgument, vim.fault.VmConfigFault, vmodl.fault.NotSupported, vim.fault.InvalidName)


def vm_names(si):
    return set(all_of(si, vim.VirtualMachine))


# What it consists of


def test_a_new_vm_is_off_and_stands_where_it_was_put(si, vm, name):
    folder, pool = place(si)
    assert (vm.name, vm.parent, vm.resourcePool) == (name, folder, pool)
    assert vm.runtime.powerState == "poweredOff" and vm.runtime.bootTime is None
    assert vm.runtime.host in pool.owner.host
    assert [datastore.name for datastore in vm.datastore] == ["LocalDS_0"]


def test_what_the_spec_says_is_what_the_config_says(make_vm):
    vm = make_vm(
        numCPUs=4,
        numCoresPerSocket=2,
        memoryMB=2048,
        guestId="ubuntu64Guest",
        annotation="a note",
        extraConfig=[vim.option.OptionValue(key="guestinfo.answer", value="42")],
    )
    hardware = vm.config.hardware
    assert (hardware.numCPU, hardware.numCoresPerSocket, hardware.memoryMB) == (4, 2, 2048)
    assert (vm.config.guestId, vm.config.annotation) == ("ubuntu64Guest", "a note")
    assert "Ubuntu" in vm.config.guestFullName
    assert {option.key: option.value for option in vm.config.extraConfig}["guestinfo.answer"] == "42"


def test_files_are_named_after_the_vm(make_vm, name):
    vm = make_vm(deviceChange=[new_pvscsi(-1), new_disk(-1, 0, key=-2)])
    assert vm.config.files.vmPathName == f"[LocalDS_0] {name}/{name}.vmx"
    [disk] = devices(vm, vim.vm.device.VirtualDisk)
    assert disk.backing.fileName == f"[LocalDS_0] {name}/{name}.vmdk"
    assert {file.name for file in vm.layoutEx.file} >= {vm.config.files.vmPathName, disk.backing.fileName}


def test_every_vm_has_the_devices_that_a_vcenter_gives_it(vm):
    expected = {
        vim.vm.device.VirtualIDEController: [200, 201],
        vim.vm.device.VirtualPS2Controller: [300],
        vim.vm.device.VirtualPCIController: [100],
        vim.vm.device.VirtualSIOController: [400],
        vim.vm.device.VirtualKeyboard: [600],
        vim.vm.device.VirtualPointingDevice: [700],
        vim.vm.device.VirtualVideoCard: [500],
        vim.vm.device.VirtualVMCIDevice: [12000],
    }
    assert {kind: [device.key for device in devices(vm, kind)] for kind in expected} == expected


def test_added_devices_get_keys_units_and_labels_as_in_a_vcenter(make_vm):
    vm = make_vm(
        deviceChange=[
            new_pvscsi(-1),
            new_disk(-1, key=-2),
            new_disk(-1, key=-3),
            new_vmxnet3(key=-4),
            new_vmxnet3(key=-5),
        ]
    )
    seen = [
        (device.key, device.controllerKey, device.unitNumber, device.deviceInfo.label)
        for kind in (vim.vm.device.VirtualSCSIController, vim.vm.device.VirtualDisk, vim.vm.device.VirtualEthernetCard)
        for device in devices(vm, kind)
    ]
    assert seen == [
        (1000, 100, 3, "SCSI controller 0"),
        (2000, 1000, 0, "Hard disk 1"),
        (2001, 1000, 1, "Hard disk 2"),
        (4000, 100, 7, "Network adapter 1"),
        (4001, 100, 8, "Network adapter 2"),
    ]


def test_controllers_know_their_devices(make_vm):
    vm = make_vm(deviceChange=[new_pvscsi(-1), new_disk(-1, key=-2), new_vmxnet3(key=-3)])
    children = {device.key: set(device.device) for device in devices(vm, vim.vm.device.VirtualController)}
    assert children[1000] == {2000}
    assert {500, 12000, 1000, 4000} <= children[100]


def test_an_ahci_controller_takes_disk_and_cdrom(make_vm):
    cdrom = vim.vm.device.VirtualCdrom(
        key=-3,
        controllerKey=-1,
        unitNumber=1,
        backing=vim.vm.device.VirtualCdrom.RemotePassthroughBackingInfo(
            deviceName="", useAutoDetect=False, exclusive=False
        ),
    )
    vm = make_vm(
        deviceChange=[
            add(vim.vm.device.VirtualAHCIController(key=-1, busNumber=0)),
            new_disk(-1, 0, key=-2),
            add(cdrom),
        ]
    )
    assert [device.key for device in devices(vm, vim.vm.device.VirtualAHCIController)] == [15000]
    assert [device.key for device in devices(vm, vim.vm.device.VirtualCdrom)] == [16001]
    assert [device.controllerKey for device in devices(vm, vim.vm.device.VirtualDisk)] == [15000]


def test_a_network_card_gets_a_mac_and_its_network(si, make_vm):
    vm = make_vm(deviceChange=[new_vmxnet3("VM Network")])
    [card] = devices(vm, vim.vm.device.VirtualVmxnet3)
    assert card.addressType == "assigned" and card.macAddress.startswith("00:50:56:")
    assert card.backing.network == one(si, vim.Network, "VM Network")
    assert vm.network == [card.backing.network]
    assert vm in card.backing.network.vm


def test_a_network_card_can_sit_on_a_distributed_port(si, make_vm):
    group = one(si, vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0")
    port = vim.dvs.PortConnection(portgroupKey=group.key, switchUuid=group.config.distributedVirtualSwitch.uuid)
    backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    vm = make_vm(deviceChange=[add(vim.vm.device.VirtualVmxnet3(key=-1, backing=backing))])
    [card] = devices(vm, vim.vm.device.VirtualVmxnet3)
    assert card.backing.port.portgroupKey == group.key
    assert vm.network == [group] and vm in group.vm


def test_a_disk_takes_space_on_its_datastore_and_gives_it_back(si, name):
    datastore = one(si, vim.Datastore, "LocalDS_0")
    before = datastore.summary.freeSpace
    thick = new_disk(-1, 0, size_kb=10 * 1024 * 1024, key=-2)
    thick.device.backing.thinProvisioned = False
    vm = create_vm(si, name, deviceChange=[new_pvscsi(-1), thick])
    assert vm.summary.storage.committed >= 10 * 2**30
    assert datastore.summary.freeSpace <= before - 10 * 2**30
    done(vm.Destroy_Task())
    assert datastore.summary.freeSpace == before


def test_the_hardware_version_can_be_chosen(make_vm):
    assert make_vm(version="vmx-19").config.version == "vmx-19"


# What is refused


@pytest.mark.parametrize(
    "wrong",
    [
        {"numCPUs": 9999},
        {"numCPUs": -1},
        {"memoryMB": -5},
        {"guestId": "nonsenseGuest"},
        {"version": "vmx-99"},
        {"name": "n" * 200},
        {"name": ""},
        {"numCPUs": 4, "numCoresPerSocket": 3},
    ],
    ids=lambda wrong: ",".join(f"{key}={str(value)[:12]}" for key, value in wrong.items()),
)
def test_a_spec_that_no_vcenter_takes_is_refused_and_makes_nothing(si, name, wrong):
    before = vm_names(si)
    with pytest.raises(INVALID_SPEC):
        create_vm(si, **({"name": name} | wrong))
    assert vm_names(si) == before


def test_a_name_is_taken_once_in_a_folder(si, vm, name):
    with pytest.raises(vim.fault.DuplicateName) as refused:
        create_vm(si, name)
    assert refused.value.name == name
    assert refused.value.object == vm


def test_a_disk_larger_than_the_datastore_is_refused(si, name):
    with pytest.raises((vim.fault.NoDiskSpace, vim.fault.InsufficientStorageSpace)):
        create_vm(si, name, deviceChange=[new_pvscsi(-1), new_disk(-1, 0, size_kb=10**15, key=-2)])
    assert name not in vm_names(si)
    assert one(si, vim.Datastore, "LocalDS_0").summary.freeSpace > 0


def test_a_datastore_that_does_not_exist_is_refused_and_named(si, name):
    with pytest.raises(vim.fault.InvalidDatastore) as refused:
        create_vm(si, name, files=vim.vm.FileInfo(vmPathName="[nope]"))
    assert "nope" in str(refused.value)
    assert name not in vm_names(si)


def test_a_pool_that_does_not_exist_is_refused_and_named(si, name):
    folder, _ = place(si)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound) as refused:
        done(folder.CreateVM_Task(powered_off_vm_spec(name), vim.ResourcePool("resgroup-999999", si._stub)))
    assert refused.value.obj._moId == "resgroup-999999"


def test_a_network_that_does_not_exist_is_refused(si, name):
    with pytest.raises((vim.fault.InvalidDeviceSpec, vim.fault.NotFound)):
        create_vm(si, name, deviceChange=[new_vmxnet3("no such network")])
    assert name not in vm_names(si)


def test_a_disk_on_a_controller_that_is_not_there_is_refused(si, name):
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        create_vm(si, name, deviceChange=[new_disk(1000, 0)])
    assert name not in vm_names(si)


def test_a_host_folder_makes_no_vms(si, name):
    [datacenter] = si.content.rootFolder.childEntity
    _, pool = place(si)
    with pytest.raises(vmodl.fault.NotSupported):
        done(datacenter.hostFolder.CreateVM_Task(powered_off_vm_spec(name), pool))
