"""VMDirectPath Gen 2: one machine goes in, and every reason there is takes it out and lets it back in.

Everything is done and seen through the public API: what raises a reason, the adapter, its port, its host, the events, in
SOAP and in VI/JSON.
"""

import pytest
from pyVim.connect import Disconnect
from pyVmomi import vim

pytest.register_assert_rewrite("passthrough")

from harness import ViJson
from passthrough import ACTIVE, ENTERED, EXITED, Case, Subject, Table, host, inactive, machine, network, prove
from passthrough import lab, make, root, session
from vmci_sockets import Machine
from vsphere import add, all_of, devices, done, edit, one, remove
from watcher import Watcher, as_seen_by, watch_object

RUNTIME = ["DvsPortRuntimeChangeEvent"]
SERVER = ["--host-profile", "esxi-7.0-vmfex", "--task-delay", "SuspendVM_Task:1500,CreateSnapshot_Task:1500"]
SUBJECT = {}

EVERY_REASON = {
    "vmNptIncompatibleGuest",
    "vmNptIncompatibleGuestDriver",
    "vmNptIncompatibleAdapterType",
    "vmNptDisabledOrDisconnectedAdapter",
    "vmNptIncompatibleAdapterFeatures",
    "vmNptIncompatibleBackingType",
    "vmNptInsufficientMemoryReservation",
    "vmNptFaultToleranceOrRecordReplayConfigured",
    "vmNptConflictingIOChainConfigured",
    "vmNptMonitorBlocks",
    "vmNptConflictingOperationInProgress",
    "vmNptRuntimeError",
    "vmNptOutOfIntrVector",
    "vmNptVMCIActive",
    "vmNptIncompatibleHost",
    "vmNptIncompatibleNetwork",
    "portNptIncompatibleDvs",
    "portNptNoCompatibleNics",
    "portNptNoVirtualFunctionsAvailable",
    "portNptDisabledForPort",
    "portNptIncompatibleHost",
    "portNptIncompatibleConnectee",
    "hostNptIncompatibleProduct",
    "hostNptIncompatibleHardware",
    "hostNptDisabled",
}


@pytest.fixture(scope="module")
def table():
    table = Table("VMDirectPath Gen 2: reasons raised and cleared through the API")
    yield table
    table.show()


@pytest.fixture
def active(make):
    """A machine whose adapter passes through."""
    subject = make()
    subject.on()
    assert subject.look() == ACTIVE
    assert subject.events()[-3:] == ENTERED
    return subject


# What raises a reason, and what clears it


def restarted(**spec):
    """A change that needs the machine to be off."""

    def change(subject):
        subject.off()
        subject.reconfigure(**spec)
        subject.on()

    return change


def extra(key, value):
    return lambda subject: subject.extra({key: value})


def option(key, value):
    return lambda subject: subject.host_option(key, value)


def pnics(what, value):
    def change(subject):
        for nic in ("vmnic1", "vmnic2"):
            subject.host_option(f"Lab.Pnic.{nic}.{what}", value)

    return change


def connected(yes):
    return lambda subject: subject.edit_card(lambda card: setattr(card.connectable, "connected", yes))


def allowed(yes):
    def change(subject):
        setting = vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(
            vmDirectPathGen2Allowed=vim.BoolPolicy(inherited=False, value=yes)
        )
        group = subject.portgroup
        spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
            configVersion=group.config.configVersion, defaultPortConfig=setting
        )
        done(group.ReconfigureDVPortgroup_Task(spec))

    return change


def feature(yes):
    def change(subject):
        capability = subject.dvs.capability
        capability.featuresSupported.vmDirectPathGen2Supported = yes
        subject.dvs.UpdateDvsCapability(capability)

    return change


def reserved(yes):
    allocation = vim.ResourceAllocationInfo(reservation=128 if yes else 0)

    def change(subject):
        if not yes:
            subject.reconfigure(memoryReservationLockedToMax=False)
        subject.reconfigure(memoryAllocation=allocation, memoryReservationLockedToMax=yes)

    return change


def replaced(kind):
    """An adapter of another type in the place of the one that is there."""

    def change(subject):
        old = subject.card()
        card = kind(key=-1, backing=subject.new_backing(), uptCompatibilityEnabled=True)
        try:
            subject.reconfigure(deviceChange=[remove(old), add(card)])
        except vim.fault.InvalidDeviceSpec:
            card.uptCompatibilityEnabled = None
            subject.reconfigure(deviceChange=[remove(old), add(card)])

    return change


def moved_to(standard):
    def change(subject):
        backing = subject.new_backing()
        if standard:
            backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="VM Network")
        subject.edit_card(lambda card: setattr(card, "backing", backing))

    return change


def fault_tolerant(subject):
    done(subject.vm.CreateSecondaryVM_Task())


def not_fault_tolerant(subject):
    done(subject.vm.TurnOffFaultToleranceForVM_Task())


TYPE = "vmNptIncompatibleAdapterType"
CASES = [
    Case(machine("vmNptIncompatibleGuest"), restarted(guestId="dosGuest"), restarted(guestId="ubuntu64Guest"), off=True),
    Case(
        machine("vmNptIncompatibleGuestDriver"),
        extra("lab.guest.vmxnet3.driver", "none"),
        extra("lab.guest.vmxnet3.driver", "4"),
    ),
    Case(
        machine(TYPE), replaced(vim.vm.device.VirtualE1000e), replaced(vim.vm.device.VirtualVmxnet3), off=True
    ),
    Case(machine("vmNptDisabledOrDisconnectedAdapter"), connected(False), connected(True), exited=EXITED + RUNTIME),
    Case(
        machine("vmNptIncompatibleAdapterFeatures"),
        extra("ethernet0.lab.intrMode", "intx"),
        extra("ethernet0.lab.intrMode", "msix"),
    ),
    Case(
        machine("vmNptIncompatibleAdapterFeatures"),
        extra("ethernet0.lab.bootPhase", "pxe"),
        extra("ethernet0.lab.bootPhase", "os"),
    ),
    Case(
        inactive(
            vm=("vmNptIncompatibleBackingType",), other=("vmNptIncompatibleNetwork",), port_active=None
        ),
        moved_to(standard=True),
        moved_to(standard=False),
    ),
    Case(machine("vmNptInsufficientMemoryReservation"), reserved(False), reserved(True)),
    Case(
        machine("vmNptFaultToleranceOrRecordReplayConfigured"), fault_tolerant, not_fault_tolerant, off=True
    ),
    Case(
        machine("vmNptConflictingIOChainConfigured"),
        extra("ethernet0.filter4.name", "dvfilter-maclearn"),
        extra("ethernet0.filter4.name", ""),
    ),
    Case(
        machine("vmNptMonitorBlocks"),
        restarted(nestedHVEnabled=True),
        restarted(nestedHVEnabled=False),
        off=True,
    ),
    Case(
        machine("vmNptRuntimeError", extended="no BAR left"),
        option("Lab.Npt.FailActivation", "no BAR left"),
        option("Lab.Npt.FailActivation", ""),
    ),
    Case(machine("vmNptOutOfIntrVector"), option("Lab.IntrVectors.Total", 2), option("Lab.IntrVectors.Total", 3072)),
    Case(network("portNptIncompatibleDvs"), feature(False), feature(True)),
    Case(network("portNptNoCompatibleNics"), pnics("NptMode", "none"), pnics("NptMode", "upt")),
    Case(
        network("portNptNoVirtualFunctionsAvailable"), pnics("VirtualFunctions", 0), pnics("VirtualFunctions", 8)
    ),
    Case(network("portNptDisabledForPort"), allowed(False), allowed(True)),
    Case(host("hostNptIncompatibleHardware"), option("Lab.Iommu", False), option("Lab.Iommu", True)),
    Case(host("hostNptDisabled"), option("Lab.Npt.Enabled", False), option("Lab.Npt.Enabled", True)),
]


@pytest.mark.parametrize("case", CASES, ids=Case.name)
def test_a_reason_is_raised_and_cleared(active, table, case):
    prove(active, table, case)


def test_an_operation_under_way_takes_the_adapter_out_until_it_ends(active, table):
    busy = machine("vmNptConflictingOperationInProgress")
    task = active.vm.CreateSnapshot_Task(name="with memory", memory=True, quiesce=False)
    assert active.becomes(busy)
    done(task)
    assert active.look() == ACTIVE
    assert active.events() == EXITED + ENTERED
    table.note(busy, EXITED, ACTIVE)
    done(active.vm.CreateSnapshot_Task(name="without", memory=False, quiesce=False))
    assert active.events() == []
    done(active.vm.RemoveAllSnapshots_Task())


def test_suspending_takes_the_adapter_out_before_the_machine_stops(active):
    task = active.vm.SuspendVM_Task()
    assert active.becomes(machine("vmNptConflictingOperationInProgress"))
    assert active.vm.runtime.powerState == "poweredOn"
    done(task)
    assert "vmNptDisabledOrDisconnectedAdapter" in active.look().vm
    active.on()
    assert active.look() == ACTIVE


def test_vmci_in_use_takes_the_adapter_out_until_the_machine_is_started_again(active, table, root):
    sockets = Machine(root, active.vm).appears()
    listener = sockets.listen("guest.sock_5000")
    stream = sockets.stream("host.sock", b"CONNECT 5000\n")
    used = machine("vmNptVMCIActive")
    assert active.becomes(used)
    assert active.events() == EXITED
    stream.close()
    listener.close()
    assert active.look() == used
    active.off()
    active.on()
    assert active.look() == ACTIVE
    assert active.events()[-3:] == ENTERED
    table.note(used, EXITED, ACTIVE)


@pytest.mark.parametrize("profile", ["esx-4.0", "esxi-8.0"])
def test_software_without_it_is_the_only_reason_and_says_nothing_of_ports(fresh_server, table, name, profile):
    server = fresh_server("--host-profile", profile, "--no-tls")
    si, vijson = server.connect(), ViJson(server)
    vijson.login()
    subject = Subject(server, si, vijson, name)
    subject.on()
    expected = inactive(other=("vmNptIncompatibleHost",), host=("hostNptIncompatibleProduct",), port_active=None)
    assert subject.look() == expected
    assert subject.events() == []
    table.note(expected, [], ACTIVE)
    for nic in subject.host.config.network.pnic:
        assert nic.vmDirectPathGen2Supported is None and nic.vmDirectPathGen2SupportedMode is None
    Disconnect(si)


def test_every_reason_of_the_api_was_raised_and_cleared(table):
    """The last of the proof: it needs the tests before it."""
    done_with = {row.reason for row in table.rows.values() if row.raised and row.cleared}
    if len(table.rows) < 10:
        pytest.skip("the tests before this one did not run")
    assert done_with == EVERY_REASON


# Who gets what


def test_virtual_functions_go_to_who_comes_first_and_then_to_who_waits(make):
    first, second = make("-1"), make("-2")
    target = first.host
    for subject in (first, second):
        if subject.host != target:
            done(subject.vm.RelocateVM_Task(vim.vm.RelocateSpec(host=target)))
    old = [first.host_option(f"Lab.Pnic.{nic}.VirtualFunctions", n) for nic, n in (("vmnic1", 1), ("vmnic2", 0))]
    first.on()
    second.on()
    assert (first.host, second.host) == (target, target)
    assert first.look() == ACTIVE
    assert second.look() == network("portNptNoVirtualFunctionsAvailable")
    second.events()
    first.off()
    assert second.look() == ACTIVE
    assert [event for event in second.events() if "Entered" in event] == ENTERED[:2]
    first.on()
    assert first.look() == network("portNptNoVirtualFunctionsAvailable")
    for nic, value in zip(("vmnic1", "vmnic2"), old):
        second.host_option(f"Lab.Pnic.{nic}.VirtualFunctions", value)
    assert first.look() == ACTIVE


def test_a_machine_moves_to_a_host_without_support_and_comes_back(active, session):
    source = active.host
    target = next(h for h in active.cluster.host if h != source)
    active.host_option("Lab.Npt.Enabled", False, of=target)
    done(active.vm.MigrateVM_Task(host=target, priority="defaultPriority"))
    assert active.host == target and active.vm.runtime.powerState == "poweredOn"
    assert active.look() == host("hostNptDisabled")
    done(active.vm.MigrateVM_Task(host=source, priority="defaultPriority"))
    assert active.look() == ACTIVE
    active.host_option("Lab.Npt.Enabled", True, of=target)


# Who sees it


def test_a_waiter_sees_only_what_changed_by_key(lab, active):
    other = lab.connect()
    watcher = Watcher(other, watch_object(as_seen_by(other, active.vm), "runtime.device"))
    watcher.wait()
    connected(False)(active)
    state = "runtime.device[4000].runtimeState"
    [(kind, _, changes)] = watcher.objects()
    assert kind == "modify"
    assert changes[f"{state}.vmDirectPathGen2Active"] == ("assign", False)
    [reason] = changes[f"{state}.vmDirectPathGen2InactiveReasonVm"][1]
    assert reason == "vmNptDisabledOrDisconnectedAdapter"
    connected(True)(active)
    [(_, _, changes)] = watcher.objects()
    assert changes[f"{state}.vmDirectPathGen2Active"] == ("assign", True)
    Disconnect(other)


def test_every_event_is_described(session):
    described = session.content.eventManager.description.eventInfo
    formats = {d.fullFormat.split("|")[0] for d in described if d.key is vim.event.EventEx}
    assert formats >= {
        "com.vmware.vc.npt.VmAdapterEnteredPassthroughEvent",
        "com.vmware.vc.npt.VmAdapterExitedPassthroughEvent",
        "com.vmware.vc.vm.Uptv2Active",
        "com.vmware.vc.vm.Uptv2Inactive",
    }
    kinds = [vim.event.DvsPortEnteredPassthruEvent, vim.event.DvsPortExitedPassthruEvent]
    assert all(any(d.key is kind for d in described) for kind in kinds)


# Golden samples: what real hosts have said


@pytest.fixture
def terse(session):
    """Hosts that say as much as ESX does."""
    hosts = all_of(session, vim.HostSystem).values()
    for system in hosts:
        manager = system.configManager.advancedOption
        manager.UpdateOptions([vim.option.OptionValue(key="Lab.Npt.Reporting", value="esx")])
    yield
    for system in hosts:
        manager = system.configManager.advancedOption
        manager.UpdateOptions([vim.option.OptionValue(key="Lab.Npt.Reporting", value="full")])


def plain(subject):
    """Nothing that passthrough asks for but the adapter."""
    reserved(False)(subject)
    subject.extra({"lab.guest.vmxnet3.driver": "none"})


def test_g1_a_running_machine_on_a_host_without_support_says_the_host_alone(terse, active):
    active.host_option("Lab.Npt.Enabled", False)
    plain(active)
    state = active.device_state()
    assert not state.vmDirectPathGen2Active and not state.vmDirectPathGen2InactiveReasonVm
    assert list(state.vmDirectPathGen2InactiveReasonOther) == ["vmNptIncompatibleHost"]
    active.host_option("Lab.Npt.Enabled", True)


def test_g2_a_machine_that_is_off_says_type_connection_and_network(terse, make):
    subject = make(plug=False, memoryReservationLockedToMax=False)
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="VM Network")
    subject.reconfigure(deviceChange=[add(vim.vm.device.VirtualE1000(key=-1, backing=backing))])
    state = subject.device_state()
    assert state.vmDirectPathGen2Active is False and state.vmDirectPathGen2InactiveReasonExtended is None
    assert list(state.vmDirectPathGen2InactiveReasonVm) == [TYPE, "vmNptDisabledOrDisconnectedAdapter"]
    assert list(state.vmDirectPathGen2InactiveReasonOther) == ["vmNptIncompatibleNetwork"]


def test_g3_a_running_machine_on_a_standard_network_says_the_network_alone(terse, active):
    plain(active)
    moved_to(standard=True)(active)
    state = active.device_state()
    assert state.vmDirectPathGen2Active is False and not state.vmDirectPathGen2InactiveReasonVm
    assert list(state.vmDirectPathGen2InactiveReasonOther) == ["vmNptIncompatibleNetwork"]
    assert state.reservationStatus is None and state.vmDirectPathGen2InactiveReasonExtended is None


def test_g4_an_uplink_says_its_connectee_alone(session):
    [switch] = all_of(session, vim.dvs.VmwareDistributedVirtualSwitch).values()
    uplinks = switch.FetchDVPorts(vim.dvs.PortCriteria(uplinkPort=True, connected=True))
    assert uplinks
    for port in uplinks:
        info = port.state.runtimeInfo
        assert info.vmDirectPathGen2Active is False and not info.vmDirectPathGen2InactiveReasonNetwork
        assert list(info.vmDirectPathGen2InactiveReasonOther) == ["portNptIncompatibleConnectee"]


def test_g5_the_members_that_real_machines_show_are_there(active):
    connected(False)(active)
    shown = active.json_states()[0]
    assert shown.keys() >= {"vmDirectPathGen2Active", "vmDirectPathGen2InactiveReasonVm"}


def test_g6_a_machine_without_adapters_says_nothing(make):
    subject = make(plug=False)
    assert not subject.vm.runtime.device and not subject.vm.summary.runtime.device


def test_g7_network_ports_that_cannot_pass_through_say_so_without_a_mode(fresh_server):
    si = fresh_server("--host-profile", "esxi-7.0", "--no-tls").connect()
    for system in all_of(si, vim.HostSystem).values():
        for nic in system.config.network.pnic:
            assert nic.vmDirectPathGen2Supported is False and nic.vmDirectPathGen2SupportedMode is None
    Disconnect(si)
