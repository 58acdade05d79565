use vim25::{
    Any, DataType, MoRef, Obj, args, mo,
    types::{BoolOption, HostConfigInfo, LongOption, OptionDef, OptionType, OptionValue},
};

use crate::testing::{World, moref, refused};

fn settings() -> MoRef {
    moref("OptionManager", "VpxSettings")
}

fn query(world: &World, manager: &MoRef, name: Option<&str>) -> Vec<(String, Any)> {
    let found = world.call(manager, args::QueryOptions { name: name.map(Into::into) }).unwrap().unwrap();
    found.iter().map(|option| (option.key.to_string(), option.value.clone().unwrap())).collect()
}

fn value(world: &World, manager: &MoRef, name: &str) -> Any {
    query(world, manager, Some(name)).remove(0).1
}

fn update(world: &World, manager: &MoRef, changes: &[(&str, Any)]) -> Result<(), crate::fault::Fault> {
    let option = |(key, value): &(&str, Any)| OptionValue { key: (*key).into(), value: Some(value.clone()) }.into();
    world.call(manager, args::UpdateOptions { changed_value: changes.iter().map(option).collect() })
}

/// A host with two advanced settings.
fn advanced(world: &World) -> MoRef {
    let manager = moref("OptionManager", "EsxHostAdvSettings-10");
    let define = |key: &str, option_type: Obj<OptionType>| {
        Obj::from(OptionDef::with(|d| {
            d.key = key.into();
            d.option_type = option_type;
        }))
    };
    let long = LongOption { min: 8, max: 256, default_value: 32, ..Default::default() };
    let fixed = BoolOption { base: OptionType { value_is_readonly: Some(true) }, ..Default::default() };
    let supported = vec![define("NFS.MaxVolumes", long.into()), define("Misc.Fixed", fixed.into())];
    let setting = vec![OptionValue { key: "NFS.MaxVolumes".into(), value: Some(Any::Long(32)) }.into()];
    world.commit(|tx| {
        let content = mo::OptionManager { supported_option: Some(supported), setting: Some(setting) };
        tx.insert(manager.clone(), content);
        let host = tx.edit::<mo::HostSystem>(&moref("HostSystem", "host-10")).unwrap();
        host.config_manager.advanced_option = Some(manager.clone());
        host.config = Some(HostConfigInfo::default().into());
    });
    manager
}

#[test]
fn options_are_found_by_key_by_prefix_or_all() {
    let world = World::new();
    let keys = |name| query(&world, &settings(), name).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys(Some("event.maxAge")), ["event.maxAge"]);
    assert_eq!(keys(Some("event.")), ["event.maxAge", "event.maxAgeEnabled"]);
    assert_eq!(keys(None), ["event.maxAge", "event.maxAgeEnabled", "mail.sender"]);
    for name in ["event", "nothing.", "event.maxAg"] {
        let found = world.call(&settings(), args::QueryOptions { name: Some(name.into()) });
        assert_eq!(refused(found).0, "InvalidName", "{name}");
    }
}

#[test]
fn a_value_keeps_the_type_that_it_had() {
    let world = World::new();
    update(&world, &settings(), &[("event.maxAge", Any::Long(60)), ("mail.sender", "a@b.c".into())]).unwrap();
    assert_eq!(value(&world, &settings(), "event.maxAge"), Any::Int(60));
    assert_eq!(value(&world, &settings(), "mail.sender"), Any::Str("a@b.c".into()));
    for (key, wrong) in [
        ("event.maxAge", Any::Str("60".into())),
        ("event.maxAge", Any::Long(1 << 40)),
        ("event.maxAgeEnabled", Any::Int(1)),
        ("mail.sender", Any::Bool(true)),
        ("new.option", Any::MoRef(settings())),
    ] {
        assert_eq!(refused(update(&world, &settings(), &[(key, wrong)])).0, "InvalidArgument", "{key}");
    }
}

#[test]
fn one_wrong_value_keeps_all_as_they_were() {
    let world = World::new();
    let changes = [("event.maxAge", Any::Int(1)), ("event.maxAgeEnabled", Any::Int(1))];
    assert!(update(&world, &settings(), &changes).is_err());
    assert_eq!(value(&world, &settings(), "event.maxAge"), Any::Int(30));
}

#[test]
fn the_server_takes_new_keys_and_a_host_only_those_that_it_supports() {
    let world = World::new();
    update(&world, &settings(), &[("config.lab.colour", "green".into())]).unwrap();
    assert_eq!(value(&world, &settings(), "config.lab.colour"), Any::Str("green".into()));
    let host = advanced(&world);
    assert_eq!(refused(update(&world, &host, &[("No.Such", Any::Long(1))])).0, "InvalidName");
    assert_eq!(refused(update(&world, &settings(), &[("", Any::Long(1))])).0, "InvalidName");
}

#[test]
fn values_of_a_host_keep_to_their_definition_and_show_in_its_configuration() {
    let world = World::new();
    let host = advanced(&world);
    update(&world, &host, &[("NFS.MaxVolumes", Any::Int(64))]).unwrap();
    assert_eq!(value(&world, &host, "NFS.MaxVolumes"), Any::Long(64));
    let config = world.get::<mo::HostSystem>(&moref("HostSystem", "host-10")).config.unwrap();
    assert_eq!(config.option.as_ref().unwrap()[0].value, Some(Any::Long(64)));
    for wrong in [Any::Int(7), Any::Int(257), Any::Str("64".into())] {
        assert_eq!(refused(update(&world, &host, &[("NFS.MaxVolumes", wrong)])).0, "InvalidArgument");
    }
    assert_eq!(refused(update(&world, &host, &[("Misc.Fixed", Any::Bool(true))])).0, "InvalidArgument");
}
