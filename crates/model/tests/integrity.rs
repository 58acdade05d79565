//! What must hold for every object of every world: references lead somewhere, required values are there.

mod common;

use std::collections::BTreeSet;

use common::{seeded, visit_object, world};
use inventory::Snapshot;
use model::Settings;
use vim25::{DataObject, Kind, MoRef, Ref, mo};

fn everything() -> Settings {
    Settings {
        datacenters: 2,
        folders: 1,
        clusters: 2,
        pools: 1,
        apps: 1,
        datastores: 2,
        pods: 1,
        vms: 1,
        portgroups: 2,
        nsx_portgroups: 1,
        opaque_networks: 1,
        ..Settings::vcenter()
    }
}

fn worlds() -> Vec<Settings> {
    vec![
        Settings::vcenter(),
        Settings::esx(),
        everything(),
        Settings { autostart: false, portgroups: 0, ..Settings::vcenter() },
    ]
}

#[test]
fn no_reference_leads_nowhere() {
    for settings in worlds() {
        let (inventory, _) = world(&settings);
        let world = inventory.snapshot();
        let mut seen = 0;
        for object in world.iter() {
            visit_object(&object.moref.to_string(), &*object.content, &mut |path, value| {
                if let Ref::MoRef(moref) = value {
                    seen += 1;
                    assert!(world.resolve(moref).is_some(), "{path} leads to {moref}, which is not there");
                }
            });
        }
        assert!(seen > 100, "only {seen} references");
    }
}

/// The properties of references hold the type that the schema asks for.
#[test]
fn references_have_the_type_that_their_place_asks_for() {
    let (inventory, _) = world(&everything());
    let world = inventory.snapshot();
    for object in world.iter() {
        for field in object.content.descriptor().all_fields() {
            let Kind::MoRef(asked) = field.kind else { continue };
            let morefs: Vec<MoRef> = match object.content.field(field.name).unwrap() {
                Ref::MoRef(moref) => vec![moref.clone()],
                Ref::List(list) => (0..list.len())
                    .map(|i| match list.at(i) {
                        Ref::MoRef(moref) => moref.clone(),
                        other => panic!("{}.{} holds {other:?}", object.moref, field.name),
                    })
                    .collect(),
                _ => vec![],
            };
            for moref in morefs {
                let target = world.resolve(&moref).unwrap();
                assert_eq!(target.moref.kind, moref.kind, "{}.{}", object.moref, field.name);
                assert!(target.is_kind(asked), "{}.{} leads to {moref}", object.moref, field.name);
            }
        }
    }
}

/// Required texts that may be empty: there is nothing to say.
const MAY_BE_EMPTY: &[&str] = &[
    "changeVersion",
    "costUnit",
    "domainName",
    "ipPoolName",
    "annotation",
    "baseUnits",
    "defaultValue",
    "alternateGuestName",
    "deviceName",
];

/// Every required text, reference and moment in every object, nested ones too, is there.
#[test]
fn every_required_value_is_set() {
    let mut empty = BTreeSet::new();
    for settings in worlds() {
        let (inventory, _) = world(&settings);
        for object in inventory.snapshot().iter() {
            required(&object.moref.kind, &*object.content, &mut empty);
        }
    }
    assert!(empty.is_empty(), "{empty:#?}");
}

fn required(path: &str, object: &dyn DataObject, empty: &mut BTreeSet<String>) {
    if let Some(base) = object.base() {
        required(path, base, empty);
    }
    for (index, field) in object.descriptor().fields.iter().enumerate() {
        let path = format!("{path}.{}", field.name);
        let missing = match object.get(index) {
            Ref::Str(text) | Ref::Uri(text) => text.is_empty() && !MAY_BE_EMPTY.contains(&field.name),
            Ref::MoRef(moref) => moref.id.is_empty(),
            Ref::DateTime(moment) => moment.micros() == 0,
            _ => false,
        };
        if missing && !field.optional && !field.list {
            empty.insert(path.clone());
        }
        nested(&path, object.get(index), empty);
    }
}

fn nested(path: &str, value: Ref<'_>, empty: &mut BTreeSet<String>) {
    match value {
        Ref::Object(object) => {
            assert!(!is_abstract(&**object), "{path} holds a bare {}", object.descriptor().name);
            required(path, &**object, empty);
        }
        Ref::List(list) => (0..list.len()).for_each(|i| nested(path, list.at(i), empty)),
        _ => {}
    }
}

/// Types of which only subtypes mean something.
fn is_abstract(object: &dyn DataObject) -> bool {
    const ABSTRACT: &[&str] = &[
        "DVSUplinkPortPolicy",
        "DistributedVirtualSwitchHostMemberBacking",
        "HostVirtualSwitchBridge",
        "LicenseSource",
        "VirtualDevice",
        "VirtualController",
        "VirtualDeviceBackingInfo",
        "HostFileSystemVolume",
        "HostHostBusAdapter",
        "DatastoreInfo",
        "DVSHealthCheckConfig",
        "ClusterDasAdmissionControlPolicy",
    ];
    ABSTRACT.contains(&object.descriptor().name)
}

fn text_of(world: &Snapshot) -> Vec<String> {
    let mut all: Vec<String> = world.iter().map(|o| format!("{} {:?}", o.moref, o.content)).collect();
    all.sort();
    all
}

#[test]
fn equal_seeds_make_equal_worlds_and_other_seeds_others() {
    let one = text_of(&seeded(&everything(), 7).0.snapshot());
    let same = text_of(&seeded(&everything(), 7).0.snapshot());
    let other = text_of(&seeded(&everything(), 8).0.snapshot());
    assert!(one == same);
    assert!(one != other);
}

/// Both sides of every relation agree: what an object lists names it back.
#[test]
fn lists_and_what_they_list_agree() {
    let (inventory, lab) = world(&everything());
    let world = inventory.snapshot();
    let has = |list: &Option<vim25::MoRefs>, moref: &MoRef| list.iter().flatten().filter(|m| *m == moref).count();
    for moref in &lab.vms {
        let vm = world.get::<mo::VirtualMachine>(moref).unwrap();
        let host = world.get::<mo::HostSystem>(vm.runtime.host.as_ref().unwrap()).unwrap();
        assert_eq!(has(&host.vm, moref), 1);
        let pool = world.get::<mo::ResourcePool>(vm.resource_pool.as_ref().unwrap()).unwrap();
        assert_eq!(has(&pool.vm, moref), 1);
        assert_eq!(has(&world.get::<mo::Folder>(vm.parent.as_ref().unwrap()).unwrap().child_entity, moref), 1);
        for datastore in vm.datastore.as_ref().unwrap() {
            assert_eq!(has(&world.get::<mo::Datastore>(datastore).unwrap().vm, moref), 1);
            assert_eq!(has(&host.datastore, datastore), 1);
        }
        assert_eq!(vm.network.as_ref().unwrap().len(), 1);
        for network in vm.network.as_ref().unwrap() {
            assert_eq!(has(&world.get::<mo::Network>(network).unwrap().vm, moref), 1);
            assert_eq!(has(&host.network, network), 1);
        }
        // The pool belongs to the compute resource of the host.
        assert_eq!(host.parent.as_ref(), Some(&pool.owner));
    }
    let machines: usize = common::of_kind(&world, "HostSystem")
        .iter()
        .map(|h| world.get::<mo::HostSystem>(&h.moref).unwrap().vm.as_ref().unwrap().len())
        .sum();
    assert_eq!(machines, lab.vms.len());
}

/// No two virtual machines share a port, an address or an identity.
#[test]
fn machines_are_told_apart() {
    let (inventory, lab) = world(&Settings { vms: 20, ..Settings::vcenter() });
    let world = inventory.snapshot();
    let mut seen = BTreeSet::new();
    for moref in &lab.vms {
        let vm = world.get::<mo::VirtualMachine>(moref).unwrap();
        let config = vm.config.as_ref().unwrap();
        let card = config.hardware.device.iter().flatten().find_map(|d| d.cast::<vim25::types::VirtualEthernetCard>());
        let card = card.unwrap();
        let port = card.backing.as_ref().unwrap();
        let port = port.cast::<vim25::types::VirtualEthernetCardDistributedVirtualPortBackingInfo>().unwrap();
        let facts = [
            config.uuid.to_string(),
            config.instance_uuid.clone().unwrap().to_string(),
            card.mac_address.clone().unwrap().to_string(),
            format!("port {}", port.port.port_key.as_ref().unwrap()),
            vm.guest.as_ref().unwrap().ip_address.clone().unwrap().to_string(),
        ];
        for fact in facts {
            assert!(seen.insert(fact.clone()), "{fact} twice");
        }
        let group = vm.network.as_ref().unwrap()[0].clone();
        let group = world.get::<mo::DistributedVirtualPortgroup>(&group).unwrap();
        assert!(group.port_keys.as_ref().unwrap().contains(port.port.port_key.as_ref().unwrap()));
    }
}
