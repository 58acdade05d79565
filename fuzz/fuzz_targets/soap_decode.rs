//! Any bytes as a SOAP request, as a reply, and as an object: no panic, no endless loop, and what was read can be written
//! and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vim25::{Any, ApiVersion, DataType, Limits, Method, Shared, args, equal, managed_type, soap, types};

fuzz_target!(|body: &[u8]| {
    if let Ok(text) = soap::decode_text(body)
        && let Ok(request) = soap::Request::parse(&text, Limits::REQUEST)
        && let Some(ty) = request.this.as_ref().and_then(|this| managed_type(&this.kind))
        && let Some(method) = ty.method(request.method)
        && let Ok(arguments) = request.arguments(method.params)
    {
        survives(&arguments);
    }
    let retrieve = args::RetrievePropertiesEx::METHOD;
    if let Ok(soap::Reply::Result(Some(Any::Object(object)))) = soap::decode_response(body, retrieve, Limits::REPLY) {
        survives(&object);
    }
    for ty in [types::VirtualMachineConfigSpec::TYPE, types::OptionValue::TYPE] {
        if let Ok(object) = soap::decode_object(body, ty, Limits::REQUEST) {
            survives(&object);
        }
    }
});

/// Decoding has normalised the object, so it must come back equal. NaN equals itself here.
fn survives(object: &Shared) {
    let document = soap::encode_object("obj", &**object, ApiVersion::newest());
    let back = soap::decode_object(&document, object.descriptor(), Limits::REPLY);
    let back = back.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&document)));
    assert!(equal(&**object, &*back), "{object:?} became {back:?}");
}
