use std::sync::Arc;

use crate::{types::*, *};

fn text(object: &dyn DataObject) -> String {
    String::from_utf8(json::to_vec(object, ApiVersion::newest())).unwrap()
}

fn any(value: Any) -> String {
    let mut out = Vec::new();
    json::encode(&mut out, Kind::Any, value.read(), ApiVersion::newest(), true);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(json::decode_any(text.as_bytes(), Limits::REQUEST).unwrap(), value, "{text}");
    text
}

#[test]
fn an_object_names_its_type_first_and_leaves_out_what_is_unset() {
    let nic = VirtualVmxnet3::with(|n| {
        n.key = 4000;
        n.backing = Some(Obj::<VirtualDeviceBackingInfo>::from(VirtualEthernetCardNetworkBackingInfo::with(|b| {
            b.device_name = "VM \"Network\"".into();
            b.network = Some(MoRef::new("Network", "network-7"));
        })));
        n.mac_address = Some("00:50:56:00:00:01".into());
        n.uptv2_enabled = Some(true);
    });
    assert_eq!(
        text(&nic),
        r#"{"_typeName":"VirtualVmxnet3","key":4000,"backing":{"_typeName":"VirtualEthernetCardNetworkBackingInfo","deviceName":"VM \"Network\"","network":{"_typeName":"ManagedObjectReference","type":"Network","value":"network-7"}},"macAddress":"00:50:56:00:00:01","uptv2Enabled":true}"#
    );
}

#[test]
fn lists_dates_and_enums_are_plain_where_the_field_tells_their_type() {
    let spec = VirtualMachineConfigSpec::with(|s| {
        s.create_date = DateTime::parse("2024-05-01T12:00:00.25Z");
        s.extra_config = Some(vec![
            OptionValue::with(|o| {
                o.key = "a".into();
                o.value = Some(Any::Str("x\u{1}".into()));
            })
            .into(),
        ]);
        s.cpu_affinity = Some(VirtualMachineAffinityInfo::with(|a| a.affinity_set = Some(vec![0, 3])).into());
        s.latency_sensitivity = Some(
            LatencySensitivity::with(|l| l.level = LatencySensitivitySensitivityLevel::Other_("odd".into())).into(),
        );
    });
    assert_eq!(
        text(&spec),
        r#"{"_typeName":"VirtualMachineConfigSpec","createDate":"2024-05-01T12:00:00.250Z","latencySensitivity":{"_typeName":"LatencySensitivity","level":"odd"},"cpuAffinity":{"_typeName":"VirtualMachineAffinityInfo","affinitySet":[0,3]},"extraConfig":[{"_typeName":"OptionValue","key":"a","value":{"_typeName":"string","_value":"x\u0001"}}]}"#
    );
}

#[test]
fn values_of_any_type_are_boxed_with_their_type() {
    let boxed = |name: &str, value: &str| format!(r#"{{"_typeName":"{name}","_value":{value}}}"#);
    assert_eq!(any(Any::Bool(true)), boxed("boolean", "true"));
    assert_eq!(any(Any::Byte(-1)), boxed("byte", "-1"));
    assert_eq!(any(Any::Short(300)), boxed("short", "300"));
    assert_eq!(any(Any::Int(i32::MIN)), boxed("int", "-2147483648"));
    assert_eq!(any(Any::Long(i64::MAX)), boxed("long", "9223372036854775807"));
    assert_eq!(any(Any::Float(0.1)), boxed("float", "0.1"));
    assert_eq!(any(Any::Double(1e300)), boxed("double", "1e300"));
    assert_eq!(any(Any::Double(f64::NEG_INFINITY)), boxed("double", "\"-Infinity\""));
    assert_eq!(any(Any::Double(f64::NAN)), boxed("double", "\"NaN\""));
    assert_eq!(any(Any::Uri("urn:x".into())), boxed("anyURI", "\"urn:x\""));
    assert_eq!(any(Any::DateTime(DateTime::from_micros(0))), boxed("dateTime", "\"1970-01-01T00:00:00Z\""));
    assert_eq!(any(Any::Binary(Binary(vec![1, 2, 255]))), boxed("base64Binary", "\"AQL/\""));
    let state = Any::of_enum(&VirtualMachinePowerState::PoweredOn);
    assert_eq!(any(state), boxed("VirtualMachinePowerState", "\"poweredOn\""));
    let vm = r#"{"_typeName":"ManagedObjectReference","type":"VirtualMachine","value":"vm-21"}"#;
    assert_eq!(any(MoRef::new("VirtualMachine", "vm-21").into()), vm);
    assert_eq!(
        any(Any::object(VirtualMachineAffinityInfo::with(|a| a.affinity_set = Some(vec![])))),
        r#"{"_typeName":"VirtualMachineAffinityInfo","affinitySet":[]}"#
    );
}

#[test]
fn lists_in_places_of_any_type_are_boxed_as_arrays_of_their_items_type() {
    let list = |item, items| any(Any::List(AnyList { item, items }));
    assert_eq!(list(Kind::Int, vec![Any::Int(1), Any::Int(2)]), r#"{"_typeName":"ArrayOfInt","_value":[1,2]}"#);
    assert_eq!(list(Kind::Str, vec![]), r#"{"_typeName":"ArrayOfString","_value":[]}"#);
    assert_eq!(list(Kind::Uri, vec![Any::Uri("u".into())]), r#"{"_typeName":"ArrayOfAnyURI","_value":["u"]}"#);
    assert_eq!(
        list(Kind::Any, vec![Any::Int(1), Any::Str("s".into())]),
        r#"{"_typeName":"ArrayOfAnyType","_value":[{"_typeName":"int","_value":1},{"_typeName":"string","_value":"s"}]}"#
    );
    assert_eq!(
        list(Kind::MoRef("ManagedObject"), vec![MoRef::new("Task", "task-1").into()]),
        r#"{"_typeName":"ArrayOfManagedObjectReference","_value":[{"_typeName":"ManagedObjectReference","type":"Task","value":"task-1"}]}"#
    );
    assert_eq!(
        list(Kind::Object(VirtualDevice::TYPE), vec![Any::object(VirtualMachineVMCIDevice::with(|d| d.key = 12000))]),
        r#"{"_typeName":"ArrayOfVirtualDevice","_value":[{"_typeName":"VirtualMachineVMCIDevice","key":12000}]}"#
    );
}

fn failed_task() -> TaskInfo {
    TaskInfo::with(|t| {
        let fault = InvalidPowerState::with(|f| f.existing_state = VirtualMachinePowerState::PoweredOff);
        t.error = Some(
            LocalizedMethodFault::with(|l| {
                l.fault = fault.into();
                l.localized_message = Some("The VM is off.".into());
            })
            .into(),
        );
    })
}

const INVALID_STATE: &str =
    r#"{"_typeName":"InvalidPowerState","existingState":"poweredOff","faultstring":"The VM is off."}"#;

#[test]
fn a_fault_that_is_a_value_stands_without_its_wrapper() {
    let task = failed_task();
    let text = text(&task);
    assert!(text.contains(&format!(r#","error":{INVALID_STATE}"#)), "{text}");
    let back = json::decode_object(text.as_bytes(), TaskInfo::TYPE, Limits::REQUEST).unwrap();
    assert!(equal(&*back, &task));
    let wrapped = Any::Object(task.error.unwrap().into_shared());
    assert_eq!(any(wrapped.clone()), INVALID_STATE);
    assert_eq!(
        any(Any::List(AnyList { item: Kind::Object(LocalizedMethodFault::TYPE), items: vec![wrapped] })),
        format!(r#"{{"_typeName":"ArrayOfMethodFault","_value":[{INVALID_STATE}]}}"#)
    );
}

#[test]
fn a_fault_in_its_wrapper_is_read_as_well() {
    let wrapped = r#"{"_typeName":"LocalizedMethodFault","fault":{"_typeName":"InvalidPowerState","existingState":"poweredOff"},"localizedMessage":"The VM is off."}"#;
    let expected = failed_task().error.unwrap();
    for body in [wrapped, INVALID_STATE] {
        let read = json::decode_object(body.as_bytes(), LocalizedMethodFault::TYPE, Limits::REQUEST).unwrap();
        assert!(equal(&*read, &**expected.shared()), "{body}");
    }
}

#[test]
fn the_body_of_a_failed_request_is_the_fault_with_its_message() {
    let body = json::fault(&InvalidLogin::default(), "Wrong password.", ApiVersion::newest());
    assert_eq!(String::from_utf8(body).unwrap(), r#"{"_typeName":"InvalidLogin","faultstring":"Wrong password."}"#);
}

#[test]
fn results_stand_plain_and_what_is_unset_is_an_empty_body() {
    let body = |place: &Field, value: Ref<'_>| {
        let mut out = Vec::new();
        json::encode_result(&mut out, place, value, ApiVersion::newest());
        String::from_utf8(out).unwrap()
    };
    let result = |owner, method| &managed_type(owner).unwrap().method(method).unwrap().result;
    let property = |owner, name| managed_type(owner).unwrap().field(name).unwrap().2;
    assert_eq!(body(result("SessionManager", "Logout"), Ref::Unset), "");
    assert_eq!(body(result("SessionManager", "SessionIsActive"), Ref::Bool(true)), "true");
    assert_eq!(body(property("ManagedEntity", "name"), Any::from("vm").read()), r#""vm""#);
    let folders = AnyList { item: Kind::MoRef("ManagedEntity"), items: vec![MoRef::new("Folder", "group-d1").into()] };
    assert_eq!(
        body(property("Folder", "childEntity"), Ref::List(&folders)),
        r#"[{"_typeName":"ManagedObjectReference","type":"Folder","value":"group-d1"}]"#
    );
    assert_eq!(body(result("OptionManager", "QueryOptions"), Ref::List(&Vec::<Obj<OptionValue>>::new())), "[]");
}

#[test]
fn fields_and_types_newer_than_the_client_are_not_shown_to_it() {
    let nic = VirtualVmxnet3::with(|n| n.uptv2_enabled = Some(true));
    let old = |object: &dyn DataObject, label| {
        String::from_utf8(json::to_vec(object, ApiVersion::parse(label).unwrap())).unwrap()
    };
    assert!(old(&nic, "8.0.3.0").contains("uptv2Enabled"));
    assert_eq!(old(&nic, "7.0.0.0"), r#"{"_typeName":"VirtualVmxnet3","key":0}"#);
    assert!(old(&VirtualNVMEController::default(), "6.0").starts_with(r#"{"_typeName":"VirtualController","#));
}

#[test]
fn arguments_are_the_members_of_the_body_whatever_its_own_type_is_called() {
    let method = managed_type("Folder").unwrap().method("CreateFolder").unwrap();
    for body in [
        r#"{"name":"a"}"#,
        r#"{"_typeName":"CreateFolderRequestType","name":"a"}"#,
        r#" {"name":"a","_typeName":"x"} "#,
    ] {
        let read = json::decode_args(body.as_bytes(), method, Limits::REQUEST).unwrap();
        assert_eq!(cast::<args::CreateFolder>(&*read).unwrap().name, "a");
    }
    let logout = managed_type("SessionManager").unwrap().method("Logout").unwrap();
    assert!(json::decode_args(b" \n", logout, Limits::REQUEST).is_ok());
}

#[test]
fn the_type_may_come_late_or_not_at_all_and_null_means_unset() {
    let nic: Shared = Arc::new(VirtualVmxnet3::with(|n| {
        n.key = 7;
        n.wake_on_lan_enabled = Some(true);
    }));
    let late = r#"{"key":7,"wakeOnLanEnabled":true,"backing":null,"_typeName":"VirtualVmxnet3"}"#;
    let split = r#"{"wakeOnLanEnabled":true,"_typeName":"VirtualVmxnet3","key":7}"#;
    for body in [late, split] {
        let read = json::decode_object(body.as_bytes(), VirtualDevice::TYPE, Limits::REQUEST).unwrap();
        assert!(equal(&*read, &*nic), "{body}");
    }
    let none = br#"{"k\u0065y":7,"wakeOnLanEnabled":true}"#;
    assert!(equal(&*json::decode_object(none, VirtualVmxnet3::TYPE, Limits::REQUEST).unwrap(), &*nic));
    assert_eq!(json::decode_any(br#"{"_value":5,"_typeName":"int"}"#, Limits::REQUEST).unwrap(), Any::Int(5));
}
