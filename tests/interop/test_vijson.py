"""VI/JSON by plain HTTP, as curl or any script without a library speaks it."""

import pytest
import requests

from harness import ViJson
from vsphere import done


@pytest.fixture
def anonymous(server):
    return ViJson(server)


def reference(kind, value):
    return {"_typeName": "ManagedObjectReference", "type": kind, "value": value}


def fault_of(answer):
    """(status, type of the fault) of an answer that must be a fault."""
    assert answer.status_code >= 400, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.status_code, answer.json()["_typeName"]


def find(vijson, path):
    """The object at an inventory path."""
    answer = vijson.post(vijson.content()["searchIndex"], "FindByInventoryPath", {"inventoryPath": path})
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait(vijson, task):
    """The info of a finished task, waited for by a filter on its state."""
    collector = vijson.post(vijson.content()["propertyCollector"], "CreatePropertyCollector").json()
    vijson.post(
        collector,
        "CreateFilter",
        {
            "partialUpdates": False,
            "spec": {
                "_typeName": "PropertyFilterSpec",
                "propSet": [{"_typeName": "PropertySpec", "type": "Task", "pathSet": ["info.state"]}],
                "objectSet": [{"_typeName": "ObjectSpec", "obj": task}],
            },
        },
    )
    version, state = "", None
    while state not in ("success", "error"):
        update = vijson.post(
            collector,
            "WaitForUpdatesEx",
            {"version": version, "options": {"_typeName": "WaitOptions", "maxWaitSeconds": 10}},
        ).json()
        version = update["version"]
        state = update["filterSet"][0]["objectSet"][0]["changeSet"][-1]["val"]["_value"]
    vijson.post(collector, "DestroyPropertyCollector")
    return vijson.get(task, "info").json()


# Sessions


def test_the_service_content_needs_no_session(anonymous):
    content = anonymous.content()
    assert content["_typeName"] == "ServiceContent"
    assert content["rootFolder"] == reference("Folder", "group-d1")
    assert content["about"]["apiType"] == "VirtualCenter"


def test_login_gives_the_session_and_its_header(anonymous):
    session = anonymous.login("alice", "secret")
    assert session["_typeName"] == "UserSession" and session["userName"].lower().endswith("alice")
    current = anonymous.get(anonymous.content()["sessionManager"], "currentSession").json()
    assert current["key"] == session["key"]


def test_without_a_session_everything_else_is_unauthenticated(anonymous):
    status, kind = fault_of(anonymous.get(("Folder", "group-d1"), "name"))
    assert kind == "NotAuthenticated" and status in (401, 500)


def test_a_header_that_names_no_session_is_unauthenticated(anonymous):
    anonymous.http.headers["vmware-api-session-id"] = "no-such-session"
    assert fault_of(anonymous.get(("Folder", "group-d1"), "name"))[1] == "NotAuthenticated"


def test_bad_credentials_are_an_invalid_login(fresh_server):
    client = ViJson(fresh_server("--username", "operator", "--password", "s3cret"))
    answer = client.post(("SessionManager", "SessionManager"), "Login", {"userName": "operator", "password": "wrong"})
    assert fault_of(answer)[1] == "InvalidLogin"
    assert "vmware-api-session-id" not in answer.headers


def test_logout_ends_the_session(anonymous):
    anonymous.login()
    answer = anonymous.post(("SessionManager", "SessionManager"), "Logout")
    assert answer.status_code in (200, 204) and not answer.content
    assert fault_of(anonymous.get(("Folder", "group-d1"), "name"))[1] == "NotAuthenticated"


# Properties and methods


def test_a_property_is_a_resource(vijson):
    assert vijson.get(("Folder", "group-d1"), "name").json() == "Datacenters"
    children = vijson.get(("Folder", "group-d1"), "childEntity").json()
    assert [child["type"] for child in children] == ["Datacenter"]


def test_an_unset_property_is_empty(vijson):
    answer = vijson.get(("Folder", "group-d1"), "parent")
    assert (answer.status_code, answer.content) == (204, b"")


def test_polymorphic_values_name_their_type_and_any_values_their_kind(vijson):
    vm = find(vijson, "DC0/vm/DC0_H0_VM0")
    config = vijson.get(vm, "config").json()
    kinds = {device["_typeName"] for device in config["hardware"]["device"]}
    assert {"VirtualDisk", "VirtualMachineVMCIDevice", "VirtualPCIController"} <= kinds
    assert all(option["value"]["_typeName"] == "string" for option in config["extraConfig"])


def test_the_collector_answers_with_typed_values(vijson):
    spec = {
        "_typeName": "PropertyFilterSpec",
        "propSet": [
            {
                "_typeName": "PropertySpec",
                "type": "VirtualMachine",
                "pathSet": ["name", "config.hardware.numCPU", "runtime.powerState", "datastore"],
            }
        ],
        "objectSet": [{"_typeName": "ObjectSpec", "obj": find(vijson, "DC0/vm/DC0_H0_VM0")}],
    }
    answer = vijson.post(
        vijson.content()["propertyCollector"],
        "RetrievePropertiesEx",
        {"specSet": [spec], "options": {"_typeName": "RetrieveOptions"}},
    )
    assert answer.status_code == 200, answer.text
    values = {prop["name"]: prop["val"] for prop in answer.json()["objects"][0]["propSet"]}
    assert values["name"] == {"_typeName": "string", "_value": "DC0_H0_VM0"}
    assert values["config.hardware.numCPU"]["_typeName"] == "int"
    assert values["runtime.powerState"] == {"_typeName": "VirtualMachinePowerState", "_value": "poweredOn"}
    assert values["datastore"]["_typeName"] == "ArrayOfManagedObjectReference"
    assert [ref["type"] for ref in values["datastore"]["_value"]] == ["Datastore"]


def test_type_names_of_arguments_may_be_left_out_where_only_one_type_fits(vijson):
    spec = {
        "propSet": [{"type": "Folder", "pathSet": ["name"]}],
        "objectSet": [{"obj": {"type": "Folder", "value": "group-d1"}}],
    }
    answer = vijson.post(
        vijson.content()["propertyCollector"], "RetrievePropertiesEx", {"specSet": [spec], "options": {}}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["objects"][0]["propSet"][0]["val"]["_value"] == "Datacenters"


def test_times_are_iso_8601_in_utc(vijson):
    now = vijson.post(("ServiceInstance", "ServiceInstance"), "CurrentTime").json()
    text = now if isinstance(now, str) else now["_value"]
    assert text.endswith("Z") and text[10] == "T"


def test_a_vm_lives_over_json(vijson, name):
    spec = {
        "_typeName": "VirtualMachineConfigSpec",
        "name": name,
        "guestId": "otherGuest64",
        "numCPUs": 1,
        "memoryMB": 128,
        "files": {"_typeName": "VirtualMachineFileInfo", "vmPathName": "[LocalDS_0]"},
        "deviceChange": [
            {
                "_typeName": "VirtualDeviceConfigSpec",
                "operation": "add",
                "device": {
                    "_typeName": "VirtualVmxnet3",
                    "key": -1,
                    "backing": {"_typeName": "VirtualEthernetCardNetworkBackingInfo", "deviceName": "VM Network"},
                },
            }
        ],
    }
    task = vijson.post(
        find(vijson, "DC0/vm"), "CreateVM_Task", {"config": spec, "pool": find(vijson, "DC0/host/DC0_C0/Resources")}
    ).json()
    info = wait(vijson, task)
    assert info["state"] == "success", info
    vm = info["result"]
    assert vm["type"] == "VirtualMachine"
    for method, state in [
        ("PowerOnVM_Task", "poweredOn"),
        ("SuspendVM_Task", "suspended"),
        ("PowerOffVM_Task", "poweredOff"),
    ]:
        assert wait(vijson, vijson.post(vm, method).json())["state"] == "success"
        assert vijson.get(vm, "runtime").json()["powerState"] == state
    devices = vijson.get(vm, "config").json()["hardware"]["device"]
    assert {4000: "VirtualVmxnet3", 12000: "VirtualMachineVMCIDevice"}.items() <= {
        device["key"]: device["_typeName"] for device in devices
    }.items()
    assert wait(vijson, vijson.post(vm, "Destroy_Task").json())["state"] == "success"
    assert fault_of(vijson.get(vm, "name"))[1] == "ManagedObjectNotFound"


# Both languages, one server


def test_what_soap_changes_json_sees(vijson, vm):
    done(vm.Rename_Task("renamed by SOAP"))
    assert vijson.get(("VirtualMachine", vm._moId), "name").json() == "renamed by SOAP"


def test_what_json_changes_soap_sees(vijson, vm):
    task = vijson.post(("VirtualMachine", vm._moId), "Rename_Task", {"newName": "renamed by JSON"}).json()
    assert wait(vijson, task)["state"] == "success"
    assert vm.name == "renamed by JSON"


def test_a_list_that_is_empty_is_an_empty_list(vijson):
    assert vijson.get(find(vijson, "DC0/vm/DC0_H0_VM0"), "customValue").json() == []


# Releases and addresses


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.2.0", "8.0.3.0"])
def test_every_release_since_8_0_1_is_served(server, release):
    assert ViJson(server, release).content()["about"]["apiVersion"] == "8.0.3.0"


@pytest.mark.parametrize("release", ["7.0.0.0", "8.0.0.0", "99.0.0.0", "latest", ""])
def test_a_release_that_is_not_served_is_not_found(server, release):
    assert ViJson(server, release).get(("ServiceInstance", "ServiceInstance"), "content").status_code == 404


@pytest.mark.parametrize(
    "mo,name,kind",
    [
        (("VirtualMachine", "vm-999999"), "name", "ManagedObjectNotFound"),
        (("Folder", "group-d1"), "noSuchProperty", "InvalidProperty"),
        (("NoSuchType", "x-1"), "name", None),
    ],
)
def test_a_property_that_is_not_there_is_refused(vijson, mo, name, kind):
    answer = vijson.get(mo, name)
    assert 400 <= answer.status_code < 600
    assert kind is None or fault_of(answer)[1] == kind


@pytest.mark.parametrize(
    "mo,name,kinds",
    [
        (("VirtualMachine", "vm-999999"), "PowerOnVM_Task", {"ManagedObjectNotFound"}),
        (("Folder", "group-d1"), "NoSuchMethod", {"MethodNotFound", "InvalidRequest"}),
        (("Folder", "group-d1"), "PowerOnVM_Task", {"MethodNotFound", "InvalidRequest"}),
    ],
)
def test_a_method_that_is_not_there_is_refused(vijson, mo, name, kinds):
    assert fault_of(vijson.post(mo, name))[1] in kinds


def test_a_wrong_http_method_is_refused(vijson):
    answer = requests.delete(f"{vijson.base}/Folder/group-d1/name", verify=False, timeout=20)
    assert answer.status_code in (404, 405)
