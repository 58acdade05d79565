//! VI/JSON: the JSON form of the vSphere API (8.0.1 and later), in both directions, driven by descriptors.
//!
//! | what | on the wire |
//! |---|---|
//! | data object | members in the order of the schema behind `"_typeName": "VirtualMachineConfigInfo"`, unset ones left out |
//! | list | array |
//! | reference | `{"_typeName":"ManagedObjectReference","type":"VirtualMachine","value":"vm-21"}` |
//! | enum, string, dateTime (RFC 3339), base64Binary | string |
//! | number, boolean | number, boolean; a float that JSON has no number for is `"NaN"`, `"Infinity"` or `"-Infinity"` |
//! | primitive or enum in a place of type `anyType` | `{"_typeName":"int","_value":5}` |
//! | list in a place of type `anyType` | `{"_typeName":"ArrayOfInt","_value":[5,6]}` |
//! | fault as a value | the fault itself, its localized message in the extra member `faultstring` |
//!
//! The last row is where JSON differs most from SOAP: SOAP wraps a fault that is a value in a `LocalizedMethodFault`, and
//! so do our types; JSON has the fault in its place. A reader of an `anyType` place therefore gets a fault wrapped.
//!
//! Read are also: a `_typeName` that is not the first member or is left out (the declared type is meant), `null` for what
//! is unset, and the wrapped form of a fault. The method's parameters are the members of the request body.
//!
//! Sources: VMware's OpenAPI documents for VI/JSON as the clients vim_rs 0.7 and govmomi 0.5x implement them.

mod context;
mod decode;
mod encode;
mod fault;
mod fields;
mod members;
mod names;
mod object;
mod pieces;
mod request;
#[cfg(test)]
mod tests;
mod text;

pub use decode::{decode_any, decode_args, decode_object, decode_value};
pub use encode::{encode, encode_result, to_vec};
pub use fault::{fault, status_of};
pub use pieces::Pieces;
pub use request::{arguments, decode_fault};

/// Member that names the type of an object or of a boxed value.
const TYPE_NAME: &str = "_typeName";
/// Member that holds a boxed value.
const VALUE: &str = "_value";
/// Member that holds the localized message of a fault.
const FAULT_STRING: &str = "faultstring";
