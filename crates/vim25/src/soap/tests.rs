//! The codec as a whole.

mod reading;
mod repeating;
mod round_trip;
mod writing;

use crate::{ApiVersion, DataType, Kind, Limits, MoRef, Ref, Scalar, Service, types::*};

use super::*;

/// The element `<v>` that an encoder writes for a value in a place of type `anyType`.
fn any_text(value: &crate::Any) -> String {
    let mut out = Vec::new();
    Encoder::new(&mut out, ApiVersion::newest(), Service::Vim25).any("v", Kind::Any, value.to_ref());
    String::from_utf8(out).unwrap()
}
