"""`ferrosphere directpath`, a client of any server, against this one: over SOAP and VI/JSON, once and watching."""

import json
import os
import queue
import re
import signal
import subprocess
import threading

import pytest
from pyVmomi import vim

from harness import program
from vsphere import all_of, create_vm, devices, done, edit, new_vmxnet3, remove_vm

PROTOCOLS = ["--soap", "--vijson"]
ACTIVE, INACTIVE, FAILED = 0, 1, 2


class Cli:
    """The client as a process, with its server in govc's variables."""

    def __init__(self, server, home):
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GOVC_URL": server.url,
            "GOVC_INSECURE": "1",
            "GOVC_USERNAME": "user",
            "GOVC_PASSWORD": "pass",
        }

    def command(self, arguments):
        return [program("FERROSPHERE_BIN"), "directpath", *arguments]

    def run(self, *arguments, **environment):
        """The finished process, whatever its exit status."""
        return subprocess.run(
            self.command(arguments),
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=40,
        )

    def json(self, *arguments):
        """The document of a run that found out what it was asked for."""
        ran = self.run("--json", *arguments)
        assert ran.returncode in (ACTIVE, INACTIVE), ran.stderr
        assert ran.stderr == ""
        return json.loads(ran.stdout)

    def adapter(self, name, *arguments):
        [adapter] = self.json("--vm", name, *arguments)["adapters"]
        return adapter

    def refusal(self, *arguments, **environment):
        ran = self.run(*arguments, **environment)
        assert (ran.returncode, ran.stdout) == (FAILED, ""), ran.stdout
        return ran.stderr


@pytest.fixture
def cli(server, tmp_path):
    return Cli(server, tmp_path)


@pytest.fixture
def nic_vm(si, name):
    """A VM that is off, with one vmxnet3 on a standard network that asks to pass through."""
    change = new_vmxnet3()
    change.device.uptCompatibilityEnabled = True
    vm = create_vm(si, name, deviceChange=[change], memoryMB=256)
    yield vm
    remove_vm(vm)


def reserve_all(vm, lock=True):
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(memoryReservationLockedToMax=lock)))


def ask(vm, flag):
    [nic] = devices(vm, vim.vm.device.VirtualVmxnet3)
    nic.uptCompatibilityEnabled = flag
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(nic)])))


def names(findings):
    return {finding["reason"] for finding in findings}


def obstacles(adapter):
    """Every reason against Gen 2, reported or found by the rules."""
    return names(adapter["gen2"]["reasons"]) | names(adapter["gen2"]["wouldRemain"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_adapter_is_told_with_its_surroundings(cli, si, protocol):
    document = cli.json(protocol)
    told = {(a["vm"]["name"], a["key"], a["macAddress"], a["host"]["name"]) for a in document["adapters"]}
    expected = {
        (vm.name, nic.key, nic.macAddress, vm.runtime.host.name)
        for vm in all_of(si, vim.VirtualMachine).values()
        if not vm.config.template
        for nic in devices(vm, vim.vm.device.VirtualEthernetCard)
    }
    assert told == expected
    states = [a["state"] for a in document["adapters"]]
    summary = document["summary"]
    assert summary["adapters"] == len(states)
    assert all(summary[state] == states.count(state) for state in ("active", "inactive", "notRequested", "unknown"))
    assert document["server"]["apiVersion"] == si.content.about.apiVersion


def test_both_protocols_tell_the_same(cli, nic_vm):
    assert cli.json("--soap") == cli.json("--vijson")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_would_remain_is_told_with_the_values_behind_it(cli, nic_vm, protocol):
    adapter = cli.adapter(nic_vm.name, protocol)
    assert adapter["network"] == {"kind": "standard", "name": "VM Network", "switch": None, "port": None}
    gen2 = adapter["gen2"]
    assert gen2["requested"] is True
    assert {"vmNptIncompatibleBackingType", "vmNptInsufficientMemoryReservation"} <= obstacles(adapter)
    [memory] = [
        finding
        for finding in gen2["reasons"] + gen2["wouldRemain"]
        if finding["reason"] == "vmNptInsufficientMemoryReservation"
    ]
    assert memory["detail"] == "0 of 256 MB are reserved"
    assert memory["meaning"] and memory["remedy"]
    reserve_all(nic_vm)
    assert "vmNptInsufficientMemoryReservation" not in obstacles(cli.adapter(nic_vm.name, protocol))


def test_a_change_that_is_only_thought_of_changes_nothing(cli, nic_vm):
    before = cli.adapter(nic_vm.name)
    assert before["gen2"]["whatIf"] is None
    half = cli.adapter(nic_vm.name, "--what-if", "memoryReservation=full")["gen2"]["whatIf"]
    assert half["active"] is False
    assert "vmNptInsufficientMemoryReservation" not in half["reasons"]
    assert "vmNptIncompatibleBackingType" in half["reasons"]
    changes = ["memoryReservation=full", "network=allowed", "power=on", "connected=true", "host=supported"]
    changes += ["guest=supported", "driver=7"]
    all_changes = [word for change in changes for word in ("--what-if", change)]
    whole = cli.adapter(nic_vm.name, *all_changes)
    assert whole["gen2"]["whatIf"] == {"active": True, "reasons": []}
    assert whole["state"] == before["state"]
    assert cli.adapter(nic_vm.name) == before


def test_the_exit_status_tells_inactive_from_nothing_asked(cli, nic_vm):
    assert cli.run("--vm", nic_vm.name).returncode == INACTIVE
    ask(nic_vm, False)
    quiet = cli.run("--vm", nic_vm.name)
    assert quiet.returncode == ACTIVE
    assert "not requested" in quiet.stdout
    assert "To do" not in quiet.stdout


def test_the_table_explains_the_most_useful_first_and_is_plain_text(cli, nic_vm):
    text = cli.run("--vm", nic_vm.name).stdout
    assert "\x1b" not in text
    head, line = text.splitlines()[:2]
    assert head.split() == ["VM", "ADAPTER", "NETWORK", "HOST", "STATE", "REASONS"]
    assert line.startswith(nic_vm.name)
    memory = text.index("\nvmNptInsufficientMemoryReservation\n")
    network = text.index("\nvmNptIncompatibleBackingType\n")
    assert memory < network
    assert f"- {nic_vm.name}, Network adapter 1: 0 of 256 MB are reserved" in " ".join(text.split())


def test_a_pattern_chooses_and_one_that_fits_nothing_fails(cli, nic_vm):
    assert len(cli.json("--vm", nic_vm.name.upper())["adapters"]) == 1
    assert len(cli.json("--vm", nic_vm.name[:-2] + "*")["adapters"]) >= 1
    assert "no VM whose name fits 'no-such-*'".replace("'", '"') in cli.refusal("--vm", "no-such-*")


def test_the_session_ends_with_the_run(cli, si):
    before = len(si.content.sessionManager.sessionList)
    cli.json()
    cli.refusal("--vm", "no-such-*")
    assert len(si.content.sessionManager.sessionList) == before


def test_an_unknown_certificate_is_refused_with_what_to_trust(cli):
    told = cli.refusal(GOVC_INSECURE="0")
    [sha256] = re.findall(r"--thumbprint ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})", told)
    [sha1] = re.findall(r"SHA-1 ((?:[0-9A-F]{2}:){19}[0-9A-F]{2})", told)
    for thumbprint in (sha256, sha1, sha1.replace(":", "").lower()):
        ran = cli.run("--thumbprint", thumbprint, GOVC_INSECURE="0")
        assert ran.returncode in (ACTIVE, INACTIVE), ran.stderr
    other = "00:" * 19 + "00"
    assert "is not trusted" in cli.refusal("--thumbprint", other)
    assert "is not a thumbprint" in cli.refusal("--thumbprint", "AA:BB")


def test_a_wrong_password_is_a_failure(fresh_server, tmp_path):
    cli = Cli(fresh_server("--no-tls", "--username", "admin", "--password", "secret"), tmp_path)
    told = cli.refusal("--username", "admin")
    assert "InvalidLogin" in told and "pass" not in told.replace("password", "")
    file = tmp_path / "password"
    file.write_text("secret\n")
    ran = cli.run("--username", "admin", "--password-file", str(file))
    assert ran.returncode in (ACTIVE, INACTIVE), ran.stderr
    ran = cli.run("--username", "admin", FERROSPHERE_PASSWORD="secret")
    assert ran.returncode in (ACTIVE, INACTIVE), ran.stderr


def test_what_cannot_be_reached_or_understood_is_a_failure(cli):
    assert "Connection refused" in cli.refusal("--url", "http://127.0.0.1:1")
    assert "cannot connect" in cli.refusal("--url", "http://no-such-host.invalid")
    assert "not an address" in cli.refusal("--url", "ftp://127.0.0.1")
    assert "there is no password" in cli.refusal(GOVC_PASSWORD="")
    assert "nobody is named" in cli.refusal(GOVC_USERNAME="")
    assert "memoryReservation" in cli.refusal("--what-if", "memory=full")
    assert "full or none" in cli.refusal("--what-if", "memoryReservation=7")


class Watching:
    """`directpath --watch --json` in the background; its lines."""

    def __init__(self, cli, *arguments):
        self.process = subprocess.Popen(
            cli.command(["--watch", "--json", *arguments]),
            env=cli.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def until(self, condition):
        """The first line for which the condition holds."""
        while True:
            line = self.lines.get(timeout=15)
            if condition(line):
                return line

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        status = self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_watching_tells_each_change_and_ends_with_the_last_state(cli, si, nic_vm, protocol):
    watching = Watching(cli, protocol, "--vm", nic_vm.name)
    try:
        first = watching.until(lambda line: True)
        assert "vmNptInsufficientMemoryReservation" in obstacles(first)
        reserve_all(nic_vm)
        watching.until(lambda line: "vmNptInsufficientMemoryReservation" not in obstacles(line))
        ask(nic_vm, False)
        watching.until(lambda line: line["state"] == "notRequested")
        remove_vm(nic_vm)
        gone = watching.until(lambda line: line["state"] == "gone")
        assert (gone["vm"]["name"], gone["key"]) == (first["vm"]["name"], 4000)
    finally:
        status = watching.end()
    assert status == ACTIVE


def test_a_watch_ends_with_inactive_if_that_is_the_last_state(cli, nic_vm):
    watching = Watching(cli, "--vm", nic_vm.name)
    watching.until(lambda line: True)
    assert watching.end(signal.SIGTERM) == INACTIVE


def allow(si, allowed):
    """Let the port group say whether its ports may pass adapters through."""
    group = all_of(si, vim.dvs.DistributedVirtualPortgroup)["DC0_DVPG0"]
    policy = vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(
        vmDirectPathGen2Allowed=vim.BoolPolicy(inherited=False, value=allowed)
    )
    spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        configVersion=group.config.configVersion, defaultPortConfig=policy
    )
    done(group.ReconfigureDVPortgroup_Task(spec))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_adapter_is_followed_into_passing_through_and_out_again(fresh_server, connect, tmp_path, protocol):
    server = fresh_server("--no-tls", "--host-profile", "esxi-7.0-vmfex")
    si, cli = connect(to=server), Cli(server, tmp_path)
    vm = all_of(si, vim.VirtualMachine)["DC0_H0_VM0"]
    before = cli.adapter(vm.name, protocol, "--what-if", "memoryReservation=full")["gen2"]
    assert names(before["reasons"]) == {"vmNptInsufficientMemoryReservation"}
    assert before["whatIf"] == {"active": True, "reasons": []}
    watching = Watching(cli, protocol, "--vm", vm.name)
    try:
        watching.until(lambda line: line["state"] == "inactive")
        reserve_all(vm)
        assert watching.until(lambda line: line["state"] == "active")["activeBy"] == "gen2"
        assert cli.run("--vm", vm.name, protocol).returncode == ACTIVE
        allow(si, False)
        gen2 = watching.until(lambda line: line["state"] == "inactive")["gen2"]
        assert {"vmNptIncompatibleNetwork", "portNptDisabledForPort"} == names(gen2["reasons"])
        thought = cli.adapter(vm.name, protocol, "--what-if", "port.allowed=true")["gen2"]["whatIf"]
        assert thought == {"active": True, "reasons": []}
        allow(si, True)
        watching.until(lambda line: line["state"] == "active")
    finally:
        status = watching.end()
    assert status == ACTIVE


def test_a_watch_says_that_the_server_is_gone_and_goes_on_trying(fresh_server, tmp_path):
    server = fresh_server("--no-tls")
    watching = Watching(Cli(server, tmp_path))
    watching.until(lambda line: True)
    server.kill()
    assert "trying again" in watching.process.stderr.readline()
    assert watching.process.poll() is None
    assert watching.end() == INACTIVE
