use vim25::{MoRef, Obj, args, mo, types::LicenseManagerLicenseInfo};

use crate::testing::{World, moref, refused};

const KEY: &str = "AAAAA-BBBBB-CCCCC-DDDDD-00001";

fn manager() -> MoRef {
    moref("LicenseManager", "LicenseManager")
}

fn assignments() -> MoRef {
    moref("LicenseAssignmentManager", "LicenseAssignmentManager")
}

/// A world in its evaluation.
fn world() -> World {
    let world = World::new();
    let evaluation = LicenseManagerLicenseInfo { edition_key: "eval".into(), ..Default::default() };
    world.commit(|tx| {
        tx.insert(assignments(), mo::LicenseAssignmentManager::default());
        tx.edit::<mo::LicenseManager>(&manager()).unwrap().licenses = vec![evaluation.into()];
    });
    world
}

fn keys(world: &World) -> Vec<String> {
    world.get::<mo::LicenseManager>(&manager()).licenses.iter().map(|l| l.license_key.to_string()).collect()
}

fn editions(world: &World, id: Option<&str>) -> Vec<(String, String)> {
    let query = args::QueryAssignedLicenses { entity_id: id.map(Into::into) };
    let found = world.call(&assignments(), query).unwrap().unwrap();
    found.iter().map(|a| (a.entity_id.to_string(), a.assigned_license.edition_key.to_string())).collect()
}

#[test]
fn a_license_is_added_once_labelled_and_removed() {
    let world = world();
    let add = |key: &str| world.call(&manager(), args::AddLicense { license_key: key.into(), labels: None });
    add(KEY).unwrap();
    add(KEY).unwrap();
    assert_eq!(keys(&world), ["", KEY]);
    let (license_key, label_key, label_value) = (KEY.into(), "team".into(), "lab".into());
    world.call(&manager(), args::UpdateLicenseLabel { license_key, label_key, label_value }).unwrap();
    let labels = |world: &World| world.get::<mo::LicenseManager>(&manager()).licenses[1].labels.clone().unwrap();
    assert_eq!(labels(&world)[0].value, "lab");
    let remove_label = args::RemoveLicenseLabel { license_key: KEY.into(), label_key: "team".into() };
    world.call(&manager(), remove_label.clone()).unwrap();
    assert_eq!(refused(world.call(&manager(), remove_label)).0, "InvalidArgument");
    world.call(&manager(), args::RemoveLicense { license_key: KEY.into() }).unwrap();
    assert_eq!(keys(&world), [""]);
    assert_eq!(refused(world.call(&manager(), args::RemoveLicense { license_key: KEY.into() })).0, "InvalidArgument");
}

#[test]
fn keys_that_are_not_well_formed_are_refused() {
    let world = world();
    for key in
        ["", "AAAAA", "AAAAA-BBBBB-CCCCC-DDDDD", "AAAAA-BBBBB-CCCCC-DDDDD-EEEE!", "AAAAA-BBBBB-CCCCC-DDDDD-EEEEEE"]
    {
        let decoded = world.call(&manager(), args::DecodeLicense { license_key: key.into() });
        assert_eq!(refused(decoded).0, "InvalidArgument", "{key}");
    }
    let decoded: Obj<_> = world.call(&manager(), args::DecodeLicense { license_key: KEY.into() }).unwrap();
    assert_eq!((decoded.license_key.as_str(), keys(&world).len()), (KEY, 1));
}

#[test]
fn an_entity_runs_under_the_evaluation_until_it_is_assigned_a_license() {
    let world = world();
    assert_eq!(editions(&world, None), [("host-10".into(), "eval".into()), ("host-11".into(), "eval".into())]);
    let assign = |entity: &str| args::UpdateAssignedLicense {
        entity: entity.into(),
        license_key: KEY.into(),
        entity_display_name: None,
    };
    world.call(&assignments(), assign("host-11")).unwrap();
    let edition = "esx.enterprisePlus.cpuPackage";
    assert_eq!(editions(&world, Some("host-11")), [("host-11".into(), edition.into())]);
    assert_eq!(refused(world.call(&manager(), args::RemoveLicense { license_key: KEY.into() })).0, "InvalidArgument");
    assert_eq!(refused(world.call(&assignments(), assign("vm-20"))).0, "LicenseEntityNotFound");
    let remove = args::RemoveAssignedLicense { entity_id: "host-11".into() };
    world.call(&assignments(), remove.clone()).unwrap();
    assert_eq!(editions(&world, Some("host-11")), [("host-11".into(), "eval".into())]);
    assert_eq!(refused(world.call(&assignments(), remove)).0, "LicenseEntityNotFound");
}
