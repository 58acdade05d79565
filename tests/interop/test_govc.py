"""govc, unmodified, as a person types it."""

import json
import re
import time

import pytest

VM = "/DC0/vm/DC0_H0_VM0"


@pytest.fixture
def own_vm(govc, name):
    """The inventory path of a VM that govc creates and destroys."""
    govc(
        "vm.create",
        "-on=false",
        "-pool",
        "DC0_C0/Resources",
        "-ds",
        "LocalDS_0",
        "-net",
        "VM Network",
        "-disk",
        "1GB",
        "-c",
        "1",
        "-m",
        "128",
        name,
    )
    path = f"/DC0/vm/{name}"
    yield path
    if govc.run("vm.info", path).stdout.strip():
        govc("vm.destroy", path)


def fields(text):
    """The `Name:  value` lines of govc as a dictionary."""
    return dict(re.findall(r"^\s*([^:\n]+):\s*(.*?)\s*$", text, re.M))


# Looking around


def test_about_names_the_product(govc):
    about = fields(govc("about"))
    assert about["API type"] == "VirtualCenter" and about["API version"] == "8.0.3.0" and about["Version"] == "8.0.3"


def test_ls_shows_the_datacenter_and_what_is_in_it(govc):
    assert set(govc("ls").split()) == {"/DC0/vm", "/DC0/network", "/DC0/host", "/DC0/datastore"}
    assert VM in govc("ls", "/DC0/vm").split()
    assert set(govc("ls", "/DC0/host/DC0_C0").split()) >= {
        f"/DC0/host/DC0_C0/{child}" for child in ("DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2", "Resources")
    }


def test_ls_long_shows_types(govc):
    assert govc("ls", "-l", "/DC0/datastore").strip() == "/DC0/datastore/LocalDS_0 (Datastore)"


@pytest.mark.parametrize(
    "kind,expected",
    [
        ("h", ["DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2", "DC0_H0"]),
        ("d", ["DC0"]),
        ("s", ["LocalDS_0"]),
        ("c", ["DC0_C0"]),
    ],
)
def test_find_lists_objects_of_a_type(govc, kind, expected):
    assert sorted(path.rsplit("/", 1)[-1] for path in govc("find", "/", "-type", kind).splitlines()) == expected


def test_find_filters_by_properties(govc):
    found = govc("find", "/", "-type", "m", "-runtime.powerState", "poweredOn", "-name", "DC0_H0_*").split()
    assert sorted(found) == ["/DC0/vm/DC0_H0_VM0", "/DC0/vm/DC0_H0_VM1"]


def test_tree_shows_the_inventory_as_a_tree(govc):
    tree = govc("tree", "/DC0")
    for name in ("vm", "host", "DC0_C0_H1", "DC0_H0_VM0", "LocalDS_0", "DC0_DVPG0"):
        assert name in tree


def test_host_datastore_and_pool_info_show_their_numbers(govc):
    host = fields(govc("host.info", "DC0_H0"))
    assert host["Name"] == "DC0_H0" and "CPUs" in host["Logical CPUs"] and "MB" in host["Memory"]
    store = fields(govc("datastore.info", "LocalDS_0"))
    assert store["Name"] == "LocalDS_0" and "GB" in store["Capacity"]
    pool = fields(govc("pool.info", "/DC0/host/DC0_C0/Resources"))
    assert pool["Name"] == "Resources" and "CPU Shares" in pool


def test_json_output_is_the_api_itself(govc):
    [vm] = json.loads(govc("vm.info", "-json", VM))["virtualMachines"]
    assert vm["name"] == "DC0_H0_VM0" and vm["config"]["hardware"]["numCPU"] >= 1
    [host] = json.loads(govc("host.info", "-json", "DC0_H0"))["hostSystems"]
    assert host["summary"]["config"]["product"]["version"] == "8.0.3"


def test_an_object_that_is_not_there_is_not_found(govc):
    done = govc.run("datastore.info", "nobody")
    assert done.returncode != 0 and "nobody" in done.stderr


# The life of a VM


def test_vm_create_makes_what_was_asked_for(govc, own_vm, name):
    info = fields(govc("vm.info", own_vm))
    assert (info["Name"], info["Power state"], info["CPU"], info["Memory"]) == (
        name,
        "poweredOff",
        "1 vCPU(s)",
        "128MB",
    )
    devices = govc("device.ls", "-vm", own_vm)
    for device in ("ethernet-0", "disk-1000-0", "vmci-12000", "ide-200", "pci-100"):
        assert device in devices


def test_vm_power_goes_through_every_state(govc, own_vm):
    for flag, state in [
        ("-on", "poweredOn"),
        ("-suspend", "suspended"),
        ("-on", "poweredOn"),
        ("-reset", "poweredOn"),
        ("-off", "poweredOff"),
    ]:
        govc("vm.power", flag, own_vm)
        assert fields(govc("vm.info", own_vm))["Power state"] == state
    again = govc.run("vm.power", "-off", own_vm)
    assert again.returncode != 0 and "state" in again.stderr


def test_vm_change_changes_cpus_memory_name_and_extra_config(govc, own_vm):
    govc("vm.change", "-vm", own_vm, "-c", "4", "-m", "1024", "-e", "guestinfo.colour=blue", "-annotation", "a note")
    [vm] = json.loads(govc("vm.info", "-json", own_vm))["virtualMachines"]
    assert (vm["config"]["hardware"]["numCPU"], vm["config"]["hardware"]["memoryMB"]) == (4, 1024)
    assert vm["config"]["annotation"] == "a note"
    options = {option["key"]: option["value"] for option in vm["config"]["extraConfig"]}
    assert options["guestinfo.colour"] == "blue"


def test_vm_create_can_power_on_and_destroy_removes_a_running_vm(govc, name):
    govc("vm.create", "-on", "-pool", "DC0_C0/Resources", "-ds", "LocalDS_0", "-net", "DC0_DVPG0", name)
    assert fields(govc("vm.info", name))["Power state"] == "poweredOn"
    govc("vm.destroy", name)
    assert name not in govc("ls", "/DC0/vm")


# Devices


def test_device_info_shows_label_summary_key_and_controller(govc, own_vm):
    disk = fields(govc("device.info", "-vm", own_vm, "disk-1000-0"))
    assert disk["Type"] == "VirtualDisk" and disk["Label"] == "Hard disk 1" and disk["Key"] == "2000"
    vmci = fields(govc("device.info", "-vm", own_vm, "vmci-12000"))
    assert vmci["Key"] == "12000" and vmci["Controller"] == "pci-100"
    card = fields(govc("device.info", "-vm", own_vm, "ethernet-0"))
    assert card["Key"] == "4000" and card["MAC Address"].startswith("00:50:56:")


def test_devices_are_added_and_removed(govc, own_vm):
    govc("vm.network.add", "-vm", own_vm, "-net", "DC0_DVPG0", "-net.adapter", "vmxnet3")
    assert "ethernet-1" in govc("device.ls", "-vm", own_vm)
    cdrom = govc("device.cdrom.add", "-vm", own_vm).strip()
    assert cdrom in govc("device.ls", "-vm", own_vm)
    scsi = govc("device.scsi.add", "-vm", own_vm, "-type", "pvscsi").strip()
    assert scsi == "pvscsi-1001"
    govc("device.remove", "-vm", own_vm, "ethernet-1", cdrom, scsi)
    left = govc("device.ls", "-vm", own_vm)
    assert "ethernet-1" not in left and cdrom not in left and scsi not in left


def test_a_disk_is_added_by_vm_disk_create(govc, own_vm, name):
    govc("vm.disk.create", "-vm", own_vm, "-name", f"{name}/second", "-size", "2GB")
    assert "disk-1000-1" in govc("device.ls", "-vm", own_vm)


# What happened


def test_events_and_tasks_tell_what_happened(govc, own_vm, name):
    govc("vm.power", "-on", own_vm)
    events = govc("events", own_vm)
    assert "created" in events.lower() and "powered on" in events.lower()
    tasks = govc("tasks", "-n", "50", own_vm)
    assert "PowerOn" in tasks.replace(" ", "") and "success" in tasks


def test_session_ls_shows_this_session_and_its_user(govc):
    listing = govc("session.ls")
    assert "user" in listing and "govc" in listing
    assert json.loads(govc("session.ls", "-json"))


def test_session_rm_ends_another_session(govc, connect):
    key = connect().content.sessionManager.currentSession.key
    assert key in govc("session.ls")
    govc("session.rm", key)
    assert key not in govc("session.ls")


# Collecting


def test_collect_reads_properties(govc):
    assert govc("object.collect", "-s", VM, "runtime.powerState").strip() == "poweredOn"
    everything = govc("object.collect", VM)
    assert "DC0_H0_VM0" in everything and "VirtualMachineRuntimeInfo" in everything
    assert govc("object.collect", "-s", VM, "config.hardware.device[4000].macAddress").strip().count(":") == 5


def test_collect_refuses_a_property_that_is_not_there(govc):
    done = govc.run("object.collect", "-s", VM, "noSuchProp")
    assert done.returncode != 0 and "nvalid" in done.stderr


def test_collect_waits_for_updates(govc, own_vm):
    waiting = govc.start("object.collect", "-n", "1", "-s", own_vm, "runtime.powerState")
    try:
        assert waiting.stdout.readline().strip() == "poweredOff"
        govc("vm.power", "-on", own_vm)
        assert waiting.stdout.readline().strip() == "poweredOn"
        assert waiting.wait(10) == 0
    finally:
        waiting.kill()
        waiting.communicate()


def test_collect_gives_up_after_the_given_time(govc):
    start = time.monotonic()
    govc.run("object.collect", "-n", "1", "-wait", "1s", "-s", VM, "runtime.powerState")
    assert time.monotonic() - start < 15


# Folders and pools


def test_folders_are_created_shown_and_destroyed(govc, name):
    path = f"/DC0/vm/{name}"
    govc("folder.create", path)
    try:
        info = fields(govc("folder.info", path))
        assert (info["Name"], info["Path"]) == (name, path)
        assert govc.run("folder.create", path).returncode != 0
    finally:
        govc("object.destroy", path)
    assert path not in govc("ls", "/DC0/vm").split()


def test_a_logged_in_session_is_kept_between_calls(govc):
    before = len(json.loads(govc("session.ls", "-json"))["sessionList"])
    for _ in range(3):
        govc("about")
    assert len(json.loads(govc("session.ls", "-json"))["sessionList"]) == before
