use std::collections::HashSet;

use vim25::{DataObject, MoRef, Ref, mo::VirtualMachine, types::*};

use crate::vm::{
    default_vm::{Individual, Model},
    devices, guest, hardware,
    object::Place,
    power,
    testing::{PORTGROUP, SWITCH_UUID, World, datastore, host, now},
};

fn individual<'a>(
    number: usize,
    store: &'a crate::vm::surroundings::DatastoreFacts,
    host: &'a crate::vm::surroundings::HostFacts,
) -> Individual<'a> {
    Individual {
        place: Place {
            this: MoRef::new("VirtualMachine", format!("vm-{number}")),
            folder: Some(MoRef::new("Folder", "group-v3")),
            pool: Some(MoRef::new("ResourcePool", "resgroup-8")),
            v_app: None,
            host: host.host.clone(),
            environment_browser: MoRef::new("EnvironmentBrowser", "envbrowser-9"),
        },
        name: format!("DC0_H0_VM{number}").into(),
        datastore: store,
        nic: devices::dvport_backing(SWITCH_UUID.clone(), PORTGROUP, Some(number.to_string().into()), Some(7)),
        network_name: "DC0_DVPG0".into(),
        host,
        ip: Some(format!("10.0.0.{number}").into()),
        seed: 1,
        now: now(),
        cid_taken: &|_| false,
    }
}

pub(super) fn made(number: usize, on: bool) -> VirtualMachine {
    let (store, host) = (datastore("LocalDS_0").unwrap(), host());
    let model = Model::new(&individual(0, &store, &host), on, &World::default());
    model.make(&individual(number, &store, &host), &World::default())
}

fn keys(vm: &VirtualMachine) -> Vec<i32> {
    vm.config.as_ref().unwrap().hardware.device.iter().flatten().map(|d| d.key).collect()
}

#[test]
fn the_default_vm_has_vcenters_device_keys() {
    assert_eq!(keys(&made(1, true)), [200, 201, 300, 100, 400, 600, 700, 500, 12000, 1000, 3000, 2000, 4000]);
}

#[test]
fn every_controller_lists_its_devices() {
    let vm = made(1, true);
    let config = vm.config.unwrap();
    let children = |key: i32| {
        let all = config.hardware.device.as_ref().unwrap();
        let found = all.iter().find(|d| d.key == key).unwrap();
        found.cast::<VirtualController>().unwrap().device.clone().unwrap_or_default()
    };
    assert_eq!(children(hardware::PCI), [500, 12000, 1000, 4000]);
    assert_eq!(children(1000), [2000]);
    assert_eq!(children(200), [3000]);
}

#[test]
fn a_vm_made_from_the_model_is_the_one_that_the_model_would_be_made_from() {
    let (store, host) = (datastore("LocalDS_0").unwrap(), host());
    for on in [false, true] {
        let from_zero = Model::new(&individual(0, &store, &host), on, &World::default());
        let from_one = Model::new(&individual(1, &store, &host), on, &World::default());
        let one = individual(1, &store, &host);
        let (a, b) = (from_zero.make(&one, &World::default()), from_one.make(&one, &World::default()));
        assert_eq!(a, b);
    }
}

#[test]
fn a_running_default_vm_has_a_guest_with_name_address_and_tools() {
    let vm = made(3, true);
    let guest = vm.guest.as_ref().unwrap();
    assert_eq!(guest.host_name.as_deref(), Some("dc0-h0-vm3"));
    assert_eq!(guest.ip_address.as_deref(), Some("10.0.0.3"));
    assert_eq!(guest.tools_running_status.as_deref(), Some("guestToolsRunning"));
    assert_eq!(guest.tools_version.as_deref(), Some(guest::TOOLS_VERSION.to_string().as_str()));
    assert_eq!(vm.guest_heartbeat_status, ManagedEntityStatus::Green);
    let summary = vm.summary.guest.as_ref().unwrap();
    assert_eq!((&summary.ip_address, &summary.host_name), (&guest.ip_address, &guest.host_name));
}

#[test]
fn a_running_vm_has_the_vmci_id_of_its_uuid_and_one_that_never_ran_has_none() {
    let id = |vm: &VirtualMachine| {
        let config = vm.config.clone().unwrap();
        let id = config.hardware.device.iter().flatten().find_map(|d| d.cast::<VirtualMachineVMCIDevice>()).unwrap().id;
        (id, config.uuid.clone())
    };
    let (on, uuid) = id(&made(1, true));
    assert_eq!(on, Some(i64::from(power::first_choice(&uuid).unwrap())));
    assert_eq!(id(&made(1, false)).0, Some(-1));
}

#[test]
fn summary_and_runtime_share_one_object() {
    let vm = made(1, true);
    assert!(vm.summary.runtime.same(&vm.runtime));
    assert_eq!(vm.summary.config.name, vm.name);
    assert_eq!(vm.summary.config.num_ethernet_cards, Some(1));
    assert_eq!(vm.summary.config.num_virtual_disks, Some(1));
}

#[test]
fn storage_files_and_lists_follow_from_the_devices() {
    let vm = made(1, false);
    let files: Vec<_> = vm.layout_ex.as_ref().unwrap().file.iter().flatten().map(|f| f.name.clone()).collect();
    assert!(files.contains(&"[LocalDS_0] DC0_H0_VM1/DC0_H0_VM1-flat.vmdk".into()), "{files:?}");
    assert!(!files.iter().any(|f| f.ends_with(".vswp")));
    let usage = &vm.storage.as_ref().unwrap().per_datastore_usage.as_ref().unwrap()[0];
    assert_eq!(usage.uncommitted, (10 << 30) + (32 << 20));
    assert_eq!(vm.datastore, Some([MoRef::new("Datastore", "datastore-5")].into()));
    assert_eq!(vm.network, Some([MoRef::new("DistributedVirtualPortgroup", PORTGROUP)].into()));
    let running = made(1, true);
    assert!(running.layout.as_ref().unwrap().swap_file.as_ref().unwrap().ends_with(".vswp"));
}

/// Bytes of heap that an object holds and no other one of `seen` does.
fn own_bytes(object: &dyn DataObject, seen: &mut HashSet<usize>) -> usize {
    let fields = 0..object.descriptor().fields.len();
    fields.map(|i| heap(object.get(i), seen)).sum::<usize>() + object.base().map_or(0, |b| own_bytes(b, seen))
}

fn heap(value: Ref<'_>, seen: &mut HashSet<usize>) -> usize {
    match value {
        Ref::Object(shared) => {
            if !seen.insert(std::sync::Arc::as_ptr(shared).cast::<()>() as usize) {
                return 0;
            }
            16 + std::mem::size_of_val(&**shared) + own_bytes(&**shared, seen)
        }
        Ref::List(list) => (0..list.len()).map(|i| inline(list.at(i)) + heap(list.at(i), seen)).sum(),
        Ref::Str(text) => text_bytes(text, seen),
        Ref::MoRef(moref) => text_bytes(&moref.kind, seen) + text_bytes(&moref.id, seen),
        _ => 0,
    }
}

/// What an item of a list takes in the list itself.
fn inline(item: Ref<'_>) -> usize {
    match item {
        Ref::Object(_) => 16,
        Ref::Str(_) => 24,
        Ref::MoRef(_) => 48,
        _ => 8,
    }
}

fn text_bytes(text: &vim25::Str, seen: &mut HashSet<usize>) -> usize {
    if text.is_heap_allocated() && seen.insert(text.as_ptr() as usize) { 16 + text.len() } else { 0 }
}

#[test]
fn a_default_vm_takes_less_than_eight_kibibytes_of_its_own() {
    let (store, host) = (datastore("LocalDS_0").unwrap(), host());
    let model = Model::new(&individual(0, &store, &host), true, &World::default());
    let mut seen = HashSet::new();
    let make = |n| model.make(&individual(n, &store, &host), &World::default());
    let (first, second) = (make(1), make(2));
    own_bytes(&first, &mut seen);
    let bytes = std::mem::size_of::<VirtualMachine>() + own_bytes(&second, &mut seen);
    assert!((4_000..8_192).contains(&bytes), "{bytes}");
}

#[test]
fn vms_of_one_model_share_the_groups_of_fields_that_they_have_in_common() {
    let (store, host) = (datastore("LocalDS_0").unwrap(), host());
    let model = Model::new(&individual(0, &store, &host), true, &World::default());
    let [one, other] = [1, 2].map(|number| model.make(&individual(number, &store, &host), &World::default()));
    assert!(one.base.common.same(&other.base.common) && one.base.base.common.same(&other.base.base.common));
    let (config, like) = (one.config.as_ref().unwrap(), other.config.as_ref().unwrap());
    assert!(config.common.same(&like.common));
    for (device, like) in config.hardware.device.iter().flatten().zip(like.hardware.device.iter().flatten()) {
        assert!(device.common.same(&like.common), "device {}", device.key);
        if let (Some(disk), Some(like)) = (device.cast::<VirtualDisk>(), like.cast::<VirtualDisk>()) {
            assert!(disk.common.same(&like.common));
        }
        if let (Some(card), Some(like)) = (device.cast::<VirtualEthernetCard>(), like.cast::<VirtualEthernetCard>()) {
            assert!(card.common.same(&like.common));
        }
    }
    assert!(one.guest.as_ref().unwrap().common.same(&other.guest.as_ref().unwrap().common));
    assert!(one.summary.config.common.same(&other.summary.config.common));
    let files = |vm: &VirtualMachine| vm.layout_ex.clone().unwrap().file.clone().unwrap_or_default();
    for (file, like) in files(&one).iter().zip(&files(&other)) {
        assert!(file.common.same(&like.common), "{}", file.name);
    }
}
