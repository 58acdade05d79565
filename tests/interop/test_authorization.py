"""Permissions as real clients meet them: who may do and see what.

Whom no permission names is an administrator; here the administrator gives others less.
"""

import pytest
from pyVmomi import vim, vmodl

import vsphere
from harness import ViJson
from vsphere import all_of, create_vm, done, one, remove_vm

READ_ONLY, VIEW, NO_ACCESS = -2, -3, -5


@pytest.fixture
def authority(si):
    """A function that gives a user a role on an entity; all of it is taken back with the test."""
    manager = si.content.authorizationManager
    given, roles = [], []

    def grant(user, entity, role, propagate=True):
        if isinstance(role, (list, tuple)):
            role = manager.AddAuthorizationRole(f"{user}-{len(roles)}", list(role))
            roles.append(role)
        permission = vim.AuthorizationManager.Permission(principal=user, group=False, roleId=role, propagate=propagate)
        manager.SetEntityPermissions(entity, [permission])
        given.append((entity, user))
        return role

    yield grant
    for entity, user in dict.fromkeys(given):
        manager.RemoveEntityPermission(entity, user, False)
    for role in roles:
        manager.RemoveAuthorizationRole(role, True)


@pytest.fixture
def own_vm(si, name):
    """A VM that is off, and that the test may change."""
    vm = create_vm(si, name, deviceChange=[vsphere.new_pvscsi(), vsphere.new_vmxnet3(key=-2)])
    yield vm
    remove_vm(vm)


def through(si, obj):
    """The same object through another session."""
    return type(obj)(obj._moId, si._stub)


def refused(call, *arguments):
    """(id of the object, privilege) of a call that must be refused."""
    with pytest.raises(vim.fault.NoPermission) as caught:
        call(*arguments)
    fault = caught.value
    assert fault.msg and fault.missingPrivileges[0].entity._moId == fault.object._moId
    assert fault.missingPrivileges[0].privilegeIds[0] == fault.privilegeId
    return fault.object._moId, fault.privilegeId


def test_who_may_only_read_reads_everything_and_changes_nothing(si, connect, own_vm, authority, name):
    root = si.content.rootFolder
    authority(name, root, READ_ONLY)
    bob = connect(user=name)
    vm = through(bob, own_vm)
    assert vm.name == own_vm.name and vm.config.hardware.numCPU == own_vm.config.hardware.numCPU
    assert len(all_of(bob, vim.VirtualMachine)) == len(all_of(si, vim.VirtualMachine))
    key = bob.content.sessionManager.currentSession.key
    assert si.content.authorizationManager.HasPrivilegeOnEntity(vm, key, ["VirtualMachine.Interact.PowerOn"]) == [False]
    assert list(vm.effectiveRole) == [READ_ONLY] and -1 in own_vm.effectiveRole
    here = vm._moId
    assert refused(vm.PowerOn) == (here, "VirtualMachine.Interact.PowerOn")
    assert refused(vm.Destroy_Task) == (here, "VirtualMachine.Inventory.Delete")
    assert refused(vm.Rename_Task, "other") == (here, "VirtualMachine.Config.Rename")
    assert refused(vm.CreateSnapshot_Task, "s", None, False, False) == (here, "VirtualMachine.State.CreateSnapshot")
    assert refused(vm.ReconfigVM_Task, vim.vm.ConfigSpec(numCPUs=2)) == (here, "VirtualMachine.Config.CPUCount")
    assert refused(vm.UnregisterVM) == (here, "VirtualMachine.Inventory.Unregister")
    folder = through(bob, own_vm.parent)
    assert refused(folder.CreateFolder, "more") == (folder._moId, "Folder.Create")
    manager = bob.content.authorizationManager
    assert refused(manager.AddAuthorizationRole, "mine", [])[1] == "Authorization.ModifyRoles"
    admin = vim.AuthorizationManager.Permission(principal=name, group=False, roleId=-1, propagate=True)
    assert refused(manager.SetEntityPermissions, vm, [admin]) == (here, "Authorization.ModifyPermissions")
    others = [session.key for session in si.content.sessionManager.sessionList if session.key != key]
    assert refused(bob.content.sessionManager.TerminateSession, others)[1] == "Sessions.TerminateSession"
    assert own_vm.runtime.powerState == "poweredOff" and own_vm.name == name and own_vm.config.hardware.numCPU == 1
    assert not [task for task in own_vm.recentTask if task.info.reason.userName == name]


def test_a_role_on_one_machine_is_good_for_that_machine(si, connect, own_vm, authority, name):
    power = ["VirtualMachine.Interact.PowerOn", "VirtualMachine.Interact.PowerOff"]
    authority(name, own_vm, power)
    bob = connect(user=name)
    vm = through(bob, own_vm)
    done(vm.PowerOn())
    done(vm.PowerOff())
    assert refused(vm.Reset)[1] == "VirtualMachine.Interact.Reset"
    other = through(bob, one(si, vim.VirtualMachine, "DC0_H0_VM0"))
    assert refused(other.PowerOff) == (other._moId, "VirtualMachine.Interact.PowerOff")
    assert refused(lambda: other.name) == (other._moId, "System.View")


def test_what_a_change_needs_goes_by_what_it_changes(si, connect, own_vm, authority, name):
    held = ["VirtualMachine.Config.CPUCount", "VirtualMachine.Config.AddNewDisk", "Datastore.AllocateSpace"]
    authority(name, si.content.rootFolder, held)
    vm = through(connect(user=name), own_vm)
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=2)))
    memory = vim.vm.ConfigSpec(numCPUs=4, memoryMB=256)
    assert refused(vm.ReconfigVM_Task, memory) == (vm._moId, "VirtualMachine.Config.Memory")
    assert own_vm.config.hardware.numCPU == 2
    disk = vsphere.new_disk(vsphere.devices(own_vm, vim.vm.device.VirtualSCSIController)[0].key)
    add = vim.vm.ConfigSpec(deviceChange=[disk])
    done(vm.ReconfigVM_Task(add))
    [nic] = vsphere.devices(own_vm, vim.vm.device.VirtualVmxnet3)
    nic.connectable.startConnected = False
    edit = vim.vm.ConfigSpec(deviceChange=[vsphere.edit(nic)])
    assert refused(vm.ReconfigVM_Task, edit) == (vm._moId, "VirtualMachine.Config.EditDevice")
    authority(name, si.content.rootFolder, [*held, "VirtualMachine.Config.EditDevice"])
    done(vm.ReconfigVM_Task(edit))
    group = one(si, vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0")
    nic.backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(
        port=vim.dvs.PortConnection(
            portgroupKey=group.key, switchUuid=group.config.distributedVirtualSwitch.uuid
        )
    )
    assert refused(vm.ReconfigVM_Task, edit) == (group._moId, "Network.Assign")
    nic = vim.vm.ConfigSpec(deviceChange=[vsphere.new_vmxnet3()])
    assert refused(vm.ReconfigVM_Task, nic) == (vm._moId, "VirtualMachine.Config.AddRemoveDevice")


def test_who_makes_a_machine_needs_folder_pool_datastore_and_network(si, connect, authority, name):
    bob = connect(user=name)
    folder, pool = vsphere.place(si)[:2]
    datastore = one(si, vim.Datastore, "LocalDS_0")
    network = one(si, vim.Network, "VM Network")
    steps = [
        (folder, ["VirtualMachine.Inventory.Create", "VirtualMachine.Inventory.Delete"], "Resource.AssignVMToPool"),
        (pool, ["Resource.AssignVMToPool"], "Datastore.AllocateSpace"),
        (datastore, ["Datastore.AllocateSpace"], "Network.Assign"),
        (network, ["Network.Assign"], None),
    ]
    spec = vsphere.powered_off_vm_spec(name, deviceChange=[vsphere.new_vmxnet3()])
    create = lambda: through(bob, folder).CreateVM_Task(spec, through(bob, pool))
    authority(name, si.content.rootFolder, READ_ONLY)
    assert refused(create) == (folder._moId, "VirtualMachine.Inventory.Create")
    for entity, privileges, next_missing in steps:
        authority(name, entity, privileges)
        if next_missing:
            assert refused(create)[1] == next_missing
    vm = done(create())
    assert through(si, vm).name == name
    done(vm.Destroy_Task())


def test_what_a_user_must_not_see_is_not_there_for_him(si, connect, own_vm, authority, name):
    bob = connect(user=name)
    authority(name, si.content.rootFolder, READ_ONLY)
    seen = {vm._moId for vm in all_of(bob, vim.VirtualMachine).values()}
    assert own_vm._moId in seen
    authority(name, own_vm, NO_ACCESS)
    for place in (own_vm.resourcePool, own_vm.runtime.host):
        authority(name, place, NO_ACCESS)
    left = {vm._moId for vm in all_of(bob, vim.VirtualMachine).values()}
    assert own_vm._moId not in left
    assert bob.content.searchIndex.FindByUuid(None, own_vm.config.instanceUuid, True, True) is None
    assert bob.content.searchIndex.FindByInventoryPath(f"DC0/vm/{name}") is None
    assert refused(lambda: through(bob, own_vm).name) == (own_vm._moId, "System.View")
    spec = vsphere.filter_spec(
        [vsphere.object_spec(through(bob, own_vm))], [vsphere.path_set(vim.VirtualMachine, "name", "config.uuid")]
    )
    [answer] = bob.content.propertyCollector.RetrieveProperties([spec])
    assert not answer.propSet
    reasons = {(missing.path, missing.fault.privilegeId) for missing in answer.missingSet}
    assert reasons == {("name", "System.View"), ("config.uuid", "System.Read")}


def test_who_may_only_view_gets_names_and_hears_of_nothing_else(si, connect, own_vm, authority, name):
    authority(name, si.content.rootFolder, VIEW)
    bob = connect(user=name)
    vm = through(bob, own_vm)
    assert vm.name == name
    assert refused(lambda: vm.config) == (vm._moId, "System.Read")
    collector = bob.content.propertyCollector.CreatePropertyCollector()
    spec = vsphere.filter_spec(
        [vsphere.object_spec(vm)], [vsphere.path_set(vim.VirtualMachine, "name", "runtime.powerState")]
    )
    collector.CreateFilter(spec, False)
    first = collector.WaitForUpdatesEx("", None)
    [entered] = first.filterSet[0].objectSet
    assert [(change.name, change.val) for change in entered.changeSet] == [("name", name)]
    done(own_vm.PowerOn())
    done(own_vm.Rename_Task(f"{name}-b"))
    second = collector.WaitForUpdatesEx(first.version, None)
    [changed] = second.filterSet[0].objectSet
    assert [(change.name, change.val) for change in changed.changeSet] == [("name", f"{name}-b")]
    done(own_vm.PowerOff())
    collector.DestroyPropertyCollector()


def test_a_user_cancels_his_own_tasks_only(fresh_server):
    server = fresh_server("--task-delay", "PowerOffVM_Task:3000")
    chief, bob = server.connect(), server.connect(user="bob")
    manager = chief.content.authorizationManager
    role = manager.AddAuthorizationRole("power", ["VirtualMachine.Interact.PowerOff"])
    permission = vim.AuthorizationManager.Permission(principal="bob", group=False, roleId=role, propagate=True)
    manager.SetEntityPermissions(chief.content.rootFolder, [permission])
    first, second, *_ = all_of(chief, vim.VirtualMachine).values()
    own, other = through(bob, first).PowerOff(), second.PowerOff()
    assert refused(through(bob, other).CancelTask)[1] == "Global.CancelTask"
    own.CancelTask()
    with pytest.raises(vmodl.fault.RequestCanceled):
        done(own)
    assert through(chief, first).runtime.powerState == "poweredOn"


def test_govc_tells_who_may_not(govc, name):
    vm = "/DC0/vm/DC0_H0_VM0"
    govc("permissions.set", "-principal", name, "-role", "ReadOnly", "/")
    try:
        assert vm in govc.run("ls", "/DC0/vm", GOVC_USERNAME=name).stdout.split()
        answer = govc.run("vm.power", "-off", vm, GOVC_USERNAME=name)
        assert answer.returncode and "VirtualMachine.Interact.PowerOff" in answer.stderr
        assert "poweredOn" in govc("vm.info", vm)
        assert name in govc("permissions.ls", "/")
    finally:
        govc("permissions.remove", "-principal", name, "/")
    assert not govc.run("vm.info", vm, GOVC_USERNAME=name).returncode


def test_govc_makes_a_role_of_any_privilege(govc, name):
    ids = ["VirtualMachine.Config.AddNewDisk", "InventoryService.Tagging.AttachTag", "StorageProfile.View"]
    govc("role.create", name, *ids)
    try:
        assert set(govc("role.ls", name).split()) >= set(ids)
    finally:
        govc("role.remove", name)


def test_json_refuses_likewise(si, server, authority, name):
    authority(name, si.content.rootFolder, READ_ONLY)
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    bob = ViJson(server)
    bob.login(user=name)
    reference = {"type": "VirtualMachine", "value": vm._moId}
    answer = bob.post(reference, "PowerOffVM_Task")
    fault = answer.json()
    assert (answer.status_code, fault["_typeName"]) == (500, "NoPermission")
    assert fault["privilegeId"] == "VirtualMachine.Interact.PowerOff" and fault["object"]["value"] == vm._moId
    assert bob.get(reference, "name").json() == "DC0_H0_VM0"
    authority(name, si.content.rootFolder, VIEW)
    answer = bob.get(reference, "config")
    assert (answer.status_code, answer.json()["privilegeId"]) == (500, "System.Read")
