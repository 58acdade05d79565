"""The command line: what it prints, what it writes, how it ends."""

import re
import signal
import subprocess
import threading
import time

import pytest
import requests

from harness import Server, program
from soap import SERVICE_CONTENT, Soap, envelope
from vsphere import filter_spec, object_spec, path_set


@pytest.fixture
def started():
    """A function that starts a server; what still runs is killed with the test."""
    running = []

    def start(*flags):
        running.append(Server(*flags))
        return running[-1]

    yield start
    for server in running:
        server.kill()


def ferrosphere(*arguments):
    return subprocess.run([program("FERROSPHERE_BIN"), *arguments], capture_output=True, text=True, timeout=20)


# Starting


def test_port_zero_takes_a_free_port_and_the_ready_line_names_it(started):
    first, second = started(), started()
    assert first.port != second.port and first.port > 0
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/sdk", first.url)
    assert Soap(first).send(envelope(SERVICE_CONTENT)).status_code == 200


def test_standard_output_holds_the_ready_line_and_nothing_else(started):
    server = started()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.stdout.read() == ""


def test_without_tls_it_speaks_plain_http(started):
    server = started("--no-tls")
    assert server.scheme == "http"
    assert Soap(server).send(envelope(SERVICE_CONTENT)).status_code == 200
    assert server.connect().content.about.apiType == "VirtualCenter"


def test_the_env_file_holds_the_line_that_vcsim_writes(started, tmp_path):
    file = tmp_path / "env"
    server = started("--env-file", str(file))
    url, pid = re.fullmatch(r"export GOVC_URL=(\S+) GOVC_SIM_PID=(\d+)\n?", file.read_text()).groups()
    assert int(pid) == server.process.pid
    assert f"{server.host}:{server.port}/sdk" in url


def test_govc_works_with_nothing_but_the_env_file(started, tmp_path):
    file = tmp_path / "env"
    started("--env-file", str(file))
    script = f'set -a; . {file}; GOVC_INSECURE=1 "{program("GOVC_BIN")}" ls /'
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GOVMOMI_HOME": str(tmp_path)},
    )
    assert done.stdout.split() == ["/DC0"], done.stderr


def test_the_api_version_can_be_older(started):
    si = started("--api-version", "8.0.1.0").connect()
    assert si.content.about.apiVersion == "8.0.1.0"


def test_a_port_that_is_taken_is_an_error_that_names_it(started):
    port = started().port
    done = ferrosphere("serve", "--listen", f"127.0.0.1:{port}")
    assert done.returncode != 0 and str(port) in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-flag"],
        ["--listen", "nowhere"],
        ["--vm", "-1"],
        ["--vm", "many"],
        ["--tls-cert", "/no/such/file", "--tls-key", "/no/such/file"],
        ["--api-version", "latest"],
    ],
    ids=" ".join,
)
def test_a_wrong_flag_is_refused_before_anything_starts(arguments):
    done = ferrosphere("serve", "--listen", "127.0.0.1:0", *arguments)
    assert done.returncode != 0 and done.stderr and "ready" not in done.stdout


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_with_status_zero_within_two_seconds(started, number):
    assert started().stop(number) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_while_clients_are_connected_and_wait(started, number):
    server = started()
    si = server.connect()
    pc = si.content.propertyCollector
    pc.CreateFilter(
        filter_spec([object_spec(si.content.rootFolder)], [path_set(type(si.content.rootFolder), "name")]), True
    )
    version = pc.WaitForUpdatesEx("").version

    def wait():
        try:
            pc.WaitForUpdatesEx(version)
        except Exception:
            pass

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert server.stop(number) == 0
    waiting.join(5)
    assert not waiting.is_alive()


# Looking


def test_help_shows_the_commands_and_every_flag():
    top = ferrosphere("--help")
    assert top.returncode == 0 and "serve" in top.stdout and "methods" in top.stdout
    serve = ferrosphere("serve", "--help")
    for flag in (
        "--listen",
        "--no-tls",
        "--tls-cert",
        "--tls-key",
        "--username",
        "--password",
        "--api-version",
        "--seed",
        "--env-file",
        "--log",
        "--dc",
        "--cluster",
        "--host",
        "--standalone-host",
        "--pool",
        "--app",
        "--ds",
        "--pod",
        "--vm",
        "--pg",
        "--nsx",
        "--folder",
        "--autostart",
        "--esx",
    ):
        assert flag in serve.stdout, flag


def test_methods_lists_what_is_implemented_and_what_is_not():
    done = ferrosphere("methods")
    assert done.returncode == 0
    for method in ("RetrievePropertiesEx", "WaitForUpdatesEx", "CreateVM_Task", "PowerOnVM_Task"):
        assert method in done.stdout
    table = ferrosphere("methods", "--markdown")
    assert table.returncode == 0 and "|" in table.stdout


def test_about_and_healthz_answer_without_a_session(server):
    about = requests.get(f"{server.root}/about", verify=False, timeout=20)
    assert about.status_code == 200 and "RetrievePropertiesEx" in about.text
    assert requests.get(f"{server.root}/healthz", verify=False, timeout=20).status_code == 200


def test_logs_never_hold_a_password_or_a_session(started):
    server = started("--log", "trace", "--username", "operator", "--password", "hunter2hunter2")
    si = server.connect("operator", "hunter2hunter2")
    cookie = si._stub.cookie
    secret = re.search(r'vmware_soap_session="?([^";]+)', cookie).group(1)
    assert server.stop() == 0
    log = server.log_text()
    assert "hunter2" not in log and secret not in log
