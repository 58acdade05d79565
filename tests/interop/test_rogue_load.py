"""Clients that ask for everything at once and take it slowly or not at all, and clients that ask for too much: memory
stays bounded, the others are served, and the refusal is clear."""

import contextlib
import gzip
import pathlib
import re
import socket
import time

import pytest

from harness import Server, ViJson
from soap import SERVICE_CONTENT, Soap, call, envelope

MIB = 1 << 20
COLLECTOR = ("PropertyCollector", "propertyCollector")
EVERYTHING = (
    "<specSet><propSet><type>VirtualMachine</type><all>true</all></propSet><objectSet>"
    '<obj type="ContainerView">{view}</obj><skip>true</skip><selectSet xsi:type="TraversalSpec">'
    "<type>ContainerView</type><path>view</path><skip>false</skip></selectSet></objectSet></specSet><options/>"
)


@pytest.fixture(scope="module")
def large():
    """A server with 2,000 machines; everything of them is some 50 MiB."""
    server = Server("--no-tls", "--vm", "1000", "--log", "warn")
    yield server
    assert server.process.poll() is None, server.log_text()
    server.kill()


@pytest.fixture
def everything(large):
    """A whole request for everything of all machines, as it goes over the wire."""
    soap = Soap(large).login()
    answer = soap.call(
        "CreateContainerView",
        ("ViewManager", "ViewManager"),
        '<container type="Folder">group-d1</container><type>VirtualMachine</type><recursive>true</recursive>',
    )
    view = re.search(r"<returnval[^>]*>([^<]*)<", answer.text).group(1)
    body = envelope(call("RetrievePropertiesEx", COLLECTOR, EVERYTHING.format(view=view))).encode()
    cookie = "; ".join(f"{c.name}={c.value}" for c in soap.http.cookies)
    yield head(cookie, len(body)) + body
    soap.call("Logout", ("SessionManager", "SessionManager"))


def head(cookie, length, *more):
    lines = [f"Cookie: {cookie}", "Content-Type: text/xml", f"Content-Length: {length}", *more]
    return ("POST /sdk HTTP/1.1\r\nHost: x\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def processor_time(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def plug(server):
    return socket.create_connection((server.host, server.port), timeout=30)


@contextlib.contextmanager
def asking(server, request, count):
    """Connections on which the request was sent, and the first byte of each reply has arrived."""
    with contextlib.ExitStack() as stack:
        plugs = [stack.enter_context(plug(server)) for _ in range(count)]
        for each in plugs:
            each.sendall(request)
        for each in plugs:
            assert each.recv(1) == b"H"
        yield plugs


def small_read(server):
    """How long a small read on a connection of its own takes."""
    start = time.monotonic()
    assert "group-d1" in Soap(server).send(envelope(SERVICE_CONTENT)).text
    return time.monotonic() - start


def test_many_who_ask_for_everything_and_do_not_read_cost_little_memory(large, everything):
    before = resident(large)
    with asking(large, everything, 40) as plugs:
        time.sleep(3)
        grown = resident(large) - before
        assert grown < 100 * MIB, f"{grown // MIB} MiB for 40 replies that nobody reads"
        assert small_read(large) < 2
        whole = bytearray()
        while not whole.endswith(b"0\r\n\r\n"):
            piece = plugs[0].recv(MIB)
            assert piece, "the reply breaks off"
            whole += piece
        assert whole.count(b"<objects>") == 2000 and b"</soapenv:Envelope>" in whole[-100:]
        assert len(whole) > 20 * MIB


def test_nothing_is_written_for_those_who_do_not_read_or_are_gone(large, everything):
    with asking(large, everything, 20):
        time.sleep(3)
        before = processor_time(large)
        time.sleep(1)
        assert processor_time(large) - before < 0.3, "waiting for a reader costs nothing"
    time.sleep(2)
    before = processor_time(large)
    time.sleep(1)
    assert processor_time(large) - before < 0.3, "those who are gone cost nothing"


def test_small_reads_come_between_the_pieces_of_large_ones(large, everything):
    with asking(large, everything, 6) as plugs:
        for each in plugs:
            each.setblocking(False)
        times = []
        for _ in range(40):
            for each in plugs:
                with contextlib.suppress(BlockingIOError):
                    while each.recv(MIB):
                        pass
            times.append(small_read(large))
    assert sorted(times)[len(times) // 2] < 0.5, times


def test_half_a_head_on_many_connections_hinders_nobody(large):
    with contextlib.ExitStack() as stack:
        for sent in (b"", b"POST /sdk HT", b"POST /sdk HTTP/1.1\r\nHost: x\r\nCookie: a") * 150:
            stack.enter_context(plug(large)).sendall(sent)
        assert small_read(large) < 2


def test_a_client_that_closes_its_side_is_answered_or_let_go_at_once(large):
    # The server cannot tell it from one that has vanished, and may stop its work.
    body = envelope(SERVICE_CONTENT).encode()
    with plug(large) as half:
        half.sendall(head("a=b", len(body)) + body)
        half.shutdown(socket.SHUT_WR)
        answer = half.recv(4096)
    assert not answer or b"200 OK" in answer
    assert small_read(large) < 2


def test_requests_in_a_row_are_answered_in_their_order(large):
    count = 300
    request = b"".join(f"GET /nothing/{n} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for n in range(count))
    with plug(large) as pipeline:
        pipeline.sendall(request)
        received = b""
        while received.count(b"There is nothing at") < count:
            piece = pipeline.recv(MIB)
            assert piece
            received += piece
    found = [int(n) for n in re.findall(rb"nothing at /nothing/(\d+)", received)]
    assert found[: count - 1] == list(range(count - 1))


def test_a_bomb_of_gzip_is_refused_before_it_is_large(large):
    bomb = gzip.compress(b" " * (200 * MIB), 9)
    before = resident(large)
    with plug(large) as sender:
        sender.sendall(head("a=b", len(bomb), "Content-Encoding: gzip") + bomb)
        assert sender.recv(4096).split(b" ")[1] == b"413"
    assert resident(large) - before < 150 * MIB


def test_more_sessions_than_there_may_be_are_refused_by_http():
    server = Server("--no-tls", "--log", "warn")
    try:
        sessions = [Soap(server).login()]
        body = call(
            "Login", ("SessionManager", "SessionManager"), "<userName>user</userName>", "<password>pass</password>"
        )
        one_connection = Soap(server)
        granted = 1
        while True:
            one_connection.http.cookies.clear()
            answer = one_connection.send(envelope(body))
            if answer.status_code != 200:
                break
            granted += 1
            assert granted <= 2000
        assert granted == 2000
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        json = ViJson(server)
        refused = json.post(
            ("SessionManager", "SessionManager"), "Login", {"userName": "user", "password": "pass"}
        )
        assert refused.status_code == 503 and "vmware-api-session-id" not in refused.headers
        assert sessions[0].call("Logout", ("SessionManager", "SessionManager")).status_code == 200
        Soap(server).login()
    finally:
        server.kill()
