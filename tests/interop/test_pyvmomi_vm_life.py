"""The main job: a VM with a VMXNET3 card, a disk and its VMCI device, from creation to the end."""

from pyVmomi import vim

from vsphere import (
    add,
    all_of,
    devices,
    done,
    edit,
    new_disk,
    new_pvscsi,
    new_vmxnet3,
    place,
    powered_off_vm_spec,
    read,
)
from watcher import Watcher, as_seen_by, watch_object


def test_a_vm_lives_from_creation_to_destruction_while_another_session_watches(si, connect, name):
    folder, pool = place(si)
    spec = powered_off_vm_spec(
        name,
        deviceChange=[
            new_pvscsi(key=-1),
            new_disk(controller=-1, unit=0, key=-2),
            new_vmxnet3("VM Network", key=-3),
            add(vim.vm.device.VirtualVMCIDevice(key=-4)),
        ],
    )
    vm = done(folder.CreateVM_Task(spec, pool))

    assert [disk.key for disk in devices(vm, vim.vm.device.VirtualDisk)] == [2000]
    assert [card.key for card in devices(vm, vim.vm.device.VirtualVmxnet3)] == [4000]
    [vmci] = devices(vm, vim.vm.device.VirtualVMCIDevice)
    assert (vmci.key, vmci.id) == (12000, -1)

    watching = connect()
    watcher = Watcher(
        watching, watch_object(as_seen_by(watching, vm), "runtime.powerState", "name", "config.hardware.numCPU")
    )
    assert watcher.objects() == [
        (
            "enter",
            vm,
            {
                "runtime.powerState": ("assign", "poweredOff"),
                "name": ("assign", name),
                "config.hardware.numCPU": ("assign", 1),
            },
        )
    ]

    done(vm.PowerOnVM_Task())
    assert watcher.until("runtime.powerState", "poweredOn") == ["poweredOn"]
    assert devices(vm, vim.vm.device.VirtualVMCIDevice)[0].id != -1
    done(vm.PowerOffVM_Task())
    assert watcher.until("runtime.powerState", "poweredOff") == ["poweredOff"]

    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=4, memoryMB=512)))
    assert watcher.until("config.hardware.numCPU", 4) == [4]
    done(vm.Rename_Task(name + " renamed"))
    assert watcher.until("name", name + " renamed") == [name + " renamed"]

    done(vm.Destroy_Task())
    assert [(kind, obj) for kind, obj, _ in watcher.objects()] == [("leave", vm)]
    assert name + " renamed" not in all_of(si, vim.VirtualMachine)


def test_the_vmci_device_keeps_what_a_reconfigure_says(vm):
    [vmci] = devices(vm, vim.vm.device.VirtualVMCIDevice)
    assert (vmci.controllerKey, vmci.unitNumber) == (100, 17)
    vmci.filterEnable = False
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(vmci)])))
    assert read(vm, "config.hardware.device[12000].filterEnable") == {
        "config.hardware.device[12000].filterEnable": False
    }


def test_the_vmci_id_comes_with_the_first_power_on_and_differs_between_vms(make_vm):
    vms = [make_vm(" a"), make_vm(" b")]
    assert [devices(vm, vim.vm.device.VirtualVMCIDevice)[0].id for vm in vms] == [-1, -1]
    for vm in vms:
        done(vm.PowerOnVM_Task())
    ids = [devices(vm, vim.vm.device.VirtualVMCIDevice)[0].id for vm in vms]
    assert len(set(ids)) == 2
    assert all(-(2**31) <= number < 2**31 and number & 0xFFFFFFFF > 15 and number != -1 for number in ids)
