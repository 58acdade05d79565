"""Requests that no honest client sends: a clear refusal, nothing changed, and the server goes on."""

import re
import socket
import ssl
import struct

import pytest

from harness import ViJson, unverified
from soap import SERVICE_CONTENT, Soap, call, envelope, fault

ROOT = ("Folder", "group-d1")
# The faults that the API has for a request that does not fit its method; InvalidType is a kind of InvalidRequest.
WRONG = ("InvalidRequest", "InvalidArgument", "InvalidType")


@pytest.fixture(autouse=True)
def still_serving(server):
    """After every test an honest client gets its answer from the same process."""
    yield
    assert server.process.poll() is None, server.log_text()
    answer = Soap(server).send(envelope(SERVICE_CONTENT))
    assert answer.status_code == 200 and "group-d1" in answer.text


@pytest.fixture
def running_vm(soap):
    """The reference of a VM that is always there."""
    answer = soap.call(
        "FindByInventoryPath", ("SearchIndex", "SearchIndex"), "<inventoryPath>DC0/vm/DC0_H0_VM0</inventoryPath>"
    )
    return "VirtualMachine", re.search(r">(vm-\d+)<", answer.text).group(1)


# SOAP: not a request at all


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "not xml",
        "<",
        "<a>",
        "<a></b>",
        "<?xml version='1.0'?>",
        envelope(SERVICE_CONTENT)[:-20],
        envelope(SERVICE_CONTENT)[:150],
        "<Envelope/>",
        envelope(""),
        envelope("text only"),
        "\x00\x01\x02",
        "{}",
        envelope(SERVICE_CONTENT) + "<again/>",
        envelope("<&>"),
        envelope("<a b=c/>"),
        envelope("<x:a/>"),
        envelope("&nosuchentity;"),
    ],
    ids=range(19),
)
def test_what_is_no_soap_request_is_refused(server, body):
    answer = Soap(server).send(body)
    assert 400 <= answer.status_code <= 500
    if answer.status_code == 500:
        assert "Fault" in answer.text and "<faultstring" in answer.text


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe<\x00",
        b"\xef\xbb\xbf",
        b"\xc3\x28",
        b"\x80" * 1000,
        '<?xml version="1.0" encoding="klingon"?><a/>'.encode(),
    ],
    ids=range(5),
)
def test_bytes_that_are_no_text_are_refused(server, raw):
    assert 400 <= Soap(server).send(raw).status_code <= 500


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_honest_encodings_are_understood(server, encoding):
    text = envelope(SERVICE_CONTENT).replace("UTF-8", "UTF-16" if encoding == "utf-16" else "UTF-8")
    charset = "utf-16" if encoding == "utf-16" else "utf-8"
    answer = Soap(server).send(text.encode(encoding), **{"Content-Type": f"text/xml; charset={charset}"})
    assert answer.status_code == 200, answer.text


def test_a_body_of_another_type_is_refused(server):
    for kind in ("image/png", "application/x-www-form-urlencoded"):
        assert 400 <= Soap(server).send(b"\x89PNG", **{"Content-Type": kind}).status_code <= 500


def test_get_on_the_soap_address_is_no_call(server):
    answer = Soap(server).http.get(server.url, timeout=20)
    assert answer.status_code in (200, 400, 404, 405)
    assert "RetrieveServiceContentResponse" not in answer.text


# SOAP: too much


def test_an_entity_bomb_does_not_go_off(soap):
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(10))
    body = (
        f"<?xml version='1.0'?><!DOCTYPE a [{bomb}]>"
        + envelope(call("Rename_Task", ROOT, "<newName>&e9;</newName>")).split("?>", 1)[1]
    )
    answer = soap.send(body)
    assert 400 <= answer.status_code <= 500
    assert len(answer.content) < 10_000


def test_a_file_of_the_server_is_not_read(soap):
    body = (
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + envelope(
            call("FindByInventoryPath", ("SearchIndex", "SearchIndex"), "<inventoryPath>&f;</inventoryPath>")
        ).split("?>", 1)[1]
    )
    answer = soap.send(body)
    assert 400 <= answer.status_code <= 500 and "root:" not in answer.text


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_deep_nesting_is_refused(soap, depth):
    answer = soap.send(envelope(call("Rename_Task", ROOT, "<newName>" + "<a>" * depth + "</a>" * depth + "</newName>")))
    assert 400 <= answer.status_code <= 500


def test_deep_nesting_of_a_type_that_contains_itself_is_refused(soap):
    opened = '<selectSet xsi:type="TraversalSpec"><type>Folder</type><path>childEntity</path>' * 5_000
    start = f'<objectSet><obj type="Folder">group-d1</obj>{opened}{"</selectSet>" * 5_000}</objectSet>'
    spec = f"<specSet><propSet><type>Folder</type><pathSet>name</pathSet></propSet>{start}</specSet>"
    answer = soap.call("RetrieveProperties", ("PropertyCollector", "propertyCollector"), spec)
    assert 400 <= answer.status_code <= 500


def test_an_oversized_body_is_refused_by_its_length_alone(server):
    with wire(server) as connection:
        connection.sendall(
            b"POST /sdk HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 9999999999\r\n\r\n<a>"
        )
        assert connection.recv(1000).split(b" ")[1] == b"413"


def test_an_oversized_body_without_a_length_is_cut_off(server):
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with wire(server) as connection:
        connection.sendall(
            b"POST /sdk HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        with pytest.raises((ConnectionError, ssl.SSLError)):
            for _ in range(1024):
                connection.sendall(chunk)


def test_ten_thousand_attributes_are_refused_or_ignored(soap):
    attributes = " ".join(f'a{number}="x"' for number in range(10_000))
    answer = soap.send(envelope(SERVICE_CONTENT.replace("<_this ", f"<_this {attributes} ")))
    assert answer.status_code in (200, 400, 500)


# SOAP: well-formed and wrong


def test_an_unknown_method_is_named(soap):
    kind, text = fault(soap.call("LaunchRocket", ROOT))
    assert kind in ("MethodNotFound", "InvalidRequest") and "LaunchRocket" in text


def test_a_method_of_another_type_is_named_with_the_receiver(soap):
    kind, text = fault(soap.call("PowerOnVM_Task", ROOT))
    assert kind in ("MethodNotFound", "InvalidRequest") and "PowerOnVM_Task" in text


def test_an_unknown_object_is_named(soap):
    kind, text = fault(soap.call("PowerOnVM_Task", ("VirtualMachine", "vm-999999")))
    assert kind == "ManagedObjectNotFound" and "vm-999999" in text


def test_a_reference_with_the_wrong_type_is_not_found(soap):
    kind, text = fault(soap.call("PowerOnVM_Task", ("VirtualMachine", "group-d1")))
    assert kind in ("ManagedObjectNotFound", "InvalidRequest", "InvalidArgument", "InvalidType") and "group-d1" in text


def test_a_type_that_does_not_exist_is_named(soap):
    kind, text = fault(soap.call("PowerOnVM_Task", ("FlyingMachine", "vm-1")))
    assert (
        kind in ("InvalidType", "InvalidRequest", "InvalidArgument", "ManagedObjectNotFound")
        and "FlyingMachine" in text
    )


def test_a_call_without_its_object_is_an_invalid_request(soap):
    kind, text = fault(soap.send(envelope('<PowerOnVM_Task xmlns="urn:vim25"></PowerOnVM_Task>')))
    assert kind in WRONG and "_this" in text


def test_a_missing_required_argument_is_named(soap):
    kind, text = fault(soap.call("Rename_Task", ROOT))
    assert kind in WRONG and "newName" in text


def test_an_argument_that_does_not_exist_is_named(soap):
    kind, text = fault(soap.call("Rename_Task", ROOT, "<newName>x</newName><colour>red</colour>"))
    assert kind in WRONG and "colour" in text


@pytest.mark.parametrize("value", ["many", "", "99999999999999999999", "1.5"])
def test_a_number_that_is_none_is_named(soap, running_vm, value):
    spec = f"<spec><numCPUs>{value}</numCPUs></spec>"
    kind, text = fault(soap.call("ReconfigVM_Task", running_vm, spec))
    assert kind in WRONG and "numCPUs" in text


def test_a_value_of_a_type_that_does_not_fit_is_named(soap, running_vm):
    spec = '<spec xsi:type="HostConfigSpec"></spec>'
    kind, text = fault(soap.call("ReconfigVM_Task", running_vm, spec))
    assert kind in WRONG and "HostConfigSpec" in text


def test_a_value_of_an_unknown_type_is_named(soap, running_vm):
    spec = '<spec xsi:type="NoSuchSpec"></spec>'
    kind, text = fault(soap.call("ReconfigVM_Task", running_vm, spec))
    assert kind in WRONG and "NoSuchSpec" in text


def test_an_unknown_property_of_a_structure_is_named(soap, running_vm):
    spec = "<spec><horsePower>3</horsePower></spec>"
    kind, text = fault(soap.call("ReconfigVM_Task", running_vm, spec))
    assert kind in WRONG and "horsePower" in text


def test_a_property_set_of_an_unknown_type_is_refused(soap):
    spec = (
        "<specSet><propSet><type>NoSuchType</type><pathSet>name</pathSet></propSet>"
        '<objectSet><obj type="Folder">group-d1</obj></objectSet></specSet><options/>'
    )
    kind, text = fault(soap.call("RetrievePropertiesEx", ("PropertyCollector", "propertyCollector"), spec))
    assert kind in ("InvalidArgument", "InvalidRequest", "InvalidType") and "NoSuchType" in text


def test_a_method_that_the_server_does_not_have_yet_names_itself(soap):
    kind, text = fault(soap.call("QueryHostPatch_Task", ("HostPatchManager", "patchManager")))
    assert kind in ("NotSupported", "NotImplemented", "ManagedObjectNotFound") and text


def test_nothing_is_changed_by_a_refused_request(soap):
    before = soap.send(envelope(SERVICE_CONTENT)).text
    fault(soap.call("Rename_Task", ROOT, "<newName>x</newName><colour>red</colour>"))
    assert soap.send(envelope(SERVICE_CONTENT)).text == before
    answer = soap.call(
        "RetrieveProperties",
        ("PropertyCollector", "propertyCollector"),
        "<specSet><propSet><type>Folder</type><pathSet>name</pathSet></propSet>"
        '<objectSet><obj type="Folder">group-d1</obj></objectSet></specSet>',
    )
    assert ">Datacenters<" in answer.text


def test_faults_repeat_names_without_letting_them_out_of_their_place(soap):
    _, text = fault(soap.call("FindByInventoryPath", ("SearchIndex", "a&lt;b&gt;&amp;c")))
    assert "a&lt;b&gt;&amp;c" in text


# JSON


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b'{"a":1}',
        b'{"newName":7}',
        b'{"newName":{}}',
        b'{"newName":"x","newName":"y"',
        b"\xff\xfe",
        b'{"newName":"\\ud800"}',
        b"[" * 100_000,
        b'{"newName":' * 100_000,
    ],
    ids=range(14),
)
def test_what_is_no_json_request_is_refused_as_json(vijson, body):
    answer = vijson.http.post(
        f"{vijson.base}/Folder/group-d1/Rename_Task",
        data=body,
        timeout=20,
        headers={"Content-Type": "application/json"},
    )
    assert 400 <= answer.status_code <= 500, answer.text
    assert answer.json()["_typeName"] in WRONG


def test_a_wrong_json_field_is_named(vijson):
    answer = vijson.post(ROOT, "Rename_Task", {"newName": "x", "colour": "red"})
    assert 400 <= answer.status_code <= 500 and "colour" in answer.text
    answer = vijson.post(ROOT, "Rename_Task", {"newName": [1]})
    assert 400 <= answer.status_code <= 500 and "newName" in answer.text


def test_an_unknown_json_type_is_named(vijson, running_vm):
    answer = vijson.post(running_vm, "ReconfigVM_Task", {"spec": {"_typeName": "NoSuchSpec"}})
    assert 400 <= answer.status_code <= 500 and "NoSuchSpec" in answer.text


def test_json_of_another_content_type_is_refused(vijson):
    answer = vijson.http.post(
        f"{vijson.base}/Folder/group-d1/Rename_Task",
        data=b"<newName/>",
        timeout=20,
        headers={"Content-Type": "text/xml"},
    )
    assert answer.status_code in (400, 415, 500)


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/Folder",
        "/Folder/group-d1",
        "/Folder/group-d1/name/more",
        "/%00/%ff/%2e%2e",
        "/" + "x" * 5000 + "/y/z",
        "//name",
    ],
)
def test_strange_addresses_are_refused(server, path):
    answer = ViJson(server).http.get(f"{server.root}/sdk/vim25/8.0.1.0{path}", timeout=20)
    assert 400 <= answer.status_code <= 500


# Below HTTP


def wire(server):
    raw = socket.create_connection((server.host, server.port), timeout=10)
    return unverified().wrap_socket(raw, server_hostname=server.host)


def test_a_client_that_vanishes_in_the_middle_of_its_request_is_forgotten(server):
    for sent in (b"", b"POST /sdk HT", b"POST /sdk HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<soap"):
        with wire(server) as connection:
            connection.sendall(sent)


def test_a_client_that_resets_while_it_waits_for_updates_is_forgotten(server, soap):
    body = envelope(call("WaitForUpdatesEx", ("PropertyCollector", "propertyCollector"))).encode()
    cookie = "; ".join(f"{c.name}={c.value}" for c in soap.http.cookies)
    head = (
        f"POST /sdk HTTP/1.1\r\nHost: {server.host}\r\nCookie: {cookie}\r\nContent-Type: text/xml\r\n"
        f"SOAPAction: urn:vim25/8.0.3.0\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for _ in range(20):
        connection = wire(server)
        connection.sendall(head + body)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def test_what_is_no_tls_is_refused(server):
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            assert not connection.recv(1000).startswith(b"HTTP/1.1 200")
        except ConnectionResetError:
            pass


@pytest.mark.parametrize(
    "request_line",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /sdk HTTP/9.9\r\n\r\n",
        b"POST /sdk HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=range(4),
)
def test_what_is_no_http_is_refused(server, request_line):
    with wire(server) as connection:
        try:
            connection.sendall(request_line)
            answer = connection.recv(1000)
        except (ConnectionError, ssl.SSLError):
            answer = b""
    assert answer == b"" or answer.split(b" ")[1].startswith((b"4", b"5"))


def test_a_hundred_idle_connections_do_not_keep_others_out(server):
    idle = [wire(server) for _ in range(100)]
    assert Soap(server).send(envelope(SERVICE_CONTENT)).status_code == 200
    for connection in idle:
        connection.close()
