"""Memory and CPU reservation: the lock to the whole memory, and admission against pool and host."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import all_of, done, one, place, powered_off_vm_spec, remove_vm

MIB = 1024 * 1024
Spec = vim.vm.ConfigSpec
Allocation = vim.ResourceAllocationInfo


def reconfigure(vm, **fields):
    done(vm.ReconfigVM_Task(Spec(**fields)))


def pool_spec(memory=None, cpu=None, expandable=False, limit=None):
    """A spec for a pool: MB of memory and MHz of CPU that it reserves."""
    return vim.ResourceConfigSpec(
        cpuAllocation=Allocation(reservation=cpu, expandableReservation=True if cpu is None else expandable),
        memoryAllocation=Allocation(reservation=memory, expandableReservation=expandable, limit=limit),
    )


@pytest.fixture
def make_pool(si, name):
    """A function that makes a pool in the cluster's root pool, or in another one; all are gone after the test."""
    made = []

    def make(memory, parent=None, suffix="", **more):
        parent = parent or place(si)[1]
        made.append(parent.CreateResourcePool(name + suffix, pool_spec(memory, **more)))
        return made[-1]

    yield make
    for pool in reversed(made):
        done(pool.Destroy_Task())


@pytest.fixture
def make_in(si, name):
    """A function that makes a VM in a pool; all are gone after the test."""
    made = []

    def make(pool, suffix="", **more):
        folder = place(si)[0]
        made.append(done(folder.CreateVM_Task(powered_off_vm_spec(name + suffix, **more), pool)))
        return made[-1]

    yield make
    for vm in made:
        remove_vm(vm)


def short(call):
    """(unreserved, requested) of the fault with which a task ends, in MB."""
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault) as refused:
        done(call())
    fault = refused.value
    assert fault.unreserved % MIB == fault.requested % MIB == 0
    return fault.unreserved // MIB, fault.requested // MIB


def reserved(vm):
    return vm.config.memoryAllocation.reservation


# The lock


def test_the_lock_makes_the_reservation_the_memory_and_keeps_it_so(vm):
    assert vm.capability.memoryReservationLockSupported
    reconfigure(vm, memoryReservationLockedToMax=True)
    assert vm.config.memoryReservationLockedToMax and reserved(vm) == 128
    assert vm.summary.config.memoryReservation == vm.resourceConfig.memoryAllocation.reservation == 128
    reconfigure(vm, memoryMB=512)
    assert reserved(vm) == 512
    reconfigure(vm, memoryReservationLockedToMax=False)
    assert reserved(vm) == 512
    reconfigure(vm, memoryAllocation=Allocation(reservation=0))
    assert reserved(vm) == 0


def test_a_lower_reservation_is_refused_while_the_lock_holds(vm):
    reconfigure(vm, memoryReservationLockedToMax=True)
    version = vm.config.changeVersion
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        reconfigure(vm, memoryAllocation=Allocation(reservation=64), annotation="half")
    assert refused.value.invalidProperty == "configSpec.memoryAllocation.reservation"
    assert (vm.config.changeVersion, vm.config.annotation, reserved(vm)) == (version, "", 128)
    reconfigure(vm, memoryReservationLockedToMax=False, memoryAllocation=Allocation(reservation=64))
    assert reserved(vm) == 64


@pytest.mark.parametrize(
    "allocation,member",
    [
        ({"reservation": 129}, "reservation"),
        ({"reservation": -1}, "reservation"),
        ({"reservation": 64, "limit": 32}, "limit"),
        ({"limit": -2}, "limit"),
    ],
)
def test_an_allocation_that_cannot_be_is_named(vm, allocation, member):
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        reconfigure(vm, memoryAllocation=Allocation(**allocation))
    assert refused.value.invalidProperty == f"configSpec.memoryAllocation.{member}"


def test_the_lock_needs_memory_that_can_be_reserved_now(make_pool, make_in):
    pool = make_pool(256)
    vm = make_in(pool, memoryMB=512)
    assert short(lambda: vm.ReconfigVM_Task(Spec(memoryReservationLockedToMax=True))) == (256, 512)
    assert not vm.config.memoryReservationLockedToMax and reserved(vm) == 0
    reconfigure(vm, memoryMB=256, memoryReservationLockedToMax=True)
    assert short(lambda: vm.ReconfigVM_Task(Spec(memoryMB=512))) == (256, 512)
    assert vm.config.hardware.memoryMB == 256


def test_a_vm_is_not_created_with_a_lock_that_cannot_be_met(si, make_pool, name):
    pool = make_pool(256)
    spec = powered_off_vm_spec(name, memoryMB=512, memoryReservationLockedToMax=True)
    assert short(lambda: place(si)[0].CreateVM_Task(spec, pool)) == (256, 512)
    assert name not in all_of(si, vim.VirtualMachine)


def test_memory_that_is_added_while_the_vm_runs_is_reserved_or_refused(make_pool, make_in):
    pool = make_pool(512)
    vm = make_in(pool, memoryMB=256, memoryReservationLockedToMax=True, memoryHotAddEnabled=True)
    done(vm.PowerOnVM_Task())
    reconfigure(vm, memoryMB=512)
    assert (reserved(vm), pool.runtime.memory.unreservedForVm) == (512, 0)
    assert short(lambda: vm.ReconfigVM_Task(Spec(memoryMB=768))) == (512, 768)
    assert vm.config.hardware.memoryMB == 512


# Admission


def test_a_pool_gives_what_it_has_and_no_more(make_pool, make_in):
    pool = make_pool(512)
    first, second = make_in(pool, " a", memoryMB=512), make_in(pool, " b", memoryMB=512)
    for vm, mb in ((first, 384), (second, 256)):
        reconfigure(vm, memoryAllocation=Allocation(reservation=mb))
    assert pool.runtime.memory.reservationUsed == 0, "machines that are off hold nothing"
    done(first.PowerOnVM_Task())
    memory = pool.runtime.memory
    assert (memory.reservationUsed, memory.reservationUsedForVm) == (384 * MIB, 384 * MIB)
    assert (memory.unreservedForVm, memory.unreservedForPool) == (128 * MIB, 128 * MIB)
    assert short(lambda: second.PowerOnVM_Task()) == (128, 256)
    assert second.runtime.powerState == "poweredOff"
    reconfigure(first, memoryAllocation=Allocation(reservation=256))
    done(second.PowerOnVM_Task())
    assert pool.runtime.memory.unreservedForVm == 0


def test_a_suspended_vm_gives_its_reservation_back_and_needs_it_to_resume(make_pool, make_in):
    pool = make_pool(512)
    first, second = make_in(pool, " a", memoryMB=512), make_in(pool, " b", memoryMB=512)
    for vm in (first, second):
        reconfigure(vm, memoryReservationLockedToMax=True)
    done(first.PowerOnVM_Task())
    done(first.SuspendVM_Task())
    done(second.PowerOnVM_Task())
    assert short(lambda: first.PowerOnVM_Task()) == (0, 512)
    assert first.runtime.powerState == "suspended"


def test_an_expandable_pool_borrows_from_its_parent(make_pool, make_in):
    outer = make_pool(512)
    inner = make_pool(128, parent=outer, suffix=" inner", expandable=True)
    vm = make_in(inner, memoryMB=1024)
    reconfigure(vm, memoryAllocation=Allocation(reservation=512))
    done(vm.PowerOnVM_Task())
    assert (inner.runtime.memory.reservationUsed, outer.runtime.memory.reservationUsed) == (512 * MIB, 512 * MIB)
    done(vm.PowerOffVM_Task())
    reconfigure(vm, memoryAllocation=Allocation(reservation=513))
    assert short(lambda: vm.PowerOnVM_Task()) == (512, 513)
    inner.UpdateConfig(None, pool_spec(128))
    reconfigure(vm, memoryAllocation=Allocation(reservation=129))
    assert short(lambda: vm.PowerOnVM_Task()) == (128, 129)


def test_pools_are_made_changed_and_refused_what_their_parent_has_not(make_pool):
    outer = make_pool(512)
    inner = make_pool(256, parent=outer, suffix=" inner")
    assert outer.runtime.memory.reservationUsed == 256 * MIB
    assert outer.runtime.memory.reservationUsedForVm == 0
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault) as refused:
        inner.UpdateConfig(None, pool_spec(513))
    assert (refused.value.unreserved, refused.value.requested) == (512 * MIB, 513 * MIB)
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        outer.CreateResourcePool("one too many", pool_spec(257))
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        outer.UpdateConfig(None, pool_spec(255))
    inner.UpdateConfig("renamed " + inner.name, pool_spec(512))
    assert inner.name.startswith("renamed") and inner.config.memoryAllocation.reservation == 512
    assert inner.summary.config.memoryAllocation.reservation == 512


def test_the_root_pool_has_what_its_hosts_have(si):
    cluster = one(si, vim.ClusterComputeResource, "DC0_C0")
    hosts = sum(host.hardware.memorySize for host in cluster.host)
    memory = cluster.resourcePool.runtime.memory
    assert memory.maxUsage == hosts
    assert memory.unreservedForVm + memory.reservationUsed == hosts
    with pytest.raises(vmodl.fault.NotSupported):
        cluster.resourcePool.UpdateConfig(None, pool_spec(1))


def test_what_moves_to_another_pool_takes_its_reservation_along(make_pool, make_in):
    small, large = make_pool(128, suffix=" small"), make_pool(512, suffix=" large")
    vm = make_in(large, memoryMB=256, memoryReservationLockedToMax=True)
    done(vm.PowerOnVM_Task())
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        small.MoveIntoResourcePool([vm])
    assert vm.resourcePool == large and vm in large.vm
    small.UpdateConfig(None, pool_spec(256))
    small.MoveIntoResourcePool([vm])
    assert vm.resourcePool == small and vm in small.vm and vm not in large.vm
    assert (small.runtime.memory.unreservedForVm, large.runtime.memory.reservationUsed) == (0, 0)
    large.MoveIntoResourcePool([small])
    assert small.parent == large and large.runtime.memory.reservationUsed == 256 * MIB
    place_of = large.parent
    place_of.MoveIntoResourcePool([small])
    assert small.parent == place_of


def test_cpu_is_admitted_as_memory_is(make_pool, make_in):
    pool = make_pool(0, cpu=1000)
    vm = make_in(pool, cpuAllocation=Allocation(reservation=1001))
    with pytest.raises(vim.fault.InsufficientCpuResourcesFault) as refused:
        done(vm.PowerOnVM_Task())
    assert (refused.value.unreserved, refused.value.requested) == (1000, 1001)
    reconfigure(vm, cpuAllocation=Allocation(reservation=1000))
    done(vm.PowerOnVM_Task())
    assert (pool.runtime.cpu.reservationUsedForVm, pool.runtime.cpu.unreservedForVm) == (1000, 0)


def test_high_latency_sensitivity_starts_only_with_all_memory_reserved(vm):
    reconfigure(vm, latencySensitivity=vim.LatencySensitivity(level="high"))
    with pytest.raises(vim.fault.GenericVmConfigFault):
        done(vm.PowerOnVM_Task())
    reconfigure(vm, memoryReservationLockedToMax=True)
    done(vm.PowerOnVM_Task())


def test_a_vm_that_is_destroyed_gives_back_what_it_held(si, make_pool, name):
    pool = make_pool(256)
    spec = powered_off_vm_spec(name, memoryMB=256, memoryReservationLockedToMax=True)
    vm = done(place(si)[0].CreateVM_Task(spec, pool))
    done(vm.PowerOnVM_Task())
    assert pool.runtime.memory.unreservedForVm == 0
    remove_vm(vm)
    assert pool.runtime.memory.unreservedForVm == 256 * MIB


def test_vijson_says_the_same(si, vijson, make_pool, make_in):
    pool = make_pool(256)
    vm = make_in(pool, memoryMB=512)
    spec = {"_typeName": "VirtualMachineConfigSpec", "memoryReservationLockedToMax": True}
    task = vijson.post(("VirtualMachine", vm._moId), "ReconfigVM_Task", {"spec": spec}).json()
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        done(vim.Task(task["value"], si._stub))
    fault = vijson.get(("Task", task["value"]), "info").json()["error"]
    assert fault["_typeName"] == "InsufficientMemoryResourcesFault"
    assert (fault["unreserved"], fault["requested"]) == (256 * MIB, 512 * MIB)
    done(vm.ReconfigVM_Task(Spec(memoryMB=256, memoryReservationLockedToMax=True)))
    config = vijson.get(("VirtualMachine", vm._moId), "config").json()
    assert config["memoryReservationLockedToMax"] is True
    assert config["memoryAllocation"]["reservation"] == 256
    runtime = vijson.get(("ResourcePool", pool._moId), "runtime").json()
    assert runtime["memory"]["unreservedForVm"] == 256 * MIB
