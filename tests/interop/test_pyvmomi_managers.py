"""The managers that scripts ask for small things: options, custom fields, roles, search."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import all_of, one

# Options


def test_options_are_found_by_name_and_by_prefix(si):
    manager = si.content.setting
    [version] = manager.QueryOptions("VirtualCenter.InstanceName")
    assert isinstance(version.value, str)
    under = manager.QueryOptions("VirtualCenter.")
    assert "VirtualCenter.InstanceName" in {option.key for option in under}
    assert all(option.key.startswith("VirtualCenter.") for option in under)


def test_an_option_is_changed_and_seen_by_other_sessions(si, connect):
    manager = si.content.setting
    [option] = manager.QueryOptions("VirtualCenter.InstanceName")
    manager.UpdateOptions([vim.option.OptionValue(key=option.key, value="another name")])
    try:
        [seen] = connect().content.setting.QueryOptions(option.key)
        assert seen.value == "another name"
    finally:
        manager.UpdateOptions([option])


def test_an_unknown_option_is_an_invalid_name(si):
    with pytest.raises(vim.fault.InvalidName) as refused:
        si.content.setting.QueryOptions("no.such.option")
    assert refused.value.name == "no.such.option"


# Custom fields


@pytest.fixture
def field(si, name):
    manager = si.content.customFieldsManager
    made = manager.AddCustomFieldDef(name, vim.VirtualMachine)
    yield made
    try:
        manager.RemoveCustomFieldDef(made.key)
    except vmodl.fault.InvalidArgument:
        pass


def test_a_custom_field_is_defined_set_and_read(si, field, vm, name):
    manager = si.content.customFieldsManager
    assert (field.name, field.managedObjectType) == (name, vim.VirtualMachine)
    assert field.key in {definition.key for definition in manager.field}
    manager.SetField(vm, field.key, "blue")
    assert [(value.key, value.value) for value in vm.customValue] == [(field.key, "blue")]
    assert field.key in {definition.key for definition in vm.availableField}
    vm.setCustomValue(name, "green")
    assert [value.value for value in vm.customValue] == ["green"]


def test_a_custom_field_is_renamed_and_removed_with_its_values(si, field, vm, name):
    manager = si.content.customFieldsManager
    manager.SetField(vm, field.key, "blue")
    manager.RenameCustomFieldDef(field.key, name + " renamed")
    assert name + " renamed" in {definition.name for definition in manager.field}
    manager.RemoveCustomFieldDef(field.key)
    assert field.key not in {definition.key for definition in manager.field}
    assert not vm.customValue


def test_two_custom_fields_do_not_share_a_name_and_a_wrong_key_is_invalid(si, field, vm, name):
    manager = si.content.customFieldsManager
    with pytest.raises(vim.fault.DuplicateName):
        manager.AddCustomFieldDef(name, vim.VirtualMachine)
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.SetField(vm, 999999, "nothing")
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.RenameCustomFieldDef(999999, "nothing")


def test_a_custom_field_of_one_type_does_not_fit_another(si, field):
    with pytest.raises(vmodl.fault.InvalidArgument):
        si.content.customFieldsManager.SetField(one(si, vim.HostSystem, "DC0_H0"), field.key, "no")


# Roles and permissions


def test_the_system_roles_have_the_ids_and_names_of_a_vcenter(si):
    roles = {role.roleId: role for role in si.content.authorizationManager.roleList}
    for number, name in [(-1, "Admin"), (-2, "ReadOnly"), (-3, "View"), (-4, "Anonymous"), (-5, "NoAccess")]:
        assert (roles[number].name, roles[number].system) == (name, True)
    assert {"System.Anonymous", "System.Read", "System.View"} <= set(roles[-2].privilege)
    assert not roles[-5].privilege


def test_the_administrator_role_has_every_privilege(si):
    manager = si.content.authorizationManager
    [admin] = [role for role in manager.roleList if role.roleId == -1]
    every = {privilege.privId for privilege in manager.privilegeList}
    assert set(admin.privilege) == every
    assert {"VirtualMachine.Interact.PowerOn", "System.Read", "Datastore.Browse"} <= every
    assert all(privilege.privId == f"{privilege.privGroupName}.{privilege.name}" for privilege in manager.privilegeList)


def test_the_root_folder_has_a_permission_that_every_entity_inherits(si, connect):
    manager = si.content.authorizationManager
    own = manager.RetrieveEntityPermissions(si.content.rootFolder, False)
    assert own and all(permission.entity == si.content.rootFolder for permission in own)
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    assert not manager.RetrieveEntityPermissions(vm, False)
    assert {p.principal for p in manager.RetrieveEntityPermissions(vm, True)} == {p.principal for p in own}
    assert {p.principal for p in manager.RetrieveAllPermissions()} >= {p.principal for p in own}


def test_the_logged_in_user_has_the_privileges_of_an_administrator(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    session = si.content.sessionManager.currentSession.key
    asked = ["VirtualMachine.Interact.PowerOn", "System.Read"]
    manager = si.content.authorizationManager
    assert manager.HasPrivilegeOnEntity(vm, session, asked) == [True, True]
    [answer] = manager.HasPrivilegeOnEntities([vm], session, asked)
    assert answer.entity == vm
    assert [(item.privId, item.isGranted) for item in answer.privAvailability] == [(name, True) for name in asked]
    assert -1 in vm.effectiveRole


# Search


def test_search_finds_a_vm_by_each_of_its_ids(si):
    index = si.content.searchIndex
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    [datacenter] = si.content.rootFolder.childEntity
    assert index.FindByUuid(None, vm.config.uuid, True, False) == vm
    assert index.FindByUuid(datacenter, vm.config.instanceUuid, True, True) == vm
    assert index.FindAllByUuid(None, vm.config.uuid, True, False) == [vm]
    assert index.FindByInventoryPath("DC0/vm/DC0_H0_VM0") == vm
    assert index.FindByInventoryPath("/DC0/vm/DC0_H0_VM0/") == vm
    assert index.FindByDatastorePath(datacenter, vm.config.files.vmPathName) == vm
    assert index.FindChild(datacenter.vmFolder, "DC0_H0_VM0") == vm


def test_search_finds_hosts_by_name_address_and_uuid(si):
    index = si.content.searchIndex
    host = one(si, vim.HostSystem, "DC0_H0")
    assert index.FindByUuid(None, host.hardware.systemInfo.uuid, False) == host
    assert index.FindByDnsName(None, "DC0_H0", False) == host
    assert index.FindAllByDnsName(None, "DC0_H0", False) == [host]
    assert index.FindByInventoryPath("DC0/host/DC0_H0/DC0_H0") == host
    address = host.config.network.vnic[0].spec.ip.ipAddress
    assert host in index.FindAllByIp(None, address, False)


def test_search_follows_inventory_paths_of_every_kind(si):
    index = si.content.searchIndex
    for path, kind in [
        ("DC0", vim.Datacenter),
        ("DC0/vm", vim.Folder),
        ("DC0/host/DC0_C0", vim.ClusterComputeResource),
        ("DC0/host/DC0_C0/DC0_C0_H1", vim.HostSystem),
        ("DC0/host/DC0_C0/Resources", vim.ResourcePool),
        ("DC0/datastore/LocalDS_0", vim.Datastore),
        ("DC0/network/VM Network", vim.Network),
        ("DC0/network/DVS0", vim.DistributedVirtualSwitch),
        ("DC0/network/DC0_DVPG0", vim.dvs.DistributedVirtualPortgroup),
    ]:
        found = index.FindByInventoryPath(path)
        assert isinstance(found, kind) and found.name == path.rsplit("/", 1)[-1], path


def test_search_finds_nothing_where_there_is_nothing(si):
    index = si.content.searchIndex
    [datacenter] = si.content.rootFolder.childEntity
    assert index.FindByInventoryPath("DC0/vm/nobody") is None
    assert index.FindByUuid(None, "00000000-0000-0000-0000-000000000000", True, False) is None
    assert index.FindByIp(None, "203.0.113.77", True) is None
    assert index.FindByDnsName(None, "nobody.example", True) is None
    assert index.FindChild(datacenter.vmFolder, "nobody") is None
    assert index.FindByDatastorePath(datacenter, "[LocalDS_0] nobody/nobody.vmx") is None


def test_a_datastore_path_without_a_datastore_is_invalid(si):
    [datacenter] = si.content.rootFolder.childEntity
    with pytest.raises(vim.fault.InvalidDatastore):
        si.content.searchIndex.FindByDatastorePath(datacenter, "no brackets")


def test_what_was_made_and_removed_is_found_and_not_found(si, make_vm, name):
    index = si.content.searchIndex
    vm = make_vm()
    uuid = vm.config.uuid
    assert index.FindByUuid(None, uuid, True, False) == vm
    assert index.FindByInventoryPath(f"DC0/vm/{name}") == vm
    vm.UnregisterVM()
    assert index.FindByUuid(None, uuid, True, False) is None
    assert name not in all_of(si, vim.VirtualMachine)
