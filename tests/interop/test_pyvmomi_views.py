"""Views: lists that the server keeps for a session."""

import pytest
from pyVmomi import vim, vmodl

from vsphere import all_of, filter_spec, object_spec, one, path_set, traversal


@pytest.fixture
def views(si):
    return si.content.viewManager


@pytest.fixture
def root(si):
    return si.content.rootFolder


def test_a_recursive_container_view_sees_the_whole_tree(views, root):
    view = views.CreateContainerView(root, [vim.HostSystem], True)
    assert sorted(host.name for host in view.view) == ["DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2", "DC0_H0"]
    assert (view.container, view.type, view.recursive) == (root, ["HostSystem"], True)


def test_a_flat_container_view_sees_the_children_only(views, root):
    assert [child.name for child in views.CreateContainerView(root, [], False).view] == ["DC0"]
    assert len(views.CreateContainerView(root, [vim.VirtualMachine], False).view) == 0


def test_a_container_view_of_a_base_type_holds_its_subtypes(views, root, si):
    view = views.CreateContainerView(root, [vim.ComputeResource], True)
    assert {vim.ComputeResource, vim.ClusterComputeResource} == {type(obj) for obj in view.view}
    view = views.CreateContainerView(root, [vim.VirtualMachine, vim.Datastore], True)
    assert len(view.view) == len(all_of(si, vim.VirtualMachine)) + 1


def test_a_container_view_without_types_holds_every_entity(views, root, si):
    everything = set(views.CreateContainerView(root, None, True).view)
    for kind in (
        vim.Folder,
        vim.Datacenter,
        vim.HostSystem,
        vim.VirtualMachine,
        vim.Datastore,
        vim.Network,
        vim.ResourcePool,
        vim.ComputeResource,
        vim.DistributedVirtualSwitch,
    ):
        assert set(all_of(si, kind).values()) <= everything


@pytest.mark.parametrize(
    "kind,name,of,count",
    [
        (vim.Datacenter, "DC0", vim.VirtualMachine, 4),
        (vim.ClusterComputeResource, "DC0_C0", vim.HostSystem, 3),
        (vim.ClusterComputeResource, "DC0_C0", vim.VirtualMachine, 2),
        (vim.HostSystem, "DC0_H0", vim.VirtualMachine, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_container_may_be_any_entity_that_contains_others(si, views, kind, name, of, count):
    assert len(views.CreateContainerView(one(si, kind, name), [of], True).view) == count


def test_a_container_that_cannot_contain_is_refused(si, views):
    with pytest.raises(vmodl.fault.InvalidArgument) as refused:
        views.CreateContainerView(one(si, vim.Datastore, "LocalDS_0"), [vim.VirtualMachine], True)
    assert refused.value.invalidProperty == "container"


def test_a_container_view_follows_the_inventory(si, views, root, make_vm):
    view = views.CreateContainerView(root, [vim.VirtualMachine], True)
    before = set(view.view)
    vm = make_vm()
    assert set(view.view) == before | {vm}


def test_a_list_view_holds_what_it_is_told(si, views):
    hosts = list(all_of(si, vim.HostSystem).values())
    view = views.CreateListView(hosts[:2])
    assert view.view == hosts[:2]
    assert view.ModifyListView(add=[hosts[2]], remove=[hosts[0]]) in (None, [])
    assert set(view.view) == {hosts[1], hosts[2]}
    view.ResetListView(hosts)
    assert set(view.view) == set(hosts)


def test_a_list_view_names_the_objects_that_it_cannot_resolve(si, views):
    gone = vim.VirtualMachine("vm-999999", si._stub)
    host = one(si, vim.HostSystem, "DC0_H0")
    view = views.CreateListView([host])
    assert [obj._moId for obj in view.ModifyListView(add=[gone])] == ["vm-999999"]
    assert view.view == [host]


def test_a_list_view_can_start_from_another_view(si, views, root):
    hosts = views.CreateContainerView(root, [vim.HostSystem], True)
    view = views.CreateListViewFromView(hosts)
    assert set(view.view) == set(hosts.view)
    view.ResetListViewFromView(views.CreateContainerView(root, [vim.Datastore], True))
    assert [obj.name for obj in view.view] == ["LocalDS_0"]


def test_an_inventory_view_opens_and_closes_folders(si, views, root):
    view = views.CreateInventoryView()
    [datacenter] = root.childEntity
    before = set(view.view)
    view.OpenInventoryViewFolder([root])
    assert datacenter in view.view
    view.OpenInventoryViewFolder([datacenter])
    assert datacenter.vmFolder in view.view
    view.CloseInventoryViewFolder([datacenter])
    assert datacenter.vmFolder not in view.view
    view.CloseInventoryViewFolder([root])
    assert set(view.view) == before


def test_every_view_can_be_a_start_of_the_collector(si, views, root):
    hosts = list(all_of(si, vim.HostSystem).values())
    for view in (views.CreateListView(hosts), views.CreateContainerView(root, [vim.HostSystem], True)):
        start = object_spec(view, traversal(type(view), "view"), skip=True)
        contents = si.content.propertyCollector.RetrieveContents(
            [filter_spec([start], [path_set(vim.HostSystem, "name")])]
        )
        assert {content.obj for content in contents} == set(hosts)


def test_the_manager_lists_the_views_of_the_session_until_they_are_destroyed(views, root):
    view = views.CreateContainerView(root, [vim.Datastore], True)
    assert view in views.viewList
    view.DestroyView()
    assert view not in views.viewList
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        view.view


def test_a_view_belongs_to_its_session_and_dies_with_it(connect):
    first, second = connect(), connect()
    view = first.content.viewManager.CreateContainerView(first.content.rootFolder, [vim.Datastore], True)
    assert view._moId not in {other._moId for other in second.content.viewManager.viewList}
    foreign = vim.view.ContainerView(view._moId, second._stub)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        foreign.view
