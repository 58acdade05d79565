//! What generated types promise.

use vim25_types::{types::*, *};

fn nic() -> VirtualVmxnet3 {
    VirtualVmxnet3::with(|n| {
        n.key = 4000;
        n.mac_address = Some("00:50:56:00:00:01".into());
    })
}

#[test]
fn a_subtype_stands_in_its_bases_place_and_comes_back() {
    let device: Obj<VirtualDevice> = nic().into();
    assert_eq!(device.key, 4000);
    assert_eq!(device.cast::<VirtualEthernetCard>().unwrap().mac_address.as_deref(), Some("00:50:56:00:00:01"));
    assert!(device.down::<VirtualVmxnet3>().is_some());
    assert!(device.down::<VirtualDisk>().is_none());
    assert!(Obj::<VirtualDisk>::from_shared(device.into_shared()).is_err());
}

#[test]
fn changing_a_shared_object_copies_it_first() {
    let first: Obj<VirtualDevice> = nic().into();
    let mut second = first.clone();
    assert!(first.same(&second));
    second.key = 4001;
    assert_eq!((first.key, second.key), (4000, 4001));
    assert!(!first.same(&second));
}

#[test]
fn fields_are_read_and_changed_by_wire_name_at_every_level() {
    let mut object = nic();
    let generic: &mut dyn DataObject = &mut object;
    assert_eq!(generic.field("key"), Some(Ref::Int(4000)));
    assert_eq!(generic.field("uptv2Enabled"), Some(Ref::Unset));
    generic.field_mut("uptv2Enabled").unwrap().assign(Any::Bool(true)).unwrap();
    assert!(generic.field_mut("key").unwrap().assign(Any::Bool(true)).is_err());
    assert!(generic.field("nonsense").is_none());
    assert_eq!(object.uptv2_enabled, Some(true));
}

#[test]
fn a_fault_in_a_field_is_wrapped_as_on_the_wire() {
    let field = type_named("TaskInfo").unwrap().field("error").unwrap().2;
    assert_eq!(field.kind, Kind::Object(LocalizedMethodFault::TYPE));
    assert!(type_named("InvalidPowerState").unwrap().fault);
}

#[test]
fn a_link_holds_the_key_of_what_it_points_to() {
    let path = HostMultipathInfoPath::with(|p| p.lun = "key-vim.host.ScsiDisk-1".into());
    assert_eq!((&path as &dyn DataObject).field("lun").and_then(|r| r.as_str()), Some("key-vim.host.ScsiDisk-1"));
}

#[test]
fn versions_are_ordered_and_parsed() {
    let [old, new] = ["5.5", "8.0.3.0"].map(|l| ApiVersion::parse(l).unwrap());
    assert!(old < new && new < ApiVersion::newest());
    assert_eq!(new.id(), "vim.version.v8_0_3_0");
    assert_eq!(VirtualVmxnet3::TYPE.field("uptv2Enabled").unwrap().2.since.label(), "8.0.0.1");
    assert!(ApiVersion::parse("99.9").is_none());
}

#[test]
fn enums_keep_values_that_the_schema_does_not_know() {
    let known = VirtualMachinePowerState::from_wire("poweredOn".into());
    assert_eq!(known, VirtualMachinePowerState::PoweredOn);
    assert_eq!(VirtualMachinePowerState::from_wire("levitating".into()).as_str(), "levitating");
}

#[test]
fn methods_know_their_result_and_parameters() {
    let method = managed_type("Folder").unwrap().method("CreateVM_Task").unwrap();
    assert!(method.task);
    let names: Vec<&str> = method.params.fields.iter().map(|f| f.name).collect();
    assert_eq!(names, ["config", "pool", "host"]);
    assert_eq!(managed_type("VirtualApp").unwrap().method("Destroy_Task").unwrap().owner, "ManagedEntity");
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let spec = HostConnectSpec::with(|s| s.password = Some("hunter2".into()));
    assert!(!format!("{spec:?}").contains("hunter2"));
}

#[test]
fn date_times_read_zones_and_print_utc() {
    let moment = DateTime::parse("2024-05-01T14:00:00.250+02:00").unwrap();
    assert_eq!(moment.to_string(), "2024-05-01T12:00:00.250Z");
    assert_eq!(DateTime::parse("2024-05-01T12:00:00").unwrap().to_string(), "2024-05-01T12:00:00Z");
    assert!(DateTime::parse("yesterday").is_none());
}

#[test]
fn everything_in_the_schema_is_here() {
    let own_fields = |all: &[&'static Type]| all.iter().map(|t| t.fields.len()).sum::<usize>();
    assert_eq!(all_types().len(), 3602);
    // Three fields less than the schema: `msg`, `dynamicType` and `dynamicProperty` never travel.
    assert_eq!(own_fields(all_types()), 10069 - 3);
    assert_eq!(all_managed().iter().map(|t| t.methods.len()).sum::<usize>(), 1262);
}
