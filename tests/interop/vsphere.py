"""What a vSphere script does again and again, in pyVmomi. Everything goes over the wire."""

from contextlib import contextmanager

from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

PropertyCollector = vmodl.query.PropertyCollector


def path_set(kind, *paths):
    return PropertyCollector.PropertySpec(type=kind, pathSet=list(paths), all=not paths)


def object_spec(obj, *select, skip=False):
    return PropertyCollector.ObjectSpec(obj=obj, skip=skip, selectSet=list(select))


def traversal(kind, path, *select, name=None, skip=False):
    return PropertyCollector.TraversalSpec(name=name, type=kind, path=path, skip=skip, selectSet=list(select))


def named(name):
    return PropertyCollector.SelectionSpec(name=name)


def filter_spec(objects, properties, **options):
    return PropertyCollector.FilterSpec(objectSet=list(objects), propSet=list(properties), **options)


def read(obj, *paths):
    """Properties of one object as a dictionary {path: value}."""
    spec = filter_spec([object_spec(obj)], [path_set(type(obj), *paths)])
    pc = vim.ServiceInstance("ServiceInstance", obj._stub).content.propertyCollector
    [content] = pc.RetrieveContents([spec])
    return {p.name: p.val for p in content.propSet}


@contextmanager
def container_view(si, kind, root=None, recursive=True):
    kinds = kind if isinstance(kind, list) else [kind]
    view = si.content.viewManager.CreateContainerView(root or si.content.rootFolder, kinds, recursive)
    try:
        yield view
    finally:
        view.DestroyView()


def all_of(si, kind, root=None):
    """{name: object} of all managed objects of a type."""
    with container_view(si, kind, root) as view:
        return {obj.name: obj for obj in view.view}


def one(si, kind, name):
    found = all_of(si, kind)
    assert name in found, f"no {kind.__name__} {name!r}; there are {sorted(found)}"
    return found[name]


def done(task):
    """Wait for a task and return its result; a fault of the task is raised."""
    WaitForTask(task, maxWaitTime=30)
    return task.info.result


def powered_off_vm_spec(name, **more):
    """The least that makes a VM."""
    fields = {
        "name": name,
        "guestId": "otherGuest64",
        "numCPUs": 1,
        "memoryMB": 128,
        "files": vim.vm.FileInfo(vmPathName="[LocalDS_0]"),
    }
    return vim.vm.ConfigSpec(**(fields | more))


def place(si):
    """(folder, pool) where tests put their VMs."""
    [datacenter] = all_of(si, vim.Datacenter).values()
    return datacenter.vmFolder, one(si, vim.ClusterComputeResource, "DC0_C0").resourcePool


def create_vm(si, name, **more):
    folder, pool = place(si)
    return done(folder.CreateVM_Task(powered_off_vm_spec(name, **more), pool))


def remove_vm(vm):
    """Power off and destroy a VM, whatever a test did to it."""
    try:
        if vm.runtime.powerState != "poweredOff":
            done(vm.PowerOffVM_Task())
        done(vm.Destroy_Task())
    except vmodl.fault.ManagedObjectNotFound:
        pass


def add(device, **more):
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=device, **more)


def edit(device):
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)


def remove(device, **more):
    return vim.vm.device.VirtualDeviceSpec(operation="remove", device=device, **more)


def new_disk(controller, unit=None, size_kb=1024 * 1024, key=-1):
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent", thinProvisioned=True, fileName="")
    disk = vim.vm.device.VirtualDisk(
        key=key, controllerKey=controller, unitNumber=unit, capacityInKB=size_kb, backing=backing
    )
    return add(disk, fileOperation="create")


def new_vmxnet3(network="VM Network", key=-1):
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network)
    return add(vim.vm.device.VirtualVmxnet3(key=key, backing=backing))


def new_pvscsi(key=-1):
    return add(vim.vm.device.ParaVirtualSCSIController(key=key, busNumber=0, sharedBus="noSharing"))


def devices(vm, kind):
    return [device for device in vm.config.hardware.device if isinstance(device, kind)]
