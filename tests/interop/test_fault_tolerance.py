"""Fault Tolerance: a primary and its secondary, turned on, failing over, disabled and turned off."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import all_of, create_vm, devices, done, new_disk, new_pvscsi, new_vmxnet3, one, remove_vm

Spec = vim.vm.ConfigSpec


@pytest.fixture
def vm(make_vm):
    """A VM with a disk and a network adapter."""
    return make_vm(deviceChange=[new_pvscsi(-1), new_disk(-1, 0, key=-2), new_vmxnet3(key=-3)])


@pytest.fixture
def protected(vm):
    """The VM with Fault Tolerance, powered off."""
    done(vm.CreateSecondaryVM_Task())
    return vm


@pytest.fixture
def running(vm):
    """The VM with Fault Tolerance, running."""
    done(vm.PowerOnVM_Task())
    done(vm.CreateSecondaryVM_Task())
    return vm


def secondary_of(vm):
    [secondary] = vm.config.ftInfo.secondaries
    return secondary


def states(vm):
    return vm.runtime.faultToleranceState, secondary_of(vm).runtime.faultToleranceState


def events(si, vm, kind):
    spec = vim.event.EventFilterSpec(
        entity=vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self"), eventTypeId=[f"vim.event.{kind}"]
    )
    return si.content.eventManager.QueryEvents(spec)


def refused(task, kind):
    with pytest.raises(kind) as fault:
        done(task)
    return fault.value


# Turning it on


def test_turning_it_on_makes_a_secondary_on_another_host(si, vm):
    result = done(vm.CreateSecondaryVM_Task())
    secondary = result.vm
    assert not result.powerOnAttempted and result.powerOnResult is None
    assert secondary.runtime.host != vm.runtime.host
    assert secondary in secondary.runtime.host.vm and secondary in vm.resourcePool.vm
    assert secondary in vm.parent.childEntity
    primary_info, secondary_info = vm.config.ftInfo, secondary.config.ftInfo
    assert isinstance(primary_info, vim.vm.FaultTolerancePrimaryConfigInfo)
    assert isinstance(secondary_info, vim.vm.FaultToleranceSecondaryConfigInfo)
    assert (primary_info.role, secondary_info.role) == (1, 2)
    assert (primary_info.secondaries, secondary_info.primaryVM) == ([secondary], vm)
    for info in (primary_info, secondary_info):
        assert list(info.instanceUuids) == [vm.config.instanceUuid, secondary.config.instanceUuid]
        assert list(info.configPaths) == [vm.config.files.vmPathName, secondary.config.files.vmPathName]
    assert vm.summary.config.ftInfo.secondaries == [secondary]
    assert states(vm) == ("enabled", "enabled")
    assert len(events(si, vm, "VmSecondaryAddedEvent")) == 1
    [change] = events(si, vm, "VmFaultToleranceStateChangedEvent")
    assert (change.oldState, change.newState) == ("notConfigured", "enabled")


def test_the_secondary_has_the_same_guest_and_files_of_its_own(protected):
    secondary = secondary_of(protected)
    assert secondary.config.uuid == protected.config.uuid
    assert secondary.config.instanceUuid != protected.config.instanceUuid
    own, other = (devices(each, vim.vm.device.VirtualDisk)[0] for each in (secondary, protected))
    assert own.backing.fileName != other.backing.fileName and own.capacityInKB == other.capacityInKB
    cards = [devices(each, vim.vm.device.VirtualEthernetCard)[0] for each in (secondary, protected)]
    assert cards[0].macAddress == cards[1].macAddress
    assert len({each.config.files.vmPathName for each in (secondary, protected)}) == 2


def test_all_memory_is_reserved_and_stays_reserved(vm):
    done(vm.ReconfigVM_Task(Spec(memoryAllocation=vim.ResourceAllocationInfo(limit=128))))
    done(vm.CreateSecondaryVM_Task())
    memory = vm.config.memoryAllocation
    assert (memory.reservation, memory.limit) == (128, -1)
    done(vm.TurnOffFaultToleranceForVM_Task())
    assert vm.config.memoryAllocation.reservation == 128


def test_a_running_vm_gets_a_running_secondary(si, running):
    secondary = secondary_of(running)
    assert (running.runtime.powerState, secondary.runtime.powerState) == ("poweredOn", "poweredOn")
    assert states(running) == ("running", "running")
    assert running.summary.runtime.faultToleranceState == "running"
    assert len(events(si, running, "VmSecondaryStartedEvent")) == 1
    changes = [(e.oldState, e.newState) for e in events(si, running, "VmFaultToleranceStateChangedEvent")]
    assert changes == [("notConfigured", "needSecondary"), ("needSecondary", "running")]


def test_the_host_can_be_named(si, vm):
    hosts = one(si, vim.ClusterComputeResource, "DC0_C0").host
    [other, *_] = [host for host in hosts if host != vm.runtime.host]
    assert done(vm.CreateSecondaryVM_Task(other)).vm.runtime.host == other


def test_the_primarys_own_host_and_strangers_are_refused(si, vm):
    fault = refused(vm.CreateSecondaryVM_Task(vm.runtime.host), vim.fault.IncompatibleHostForFtSecondary)
    assert fault.host == vm.runtime.host
    assert isinstance(fault.error[0], vim.fault.FaultToleranceAntiAffinityViolated)
    stranger = one(si, vim.HostSystem, "DC0_H0")
    refused(vm.CreateSecondaryVM_Task(stranger), vim.fault.IncompatibleHostForFtSecondary)
    assert vm.config.ftInfo is None and vm.runtime.faultToleranceState == "notConfigured"


def test_without_a_second_host_there_is_no_secondary(si):
    alone = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    fault = refused(alone.CreateSecondaryVM_Task(), vim.fault.NoHostSuitableForFtSecondary)
    assert (fault.vm, fault.vmName) == (alone, "DC0_H0_VM0")


def test_files_go_where_the_extended_form_says(si, vm):
    [datastore, *_] = vm.datastore
    disk = devices(vm, vim.vm.device.VirtualDisk)[0]
    spec = vim.vm.FaultToleranceConfigSpec(
        metaDataPath=vim.vm.FaultToleranceMetaSpec(metaDataDatastore=datastore),
        secondaryVmSpec=vim.vm.FaultToleranceVMConfigSpec(
            vmConfig=datastore,
            disks=[vim.vm.FaultToleranceVMConfigSpec.FaultToleranceDiskSpec(disk=disk, datastore=datastore)],
        ),
    )
    secondary = done(vm.CreateSecondaryVMEx_Task(None, spec)).vm
    assert secondary.config.files.vmPathName.startswith(f"[{datastore.name}]")
    assert secondary.config.files.ftMetadataDirectory == f"[{datastore.name}]"


@pytest.mark.parametrize(
    "change,reason",
    [
        ({"nestedHVEnabled": True}, "hasNestedHVConfiguration"),
        ({"numCPUs": 9}, "tooManyVCPUs"),
        ({"memoryMB": 132 * 1024}, "tooMuchMemory"),
    ],
)
def test_what_keeps_a_vm_from_it_is_named(vm, change, reason):
    done(vm.ReconfigVM_Task(Spec(**change)))
    [issue] = vm.QueryFaultToleranceCompatibility()
    fault = refused(vm.CreateSecondaryVM_Task(), vim.fault.VmFaultToleranceConfigIssue)
    assert issue.reason == fault.reason == reason
    assert fault.entity == vm and fault.entityName == vm.name
    assert vm.config.ftInfo is None


def test_several_obstacles_come_together(vm):
    done(vm.ReconfigVM_Task(Spec(nestedHVEnabled=True, numCPUs=9)))
    fault = refused(vm.CreateSecondaryVM_Task(), vim.fault.VmFaultToleranceOpIssuesList)
    assert [issue.reason for issue in fault.errors] == ["hasNestedHVConfiguration", "tooManyVCPUs"]


def test_a_second_secondary_is_refused(protected):
    fault = refused(protected.CreateSecondaryVM_Task(), vim.fault.VmFaultToleranceConfigIssue)
    assert fault.reason == "moreThanOneSecondary"


def test_a_suspended_vm_cannot_get_one(vm):
    done(vm.PowerOnVM_Task())
    done(vm.SuspendVM_Task())
    refused(vm.CreateSecondaryVM_Task(), vim.fault.InvalidPowerState)


def test_a_primary_runs_without_its_secondary_where_memory_is_short(si, vm):
    pool = vm.resourcePool.CreateResourcePool(
        vm.name,
        vim.ResourceConfigSpec(
            cpuAllocation=vim.ResourceAllocationInfo(expandableReservation=True),
            memoryAllocation=vim.ResourceAllocationInfo(reservation=200, expandableReservation=False),
        ),
    )
    try:
        done(vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=pool)))
        done(vm.PowerOnVM_Task())
        result = done(vm.CreateSecondaryVM_Task())
        [left_out] = result.powerOnResult.notAttempted
        assert isinstance(left_out.fault, vim.fault.InsufficientMemoryResourcesFault)
        assert states(vm) == ("needSecondary", "enabled")
        assert vm.runtime.needSecondaryReason == "other"
        assert len(events(si, vm, "VmFailedStartingSecondaryEvent")) == 1
        done(vm.TurnOffFaultToleranceForVM_Task())
    finally:
        done(pool.Destroy_Task())


# Together


def test_a_clone_of_a_primary_has_no_fault_tolerance(protected, name):
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
    clone = done(protected.CloneVM_Task(protected.parent, name + " clone", spec))
    try:
        assert clone.config.ftInfo is None and clone.runtime.faultToleranceState == "notConfigured"
        assert clone.config.flags.faultToleranceType == "unset"
    finally:
        remove_vm(clone)


def test_the_secondary_follows_its_primary(protected):
    secondary = secondary_of(protected)
    done(protected.PowerOnVM_Task())
    assert secondary.runtime.powerState == "poweredOn" and states(protected) == ("running", "running")
    done(protected.ResetVM_Task())
    assert states(protected) == ("running", "running")
    done(protected.PowerOffVM_Task())
    assert secondary.runtime.powerState == "poweredOff" and states(protected) == ("enabled", "enabled")
    done(protected.PowerOnVM_Task())
    done(protected.SuspendVM_Task())
    assert secondary.runtime.powerState == "poweredOff"


def test_the_secondary_cannot_be_worked_with_on_its_own(running):
    secondary = secondary_of(running)
    tasks = [
        secondary.PowerOffVM_Task,
        secondary.SuspendVM_Task,
        secondary.ResetVM_Task,
        secondary.Destroy_Task,
        secondary.CreateSecondaryVM_Task,
        secondary.TurnOffFaultToleranceForVM_Task,
        lambda: secondary.ReconfigVM_Task(Spec(annotation="mine")),
    ]
    kinds = (vim.fault.InvalidOperationOnSecondaryVm, vim.fault.VmFaultToleranceConfigIssue)
    for start in tasks:
        with pytest.raises(kinds):
            done(start())
    fault = refused(secondary.ReconfigVM_Task(Spec(annotation="mine")), vim.fault.InvalidOperationOnSecondaryVm)
    assert fault.instanceUuid == secondary.config.instanceUuid
    assert states(running) == ("running", "running")


def test_a_primary_keeps_memory_cpus_and_disks(protected):
    memory = refused(protected.ReconfigVM_Task(Spec(memoryMB=256)), vim.fault.FaultToleranceCannotEditMem)
    assert (memory.vm, memory.vmName) == (protected, protected.name)
    refused(protected.ReconfigVM_Task(Spec(numCPUs=2)), vim.fault.InvalidVmConfig)
    disk = new_disk(1000, 1)
    refused(protected.ReconfigVM_Task(Spec(deviceChange=[disk])), vim.fault.InvalidVmConfig)
    done(protected.ReconfigVM_Task(Spec(annotation="this can change")))
    assert protected.config.hardware.memoryMB == 128


def test_a_pair_has_no_snapshots_and_is_no_template(protected):
    with pytest.raises(vmodl.fault.NotSupported):
        done(protected.CreateSnapshot_Task("no", "", False, False))
    with pytest.raises(vmodl.fault.NotSupported):
        protected.MarkAsTemplate()


def test_primary_and_secondary_stay_on_two_hosts(si, running):
    task = running.MigrateVM_Task(None, secondary_of(running).runtime.host, "defaultPriority", None)
    refused(task, vim.fault.FaultToleranceAntiAffinityViolated)


def test_a_vm_cannot_be_given_fault_tolerance_by_a_spec(vm):
    info = vim.vm.FaultTolerancePrimaryConfigInfo(role=1, instanceUuids=["a"], configPaths=["b"], secondaries=[vm])
    with pytest.raises(vmodl.fault.NotSupported):
        done(vm.ReconfigVM_Task(Spec(ftInfo=info)))


# Failing over


def test_making_the_secondary_primary_changes_their_hosts(si, running):
    secondary = secondary_of(running)
    before = running.runtime.host, secondary.runtime.host
    done(running.MakePrimaryVM_Task(secondary))
    assert (secondary.runtime.host, running.runtime.host) == before
    assert states(running) == ("running", "running")
    assert running in running.runtime.host.vm and running not in secondary.runtime.host.vm
    assert events(si, running, "VmPrimaryFailoverEvent")[0].reason == "userAction"


@pytest.mark.parametrize("victim", ["primary", "secondary"])
def test_a_terminated_machine_is_replaced(si, running, victim):
    secondary = secondary_of(running)
    before = running.runtime.host, secondary.runtime.host
    done(running.TerminateFaultTolerantVM_Task(None if victim == "primary" else secondary))
    after = running.runtime.host, secondary.runtime.host
    assert after == (before[::-1] if victim == "primary" else before)
    assert states(running) == ("running", "running")
    assert len(events(si, running, "VmFaultToleranceVmTerminatedEvent")) == 1
    changes = [e.newState for e in events(si, running, "VmFaultToleranceStateChangedEvent")]
    assert changes[-2:] == ["needSecondary", "running"]


def test_nothing_takes_over_while_the_primary_is_off(protected):
    refused(protected.MakePrimaryVM_Task(secondary_of(protected)), vim.fault.InvalidState)
    refused(protected.TerminateFaultTolerantVM_Task(), vim.fault.InvalidState)


# Disabled and enabled, turned off


def test_a_disabled_secondary_stays_off_until_it_is_enabled(si, running):
    secondary = secondary_of(running)
    done(running.DisableSecondaryVM_Task(secondary))
    assert states(running) == ("disabled", "disabled") and secondary.runtime.powerState == "poweredOff"
    again = refused(running.DisableSecondaryVM_Task(secondary), vim.fault.SecondaryVmAlreadyDisabled)
    assert again.instanceUuid == secondary.config.instanceUuid
    done(running.PowerOffVM_Task())
    done(running.PowerOnVM_Task())
    assert secondary.runtime.powerState == "poweredOff"
    result = done(running.EnableSecondaryVM_Task(secondary))
    assert result.vm == secondary and result.powerOnAttempted
    assert [info.vm for info in result.powerOnResult.attempted] == [secondary]
    assert states(running) == ("running", "running")
    refused(running.EnableSecondaryVM_Task(secondary), vim.fault.SecondaryVmAlreadyEnabled)
    assert len(events(si, running, "VmSecondaryDisabledEvent")) == 1
    assert len(events(si, running, "VmSecondaryEnabledEvent")) == 1


def test_only_its_own_secondary_can_be_named(running, make_vm):
    stranger = make_vm(" other")
    fault = refused(running.DisableSecondaryVM_Task(stranger), vim.fault.SecondaryVmNotRegistered)
    assert fault.instanceUuid == stranger.config.instanceUuid


def test_turning_it_off_removes_the_secondary(si, running):
    secondary = secondary_of(running)
    name = secondary.name
    done(running.TurnOffFaultToleranceForVM_Task())
    assert name not in all_of(si, vim.VirtualMachine)
    assert running.config.ftInfo is None and running.runtime.faultToleranceState == "notConfigured"
    assert running.runtime.powerState == "poweredOn" and running.runtime.needSecondaryReason is None
    assert len(events(si, running, "VmFaultToleranceTurnedOffEvent")) == 1
    refused(running.TurnOffFaultToleranceForVM_Task(), vim.fault.InvalidState)
    done(running.CreateSecondaryVM_Task())
    assert states(running) == ("running", "running")


def test_a_primary_that_is_destroyed_takes_its_secondary_along(si, name):
    vm = create_vm(si, name)
    secondary = done(vm.CreateSecondaryVM_Task()).vm
    other = secondary.name
    remove_vm(vm)
    assert not {name, other} & set(all_of(si, vim.VirtualMachine))


def test_ports_of_a_distributed_switch_are_the_secondarys_own(si, make_vm):
    portgroup = one(si, vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0")
    connection = vim.dvs.PortConnection(
        switchUuid=portgroup.config.distributedVirtualSwitch.uuid, portgroupKey=portgroup.key
    )
    card = new_vmxnet3(key=-3)
    card.device.backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=connection)
    vm = make_vm(deviceChange=[card])
    secondary = done(vm.CreateSecondaryVM_Task()).vm
    ports = [devices(each, vim.vm.device.VirtualEthernetCard)[0].backing.port for each in (vm, secondary)]
    assert ports[0].portgroupKey == ports[1].portgroupKey and ports[0].portKey != ports[1].portKey


def test_vijson_says_the_same(vijson, running):
    runtime = vijson.get(("VirtualMachine", running._moId), "runtime").json()
    assert runtime["faultToleranceState"] == "running"
    info = vijson.get(("VirtualMachine", running._moId), "config").json()["ftInfo"]
    assert info["_typeName"] == "FaultTolerancePrimaryConfigInfo"
    assert info["secondaries"][0]["value"] == secondary_of(running)._moId
