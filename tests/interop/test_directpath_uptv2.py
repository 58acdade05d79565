"""UPTv2: one machine on hosts with a data processing unit goes in, and what is against it takes it out."""

import pytest
from pyVim.connect import Disconnect
from pyVmomi import vim

pytest.register_assert_rewrite("passthrough")

from passthrough import lab, make, root, session
from soap import Soap
from vmci_sockets import Machine
from vsphere import all_of, done
from watcher import Watcher, as_seen_by, watch_object

ACTIVE_EVENT, INACTIVE_EVENT = "com.vmware.vc.vm.Uptv2Active", "com.vmware.vc.vm.Uptv2Inactive"
ACTIVE = (True, (), ())
# Hosts with a data processing unit, to which the switch is offloaded.
SERVER = ["--host-profile", "esxi-8.0-dpu", "--task-delay", "CreateSnapshot_Task:1500"]
SUBJECT = {"uptv2": True}


@pytest.fixture
def active(make):
    """A machine whose adapter uses UPTv2."""
    subject = make()
    subject.on()
    assert subject.upt() == ACTIVE
    assert subject.events() == [ACTIVE_EVENT]
    return subject


def machine(*reasons):
    return False, reasons, ()


def surroundings(reason, *reasons):
    return False, reasons, (reason,)


def extra(key, value):
    return lambda subject: subject.extra({key: value})


def option(key, value):
    return lambda subject: subject.host_option(key, value)


def pnics(what, value):
    return lambda subject: [subject.host_option(f"Lab.Pnic.{nic}.{what}", value) for nic in ("vmnic1", "vmnic2")]


def connected(yes):
    return lambda subject: subject.edit_card(lambda card: setattr(card.connectable, "connected", yes))


def restarted(**spec):
    def change(subject):
        subject.off()
        subject.reconfigure(**spec)
        subject.on()

    return change


def reserved(yes):
    return lambda subject: subject.reconfigure(
        memoryAllocation=None if yes else vim.ResourceAllocationInfo(reservation=0), memoryReservationLockedToMax=yes
    )


def fault_tolerant(yes):
    def change(subject):
        vm = subject.vm
        done(vm.CreateSecondaryVM_Task() if yes else vm.TurnOffFaultToleranceForVM_Task())

    return change


def moved_to(standard):
    def change(subject):
        backing = subject.new_backing()
        if standard:
            backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="VM Network")
        subject.edit_card(lambda card: setattr(card, "backing", backing))

    return change


HOST, NETWORK = "vmNptIncompatibleHost", "vmNptIncompatibleNetwork"
DRIVER = "lab.guest.vmxnet3.driver"
CASES = [
    (machine("vmNptIncompatibleGuest"), restarted(guestId="dosGuest"), restarted(guestId="ubuntu64Guest")),
    (machine("vmNptIncompatibleGuestDriver"), extra(DRIVER, "6"), extra(DRIVER, "7")),
    (machine("vmNptDisabledOrDisconnectedAdapter"), connected(False), connected(True)),
    (
        machine("vmNptIncompatibleAdapterFeatures"),
        extra("ethernet0.lab.intrMode", "intx"),
        extra("ethernet0.lab.intrMode", "auto"),
    ),
    (surroundings(NETWORK, "vmNptIncompatibleBackingType"), moved_to(standard=True), moved_to(standard=False)),
    (machine("vmNptInsufficientMemoryReservation"), reserved(False), reserved(True)),
    (machine("vmNptFaultToleranceOrRecordReplayConfigured"), fault_tolerant(True), fault_tolerant(False)),
    (
        machine("vmNptConflictingIOChainConfigured"),
        extra("ethernet0.filter1.name", "dvfilter-test"),
        extra("ethernet0.filter1.name", ""),
    ),
    (machine("vmNptMonitorBlocks"), restarted(nestedHVEnabled=True), restarted(nestedHVEnabled=False)),
    (machine("vmNptRuntimeError"), option("Lab.Npt.FailActivation", "no"), option("Lab.Npt.FailActivation", "")),
    (machine("vmNptOutOfIntrVector"), option("Lab.IntrVectors.Total", 2), option("Lab.IntrVectors.Total", 3072)),
    (surroundings(NETWORK), pnics("VirtualFunctions", 0), pnics("VirtualFunctions", 32)),
    (surroundings(HOST), option("Lab.Iommu", False), option("Lab.Iommu", True)),
    (surroundings(HOST), option("Lab.Npt.Enabled", False), option("Lab.Npt.Enabled", True)),
]


def name_of(case):
    (_, vm, other), *_ = case
    return (vm or other)[0]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_reason_is_raised_and_cleared(active, case):
    expected, raised, cleared = case
    raised(active)
    assert active.upt() == expected
    assert [event for event in active.events() if "Uptv2" in event] == [INACTIVE_EVENT]
    cleared(active)
    assert active.upt() == ACTIVE
    assert [event for event in active.events() if "Uptv2" in event] == [ACTIVE_EVENT]


def test_an_operation_under_way_takes_the_adapter_out_until_it_ends(active):
    task = active.vm.CreateSnapshot_Task(name="with memory", memory=True, quiesce=False)
    seen = {active.upt()}
    while task.info.state in ("queued", "running"):
        seen.add(active.upt())
    done(task)
    assert seen - {ACTIVE} == {machine("vmNptConflictingOperationInProgress")}
    assert active.upt() == ACTIVE
    assert active.events() == [INACTIVE_EVENT, ACTIVE_EVENT]


def test_vmci_in_use_takes_the_adapter_out_until_the_machine_is_started_again(active, root):
    sockets = Machine(root, active.vm).appears()
    listener = sockets.listen("guest.sock_5000")
    stream = sockets.stream("host.sock", b"CONNECT 5000\n")
    while active.upt() == ACTIVE:
        pass
    assert active.upt() == machine("vmNptVMCIActive")
    stream.close()
    listener.close()
    assert active.upt() == machine("vmNptVMCIActive")
    active.off()
    active.on()
    assert active.upt() == ACTIVE


def test_gen_2_says_that_the_host_does_not_do_it_and_the_port_says_nothing(active):
    state, port = active.device_state(), active.port()
    assert state.vmDirectPathGen2Active is False
    assert list(state.vmDirectPathGen2InactiveReasonOther) == [HOST]
    assert port.vmDirectPathGen2Active is None and not port.vmDirectPathGen2InactiveReasonOther
    capability = active.host.capability
    assert list(capability.vmDirectPathGen2UnsupportedReason) == ["hostNptIncompatibleProduct"]


def test_json_shows_the_same(active):
    connected(False)(active)
    shown = active.json_states()[0]
    assert shown["uptv2Active"] is False
    assert shown["uptv2InactiveReasonVm"] == ["vmNptDisabledOrDisconnectedAdapter"]
    connected(True)(active)
    shown = active.json_states()[0]
    assert shown["uptv2Active"] is True and not shown.keys() & {"uptv2InactiveReasonVm", "uptv2InactiveReasonOther"}


def test_who_does_not_ask_for_it_is_not_told_of_it(make):
    subject = make(uptv2=None)
    subject.on()
    assert subject.upt() == (None, (), ())
    assert subject.events() == []


@pytest.mark.parametrize("version,uptv2", [("8.0.3.0", True), ("7.0.0.0", False), ("6.7", False)])
def test_clients_of_older_versions_do_not_see_what_is_newer(lab, active, version, uptv2):
    soap = Soap(lab, version=f"urn:vim25/{version}").login()
    wanted = (
        "<specSet><propSet><type>VirtualMachine</type><pathSet>runtime.device</pathSet></propSet>"
        f'<objectSet><obj type="VirtualMachine">{active.vm._moId}</obj></objectSet></specSet>'
    )
    seen = soap.call("RetrieveProperties", ("PropertyCollector", "propertyCollector"), wanted).text
    assert "<vmDirectPathGen2Active>false</vmDirectPathGen2Active>" in seen
    assert ("<uptv2Active>true</uptv2Active>" in seen) is uptv2
    soap.call("Logout", ("SessionManager", "SessionManager"))


def test_a_waiter_sees_only_what_changed_by_key(lab, active):
    other = lab.connect()
    watcher = Watcher(other, watch_object(as_seen_by(other, active.vm), "runtime.device"))
    watcher.wait()
    extra(DRIVER, "none")(active)
    [(_, _, changes)] = watcher.objects()
    assert changes["runtime.device[4000].runtimeState.uptv2Active"] == ("assign", False)
    assert "runtime.device" not in changes
    Disconnect(other)


def test_every_host_serves_its_own_machines(active, session):
    target = next(h for h in all_of(session, vim.HostSystem).values() if h in active.cluster.host and h != active.host)
    done(active.vm.MigrateVM_Task(host=target, priority="defaultPriority"))
    assert active.host == target and active.upt() == ACTIVE
