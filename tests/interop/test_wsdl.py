"""Clients that know nothing of vSphere but what the served WSDL says: zeep and suds."""

import urllib.request

import pytest
import requests
import suds
import suds.client
import suds.transport.https
import zeep

from harness import unverified


@pytest.fixture(scope="module")
def zeep_client(server):
    """zeep with its WSDL, parsed once."""
    http = requests.Session()
    http.verify = False
    http.trust_env = False
    return zeep.Client(
        f"{server.root}/sdk/vimService.wsdl",
        transport=zeep.Transport(session=http, timeout=30),
        settings=zeep.Settings(strict=True),
    )


@pytest.fixture
def vim25(zeep_client):
    """zeep's operations, logged in, and its type factory."""
    service = zeep_client.service
    types = zeep_client.type_factory("urn:vim25")
    content = service.RetrieveServiceContent(types.ManagedObjectReference("ServiceInstance", type="ServiceInstance"))
    service.Login(content.sessionManager, "user", "pass")
    yield service, types, content
    service.Logout(content.sessionManager)


class Unverified(suds.transport.https.HttpTransport):
    """suds over TLS without a look at the certificate, with cookies."""

    def u2handlers(self):
        return [*super().u2handlers(), urllib.request.HTTPSHandler(context=unverified())]


@pytest.fixture(scope="module")
def suds_client(server):
    return suds.client.Client(
        f"{server.root}/sdk/vimService.wsdl", location=server.url, transport=Unverified(timeout=30), cache=None
    )


def suds_reference(client, kind, value):
    reference = suds.sudsobject.Property(value)
    reference._type = kind
    return reference


@pytest.mark.parametrize("path", ["/sdk/vimService.wsdl", "/sdk/vimService?wsdl", "/sdk?wsdl"])
def test_the_wsdl_is_served_where_clients_look_for_it(server, path):
    answer = requests.get(server.root + path, verify=False, timeout=20)
    assert answer.status_code == 200, path
    assert "xml" in answer.headers["Content-Type"]
    assert b"<" in answer.content and b"definitions" in answer.content


def test_the_versions_document_names_the_namespaces_and_versions(server):
    answer = requests.get(f"{server.root}/sdk/vimServiceVersions.xml", verify=False, timeout=20)
    assert answer.status_code == 200
    assert "<name>urn:vim25</name>" in answer.text and "<version>8.0.3.0</version>" in answer.text
    assert "<priorVersions>" in answer.text


def test_zeep_knows_every_method_of_the_api(zeep_client):
    operations = set(zeep_client.service._binding.all())
    assert {
        "RetrieveServiceContent",
        "Login",
        "RetrievePropertiesEx",
        "WaitForUpdatesEx",
        "CreateVM_Task",
        "PowerOnVM_Task",
        "QueryEvents",
    } <= operations
    assert len(operations) > 900


def test_zeep_reads_who_the_server_is(vim25):
    _, _, content = vim25
    assert content.about.apiType == "VirtualCenter"
    assert content.about.apiVersion == "8.0.3.0"
    assert content.rootFolder.type == "Folder"


def test_zeep_reads_properties_with_their_derived_types(vim25):
    service, types, content = vim25
    spec = types.PropertyFilterSpec(
        propSet=[types.PropertySpec(type="VirtualMachine", pathSet=["name", "config.hardware", "runtime.powerState"])],
        objectSet=[types.ObjectSpec(obj=find(service, types, content, "DC0/vm/DC0_H0_VM0"))],
    )
    result = service.RetrievePropertiesEx(content.propertyCollector, [spec], types.RetrieveOptions())
    values = {prop.name: prop.val for prop in result.objects[0].propSet}
    assert values["name"] == "DC0_H0_VM0"
    kinds = {type(device).__name__ for device in values["config.hardware"].device}
    assert {"VirtualDisk", "VirtualMachineVMCIDevice", "VirtualPCIController"} <= kinds


def find(service, types, content, path):
    return service.FindByInventoryPath(content.searchIndex, path)


def test_zeep_creates_changes_and_destroys_a_vm(vim25, name):
    service, types, content = vim25
    pool = find(service, types, content, "DC0/host/DC0_C0/Resources")
    spec = types.VirtualMachineConfigSpec(
        name=name,
        guestId="otherGuest64",
        numCPUs=1,
        memoryMB=128,
        files=types.VirtualMachineFileInfo(vmPathName="[LocalDS_0]"),
        deviceChange=[
            types.VirtualDeviceConfigSpec(
                operation="add",
                device=types.VirtualVmxnet3(
                    key=-1, backing=types.VirtualEthernetCardNetworkBackingInfo(deviceName="VM Network")
                ),
            )
        ],
    )
    wait(vim25, service.CreateVM_Task(find(service, types, content, "DC0/vm"), spec, pool))
    vm = find(service, types, content, f"DC0/vm/{name}")
    wait(vim25, service.PowerOnVM_Task(vm))
    wait(vim25, service.PowerOffVM_Task(vm))
    wait(vim25, service.Destroy_Task(vm))
    assert find(service, types, content, f"DC0/vm/{name}") is None


def wait(client, task):
    """Wait for a task by a filter on its state."""
    service, types, content = client
    collector = service.CreatePropertyCollector(content.propertyCollector)
    spec = types.PropertyFilterSpec(
        propSet=[types.PropertySpec(type="Task", pathSet=["info.state"])], objectSet=[types.ObjectSpec(obj=task)]
    )
    service.CreateFilter(collector, spec, False)
    version, state = "", None
    while state not in ("success", "error"):
        update = service.WaitForUpdatesEx(collector, version, types.WaitOptions(maxWaitSeconds=10))
        version = update.version
        state = update.filterSet[0].objectSet[0].changeSet[-1].val
    service.DestroyPropertyCollector(collector)
    assert state == "success"


def test_zeep_gets_faults_as_faults(vim25, zeep_client):
    service, types, content = vim25
    gone = types.ManagedObjectReference("vm-999999", type="VirtualMachine")
    with pytest.raises(zeep.exceptions.Fault) as refused:
        service.PowerOnVM_Task(gone)
    assert refused.value.detail[0].tag.endswith("Fault")


def test_suds_logs_in_and_reads_properties(suds_client):
    service = suds_client.service
    content = service.RetrieveServiceContent(suds_reference(suds_client, "ServiceInstance", "ServiceInstance"))
    session = service.Login(content.sessionManager, "user", "pass")
    assert session.key
    make = suds_client.factory.create
    props = make("ns0:PropertySpec")
    props.type, props.pathSet, props.all = "Folder", ["name", "childEntity"], False
    start = make("ns0:ObjectSpec")
    start.obj, start.skip, start.selectSet = content.rootFolder, False, []
    spec = make("ns0:PropertyFilterSpec")
    spec.propSet, spec.objectSet = [props], [start]
    result = service.RetrievePropertiesEx(content.propertyCollector, [spec], make("ns0:RetrieveOptions"))
    values = {prop.name: prop.val for prop in result.objects[0].propSet}
    assert str(values["name"]) == "Datacenters"
    assert len(values["childEntity"].ManagedObjectReference) == 1
    service.Logout(content.sessionManager)


def test_suds_gets_faults_as_faults(suds_client):
    with pytest.raises(suds.WebFault):
        suds_client.service.CurrentTime(suds_reference(suds_client, "ServiceInstance", "no-such-instance"))
