"""Reading by the property collector: what is selected, how it is walked, and what is refused."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import (
    PropertyCollector,
    all_of,
    container_view,
    devices,
    filter_spec,
    named,
    object_spec,
    one,
    path_set,
    read,
    traversal,
)

VMS = {"DC0_H0_VM0", "DC0_H0_VM1", "DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"}


@pytest.fixture
def pc(si):
    return si.content.propertyCollector


@pytest.fixture
def folder(si):
    [datacenter] = si.content.rootFolder.childEntity
    return datacenter.vmFolder


def names(contents):
    return sorted(p.val for content in contents for p in content.propSet if p.name == "name")


def everything_below(root):
    """The selection that walks from any folder to VMs, by names that call themselves."""
    again = [named("folder"), named("datacenter")]
    return object_spec(
        root,
        traversal(vim.Folder, "childEntity", *again, name="folder"),
        traversal(vim.Datacenter, "vmFolder", *again, name="datacenter"),
        skip=True,
    )


# Which properties


def test_paths_come_as_asked_for_and_nothing_else(pc, si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    paths = ["name", "runtime.powerState", "config.hardware.numCPU", "summary.config.name"]
    values = read(vm, *paths)
    assert set(values) == set(paths)
    assert values["name"] == values["summary.config.name"] == "DC0_H0_VM0"
    assert values["runtime.powerState"] == "poweredOn"
    assert values["config.hardware.numCPU"] >= 1


def test_all_gives_every_set_property_of_the_object(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    values = read(vm)
    assert {
        "name",
        "config",
        "summary",
        "runtime",
        "guest",
        "parent",
        "layoutEx",
        "storage",
        "capability",
        "datastore",
        "network",
        "resourcePool",
        "environmentBrowser",
        "overallStatus",
        "effectiveRole",
    } <= set(values)
    assert values["config"].name == "DC0_H0_VM0"


def test_an_unset_property_is_left_out_and_is_no_error(si):
    root = si.content.rootFolder
    assert read(root, "name", "parent") == {"name": "Datacenters"}


def test_an_unset_property_reads_as_none_through_an_accessor(si):
    assert si.content.rootFolder.parent is None


def test_one_device_is_read_by_its_key(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    card = devices(vm, vim.vm.device.VirtualEthernetCard)[0]
    path = f"config.hardware.device[{card.key}]"
    values = read(vm, path, f"{path}.backing", f"{path}.macAddress", f"{path}.deviceInfo.label")
    assert type(values[path]) is type(card) and values[path].key == card.key
    assert type(values[f"{path}.backing"]) is type(card.backing)
    assert values[f"{path}.macAddress"] == card.macAddress
    assert values[f"{path}.deviceInfo.label"] == "Network adapter 1"


def test_an_element_is_read_by_a_key_in_quotes(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    option = vm.config.extraConfig[0]
    path = f'config.extraConfig["{option.key}"]'
    assert read(vm, f"{path}.value") == {f"{path}.value": option.value}


def test_an_element_that_is_not_there_is_left_out(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    assert read(vm, "name", "config.hardware.device[4999]") == {"name": "DC0_H0_VM0"}


@pytest.mark.parametrize(
    "path",
    [
        "noSuchProp",
        "config.noSuchProp",
        "name.length",
        "config.hardware.device[4000].bogus",
        "config[1]",
        "config..name",
    ],
)
def test_a_path_that_the_type_does_not_have_fails_the_whole_call_and_is_named(si, path):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    with pytest.raises(vmodl.query.InvalidProperty) as refused:
        read(vm, "name", path)
    assert refused.value.name == path


def test_two_property_sets_of_a_type_and_its_base_are_joined(pc, si):
    host = one(si, vim.HostSystem, "DC0_H0")
    sets = [path_set(vim.HostSystem, "runtime.powerState"), path_set(vim.ManagedEntity, "name")]
    [content] = pc.RetrieveContents([filter_spec([object_spec(host)], sets)])
    assert {p.name for p in content.propSet} == {"name", "runtime.powerState"}


def test_an_object_without_a_property_set_of_its_type_is_left_out(pc, si):
    host = one(si, vim.HostSystem, "DC0_H0")
    assert not pc.RetrieveContents([filter_spec([object_spec(host)], [path_set(vim.VirtualMachine, "name")])])


# Which objects


def test_a_traversal_follows_a_list_of_references(pc, folder):
    objects = [object_spec(folder, traversal(vim.Folder, "childEntity"), skip=True)]
    assert names(pc.RetrieveContents([filter_spec(objects, [path_set(vim.VirtualMachine, "name")])])) == sorted(VMS)


def test_a_traversal_follows_a_single_reference(pc, si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    objects = [object_spec(vm, traversal(vim.VirtualMachine, "runtime.host"))]
    contents = pc.RetrieveContents([filter_spec(objects, [path_set(vim.ManagedEntity, "name")])])
    assert names(contents) == ["DC0_H0", "DC0_H0_VM0"]


def test_skip_leaves_out_the_object_but_not_what_it_leads_to(pc, si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    up = traversal(vim.VirtualMachine, "runtime.host", traversal(vim.HostSystem, "parent"), skip=True)
    contents = pc.RetrieveContents(
        [filter_spec([object_spec(vm, up, skip=True)], [path_set(vim.ManagedEntity, "name")])]
    )
    assert [type(content.obj) for content in contents] == [vim.ComputeResource]


def test_named_selections_walk_the_tree_to_its_end(pc, si):
    spec = filter_spec([everything_below(si.content.rootFolder)], [path_set(vim.VirtualMachine, "name")])
    assert names(pc.RetrieveContents([spec])) == sorted(VMS)


def test_a_walk_in_a_circle_ends_and_gives_every_object_once(pc, si):
    circle = object_spec(
        si.content.rootFolder,
        traversal(vim.Folder, "childEntity", named("down"), named("up"), name="down"),
        traversal(vim.ManagedEntity, "parent", named("down"), named("up"), name="up"),
    )
    contents = pc.RetrieveContents([filter_spec([circle], [path_set(vim.ManagedEntity, "name")])])
    assert sorted(names(contents)) == ["DC0", "Datacenters"]


def test_an_object_that_two_ways_lead_to_comes_once(pc, si):
    datastore = one(si, vim.Datastore, "LocalDS_0")
    objects = [
        object_spec(vm, traversal(vim.VirtualMachine, "datastore"), skip=True)
        for vm in all_of(si, vim.VirtualMachine).values()
    ]
    contents = pc.RetrieveContents([filter_spec(objects, [path_set(vim.Datastore, "name")])])
    assert [content.obj for content in contents] == [datastore]


def test_a_traversal_only_leaves_objects_of_its_own_type(pc, si):
    wrong = object_spec(si.content.rootFolder, traversal(vim.HostSystem, "parent"))
    contents = pc.RetrieveContents([filter_spec([wrong], [path_set(vim.ManagedEntity, "name")])])
    assert names(contents) == ["Datacenters"]


def test_a_traversal_path_that_its_type_does_not_have_is_invalid(pc, si):
    wrong = object_spec(si.content.rootFolder, traversal(vim.HostSystem, "childEntity"))
    with pytest.raises(vmodl.query.InvalidProperty) as refused:
        pc.RetrieveContents([filter_spec([wrong], [path_set(vim.ManagedEntity, "name")])])
    assert refused.value.name == "childEntity"


def test_a_selection_name_that_nothing_has_is_refused(pc, si):
    wrong = object_spec(si.content.rootFolder, traversal(vim.Folder, "childEntity", named("nowhere")))
    with pytest.raises(vmodl.fault.InvalidArgument):
        pc.RetrieveContents([filter_spec([wrong], [path_set(vim.ManagedEntity, "name")])])


def test_an_object_that_is_gone_fails_the_call_and_is_named(pc, si):
    gone = vim.VirtualMachine("vm-999999", si._stub)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound) as refused:
        pc.RetrieveContents([filter_spec([object_spec(gone)], [path_set(vim.VirtualMachine, "name")])])
    assert refused.value.obj._moId == "vm-999999"


def test_missing_objects_may_be_left_out_when_the_spec_says_so(pc, si):
    objects = [
        object_spec(vim.VirtualMachine("vm-999999", si._stub)),
        object_spec(one(si, vim.VirtualMachine, "DC0_H0_VM0")),
    ]
    spec = filter_spec(objects, [path_set(vim.VirtualMachine, "name")], reportMissingObjectsInResults=True)
    assert names(pc.RetrieveContents([spec])) == ["DC0_H0_VM0"]


def test_several_filter_specs_give_the_results_of_all(pc, si):
    specs = [
        filter_spec([object_spec(one(si, kind, name))], [path_set(kind, "name")])
        for kind, name in [(vim.HostSystem, "DC0_H0"), (vim.Datastore, "LocalDS_0")]
    ]
    assert names(pc.RetrieveContents(specs)) == ["DC0_H0", "LocalDS_0"]


# Pages


@pytest.fixture
def vm_names(si):
    with container_view(si, vim.VirtualMachine) as view:
        view_of = object_spec(view, traversal(vim.view.ContainerView, "view"), skip=True)
        yield filter_spec([view_of], [path_set(vim.VirtualMachine, "name")])


def limit(number):
    return PropertyCollector.RetrieveOptions(maxObjects=number)


def test_without_a_limit_one_reply_has_everything(pc, vm_names):
    result = pc.RetrievePropertiesEx([vm_names], limit(None))
    assert names(result.objects) == sorted(VMS) and not result.token


def test_pages_hold_at_most_what_was_asked_for_and_together_everything(pc, vm_names):
    result = pc.RetrievePropertiesEx([vm_names], limit(3))
    pages = [result.objects]
    while result.token:
        result = pc.ContinueRetrievePropertiesEx(result.token)
        pages.append(result.objects)
    assert [len(page) for page in pages] == [3, 1]
    assert names([content for page in pages for content in page]) == sorted(VMS)


def test_a_cancelled_retrieval_cannot_be_continued(pc, vm_names):
    token = pc.RetrievePropertiesEx([vm_names], limit(1)).token
    pc.CancelRetrievePropertiesEx(token)
    with pytest.raises(vmodl.fault.InvalidArgument):
        pc.ContinueRetrievePropertiesEx(token)


@pytest.mark.parametrize("method", ["ContinueRetrievePropertiesEx", "CancelRetrievePropertiesEx"])
def test_a_token_that_was_never_given_is_refused(pc, method):
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        getattr(pc, method)("bogus")
    assert refused.value.invalidProperty == "token"


def test_a_limit_below_one_is_refused(pc, vm_names):
    with pytest.raises(vmodl.fault.InvalidArgument):
        pc.RetrievePropertiesEx([vm_names], limit(-1))
