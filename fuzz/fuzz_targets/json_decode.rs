//! Any bytes as the JSON form of any type: refused or read, never a panic; what was read survives another trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vim25::{ApiVersion, Limits, Type, all_managed, all_types, equal, json};

fuzz_target!(|input: &[u8]| {
    let [low, high, body @ ..] = input else { return };
    let number = usize::from(u16::from_le_bytes([*low, *high]));
    check(all_types()[number % all_types().len()], body);
    let managed = all_managed()[number % all_managed().len()];
    if let Some(method) = managed.methods.first() {
        check(method.params, body);
    }
    let _ = json::decode_any(body, Limits::REPLY);
});

fn check(ty: &'static Type, body: &[u8]) {
    let Ok(object) = json::decode_object(body, ty, Limits::REQUEST) else { return };
    let text = json::to_vec(&*object, ApiVersion::newest());
    let again = json::decode_object(&text, ty, Limits::REQUEST).expect("what was written can be read");
    assert!(equal(&*object, &*again), "{}", String::from_utf8_lossy(&text));
}
