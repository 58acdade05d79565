"""One virtual machine whose adapter is to pass through, and everything that shows whether it does."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from pyVim.connect import Disconnect
from pyVmomi import VmomiSupport, vim

from harness import Server, ViJson
from vsphere import add, all_of, create_vm, devices, done, edit, new_disk, new_pvscsi, read, remove_vm


@dataclass(frozen=True)
class State:
    """What everybody sees: of the adapter, of its port, of its host."""

    active: bool | None = None
    vm: tuple = ()
    other: tuple = ()
    extended: str | None = None
    port_active: bool | None = None
    port_network: tuple = ()
    port_other: tuple = ()
    host: tuple = ()

    def reasons(self):
        return self.vm + self.other + self.port_network + self.port_other + self.host


ACTIVE = State(active=True, port_active=True)


def inactive(**more):
    """The adapter does not pass through, and its port says so too."""
    return State(**({"active": False, "port_active": False} | more))


def machine(*reasons, **more):
    """Reasons of the machine alone: the port names the connectee."""
    return inactive(vm=reasons, port_other=("portNptIncompatibleConnectee",), **more)


def network(*reasons, **more):
    """Reasons of the port alone: the adapter names the network."""
    return inactive(other=("vmNptIncompatibleNetwork",), port_network=reasons, **more)


def host(*reasons, **more):
    """Reasons of the host alone: adapter and port name it."""
    more = {"port_other": ("portNptIncompatibleHost",)} | more
    return inactive(other=("vmNptIncompatibleHost",), host=reasons, **more)


@dataclass
class Row:
    """One line of the table that the proof prints."""

    reason: str
    raised: bool = False
    cleared: bool = False
    events: list = field(default_factory=list)


class Table:
    """Which reasons were raised and cleared."""

    def __init__(self, title):
        self.title = title
        self.rows = {}

    def note(self, state, before, after):
        for reason in state.reasons():
            row = self.rows.setdefault(reason, Row(reason))
            row.raised = True
            row.cleared = row.cleared or reason not in after.reasons()
            row.events = [name.rsplit(".", 1)[-1] for name in before]

    def show(self):
        print(f"\n{self.title}")
        for row in self.rows.values():
            marks = f"{'raised' if row.raised else '-':8}{'cleared' if row.cleared else '-':9}"
            print(f"  {row.reason:45}{marks}{', '.join(row.events)}")


@dataclass
class Case:
    """What raises a reason, what clears it, and what is seen in between."""

    seen: State
    raised: Callable
    cleared: Callable
    # Events that come when it is raised; in between the machine may have been off.
    exited: list = None
    off: bool = False

    def name(self):
        return self.seen.reasons()[0]


def prove(subject, table, case):
    """Raises what the case raises on a machine whose adapter passes through, and clears it again."""
    case.raised(subject)
    assert subject.look() == case.seen
    events = subject.events()
    if case.off:
        assert EXITED[0] in events and EXITED[1] in events and not set(ENTERED[:2]) & set(events)
    else:
        assert events == (case.exited or EXITED)
    case.cleared(subject)
    after = subject.look()
    assert after == ACTIVE
    assert subject.events()[-3:] == ENTERED
    table.note(case.seen, events, after)


class Subject:
    """A machine with one vmxnet3 adapter on a distributed port, driven through the public API alone."""

    def __init__(self, server, si, vijson, name, plug=True, uptv2=None, **more):
        self.server, self.si, self.vijson = server, si, vijson
        driver = vim.option.OptionValue(key="lab.guest.vmxnet3.driver", value="7" if uptv2 else "4")
        spec = {
            "guestId": "ubuntu64Guest",
            "memoryReservationLockedToMax": True,
            "extraConfig": [driver],
            "deviceChange": [new_pvscsi(-1), new_disk(-1, 0, key=-2)],
        }
        self.vm = create_vm(si, name, **(spec | more))
        [self.cluster] = all_of(si, vim.ClusterComputeResource).values()
        [self.dvs] = all_of(si, vim.dvs.VmwareDistributedVirtualSwitch).values()
        self.portgroup = next(g for g in self.dvs.portgroup if not g.config.uplink)
        self.seen, self.ports = 0, set()
        if plug:
            self.plug(uptCompatibilityEnabled=True, uptv2Enabled=uptv2)
        self.events()

    def remove(self):
        remove_vm(self.vm)

    # What is changed

    def plug(self, **more):
        """An adapter on a port of the switch."""
        card = vim.vm.device.VirtualVmxnet3(key=-1, backing=self.new_backing(), **more)
        self.reconfigure(deviceChange=[add(card)])

    def new_backing(self):
        port = vim.dvs.PortConnection(switchUuid=self.dvs.uuid, portgroupKey=self.portgroup.key)
        return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)

    def card(self):
        [card] = devices(self.vm, vim.vm.device.VirtualEthernetCard)
        return card

    def edit_card(self, change):
        card = self.card()
        change(card)
        self.reconfigure(deviceChange=[edit(card)])

    def reconfigure(self, **spec):
        done(self.vm.ReconfigVM_Task(vim.vm.ConfigSpec(**spec)))

    def extra(self, values):
        """Sets keys of extraConfig; an empty value removes one."""
        self.reconfigure(extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in values.items()])

    def on(self):
        done(self.vm.PowerOnVM_Task())

    def off(self):
        done(self.vm.PowerOffVM_Task())

    @property
    def host(self):
        return self.vm.runtime.host

    def host_option(self, key, value, of=None):
        """Sets an advanced option of the machine's host, or of another one; gives its old value."""
        manager = (of or self.host).configManager.advancedOption
        [old] = manager.QueryOptions(key)
        value = pyvmomi_long(value) if isinstance(value, int) and not isinstance(value, bool) else value
        manager.UpdateOptions([vim.option.OptionValue(key=key, value=value)])
        return old.value

    # What is seen

    def device_state(self, key=None):
        key = key or self.card().key
        # One request, so that both are of one moment.
        seen = read(self.vm, "runtime.device", "summary.runtime.device")
        [entry] = [entry for entry in seen.get("runtime.device", []) if entry.key == key]
        [copy] = [entry for entry in seen.get("summary.runtime.device", []) if entry.key == key]
        assert same(entry, copy), "the summary says something else"
        return entry.runtimeState

    def port(self):
        """The port of the adapter as the switch shows it; none if it has none."""
        key = getattr(getattr(self.card().backing, "port", None), "portKey", None)
        if key is None:
            return None
        [port] = self.dvs.FetchDVPorts(vim.dvs.PortCriteria(portKey=[key]))
        assert port.connectee.connectedEntity == self.vm
        return port.state.runtimeInfo

    def look(self):
        """What SOAP shows; VI/JSON must show the same, unless something changed between the requests."""
        while True:
            state = self.device_state()
            seen = of_soap(state, self.port(), self.host.capability)
            shown = of_json(self.json_states())
            if same(self.device_state(), state):
                assert shown == seen
                return seen

    def becomes(self, state, seconds=5):
        """Whether what is seen becomes this in time."""
        end = time.monotonic() + seconds
        while self.look() != state:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def json_states(self):
        runtime = self.vijson.get((self.vm._wsdlName, self.vm._moId), "runtime").json()
        key = self.card().key
        [entry] = [entry for entry in runtime["device"] if entry["key"] == key]
        assert entry["runtimeState"]["_typeName"] == "VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState"
        capability = self.vijson.get((self.host._wsdlName, self.host._moId), "capability").json()
        return entry["runtimeState"], self.json_port(), capability

    def json_port(self):
        key = getattr(getattr(self.card().backing, "port", None), "portKey", None)
        if key is None:
            return None
        criteria = {"criteria": {"_typeName": "DistributedVirtualSwitchPortCriteria", "portKey": [key]}}
        answer = self.vijson.post((self.dvs._wsdlName, self.dvs._moId), "FetchDVPorts", criteria)
        assert answer.status_code == 200, answer.text
        [port] = answer.json()
        return port["state"]["runtimeInfo"]

    def upt(self):
        state = self.device_state()
        return state.uptv2Active, tuple(state.uptv2InactiveReasonVm or ()), tuple(state.uptv2InactiveReasonOther or ())

    def events(self):
        """Ids of the events about the adapter and its port since this was last asked, oldest first."""
        self.note_port()
        collector = self.si.content.eventManager.CreateCollectorForEvents(vim.event.EventFilterSpec())
        try:
            collector.SetCollectorPageSize(500)
            page = sorted(collector.latestPage, key=lambda event: event.key)
        finally:
            collector.DestroyCollector()
        new = [event for event in page if event.key > self.seen]
        self.seen = max([self.seen] + [event.key for event in new])
        return [name for name in map(event_id, filter(self.concerns, new)) if name]

    def note_port(self):
        key = getattr(getattr(self.card().backing, "port", None), "portKey", None) if self.has_card() else None
        self.ports |= {key} - {None}

    def has_card(self):
        return bool(devices(self.vm, vim.vm.device.VirtualEthernetCard))

    def concerns(self, event):
        port = getattr(event, "portKey", None)
        return port in self.ports if isinstance(port, str) else bool(event.vm) and event.vm.vm == self.vm


def pyvmomi_long(value):
    """A number that goes over the wire as a long."""
    return VmomiSupport.long(value)


def event_id(event):
    if isinstance(event, vim.event.EventEx):
        return event.eventTypeId if re.search(r"\.npt\.|\.Uptv2", event.eventTypeId) else None
    name = type(event).__name__.rsplit(".", 1)[-1]
    return name if "Passthru" in name or "RuntimeChange" in name else None


ENTERED = [
    "com.vmware.vc.npt.VmAdapterEnteredPassthroughEvent",
    "DvsPortEnteredPassthruEvent",
    "DvsPortRuntimeChangeEvent",
]
EXITED = [
    "com.vmware.vc.npt.VmAdapterExitedPassthroughEvent",
    "DvsPortExitedPassthruEvent",
    "DvsPortRuntimeChangeEvent",
]


def of_soap(state, port, capability):
    return State(
        active=state.vmDirectPathGen2Active,
        vm=tuple(state.vmDirectPathGen2InactiveReasonVm or ()),
        other=tuple(state.vmDirectPathGen2InactiveReasonOther or ()),
        extended=state.vmDirectPathGen2InactiveReasonExtended,
        port_active=port and port.vmDirectPathGen2Active,
        port_network=tuple(port and port.vmDirectPathGen2InactiveReasonNetwork or ()),
        port_other=tuple(port and port.vmDirectPathGen2InactiveReasonOther or ()),
        host=tuple(capability.vmDirectPathGen2UnsupportedReason or ()),
    )


def of_json(states):
    state, port, capability = states
    port = port or {}
    return State(
        active=state.get("vmDirectPathGen2Active"),
        vm=tuple(state.get("vmDirectPathGen2InactiveReasonVm", ())),
        other=tuple(state.get("vmDirectPathGen2InactiveReasonOther", ())),
        extended=state.get("vmDirectPathGen2InactiveReasonExtended"),
        port_active=port.get("vmDirectPathGen2Active"),
        port_network=tuple(port.get("vmDirectPathGen2InactiveReasonNetwork", ())),
        port_other=tuple(port.get("vmDirectPathGen2InactiveReasonOther", ())),
        host=tuple(capability.get("vmDirectPathGen2UnsupportedReason", ())),
    )


def same(one, other):
    """Whether two data objects of pyVmomi are equal all the way down."""
    return repr(one) == repr(other)


# Fixtures. A module that imports them says in SERVER how its server is started, and in SUBJECT what its machines are like.


@pytest.fixture(scope="module")
def root():
    """A folder with a short path, for VMCI sockets."""
    path = tempfile.mkdtemp(prefix="npt-", dir="/tmp")
    yield os.path.join(path, "d")
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def lab(request, root):
    """The server that the module asks for, with VMCI sockets."""
    running = Server(*request.module.SERVER, "--no-tls", "--vmci-dir", root)
    yield running
    assert running.process.poll() is None, running.log_text()
    assert running.stop() == 0


@pytest.fixture
def session(lab):
    si = lab.connect()
    yield si
    Disconnect(si)


@pytest.fixture
def make(request, lab, session, name):
    """A function that makes a machine whose adapter passes through once it is started; all are gone after the test."""
    vijson = ViJson(lab)
    vijson.login()
    made = []

    def start(suffix="", **more):
        made.append(Subject(lab, session, vijson, name[:40] + suffix, **(request.module.SUBJECT | more)))
        return made[-1]

    yield start
    for subject in made:
        subject.remove()
    vijson.post(vijson.content()["sessionManager"], "Logout")
