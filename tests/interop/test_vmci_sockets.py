"""VMCI sockets: pyVmomi sets the rules, Python programs on unix sockets find out what they allow."""

import json
import os
import shutil
import subprocess
import tempfile
import threading

import pytest
from pyVmomi import vim, vmodl

import vsphere
from harness import Govc, program
from vmci_sockets import DENIED, NOBODY, Machine, status, status_of, until
from vsphere import done

Vmci = vim.vm.device.VirtualVMCIDevice
HOST = b"CONNECT 2 5000\n"
GUEST = b"CONNECT 5000\n"


@pytest.fixture
def root():
    """A folder with a short path."""
    path = tempfile.mkdtemp(prefix="vmci-", dir="/tmp")
    yield os.path.join(path, "d")
    shutil.rmtree(path)


class Lab:
    """A server with VMCI sockets, and a session."""

    def __init__(self, server, root):
        self.server, self.root = server, root
        self.si = server.connect()

    def machine(self, vm):
        return Machine(self.root, vm)

    def vm(self, name):
        return vsphere.one(self.si, vim.VirtualMachine, name)

    def running(self, name="DC0_H0_VM0"):
        """A virtual machine that runs, and its sockets."""
        vm = self.vm(name)
        return vm, self.machine(vm).appears()

    def events(self, vm, kind):
        by = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
        spec = vim.event.EventFilterSpec(entity=by, eventTypeId=[f"com.ferrosphere.vmci.{kind}"])
        return self.si.content.eventManager.QueryEvents(spec)


@pytest.fixture
def lab(fresh_server, root):
    return Lab(fresh_server("--vmci-dir", root), root)


@pytest.fixture
def old_lab(fresh_server, root):
    return Lab(fresh_server("--vmci-dir", root, "--host-profile", "esx-5.0"), root)


def device(vm):
    [found] = vsphere.devices(vm, Vmci)
    return found


def edit(vm, **changes):
    wish = Vmci(key=device(vm).key, **changes)
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[vsphere.edit(wish)])))


def rule(rank, action, protocol="anyProtocol", direction="anyDirection", lower=None, upper=None):
    return Vmci.FilterSpec(
        rank=rank,
        action=action,
        protocol=protocol,
        direction=direction,
        lowerDstPortBoundary=lower,
        upperDstPortBoundary=upper,
    )


def set_rules(lab, vm, *rules):
    """Replace the rules, and wait until the fabric has them."""
    edit(vm, filterEnable=True, filterInfo=Vmci.FilterInfo(filters=list(rules)))
    ranks = sorted(r.rank for r in rules)
    until(lambda: [r["rank"] for r in status_of(lab.root, vm)["rules"]] == ranks)


def talk(one, other):
    """Both ends of a stream hear each other."""
    one.sendall(b"ping")
    assert other.recv(4) == b"ping"
    other.sendall(b"pong")
    assert one.recv(4) == b"pong"


def ended(connection):
    """The connection ends within the time limit."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_host_and_guest_exchange_data(lab):
    vm, machine = lab.running()
    guest, host = machine.listen("guest.sock_5000"), machine.listen("host.sock_5000")
    talk(machine.stream("host.sock", GUEST), guest.accept()[0])
    talk(machine.stream("guest.sock", HOST), host.accept()[0])
    hypervisor = machine.listen("hypervisor.sock_976")
    talk(machine.stream("guest.sock", b"CONNECT 0 976\n"), hypervisor.accept()[0])
    seen = status_of(lab.root, vm)
    assert seen["allowed"]["stream"] == 3
    assert seen["cid"] == device(vm).id % 2**32


def test_a_million_bytes_arrive_and_half_closes_pass(lab):
    _, machine = lab.running()
    listener = machine.listen("guest.sock_5000")
    host = machine.stream("host.sock", GUEST)
    guest, _ = listener.accept()
    data = bytes(range(256)) * 4096
    host.settimeout(None)
    writer = threading.Thread(target=lambda: (host.sendall(data), host.shutdown(1)))
    writer.start()
    got = b""
    while piece := guest.recv(65536):
        got += piece
    writer.join()
    assert got == data
    guest.sendall(b"thanks")
    guest.close()
    assert host.recv(64) == b"thanks"


@pytest.mark.parametrize("direction, to_host, to_guest", [("host", False, True), ("guest", True, False)])
def test_a_rule_holds_in_its_direction(lab, direction, to_host, to_guest):
    vm, machine = lab.running()
    listeners = machine.listen("guest.sock_5000"), machine.listen("host.sock_5000")
    set_rules(lab, vm, rule(1, "deny", "stream", direction))
    assert machine.allows("guest.sock", HOST) == to_host
    assert machine.allows("host.sock", GUEST) == to_guest
    assert listeners


def test_ports_count_from_the_lower_to_the_upper_boundary(lab):
    vm, machine = lab.running()
    listeners = [machine.listen(f"host.sock_{port}") for port in (999, 1000, 1005, 1006)]
    set_rules(lab, vm, rule(1, "deny", "stream", "host", 1000, 1005))
    allowed = [machine.allows("guest.sock", b"CONNECT 2 %d\n" % port) for port in (999, 1000, 1005, 1006)]
    assert allowed == [True, False, False, True]
    assert listeners


def test_the_lowest_rank_decides_and_rules_change_live(lab):
    vm, machine = lab.running()
    listener = machine.listen("host.sock_5000")
    open_stream = machine.stream("guest.sock", HOST)
    service, _ = listener.accept()
    set_rules(lab, vm, rule(20, "deny"), rule(10, "allow", "stream", "host", 5000, 5000))
    assert machine.allows("guest.sock", HOST)
    listener.accept()
    set_rules(lab, vm, rule(5, "deny"), rule(10, "allow", "stream", "host", 5000, 5000))
    assert not machine.allows("guest.sock", HOST)
    talk(open_stream, service)
    edit(vm, filterEnable=False)
    until(lambda: not status_of(lab.root, vm)["filterEnable"])
    assert machine.allows("guest.sock", HOST)
    edit(vm, filterEnable=True, filterInfo=Vmci.FilterInfo(filters=[]))
    until(lambda: status_of(lab.root, vm)["rules"] == [])
    assert machine.allows("guest.sock", HOST)


def test_every_datagram_is_judged(lab):
    vm, machine = lab.running()
    cid = device(vm).id % 2**32
    host, guest = machine.datagrams("host.sock", b"DGRAM 700\n"), machine.datagrams("guest.sock", b"DGRAM 800\n")
    guest.send(2, 700, b"up")
    assert host.receive() == ((cid, 800), b"up")
    host.send(cid, 800, b"x" * 60000)
    assert guest.receive() == ((2, 700), b"x" * 60000)
    guest.send(2, 701, b"?")
    assert guest.receive() == NOBODY
    set_rules(lab, vm, rule(1, "deny", "datagram", "host", 700, 700))
    guest.send(2, 700, b"no")
    assert guest.receive() == DENIED
    host.send(cid, 800, b"still")
    assert guest.receive() == ((2, 700), b"still")


def test_a_datagram_to_the_hypervisor_is_a_protocol_of_its_own(lab):
    vm, machine = lab.running()
    hypervisor, guest = machine.datagrams("host.sock", b"DGRAM 0 14\n"), machine.datagrams("guest.sock")
    set_rules(lab, vm, rule(1, "deny", "datagram"))
    guest.send(0, 14, b"hello")
    assert hypervisor.receive()[1] == b"hello"
    set_rules(lab, vm, rule(1, "deny", "hypervisor", "guest", 14, 14))
    guest.send(0, 14, b"hello")
    assert guest.receive() == DENIED


def test_doorbells_ring_where_they_may(lab):
    vm, machine = lab.running()
    bell = machine.stream("guest.sock", b"BELL 5\n")
    assert machine.allows("host.sock", b"RING 5\n")
    assert bell.recv(1) == b"\1"
    set_rules(lab, vm, rule(1, "deny", "doorbell"))
    assert not machine.allows("host.sock", b"RING 5\n")


def test_power_off_resets_and_power_on_brings_the_sockets_back(lab):
    vm, machine = lab.running()
    listener = machine.listen("guest.sock_5000")
    host = machine.stream("host.sock", GUEST)
    guest, _ = listener.accept()
    done(vm.PowerOffVM_Task())
    assert ended(host) and ended(guest)
    until(lambda: not os.path.exists(machine.folder))
    done(vm.PowerOnVM_Task())
    machine.appears()
    again = machine.listen("guest.sock_5000")
    talk(machine.stream("host.sock", GUEST), again.accept()[0])


def test_a_suspended_machine_cannot_be_reached_and_its_listeners_wait(lab):
    vm, machine = lab.running()
    listener = machine.listen("guest.sock_5000")
    host = machine.stream("host.sock", GUEST)
    listener.accept()
    done(vm.SuspendVM_Task())
    assert ended(host)
    machine.vanishes()
    done(vm.PowerOnVM_Task())
    machine.appears()
    talk(machine.stream("host.sock", GUEST), listener.accept()[0])
    done(vm.SuspendVM_Task())
    done(vm.PowerOffVM_Task())
    until(lambda: not os.path.exists(machine.folder))


def test_a_reset_resets(lab):
    vm, machine = lab.running()
    listener = machine.listen("guest.sock_5000")
    host = machine.stream("host.sock", GUEST)
    listener.accept()
    done(vm.ResetVM_Task())
    assert ended(host)
    machine.appears()


def test_vmotion_resets_and_the_machine_is_reached_on_its_new_host(lab):
    vm, machine = lab.running("DC0_C0_RP0_VM0")
    listener = machine.listen("guest.sock_5000")
    host = machine.stream("host.sock", GUEST)
    listener.accept()
    source = vm.runtime.host
    target = next(h for h in vm.runtime.host.parent.host if h != source)
    done(vm.MigrateVM_Task(host=target, priority="defaultPriority"))
    assert vm.runtime.host == target
    assert ended(host)
    machine.appears()
    until(lambda: any(h["host"] == target._moId and h["vms"] for h in status(lab.root)["hosts"]))
    talk(machine.stream("host.sock", GUEST), listener.accept()[0])


def test_a_machine_cannot_be_reached_while_it_moves(fresh_server, root):
    lab = Lab(fresh_server("--vmci-dir", root, "--task-delay", "MigrateVM_Task:700"), root)
    vm, machine = lab.running("DC0_C0_RP0_VM0")
    target = next(h for h in vm.runtime.host.parent.host if h != vm.runtime.host)
    task = vm.MigrateVM_Task(host=target, priority="defaultPriority")
    machine.vanishes()
    assert task.info.state == "running" and vm.runtime.host != target
    machine.appears()
    done(task)
    assert vm.runtime.host == target


def test_power_cycles_with_traffic_leave_no_descriptor(lab):
    vm, machine = lab.running()
    files = f"/proc/{lab.server.process.pid}/fd"
    before = len(os.listdir(files))
    for _ in range(20):
        listener = machine.appears().listen("guest.sock_5000")
        streams = [machine.stream("host.sock", GUEST) for _ in range(10)]
        half_open = machine.stream("guest.sock", b"DGRAM\n"), machine.ask("guest.sock", b"garbage\n")
        done(vm.PowerOffVM_Task())
        assert all(ended(stream) for stream in streams) and half_open
        listener.close()
        until(lambda: not os.path.exists(machine.folder))
        done(vm.PowerOnVM_Task())
    machine.appears()
    until(lambda: len(os.listdir(files)) <= before + 4)
    totals = next(h for h in status(lab.root)["hosts"] if h["vms"] and h["streams"]["opened"])
    assert totals["streams"] == {"opened": 200, "open": 0}
    assert totals["bytes"]["taken"] == totals["bytes"]["given"] + totals["bytes"]["lost"]


def test_the_link_by_context_id_leads_to_the_machine(lab):
    vm, machine = lab.running()
    link = os.path.join(lab.root, "by-cid", str(device(vm).id % 2**32))
    assert os.path.samefile(link, machine.folder)
    assert os.stat(lab.root).st_mode & 0o777 == 0o700
    assert os.stat(machine.folder).st_mode & 0o777 == 0o700


def two_on_a_host(lab):
    """Two machines that run on one host."""
    by_host = {}
    for vm in vsphere.all_of(lab.si, vim.VirtualMachine).values():
        by_host.setdefault(vm.runtime.host, []).append(vm)
    return next(vms[:2] for vms in by_host.values() if len(vms) > 1)


def between(lab, one, other):
    """Whether the first machine's guest reaches the second's."""
    listener = lab.machine(other).appears().listen("guest.sock_5000")
    cid = device(other).id % 2**32
    allowed = lab.machine(one).appears().allows("guest.sock", b"CONNECT %d 5000\n" % cid)
    listener.close()
    os.unlink(lab.machine(other).path("guest.sock_5000"))
    return allowed


def restart(lab, vm):
    done(vm.PowerOffVM_Task())
    until(lambda: not os.path.exists(lab.machine(vm).folder))
    done(vm.PowerOnVM_Task())
    lab.machine(vm).appears()


def test_guests_of_an_old_host_talk_once_both_are_unrestricted_and_restarted(old_lab):
    one, other = two_on_a_host(old_lab)
    assert not between(old_lab, one, other)
    for vm in (one, other):
        edit(vm, allowUnrestrictedCommunication=True)
    assert not between(old_lab, one, other)
    restart(old_lab, one)
    assert not between(old_lab, one, other)
    restart(old_lab, other)
    assert between(old_lab, one, other) and between(old_lab, other, one)
    edit(one, allowUnrestrictedCommunication=False)
    assert between(old_lab, one, other)
    done(one.ResetVM_Task())
    until(lambda: status_of(old_lab.root, one) and not status_of(old_lab.root, one)["unrestricted"])
    assert not between(old_lab, one, other)


def test_guests_of_a_newer_host_never_talk(fresh_server, root):
    lab = Lab(fresh_server("--vmci-dir", root, "--host", "1", "--vm", "2"), root)
    one, other = two_on_a_host(lab)
    for vm in (one, other):
        edit(vm, allowUnrestrictedCommunication=True)
        restart(lab, vm)
    assert not between(lab, one, other)
    assert status_of(lab.root, one)["refused"]["unreachable"] == 1
    [event] = lab.events(one, "Unreachable")
    assert event.severity == "warning"


def test_services_are_trusted_untrusted_or_granted(fresh_server, root):
    flags = ["--vmci-service", "backup=5000,untrusted", "--vmci-service", "guard=7000,by-grant"]
    lab = Lab(fresh_server("--vmci-dir", root, *flags), root)
    vm, machine = lab.running()
    listeners = machine.listen("host.sock_5000"), machine.listen("host.sock_7000")
    assert not machine.allows("guest.sock", HOST)
    assert not machine.allows("guest.sock", b"CONNECT 2 7000\n")
    grant = vim.option.OptionValue(key="vmci0.services", value="guard")
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=[grant])))
    until(lambda: machine.allows("guest.sock", b"CONNECT 2 7000\n"))
    refused = status_of(root, vm)["refused"]
    assert refused["restricted"] == 1 and refused["notGranted"] >= 1
    services = {s["name"]: s for host in status(root)["hosts"] for s in host["services"] if s["allowed"] + s["denied"]}
    assert services["backup"]["denied"] == 1 and services["guard"]["allowed"] == 1
    assert listeners


def test_denials_and_new_rules_are_events(lab):
    vm, machine = lab.running()
    set_rules(lab, vm, rule(7, "deny", "stream", "host"))
    for _ in range(3):
        assert not machine.allows("guest.sock", HOST)
    until(lambda: lab.events(vm, "RuleDenied"))
    [denied] = lab.events(vm, "RuleDenied")
    assert "rule 7" in denied.fullFormattedMessage and denied.vm.vm == vm
    [changed] = lab.events(vm, "FilterChanged")
    assert changed.severity == "info"
    until(lambda: status_of(lab.root, vm)["rules"][0]["hits"] == 3)


def test_counters_are_read_by_the_performance_manager(lab):
    vm, machine = lab.running()
    listener = machine.listen("host.sock_5000")
    set_rules(lab, vm, rule(7, "deny", "stream", "host", 6000, 6000))
    stream = machine.stream("guest.sock", HOST)
    service, _ = listener.accept()
    talk(stream, service)
    assert not machine.allows("guest.sock", b"CONNECT 2 6000\n")
    manager = lab.si.content.perfManager
    keys = {f"{c.groupInfo.key}.{c.nameInfo.key}": c.key for c in manager.perfCounter}
    available = {(m.counterId, m.instance) for m in manager.QueryAvailablePerfMetric(vm, intervalId=20)}
    assert (keys["vmci.allowed"], "") in available and (keys["vmci.ruleHits"], "7") in available
    assert manager.QueryPerfProviderSummary(vm).refreshRate == 20
    [counter] = manager.QueryPerfCounter([keys["vmci.denied"]])
    assert counter.rollupType == "latest"

    def read():
        spec = vim.PerformanceManager.QuerySpec(entity=vm, intervalId=20, maxSample=1)
        [answer] = manager.QueryPerf([spec])
        assert len(answer.sampleInfo) == 1
        return {(s.id.counterId, s.id.instance): s.value[-1] for s in answer.value}

    values = read()
    assert values[(keys["vmci.allowed"], "")] == 1 and values[(keys["vmci.denied"], "")] == 1
    assert values[(keys["vmci.ruleHits"], "7")] == 1
    assert values[(keys["vmci.sent"], "")] == 4 and values[(keys["vmci.received"], "")] == 4
    assert values[(keys["vmci.streams"], "")] == 1
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.QueryPerfCounter([999999])


def test_garbage_is_closed_and_the_server_serves(lab):
    _, machine = lab.running()
    listener = machine.listen("guest.sock_5000")
    for line in (b"\n", b"\0" * 100, b"CONNECT 9223372036854775808\n", b"CONNECT 4294967295\n", b"x" * 10000):
        connection, answer = machine.ask("host.sock", line)
        assert answer == b""
        connection.close()
    talk(machine.stream("host.sock", GUEST), listener.accept()[0])


def test_a_folder_that_cannot_be_used_is_told_of_at_the_start(root):
    def refused(path):
        command = [program("FERROSPHERE_BIN"), "serve", "--listen", "127.0.0.1:0", "--vmci-dir", path]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert ended.returncode == 1
        return ended.stderr

    assert "allow 66 at the most" in refused("/tmp/" + "x" * 80)
    os.makedirs(root)
    with open(os.path.join(root, "thesis.txt"), "w"):
        pass
    assert "not ours" in refused(root)
    assert os.path.exists(os.path.join(root, "thesis.txt"))


def test_the_folder_is_left_empty_and_one_of_a_killed_server_is_cleaned(fresh_server, root):
    server = fresh_server("--vmci-dir", root)
    lab = Lab(server, root)
    vm, _ = lab.running()
    server.kill()
    assert os.path.exists(lab.machine(vm).folder)
    again = fresh_server("--vmci-dir", root)
    Lab(again, root).running()
    assert again.stop() == 0
    assert os.listdir(root) == []


def ferrosphere(*arguments, **options):
    command = [program("FERROSPHERE_BIN"), "vmci", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_the_commands_join_a_stream_to_standard_input_and_output(lab):
    vm, machine = lab.running()
    ends = ["--dir", lab.root, "--vm", vm.name]
    listener = ferrosphere("listen", *ends, "5000")
    until(lambda: os.path.exists(machine.path("guest.sock_5000")))
    connector = ferrosphere("connect", *ends, "5000")
    connector.stdin.write(b"question")
    connector.stdin.close()
    assert listener.stdout.read(8) == b"question"
    listener.stdin.write(b"answer")
    listener.stdin.close()
    assert connector.stdout.read() == b"answer"
    assert (connector.wait(10), listener.wait(10)) == (0, 0)
    refused = ferrosphere("connect", *ends, "5000")
    assert refused.wait(10) == 1 and b"refused" in refused.stderr.read()


def test_one_datagram_can_be_sent_from_the_command_line(lab):
    vm, machine = lab.running()
    guest = machine.datagrams("guest.sock", b"DGRAM 800\n")
    sender = ferrosphere("send", "--dir", lab.root, "--vm", vm._moId, "800")
    sender.communicate(b"hello", timeout=10)
    assert sender.returncode == 0 and guest.receive()[1] == b"hello"
    nobody = ferrosphere("send", "--dir", lab.root, "--vm", vm._moId, "801")
    _, text = nobody.communicate(b"hello", timeout=10)
    assert nobody.returncode == 1 and b"EHOSTUNREACH" in text


def test_the_state_is_shown_in_tables(lab):
    vm, _ = lab.running()
    set_rules(lab, vm, rule(7, "deny", "stream", "host"))
    shown = ferrosphere("status", "--dir", lab.root)
    text, _ = shown.communicate(timeout=10)
    assert shown.returncode == 0
    assert vm.name.encode() in text and b"anyDirection" not in text and b"stream" in text


def audit(lab):
    """Findings by machine and name."""
    url = lab.server.url.replace("://", "://user:pass@")
    command = ferrosphere("audit", "--url", url, "--insecure", "--json")
    text, error = command.communicate(timeout=30)
    assert command.returncode == 0, error
    machines = json.loads(text)["machines"]
    return {m["vm"]: {f["finding"]: f for f in m["findings"]} for m in machines}


def test_the_audit_finds_machines_that_others_can_reach(old_lab):
    vm, _ = old_lab.running()
    edit(vm, allowUnrestrictedCommunication=True)
    finding = audit(old_lab)[vm._moId]["unrestricted"]
    assert finding["severity"] == "high"
    assert finding["fix"]["govc"] == f"govc vm.change -vm '{vm.name}' -e vmci0.unrestricted=FALSE"


def test_the_audit_finds_rules_that_do_nothing(lab, tmp_path):
    vm, _ = lab.running()
    set_rules(lab, vm, rule(1, "allow"), rule(2, "deny"))
    found = audit(lab)[vm._moId]
    assert set(found) == {"allowsEverything", "shadowed"} and found["shadowed"]["rank"] == 2
    set_rules(lab, vm, rule(10, "allow", lower=975, upper=976), rule(20, "deny"))
    assert audit(lab)[vm._moId] == {}
    edit(vm, filterEnable=False)
    fix = audit(lab)[vm._moId]["filterOff"]["fix"]["govc"]
    Govc(lab.server, tmp_path)("vm.change", "-vm", vm.name, "-e", fix.rsplit(" ", 1)[1])
    assert audit(lab)[vm._moId] == {}


@pytest.fixture
def passing(fresh_server, root, name):
    """A server with VMCI sockets, and a machine that runs and whose adapter passes through."""
    lab = Lab(fresh_server("--vmci-dir", root, "--host-profile", "esxi-7.0-vmfex"), root)
    [switch] = vsphere.all_of(lab.si, vim.dvs.VmwareDistributedVirtualSwitch).values()
    group = next(g for g in switch.portgroup if not g.config.uplink)
    port = vim.dvs.PortConnection(switchUuid=switch.uuid, portgroupKey=group.key)
    backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    card = vim.vm.device.VirtualVmxnet3(key=-1, backing=backing, uptCompatibilityEnabled=True)
    driver = vim.option.OptionValue(key="lab.guest.vmxnet3.driver", value="4")
    wish = {"memoryReservationLockedToMax": True, "extraConfig": [driver], "deviceChange": [vsphere.add(card)]}
    vm = vsphere.create_vm(lab.si, name, **wish)
    done(vm.PowerOnVM_Task())
    until(lambda: passes_through(vm))
    return lab, vm


def passes_through(vm):
    """Whether the machine's adapter passes through; if not, the only reason is that VMCI is in use."""
    [entry] = vm.runtime.device
    state = entry.runtimeState
    assert state.vmDirectPathGen2Active or state.vmDirectPathGen2InactiveReasonVm == ["vmNptVMCIActive"]
    return state.vmDirectPathGen2Active


def test_a_guest_that_uses_vmci_does_not_pass_through_until_it_restarts(passing):
    lab, vm = passing
    sockets = lab.machine(vm).appears()
    listeners = sockets.listen("hypervisor.sock_976"), sockets.listen("host.sock_5000")
    assert sockets.allows("guest.sock", b"CONNECT 0 976\n") and not sockets.allows("guest.sock", b"CONNECT 2 6000\n")
    assert passes_through(vm)
    assert sockets.allows("guest.sock", HOST)
    until(lambda: not passes_through(vm))
    done(vm.ResetVM_Task())
    assert passes_through(vm)
    sockets.appears()
    assert sockets.allows("guest.sock", HOST)
    until(lambda: not passes_through(vm))
    done(vm.PowerOffVM_Task())
    done(vm.PowerOnVM_Task())
    assert passes_through(vm)
    assert listeners


def test_deny_all_but_the_tools_keeps_directpath_active(passing):
    lab, vm = passing
    sockets = lab.machine(vm).appears()
    listeners = sockets.listen("hypervisor.sock_976"), sockets.listen("host.sock_5000"), sockets.listen("guest.sock_5000")
    set_rules(lab, vm, rule(10, "allow", lower=975, upper=976), rule(20, "deny"))
    assert sockets.allows("guest.sock", b"CONNECT 0 976\n")
    assert not sockets.allows("guest.sock", HOST) and not sockets.allows("host.sock", GUEST)
    until(lambda: lab.events(vm, "RuleDenied"))
    assert passes_through(vm)
    assert listeners
