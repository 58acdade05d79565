//! What is written is read back.

use proptest::prelude::*;

use super::*;
use crate::{
    Method, Shared, Type, all_managed, all_types, args, equal,
    testing::{Generator, Shape, arbitrary_object},
};

fn check_object(object: &Shared) {
    let document = encode_object("obj", &**object, ApiVersion::newest());
    let text = String::from_utf8_lossy(&document);
    let back = decode_object(&document, object.descriptor(), Limits::REQUEST).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert!(equal(&**object, &*back), "{object:#?}\n{back:#?}\n{text}");
}

#[test]
fn a_random_value_of_every_type_survives() {
    for (seed, ty) in all_types().iter().enumerate() {
        check_object(&arbitrary_object(ty, seed as u64, Shape::XML));
    }
}

#[test]
fn an_empty_value_of_every_type_survives() {
    for ty in all_types() {
        check_object(&(ty.new)());
    }
}

#[test]
fn random_arguments_of_every_method_survive_a_call() {
    let methods = all_managed().iter().flat_map(|t| t.methods);
    for (seed, method) in methods.enumerate() {
        let arguments = arbitrary_object(method.params, seed as u64, Shape::XML);
        let this = MoRef::new(method.owner, "object-1");
        let document = call(method, &this, &*arguments, &[("operationID", "a<b")], ApiVersion::newest());
        let document = decode_text(&document).unwrap();
        let request = Request::parse(&document, Limits::REQUEST).unwrap();
        assert_eq!((request.method, request.this.as_ref()), (method.name, Some(&this)));
        assert_eq!(request.namespace, method.params.service.namespace());
        assert_eq!(request.header("operationID"), Some("a<b"));
        let back = request.arguments(method.params).unwrap();
        assert!(equal(&*arguments, &*back), "{arguments:#?}\n{back:#?}");
    }
}

#[test]
fn a_random_result_of_every_method_survives_a_response() {
    let methods = all_managed().iter().flat_map(|t| t.methods);
    for (seed, method) in methods.enumerate() {
        let mut generator = Generator::new(seed as u64, Shape::XML);
        let value = match (method.task, method.result.list) {
            (true, _) => Some(crate::Any::MoRef(MoRef::new("Task", "task-1"))),
            (false, false) => generator.value(method.result.kind),
            (false, true) => {
                let items = (0..3).filter_map(|_| generator.value(method.result.kind)).collect();
                Some(crate::Any::List(crate::AnyList { item: method.result.kind, items }))
            }
        };
        let result = match &value {
            // A list of the method's own type does not know the kind of its items; that of an `Any` does.
            Some(crate::Any::List(list)) if method.result.kind == Kind::Any => Ref::List(&list.items),
            Some(value) => value.to_ref(),
            None => Ref::Unset,
        };
        let document = response(method, result, ApiVersion::newest());
        let reply = decode_response(&document, method, Limits::REPLY).unwrap();
        assert_eq!(reply, Reply::Result(value), "{}", method.name);
    }
}

#[test]
fn every_fault_survives_a_soap_fault() {
    for (seed, ty) in all_types().iter().enumerate().filter(|(_, t)| t.fault) {
        let detail = arbitrary_object(ty, seed as u64, Shape::XML);
        let document = fault(&*detail, "It <broke>.", ApiVersion::newest());
        let reply = decode_response(&document, args::CurrentTime::METHOD, Limits::REPLY).unwrap();
        let expected =
            SoapFault { code: "ServerFaultCode".into(), message: "It <broke>.".into(), detail: Some(detail) };
        assert_eq!(reply, Reply::Fault(expected));
    }
}

#[test]
fn what_xml_cannot_say_is_normalised() {
    let spec = VirtualMachineConfigSpec::with(|s| {
        s.annotation = Some("bell \u{7} and \u{ffff}".into());
        s.extra_config = Some(vec![]);
    });
    let document = encode_object("spec", &spec, ApiVersion::newest());
    let back = decode_object(&document, VirtualMachineConfigSpec::TYPE, Limits::REQUEST).unwrap();
    let expected = VirtualMachineConfigSpec::with(|s| s.annotation = Some("bell \u{fffd} and \u{fffd}".into()));
    assert!(equal(&*back, &expected));
}

/// Every data type, for proptest.
fn types() -> impl Strategy<Value = &'static Type> {
    (0..all_types().len()).prop_map(|i| all_types()[i])
}

proptest! {
    #[test]
    fn any_value_of_any_type_survives(ty in types(), seed: u64, size in 1usize..200) {
        check_object(&arbitrary_object(ty, seed, Shape { size, ..Shape::XML }));
    }

    #[test]
    fn a_damaged_document_is_refused_or_read_as_something_that_survives(
        ty in types(), seed: u64, at: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let mut document = encode_object("obj", &*arbitrary_object(ty, seed, Shape::XML), ApiVersion::newest());
        let at = at.index(document.len());
        if cut {
            document.remove(at);
        } else {
            document[at] = byte;
        }
        if let Ok(object) = decode_object(&document, ty, Limits::REPLY) {
            check_object(&object);
        }
    }

    #[test]
    fn any_value_that_a_program_can_hold_is_written_as_well_formed_xml(ty in types(), seed: u64) {
        let object = arbitrary_object(ty, seed, Shape::FULL);
        let document = encode_object("obj", &*object, ApiVersion::newest());
        let back = decode_object(&document, ty, Limits::REQUEST).unwrap();
        // What has been normalised once stays.
        let again = encode_object("obj", &*back, ApiVersion::newest());
        prop_assert_eq!(String::from_utf8(document).unwrap(), String::from_utf8(again).unwrap());
    }
}
