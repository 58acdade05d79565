"""The VMCI device: one in every VM, its context id, and its filters."""

import uuid

import pytest
from pyVmomi import vim, vmodl

from vsphere import add, all_of, create_vm, devices, done, edit, place, powered_off_vm_spec, remove, remove_vm

Vmci = vim.vm.device.VirtualVMCIDevice
Spec = vim.vm.ConfigSpec
Option = vim.option.OptionValue
ANY_STATE = ["poweredOff", "poweredOn", "suspended"]


def vmci(vm):
    [device] = devices(vm, Vmci)
    return device


def change(vm, **fields):
    """Edit only these members of the device."""
    done(vm.ReconfigVM_Task(Spec(deviceChange=[edit(Vmci(key=12000, **fields))])))


def rule(rank, action="deny", protocol="stream", direction="host", lower=None, upper=None):
    return Vmci.FilterSpec(
        rank=rank,
        action=action,
        protocol=protocol,
        direction=direction,
        lowerDstPortBoundary=lower,
        upperDstPortBoundary=upper,
    )


def rules(*filters):
    return Vmci.FilterInfo(filters=list(filters))


def bring_to(vm, state):
    if state != "poweredOff":
        done(vm.PowerOnVM_Task())
    if state == "suspended":
        done(vm.SuspendVM_Task())


def options(vm):
    return {option.key: option.value for option in vm.config.extraConfig}


def refused(vm, device, kind=vim.fault.InvalidDeviceSpec, operation=edit):
    """The fault with which a change of the second device of a spec ends; the VM is as it was."""
    version = vm.config.changeVersion
    video = devices(vm, vim.vm.device.VirtualVideoCard)[0]
    with pytest.raises(kind) as fault:
        done(vm.ReconfigVM_Task(Spec(deviceChange=[edit(video), operation(device)])))
    assert fault.value.deviceIndex == 1
    assert vm.config.changeVersion == version
    return fault.value


# One in every VM


def test_every_vm_has_one_at_its_place(vm):
    device = vmci(vm)
    assert (device.key, device.controllerKey, device.unitNumber) == (12000, 100, 17)
    assert device.deviceInfo.label == "VMCI device"
    assert "virtual machine communication interface" in device.deviceInfo.summary
    assert device.backing is None and device.connectable is None and device.slotInfo is None
    [pci] = devices(vm, vim.vm.device.VirtualPCIController)
    assert list(pci.device) == [500, 12000]


def test_before_its_first_start_it_has_no_id_and_filters_nothing(vm):
    device = vmci(vm)
    assert (device.id, device.filterEnable, device.filterInfo) == (-1, True, None)
    assert not device.allowUnrestrictedCommunication


@pytest.mark.parametrize("key,controller,unit", [(-1, None, None), (-12, 100, 17), (12000, 100, 17)])
def test_one_in_the_spec_for_a_new_vm_is_the_one_that_it_has(make_vm, key, controller, unit):
    wish = Vmci(key=key, controllerKey=controller, unitNumber=unit, filterEnable=False, filterInfo=rules(rule(1)))
    device = vmci(make_vm(deviceChange=[add(wish)]))
    assert (device.key, device.controllerKey, device.unitNumber, device.filterEnable) == (12000, 100, 17, False)
    assert [each.rank for each in device.filterInfo.filters] == [1]


def test_a_second_one_is_refused(si, vm, name):
    with pytest.raises(vim.fault.TooManyDevices):
        done(vm.ReconfigVM_Task(Spec(deviceChange=[add(Vmci(key=-1))])))
    spec = powered_off_vm_spec(name + " two", deviceChange=[add(Vmci(key=-1)), add(Vmci(key=-2))])
    folder, pool = place(si)
    with pytest.raises(vim.fault.TooManyDevices):
        done(folder.CreateVM_Task(spec, pool))
    assert name + " two" not in all_of(si, vim.VirtualMachine)
    vmci(vm)


@pytest.mark.parametrize("state", ["poweredOff", "poweredOn"])
def test_it_cannot_be_removed(vm, state):
    bring_to(vm, state)
    fault = refused(vm, vmci(vm), vim.fault.InvalidDeviceOperation, remove)
    assert (fault.badOp, fault.badFileOp) == ("remove", None)


def test_it_cannot_be_moved(vm):
    assert refused(vm, Vmci(key=12000, controllerKey=200)).property == "virtualDeviceSpec.device.controllerKey"
    assert refused(vm, Vmci(key=12000, unitNumber=18)).property == "virtualDeviceSpec.device.unitNumber"
    assert refused(vm, Vmci(key=12001), vim.fault.DeviceNotFound)
    device = vmci(vm)
    done(vm.ReconfigVM_Task(Spec(deviceChange=[edit(device)])))
    assert (vmci(vm).controllerKey, vmci(vm).unitNumber) == (100, 17)


def test_old_hardware_has_none_until_it_is_upgraded(make_vm):
    vm = make_vm(version="vmx-04")
    assert devices(vm, Vmci) == []
    with pytest.raises(vim.fault.DeviceUnsupportedForVmVersion) as fault:
        done(vm.ReconfigVM_Task(Spec(deviceChange=[add(Vmci(key=-1))])))
    assert fault.value.currentVersion == "vmx-04" and fault.value.expectedVersion == "vmx-07"
    done(vm.ReconfigVM_Task(Spec(version="vmx-07")))
    assert (vmci(vm).id, vmci(vm).controllerKey) == (-1, 100)
    done(vm.PowerOnVM_Task())
    assert vmci(vm).id != -1


def test_an_upgrade_of_the_hardware_adds_it(si, make_vm):
    vm = make_vm(version="vmx-04")
    done(vm.UpgradeVM_Task("vmx-10"))
    assert (vm.config.version, vmci(vm).id) == ("vmx-10", -1)
    done(vm.UpgradeVM_Task())
    assert vm.config.version == vm.summary.config.hwVersion == "vmx-21"
    with pytest.raises(vim.fault.AlreadyUpgraded):
        done(vm.UpgradeVM_Task())
    done(vm.PowerOnVM_Task())
    with pytest.raises(vim.fault.InvalidPowerState):
        done(vm.UpgradeVM_Task("vmx-21"))
    kinds = [type(event).__name__.rsplit(".", 1)[-1] for event in events_of(si, vm)]
    assert kinds.count("VmUpgradeCompleteEvent") == 2


def events_of(si, vm):
    by_entity = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
    return si.content.eventManager.QueryEvents(vim.event.EventFilterSpec(entity=by_entity))


def test_the_options_of_the_environment_speak_of_it(vm):
    options = vm.environmentBrowser.QueryConfigOption(None, None).hardwareOptions.virtualDeviceOption
    [option] = [each for each in options if isinstance(each, vim.vm.device.VirtualVMCIDeviceOption)]
    ports = option.filterSpecOption
    assert (ports.lowerDstPortBoundary.min, ports.upperDstPortBoundary.max) == (0, 4294967294)
    assert [choice.key for choice in ports.action.choiceInfo] == ["allow", "deny"]
    assert option.filterSupported.defaultValue and not option.hotRemoveSupported
    [pci] = [each for each in options if isinstance(each, vim.vm.device.VirtualPCIControllerOption)]
    assert pci.numVmciDevices.max == 1


# The context id


def test_the_id_is_the_end_of_the_bios_uuid_as_a_signed_number(vm):
    done(vm.PowerOnVM_Task())
    last = uuid.UUID(vm.config.uuid).int & 0xFFFFFFFF
    assert vmci(vm).id == (last ^ 0x80000000) - 0x80000000
    assert vmci(vm).slotInfo.pciSlotNumber > 0
    given = vmci(vm).id
    done(vm.PowerOffVM_Task())
    assert vmci(vm).id == given


@pytest.mark.parametrize(
    "asked,kept", [(4711, 4711), (-1708029162, -1708029162), (2586938134, -1708029162), (-1, -1), (4294967295, -1)]
)
def test_both_forms_of_an_id_are_taken(vm, asked, kept):
    change(vm, id=asked)
    assert vmci(vm).id == kept
    if kept != -1:
        done(vm.PowerOnVM_Task())
        assert vmci(vm).id == kept


@pytest.mark.parametrize("asked", [0, 2, 15, 2**32, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("state", ["poweredOff", "poweredOn"])
def test_an_id_that_is_none_is_refused(vm, asked, state):
    bring_to(vm, state)
    assert refused(vm, Vmci(key=12000, id=asked)).property == "virtualDeviceSpec.device.id"


def test_a_number_of_more_than_64_bits_is_no_number(server, vijson, vm):
    """pyVmomi refuses to send it, so that it is written by hand."""
    device = {"_typeName": "VirtualMachineVMCIDevice", "key": 12000, "id": 2**63}
    change = {"_typeName": "VirtualDeviceConfigSpec", "operation": "edit", "device": device}
    body = {"spec": {"_typeName": "VirtualMachineConfigSpec", "deviceChange": [change]}}
    answer = vijson.post(("VirtualMachine", vm._moId), "ReconfigVM_Task", body)
    assert answer.status_code in (400, 500) and "_typeName" in answer.json(), answer.text
    assert vmci(vm).id == -1


def test_while_it_runs_the_id_stays(vm):
    done(vm.PowerOnVM_Task())
    had = vmci(vm).id
    change(vm, id=4711, filterEnable=False)
    assert (vmci(vm).id, vmci(vm).filterEnable) == (had, False)


# Filters


@pytest.mark.parametrize("state", ANY_STATE)
def test_filters_are_set_kept_changed_and_cleared_in_every_power_state(vm, state):
    bring_to(vm, state)
    change(vm, filterInfo=rules(rule(20), rule(10, "allow", "anyProtocol", "anyDirection", 0, 4294967294)))
    ranks = [each.rank for each in vmci(vm).filterInfo.filters]
    assert sorted(ranks) == [10, 20]
    change(vm, filterEnable=False)
    assert [each.rank for each in vmci(vm).filterInfo.filters] == ranks, "what is unset stays"
    assert vmci(vm).filterEnable is False
    change(vm, filterInfo=rules(rule(5, lower=1024, upper=1024)))
    [only] = vmci(vm).filterInfo.filters
    assert (only.rank, only.lowerDstPortBoundary, only.upperDstPortBoundary) == (5, 1024, 1024)
    change(vm, filterInfo=rules())
    assert vmci(vm).filterInfo is None and vmci(vm).filterEnable is False
    assert vm.runtime.powerState == state


@pytest.mark.parametrize(
    "bad,member",
    [
        ([rule(1), rule(1)], "rank"),
        ([rule(-1)], "rank"),
        ([rule(1, action="maybe")], "action"),
        ([rule(1, protocol="ipx")], "protocol"),
        ([rule(1, direction="sideways")], "direction"),
        ([rule(1, lower=-1)], "lowerDstPortBoundary"),
        ([rule(1, upper=4294967295)], "upperDstPortBoundary"),
        ([rule(1, upper=2**63 - 1)], "upperDstPortBoundary"),
        ([rule(1, lower=5, upper=4)], "lowerDstPortBoundary"),
    ],
)
def test_a_rule_that_is_none_is_named_and_nothing_changed(vm, bad, member):
    change(vm, filterInfo=rules(rule(7)))
    fault = refused(vm, Vmci(key=12000, filterEnable=False, filterInfo=rules(*bad)))
    assert fault.property == f"virtualDeviceSpec.device.filterInfo.filters.{member}"
    assert [each.rank for each in vmci(vm).filterInfo.filters] == [7] and vmci(vm).filterEnable


def test_there_are_at_most_1024_rules(vm):
    change(vm, filterInfo=rules(*(rule(rank) for rank in range(1024))))
    assert len(vmci(vm).filterInfo.filters) == 1024
    fault = refused(vm, Vmci(key=12000, filterInfo=rules(*(rule(rank) for rank in range(1025)))))
    assert fault.property == "virtualDeviceSpec.device.filterInfo.filters"


def test_a_hundred_thousand_rules_are_refused_and_the_server_serves(vijson, vm):
    one_rule = {
        "_typeName": "VirtualMachineVMCIDeviceFilterSpec",
        "action": "deny",
        "protocol": "stream",
        "direction": "host",
    }
    filters = [one_rule | {"rank": rank} for rank in range(100_000)]
    device = {
        "_typeName": "VirtualMachineVMCIDevice",
        "key": 12000,
        "filterInfo": {"_typeName": "VirtualMachineVMCIDeviceFilterInfo", "filters": filters},
    }
    change = {"_typeName": "VirtualDeviceConfigSpec", "operation": "edit", "device": device}
    body = {"spec": {"_typeName": "VirtualMachineConfigSpec", "deviceChange": [change]}}
    answer = vijson.post(("VirtualMachine", vm._moId), "ReconfigVM_Task", body)
    if answer.status_code == 200:
        with pytest.raises((vim.fault.InvalidDeviceSpec, vmodl.RuntimeFault)):
            done(vim.Task(answer.json()["value"], vm._stub))
    assert vmci(vm).filterInfo is None


def test_filters_need_hardware_that_has_them(make_vm):
    vm = make_vm(version="vmx-10")
    fault = refused(vm, Vmci(key=12000, filterInfo=rules(rule(1))), vim.fault.DeviceUnsupportedForVmVersion)
    assert (fault.currentVersion, fault.expectedVersion) == ("vmx-10", "vmx-11")
    assert fault.property == "virtualDeviceSpec.device.filterInfo"
    done(vm.ReconfigVM_Task(Spec(deviceChange=[edit(vmci(vm))])))


def test_unrestricted_communication_is_stored_and_shown(vm):
    change(vm, allowUnrestrictedCommunication=True)
    assert vmci(vm).allowUnrestrictedCommunication is True
    assert vm.runtime.host.capability.interVMCommunicationThroughVMCISupported is False


def test_hosts_before_5_1_say_that_vms_can_talk(fresh_server, connect, name):
    si = connect(fresh_server("--host-profile", "esx-5.0"))
    vm = create_vm(si, name, version="vmx-08")
    assert vm.runtime.host.capability.interVMCommunicationThroughVMCISupported is True
    change(vm, allowUnrestrictedCommunication=True)
    done(vm.PowerOnVM_Task())
    assert vmci(vm).allowUnrestrictedCommunication is True and vmci(vm).id != -1
    remove_vm(vm)


# Options of extraConfig


def test_options_and_device_agree(vm):
    def put(**values):
        extra = [Option(key=key.replace("__", "."), value=value) for key, value in values.items()]
        done(vm.ReconfigVM_Task(Spec(extraConfig=extra)))

    put(vmci__filter__enable="FALSE", vmci0__id="4711", vmci0__unrestricted="TRUE")
    assert (vmci(vm).filterEnable, vmci(vm).id, vmci(vm).allowUnrestrictedCommunication) == (False, 4711, True)
    change(vm, filterEnable=True, id=-2, allowUnrestrictedCommunication=False)
    seen = options(vm)
    assert (seen["vmci.filter.enable"], seen["vmci0.id"], seen["vmci0.unrestricted"]) == ("TRUE", "-2", "FALSE")
    done(vm.PowerOnVM_Task())
    assert options(vm)["vmci0.id"] == str(vmci(vm).id)
    done(vm.PowerOffVM_Task())
    put(vmci0__id="", vmci__filter__enable="")
    assert (vmci(vm).id, vmci(vm).filterEnable) == (-1, True)
    assert not {"vmci0.id", "vmci.filter.enable"} & set(options(vm))


@pytest.mark.parametrize(
    "key,value",
    [
        ("vmci0.id", "2"),
        ("vmci0.id", "9223372036854775808"),
        ("vmci.filter.enable", "perhaps"),
        ("vmci0.present", "FALSE"),
    ],
)
def test_an_option_that_the_device_cannot_follow_is_named(vm, key, value):
    version = vm.config.changeVersion
    with pytest.raises(vmodl.fault.InvalidArgument) as fault:
        done(vm.ReconfigVM_Task(Spec(extraConfig=[Option(key="a", value="b"), Option(key=key, value=value)])))
    assert fault.value.invalidProperty == "configSpec.extraConfig[1]"
    assert vm.config.changeVersion == version and "a" not in options(vm)


# The other wire format, and waiting


def test_vijson_shows_and_changes_it(vijson, vm):
    device = {
        "_typeName": "VirtualMachineVMCIDevice",
        "key": 12000,
        "filterInfo": {
            "_typeName": "VirtualMachineVMCIDeviceFilterInfo",
            "filters": [
                {
                    "_typeName": "VirtualMachineVMCIDeviceFilterSpec",
                    "rank": 3,
                    "action": "deny",
                    "protocol": "datagram",
                    "direction": "guest",
                    "lowerDstPortBoundary": 4294967294,
                }
            ],
        },
    }
    change = {"_typeName": "VirtualDeviceConfigSpec", "operation": "edit", "device": device}
    body = {"spec": {"_typeName": "VirtualMachineConfigSpec", "deviceChange": [change]}}
    task = vijson.post(("VirtualMachine", vm._moId), "ReconfigVM_Task", body).json()
    done(vim.Task(task["value"], vm._stub))
    [only] = vmci(vm).filterInfo.filters
    assert (only.rank, only.lowerDstPortBoundary, only.upperDstPortBoundary) == (3, 4294967294, None)
    hardware = vijson.get(("VirtualMachine", vm._moId), "config").json()["hardware"]
    [shown] = [each for each in hardware["device"] if each["_typeName"] == "VirtualMachineVMCIDevice"]
    assert (shown["key"], shown["id"], shown["filterEnable"]) == (12000, -1, True)
    assert shown["filterInfo"]["filters"][0]["lowerDstPortBoundary"] == 4294967294


def test_a_client_that_waits_sees_the_id_come(si, vm):
    path = "config.hardware.device[12000].id"
    pc = si.content.propertyCollector.CreatePropertyCollector()
    spec = vmodl.query.PropertyCollector.FilterSpec(
        objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=vm)],
        propSet=[vmodl.query.PropertyCollector.PropertySpec(type=vim.VirtualMachine, pathSet=[path])],
    )
    pc.CreateFilter(spec, False)
    first = pc.WaitForUpdatesEx("", vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=5))
    assert first.filterSet[0].objectSet[0].changeSet[0].val == -1
    done(vm.PowerOnVM_Task())
    then = pc.WaitForUpdatesEx(first.version, vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=5))
    assert then.filterSet[0].objectSet[0].changeSet[0].val == vmci(vm).id
    pc.DestroyPropertyCollector()
