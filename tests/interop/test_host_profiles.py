"""Hosts of every profile: what they say of themselves, their lab settings, and what VMs on them can have."""

import pytest
from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import long

from harness import Server, ViJson
from vsphere import all_of, done, one

UNSUPPORTED = vim.host.Capability.VmDirectPathGen2UnsupportedReason
UPT = vim.host.PhysicalNic.VmDirectPathGen2SupportedMode.upt

# Profile: product, API version, newest hardware, supported host, [(passing through, virtual functions) of each port].
NONE = (None, 0)
PLAIN = (False, 0)
PROFILES = {
    "esxi-8.0": ("VMware ESXi 8.0.3", "8.0.3.0", "vmx-21", False, [NONE, NONE]),
    "esxi-8.0-dpu": ("VMware ESXi 8.0.3", "8.0.3.0", "vmx-21", False, [NONE, (None, 32), (None, 32)]),
    "esxi-7.0": ("VMware ESXi 7.0.0", "7.0.0.0", "vmx-17", True, [PLAIN, PLAIN]),
    "esxi-7.0-vmfex": ("VMware ESXi 7.0.0", "7.0.0.0", "vmx-17", True, [PLAIN, (True, 8), (True, 8)]),
    "esx-5.0": ("VMware ESXi 5.0.0", "5.0", "vmx-08", True, [PLAIN, PLAIN]),
    "esx-4.0": ("VMware ESX 4.0.0", "4.0", "vmx-07", False, [NONE, NONE]),
}


@pytest.fixture(scope="module", params=PROFILES)
def profile(request):
    """The name of a profile, with a server whose hosts have it."""
    running = Server("--host-profile", request.param)
    si = running.connect()
    yield request.param, running, si
    assert running.stop() == 0


@pytest.fixture
def host(profile):
    return one(profile[2], vim.HostSystem, "DC0_C0_H0")


def options(host, prefix):
    found = host.configManager.advancedOption.QueryOptions(prefix)
    return {option.key: option.value for option in found}


def update(host, **values):
    """Set options; dots in their keys are written as underscores."""
    changes = [vim.option.OptionValue(key=key.replace("_", "."), value=value) for key, value in values.items()]
    host.configManager.advancedOption.UpdateOptions(changes)


def assert_conforms(host):
    """What VMware's own script asks of every host: unsupported means reasons, a supported port means a mode."""
    capability = host.capability
    assert capability.vmDirectPathGen2Supported == (not capability.vmDirectPathGen2UnsupportedReason)
    for pnic in host.config.network.pnic:
        assert (pnic.vmDirectPathGen2SupportedMode == UPT) == bool(pnic.vmDirectPathGen2Supported)


def test_a_vcenter_stays_itself_and_its_hosts_are_what_their_profile_is(profile, host):
    name, _, si = profile
    product, api, hardware, *_ = PROFILES[name]
    assert si.content.about.apiVersion == "8.0.3.0" and si.content.about.apiType == "VirtualCenter"
    about = host.config.product
    assert (about.fullName.split(" build-")[0], about.apiVersion) == (product, api)
    assert host.summary.config.product.build == about.build
    assert {vm.config.version for vm in all_of(si, vim.VirtualMachine).values()} == {hardware}


def test_capability_and_network_ports_say_what_passes_through(profile, host):
    name, *_ = profile
    *_, supported, ports = PROFILES[name]
    assert_conforms(host)
    capability = host.capability
    assert capability.vmDirectPathGen2Supported is supported
    reasons = [] if supported else [UNSUPPORTED.hostNptIncompatibleProduct]
    assert list(capability.vmDirectPathGen2UnsupportedReason) == reasons
    assert [pnic.vmDirectPathGen2Supported for pnic in host.config.network.pnic] == [passes for passes, _ in ports]
    assert capability.interVMCommunicationThroughVMCISupported == (name in ("esx-5.0", "esx-4.0"))
    functions = [options(host, f"Lab.Pnic.vmnic{n}.")[f"Lab.Pnic.vmnic{n}.VirtualFunctions"] for n in range(len(ports))]
    assert functions == [count for _, count in ports]


def test_ports_of_the_distributed_switch_are_its_uplinks_in_order(profile, host):
    name, _, si = profile
    network = host.config.network
    [proxy] = network.proxySwitch
    others = [pnic for pnic in network.pnic if pnic.device != "vmnic0"]
    assert list(proxy.pnic) == [pnic.key for pnic in others]
    assert [uplink.value for uplink in proxy.uplinkPort][:2] == ["dvUplink1", "dvUplink2"]
    switch = one(si, vim.DistributedVirtualSwitch, "DVS0")
    [member] = [member for member in switch.config.host if member.config.host == host]
    assert [spec.pnicDevice for spec in member.config.backing.pnicSpec] == [pnic.device for pnic in others]
    assert host.configManager.networkSystem.networkInfo.pnic[0].key == network.pnic[0].key


def test_only_a_host_with_a_dpu_offloads_its_switch(profile, host):
    name, running, _ = profile
    [proxy] = host.config.network.proxySwitch
    status = host.runtime.healthSystemRuntime.hardwareStatusInfo
    units = {pnic.dpuId for pnic in host.config.network.pnic} - {None}
    if name == "esxi-8.0-dpu":
        assert proxy.networkOffloadingEnabled and units == {"vmdpu0"}
        assert [unit.dpuId for unit in status.dpuStatusInfo] == ["vmdpu0"]
        client = ViJson(running)
        client.login()
        [seen] = client.get(("HostSystem", host._moId), "config").json()["network"]["proxySwitch"]
        assert seen["networkOffloadingEnabled"] is True
    else:
        assert not proxy.networkOffloadingEnabled and not units and status is None


def test_settings_change_what_a_host_supports_and_come_back(profile, host):
    name, *_ = profile
    supported = PROFILES[name][3]
    before = host.capability.vmDirectPathGen2Supported
    update(host, Lab_Iommu=False)
    update(host, Lab_Npt_Enabled=False)
    assert_conforms(host)
    both = [UNSUPPORTED.hostNptIncompatibleHardware, UNSUPPORTED.hostNptDisabled]
    expected = both if supported else [UNSUPPORTED.hostNptIncompatibleProduct]
    assert list(host.capability.vmDirectPathGen2UnsupportedReason) == expected
    update(host, Lab_Iommu=True, Lab_Npt_Enabled=True)
    assert host.capability.vmDirectPathGen2Supported is before
    update(host, Lab_Pnic_vmnic0_NptMode="upt")
    assert_conforms(host)
    assert host.config.network.pnic[0].vmDirectPathGen2Supported is (True if supported else None)
    shown = host.configManager.networkSystem.networkInfo.pnic[0]
    assert shown.vmDirectPathGen2Supported is (True if supported else None)
    update(host, Lab_Pnic_vmnic0_NptMode="none")
    assert_conforms(host)


def test_settings_are_defined_with_their_types_and_limits(host):
    manager = host.configManager.advancedOption
    definitions = {definition.key: definition.optionType for definition in manager.supportedOption}
    assert isinstance(definitions["Lab.Iommu"], vim.option.BoolOption)
    vectors = definitions["Lab.IntrVectors.Total"]
    assert isinstance(vectors, vim.option.LongOption) and (vectors.min, vectors.defaultValue) == (0, 3072)
    modes = definitions["Lab.Pnic.vmnic1.NptMode"]
    assert [choice.key for choice in modes.choiceInfo] == ["upt", "none"]
    reporting = definitions["Lab.Npt.Reporting"]
    assert [choice.key for choice in reporting.choiceInfo] == ["full", "esx"]
    shown = {option.key: option.value for option in host.config.option if option.key.startswith("Lab.")}
    assert shown == options(host, "Lab.")


BAD = [
    ("Lab.Nonsense", True, vim.fault.InvalidName),
    ("Lab.Pnic.vmnic9.NptMode", "upt", vim.fault.InvalidName),
    ("Lab.Iommu", "yes", vmodl.fault.InvalidArgument),
    ("Lab.Npt.Reporting", "some", vmodl.fault.InvalidArgument),
    ("Lab.Pnic.vmnic1.NptMode", "sriov", vmodl.fault.InvalidArgument),
    ("Lab.Pnic.vmnic1.VirtualFunctions", -1, vmodl.fault.InvalidArgument),
    ("Lab.IntrVectors.Total", -1, vmodl.fault.InvalidArgument),
    ("Lab.IntrVectors.Total", 2**40, vmodl.fault.InvalidArgument),
    ("Lab.Npt.FailActivation", 7, vmodl.fault.InvalidArgument),
]


@pytest.mark.parametrize("key, value, fault", BAD, ids=[f"{key}={value}" for key, value, _ in BAD])
def test_a_wrong_setting_is_refused_and_nothing_changes(host, key, value, fault):
    before = options(host, "Lab.")
    value = long(value) if type(value) is int else value
    good = vim.option.OptionValue(key="Lab.Npt.FailActivation", value="out of BARs")
    with pytest.raises(fault):
        host.configManager.advancedOption.UpdateOptions([good, vim.option.OptionValue(key=key, value=value)])
    assert options(host, "Lab.") == before
    assert_conforms(host)


def card_option(options, kind):
    [found] = [o for o in options.hardwareOptions.virtualDeviceOption if o.type is kind]
    return found


def test_hosts_offer_the_hardware_that_they_run(profile, host):
    name, _, si = profile
    newest = PROFILES[name][2]
    browser = one(si, vim.ClusterComputeResource, "DC0_C0").environmentBrowser
    descriptors = browser.QueryConfigOptionDescriptor()
    assert descriptors[-1].key == newest and [d.key for d in descriptors if d.defaultConfigOption] == [newest]
    assert all(host in descriptor.host for descriptor in descriptors)
    whole = browser.QueryConfigOption()
    assert whole.version == newest
    card = card_option(whole, vim.vm.device.VirtualVmxnet3)
    newer_than_gen2 = name != "esx-4.0"
    assert card.vmDirectPathGen2Supported is (True if newer_than_gen2 else None)
    assert not card_option(whole, vim.vm.device.VirtualE1000).vmDirectPathGen2Supported
    pci = card_option(whole, vim.vm.device.VirtualPCIController)
    assert (pci.numVmciDevices.min, pci.numVmciDevices.max) == (1, 1)
    vmci = card_option(whole, vim.vm.device.VirtualVMCIDevice)
    assert (vmci.filterSpecOption is not None) == (name not in ("esx-5.0", "esx-4.0"))
    upt2 = card.uptv2Enabled
    assert (upt2 is not None and upt2.supported) == name.startswith("esxi-8.0")
    capability = browser.QueryTargetCapabilities(host)
    assert capability.vmDirectPathGen2Supported == host.capability.vmDirectPathGen2Supported
    if newest != "vmx-21":
        with pytest.raises(vmodl.fault.InvalidArgument):
            browser.QueryConfigOption(key="vmx-21")


def test_a_vm_that_is_too_new_for_the_host_is_refused_and_others_follow_the_host(profile, host):
    name, _, si = profile
    newest = PROFILES[name][2]
    datacenter = si.content.rootFolder.childEntity[0]
    pool = one(si, vim.ClusterComputeResource, "DC0_C0").resourcePool

    def create(version):
        files = vim.vm.FileInfo(vmPathName="[LocalDS_0]")
        spec = vim.vm.ConfigSpec(name=f"{name}-vm", numCPUs=1, memoryMB=32, files=files, version=version)
        return done(datacenter.vmFolder.CreateVM_Task(spec, pool, host))

    if newest != "vmx-21":
        with pytest.raises(vim.fault.VirtualHardwareVersionNotSupported) as refused:
            create("vmx-21")
        assert (refused.value.host, refused.value.hostName) == (host, host.name)
    vm = create(None)
    assert vm.config.version == newest
    done(vm.PowerOnVM_Task())
    done(vm.PowerOffVM_Task())
    done(vm.Destroy_Task())


def test_maintenance_mode_of_a_single_host_waits_for_its_machines(profile):
    host = one(profile[2], vim.HostSystem, "DC0_H0")
    with pytest.raises(vim.fault.Timedout):
        done(host.EnterMaintenanceMode_Task(timeout=1))
    assert not host.runtime.inMaintenanceMode
    running = [vm for vm in host.vm if vm.runtime.powerState == "poweredOn"]
    for vm in running:
        done(vm.PowerOffVM_Task())
    done(host.EnterMaintenanceMode_Task(timeout=30))
    assert host.runtime.inMaintenanceMode and host.summary.runtime.inMaintenanceMode
    assert "EnterMaintenanceMode_Task" in host.disabledMethod
    for vm in running:
        with pytest.raises(vim.fault.InvalidHostState):
            done(vm.PowerOnVM_Task(host))
    done(host.ExitMaintenanceMode_Task(timeout=30))
    for vm in running:
        done(vm.PowerOnVM_Task())


def test_drs_empties_a_host_that_enters_maintenance_mode(profile, host):
    running = [vm for vm in host.vm if vm.runtime.powerState == "poweredOn"]
    assert running
    task = host.EnterMaintenanceMode_Task(timeout=30)
    done(task)
    assert host.runtime.inMaintenanceMode and not host.vm
    for vm in running:
        assert vm.runtime.powerState == "poweredOn" and vm.runtime.host != host
        [move] = [t.info for t in vm.recentTask if t.info.parentTaskKey == task.info.key]
        assert (move.descriptionId, move.state) == ("VirtualMachine.relocate", "success")
    done(host.ExitMaintenanceMode_Task(timeout=30))
    for vm in running:
        done(vm.MigrateVM_Task(host=host, priority="defaultPriority"))


@pytest.mark.parametrize("profile_name", PROFILES)
def test_a_single_host_speaks_its_own_version_unless_told_another(fresh_server, profile_name):
    product, api, *_ = PROFILES[profile_name]
    si = fresh_server("--esx", "--host-profile", profile_name).connect()
    assert (si.content.about.fullName.split(" build-")[0], si.content.about.apiVersion) == (product, api)
    host = si.content.rootFolder.childEntity[0].hostFolder.childEntity[0].host[0]
    assert host.config.product.build == si.content.about.build
    assert options(host, "Lab.")["Lab.Iommu"] is True


def test_the_api_version_can_be_set_apart_from_the_profile(fresh_server):
    si = fresh_server("--esx", "--host-profile", "esxi-7.0", "--api-version", "6.7").connect()
    assert (si.content.about.version, si.content.about.apiVersion) == ("7.0.0", "6.7")
