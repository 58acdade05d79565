//! The SOAP codec: one encoder and one decoder for every type, driven by descriptors.
//!
//! A server reads a [`Request`] from the [text](decode_text) of a body in two steps (which method on which object, then the
//! arguments) and answers with
//! [`response`] or [`fault`]; a client writes a [`call`] and reads it with [`decode_response`]. [`Pieces`]
//! writes a large reply bit by bit, [`Encoder`] single elements.
//!
//! What XML cannot say is normalised: an optional list that is set but empty arrives unset, and characters that XML 1.0
//! does not have are written as U+FFFD.

mod cursor;
mod decode;
mod encode;
mod envelope;
mod fail;
mod input;
mod layout;
mod markup;
mod message;
mod names;
mod pieces;
mod scalar;
mod text;

pub use decode::decode_object;
pub use encode::{Encoder, encode_object};
pub use envelope::{call, fault, response, response_with};
pub use input::decode_text;
pub use message::{Reply, Request, SoapFault, decode_response};
pub use pieces::Pieces;

/// Namespace of the SOAP 1.1 envelope.
pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of XML Schema's own types.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// Namespace of `xsi:type` and `xsi:nil`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

#[cfg(test)]
mod tests;
