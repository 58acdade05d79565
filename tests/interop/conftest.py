"""Fixtures: a server, and clients that are logged in to it."""

import pytest
import urllib3
from pyVim.connect import Disconnect

import vsphere
from harness import Govc, Server, ViJson
from soap import Soap

urllib3.disable_warnings()


@pytest.fixture(scope="session")
def server():
    """One server for all tests that leave it as they found it."""
    running = Server()
    yield running
    assert running.process.poll() is None, f"the server ended by itself\n{running.log_text()}"
    assert running.stop() == 0


@pytest.fixture
def fresh_server():
    """A function that starts a server of the test's own, with more flags; all end with the test."""
    started = []

    def start(*flags):
        started.append(Server(*flags))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            assert running.stop() == 0


@pytest.fixture
def connect(server):
    """A function that makes one more pyVmomi session; all end with the test."""
    sessions = []

    def start(to=server, **credentials):
        sessions.append(to.connect(**credentials))
        return sessions[-1]

    yield start
    for session in sessions:
        Disconnect(session)


@pytest.fixture
def si(connect):
    """A pyVmomi service instance, logged in."""
    return connect()


@pytest.fixture
def name(request):
    """A name for what this test makes."""
    return request.node.name.replace("[", "-").replace("]", "")[-60:]


@pytest.fixture
def make_vm(si, name):
    """A function that creates a VM, powered off; all are gone after the test."""
    made = []

    def make(suffix="", **more):
        made.append(vsphere.create_vm(si, name + suffix, **more))
        return made[-1]

    yield make
    for vm in made:
        vsphere.remove_vm(vm)


@pytest.fixture
def vm(make_vm):
    """A small VM of the test's own, powered off."""
    return make_vm()


@pytest.fixture
def govc(server, tmp_path):
    return Govc(server, tmp_path)


@pytest.fixture
def vijson(server):
    """A VI/JSON client, logged in."""
    client = ViJson(server)
    client.login()
    yield client
    client.post(client.content()["sessionManager"], "Logout")


@pytest.fixture
def soap(server):
    """A raw SOAP client, logged in."""
    client = Soap(server).login()
    yield client
    client.call("Logout", ("SessionManager", "SessionManager"))
