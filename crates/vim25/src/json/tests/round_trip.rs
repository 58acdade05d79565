use std::sync::Arc;

use crate::{testing::*, types::*, *};

/// In a place of type `anyType` a fault is read in its wrapper, whether or not it was written from one.
fn wrap_faults(object: &mut dyn DataObject) {
    if let Some(base) = object.base_mut() {
        wrap_faults(base);
    }
    for (index, field) in object.descriptor().fields.iter().enumerate() {
        let Some(value) = object.get(index).to_any(field.kind) else { continue };
        let value = match (field.kind, value) {
            (Kind::Any, Any::List(list)) if field.list => {
                Any::List(AnyList { item: list.item, items: list.items.into_iter().map(in_any).collect() })
            }
            (Kind::Any, value) => in_any(value),
            (_, value) => inside(value),
        };
        object.slot(index).unwrap().assign(value).unwrap();
    }
}

fn in_any(value: Any) -> Any {
    match inside(value) {
        Any::Object(fault) if fault.descriptor().fault => Any::object(LocalizedMethodFault::with(|l| {
            l.fault = Obj::from_shared(fault).ok().unwrap();
        })),
        Any::List(list) if list.item == Kind::Object(MethodFault::TYPE) => Any::List(AnyList {
            item: Kind::Object(LocalizedMethodFault::TYPE),
            items: list.items.into_iter().map(in_any).collect(),
        }),
        Any::List(list) if list.item == Kind::Any => {
            Any::List(AnyList { item: list.item, items: list.items.into_iter().map(in_any).collect() })
        }
        other => other,
    }
}

fn inside(value: Any) -> Any {
    match value {
        Any::Object(shared) => Any::Object(with_faults_wrapped(&shared)),
        Any::List(list) => Any::List(AnyList { item: list.item, items: list.items.into_iter().map(inside).collect() }),
        other => other,
    }
}

fn with_faults_wrapped(object: &Shared) -> Shared {
    let mut copy = object.clone_shared();
    wrap_faults(Arc::get_mut(&mut copy).unwrap());
    copy
}

#[test]
fn every_type_survives_the_trip_to_json_and_back() {
    for (number, ty) in all_types().iter().enumerate() {
        for round in 0..3 {
            let seed = (number * 3 + round) as u64;
            let object = with_faults_wrapped(&arbitrary_object(ty, seed, Shape::FULL));
            let body = json::to_vec(&*object, ApiVersion::newest());
            let text = String::from_utf8_lossy(&body);
            let back = json::decode_object(&body, ty, Limits::REQUEST).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert!(equal(&*back, &*object), "seed {seed}: {text}\n{object:?}\n{back:?}");
        }
    }
}

#[test]
fn the_arguments_of_every_method_survive_too() {
    for method in all_managed().iter().flat_map(|t| t.methods) {
        let args = with_faults_wrapped(&arbitrary_object(method.params, 5, Shape::FULL));
        let body = json::to_vec(&*args, ApiVersion::newest());
        let back = json::decode_args(&body, method, Limits::REQUEST).unwrap_or_else(|e| panic!("{}: {e}", method.name));
        assert!(equal(&*back, &*args), "{}", method.name);
    }
}

#[test]
fn what_is_written_is_json_and_names_nothing_that_an_old_client_does_not_know() {
    let old = ApiVersion::parse("6.7").unwrap();
    for (seed, ty) in all_types().iter().enumerate().filter(|(_, ty)| ty.since <= old) {
        let object = arbitrary_object(ty, seed as u64, Shape::FULL);
        let value: serde_json::Value = serde_json::from_slice(&json::to_vec(&*object, old)).unwrap();
        check_known(&value, old);
    }
}

fn check_known(value: &serde_json::Value, version: ApiVersion) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| check_known(item, version)),
        serde_json::Value::Object(members) => {
            let name = members["_typeName"].as_str().unwrap();
            if let Some(ty) = type_named(name) {
                assert!(ty.since <= version || ty.base.is_none(), "{name}");
                for member in members.keys().filter(|m| !["_typeName", "faultstring"].contains(&m.as_str())) {
                    assert!(ty.field(member).unwrap().2.since <= version, "{name}.{member}");
                }
            }
            members.values().for_each(|member| check_known(member, version));
        }
        _ => {}
    }
}

#[test]
fn a_document_cut_anywhere_or_with_any_byte_changed_never_panics() {
    let object = arbitrary_object(VirtualMachineConfigSpec::TYPE, 11, Shape::FULL);
    let body = json::to_vec(&*object, ApiVersion::newest());
    for at in 0..body.len() {
        let cut = json::decode_object(&body[..at], VirtualMachineConfigSpec::TYPE, Limits::REQUEST);
        assert!(matches!(cut, Err(DecodeError { problem: Problem::Malformed { .. }, .. })), "{at}: {:?}", cut.err());
        for byte in [b'"', b'{', b'0', b'\\', 0xff] {
            let mut changed = body.clone();
            changed[at] = byte;
            let _ = json::decode_object(&changed, VirtualMachineConfigSpec::TYPE, Limits::REQUEST);
        }
    }
}
