"""The inventory that a server starts with: names, counts, flags, and what the objects say about themselves."""

import pytest
from pyVmomi import vim

from vsphere import all_of, container_view, devices, one

DEFAULT_NAMES = [
    (vim.Datacenter, {"DC0"}),
    (vim.ClusterComputeResource, {"DC0_C0"}),
    (vim.HostSystem, {"DC0_H0", "DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2"}),
    (vim.VirtualMachine, {"DC0_H0_VM0", "DC0_H0_VM1", "DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"}),
    (vim.Datastore, {"LocalDS_0"}),
    (vim.DistributedVirtualSwitch, {"DVS0"}),
]


@pytest.fixture(scope="module")
def si(server):
    """One session for all reading tests of this file."""
    return server.connect()


def number_of(si, kind):
    with container_view(si, kind) as view:
        return len(view.view)


@pytest.fixture
def counts(fresh_server, connect):
    """A function: how many objects of a type a server with these flags has."""

    def count(*flags, of):
        session = connect(fresh_server(*flags))
        return [number_of(session, kind) for kind in of]

    return count


@pytest.mark.parametrize("kind,names", DEFAULT_NAMES, ids=[kind.__name__ for kind, _ in DEFAULT_NAMES])
def test_the_default_inventory_has_the_names_of_vcsim(si, kind, names):
    assert set(all_of(si, kind)) == names


def test_the_default_networks_are_vm_network_the_uplinks_and_one_port_group(si):
    names = all_of(si, vim.Network)
    assert {"VM Network", "DC0_DVPG0"} <= set(names)
    assert isinstance(names["DC0_DVPG0"], vim.dvs.DistributedVirtualPortgroup)
    assert not isinstance(names["VM Network"], vim.dvs.DistributedVirtualPortgroup)


def test_the_root_folder_holds_the_datacenter_and_the_datacenter_its_four_folders(si):
    root = si.content.rootFolder
    assert (root.name, root.parent) == ("Datacenters", None)
    [datacenter] = root.childEntity
    folders = [datacenter.vmFolder, datacenter.hostFolder, datacenter.datastoreFolder, datacenter.networkFolder]
    assert [folder.name for folder in folders] == ["vm", "host", "datastore", "network"]
    assert all(folder.parent == datacenter for folder in folders)


def test_parents_and_children_agree_everywhere(si):
    for folder in all_of(si, vim.Folder).values():
        assert all(child.parent == folder for child in folder.childEntity)


def test_cluster_hosts_pool_datastore_and_network_know_each_other(si):
    cluster = one(si, vim.ClusterComputeResource, "DC0_C0")
    assert [host.name for host in cluster.host] == ["DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2"]
    assert cluster.resourcePool.owner == cluster
    for host in cluster.host:
        assert host.parent == cluster
        assert set(host.datastore) <= set(cluster.datastore)
        assert set(host.network) <= set(cluster.network)
    for datastore in cluster.datastore:
        assert {mount.key for mount in datastore.host} >= set(cluster.host)


def test_every_vm_is_listed_by_its_host_pool_datastore_and_network(si):
    for vm in all_of(si, vim.VirtualMachine).values():
        assert vm in vm.runtime.host.vm
        assert vm in vm.resourcePool.vm
        assert vm.datastore and all(vm in datastore.vm for datastore in vm.datastore)
        assert vm.network and all(vm in network.vm for network in vm.network)


def test_default_vms_run_and_have_a_disk_a_nic_and_a_cdrom(si):
    for vm in all_of(si, vim.VirtualMachine).values():
        assert vm.runtime.powerState == "poweredOn"
        assert vm.runtime.connectionState == "connected"
        for kind in (vim.vm.device.VirtualDisk, vim.vm.device.VirtualEthernetCard, vim.vm.device.VirtualCdrom):
            assert len(devices(vm, kind)) == 1


def test_the_devices_of_default_vms_have_the_keys_of_a_vcenter(si):
    vm = one(si, vim.VirtualMachine, "DC0_H0_VM0")
    for kind, keys in [
        (vim.vm.device.VirtualIDEController, [200, 201]),
        (vim.vm.device.VirtualPS2Controller, [300]),
        (vim.vm.device.VirtualPCIController, [100]),
        (vim.vm.device.VirtualSIOController, [400]),
        (vim.vm.device.VirtualKeyboard, [600]),
        (vim.vm.device.VirtualPointingDevice, [700]),
        (vim.vm.device.VirtualVideoCard, [500]),
        (vim.vm.device.VirtualVMCIDevice, [12000]),
        (vim.vm.device.VirtualSCSIController, [1000]),
        (vim.vm.device.VirtualEthernetCard, [4000]),
        (vim.vm.device.VirtualDisk, [2000]),
    ]:
        assert [device.key for device in devices(vm, kind)] == keys, kind.__name__
    assert devices(vm, vim.vm.device.VirtualCdrom)[0].key in (3000, 3002, 16000)


def test_a_vm_summary_repeats_what_its_config_says(si):
    for vm in all_of(si, vim.VirtualMachine).values():
        summary, config = vm.summary.config, vm.config
        assert (summary.name, summary.uuid, summary.instanceUuid) == (vm.name, config.uuid, config.instanceUuid)
        assert (summary.numCpu, summary.memorySizeMB) == (config.hardware.numCPU, config.hardware.memoryMB)
        assert summary.vmPathName == config.files.vmPathName
        assert summary.numVirtualDisks == 1 and summary.numEthernetCards == 1
        assert vm.summary.runtime.powerState == vm.runtime.powerState


def test_uuids_and_macs_are_unique(si):
    vms = all_of(si, vim.VirtualMachine).values()
    cards = [card for vm in vms for card in devices(vm, vim.vm.device.VirtualEthernetCard)]
    for values in (
        [vm.config.uuid for vm in vms],
        [vm.config.instanceUuid for vm in vms],
        [card.macAddress for card in cards],
    ):
        assert all(values) and len(set(values)) == len(values)


def test_hosts_are_esxi_8_0_3_with_hardware_and_network(si):
    for host in all_of(si, vim.HostSystem).values():
        product = host.config.product
        assert (product.productLineId, product.apiType, product.version) == ("embeddedEsx", "HostAgent", "8.0.3")
        assert host.summary.hardware.numCpuCores == host.hardware.cpuInfo.numCpuCores > 0
        assert host.summary.hardware.memorySize == host.hardware.memorySize > 2**30
        assert host.runtime.connectionState == "connected" and host.runtime.powerState == "poweredOn"
        assert host.config.network.pnic and host.config.network.vswitch and host.config.network.vnic
        assert host.summary.config.name == host.name


def test_the_datastore_says_how_much_it_holds(si):
    datastore = one(si, vim.Datastore, "LocalDS_0")
    assert 0 < datastore.summary.freeSpace <= datastore.summary.capacity
    assert datastore.summary.accessible and datastore.summary.url == datastore.info.url
    assert datastore.summary.name == datastore.name


def test_the_switch_knows_its_port_groups_and_its_hosts(si):
    switch = one(si, vim.DistributedVirtualSwitch, "DVS0")
    assert one(si, vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0") in switch.portgroup
    assert set(switch.summary.hostMember) == set(all_of(si, vim.HostSystem).values())
    assert isinstance(switch, vim.dvs.VmwareDistributedVirtualSwitch)


def test_moids_are_those_that_a_vcenter_would_give(si):
    prefixes = {
        vim.Datacenter: "datacenter-",
        vim.HostSystem: "host-",
        vim.VirtualMachine: "vm-",
        vim.ClusterComputeResource: "domain-c",
        vim.Datastore: "datastore-",
        vim.ResourcePool: "resgroup-",
        vim.dvs.DistributedVirtualPortgroup: "dvportgroup-",
        vim.DistributedVirtualSwitch: "dvs-",
    }
    for kind, prefix in prefixes.items():
        for obj in all_of(si, kind).values():
            assert obj._moId.startswith(prefix)
    assert si.content.rootFolder._moId == "group-d1"


def test_vm_config_options_list_guests_and_hardware(si):
    browser = one(si, vim.ClusterComputeResource, "DC0_C0").environmentBrowser
    options = browser.QueryConfigOptionDescriptor()
    assert "vmx-21" in {option.key for option in options}
    option = browser.QueryConfigOptionEx(vim.EnvironmentBrowser.ConfigOptionQuerySpec(key="vmx-21"))
    assert "otherGuest64" in {guest.id for guest in option.guestOSDescriptor}
    assert option.hardwareOptions.numCPU


def test_count_flags_multiply_as_they_do_in_vcsim(counts):
    flags = ["--dc", "2", "--cluster", "2", "--host", "2", "--standalone-host", "1", "--vm", "3", "--ds", "2"]
    kinds = [vim.Datacenter, vim.ClusterComputeResource, vim.HostSystem, vim.VirtualMachine, vim.Datastore]
    assert counts(*flags, of=kinds) == [2, 4, 10, 18, 4]


def test_zero_is_a_count(counts):
    kinds = [vim.ClusterComputeResource, vim.HostSystem, vim.VirtualMachine]
    assert counts("--cluster", "0", "--standalone-host", "2", "--vm", "0", of=kinds) == [0, 2, 0]
    assert counts("--dc", "0", of=[vim.Datacenter, vim.VirtualMachine]) == [0, 0]


def test_pools_apps_pods_folders_and_port_groups_are_made_when_asked_for(counts):
    flags = ["--pool", "1", "--app", "1", "--pod", "1", "--pg", "3", "--folder", "1"]
    kinds = [vim.VirtualApp, vim.StoragePod]
    assert counts(*flags, of=kinds) == [1, 1]
    [pools, groups] = counts("--pool", "1", "--pg", "3", of=[vim.ResourcePool, vim.dvs.DistributedVirtualPortgroup])
    plain_pools, plain_groups = counts(of=[vim.ResourcePool, vim.dvs.DistributedVirtualPortgroup])
    assert (pools - plain_pools, groups - plain_groups) == (1, 2)


def test_without_autostart_vms_are_off(fresh_server, connect):
    si = connect(fresh_server("--autostart=false"))
    assert {vm.runtime.powerState for vm in all_of(si, vim.VirtualMachine).values()} == {"poweredOff"}


def test_an_esx_has_one_host_and_no_datacenter_to_choose(fresh_server, connect):
    si = connect(fresh_server("--esx"))
    assert si.content.about.apiType == "HostAgent"
    assert [number_of(si, kind) for kind in (vim.HostSystem, vim.ClusterComputeResource)] == [1, 0]


def facts(si):
    return {
        vm.name: (
            vm._moId,
            vm.config.uuid,
            vm.runtime.host.name,
            [card.macAddress for card in devices(vm, vim.vm.device.VirtualEthernetCard)],
        )
        for vm in all_of(si, vim.VirtualMachine).values()
    }


def test_two_starts_give_the_same_world_and_another_seed_another_one(fresh_server, connect, si):
    again, other = facts(connect(fresh_server())), facts(connect(fresh_server("--seed", "7")))
    assert again == facts(connect(fresh_server()))
    assert set(other) == set(again)
    assert all(other[vm][1] != again[vm][1] for vm in again)
    assert other == facts(connect(fresh_server("--seed", "7")))
