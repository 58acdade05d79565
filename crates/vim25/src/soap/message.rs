//! Whole SOAP messages, read.

use std::borrow::Cow;

use super::{
    ENVELOPE,
    cursor::{Cursor, Tag, quote},
    decode::{Decoder, reference},
    input,
};
use crate::{Any, AnyList, DecodeError, Kind, Limits, MethodInfo, MoRef, Shared, Type};

/// A call, read as far as the server needs to find the method; [`Request::arguments`] reads the rest.
#[derive(Debug)]
pub struct Request<'a> {
    /// Name of the method on the wire, not checked.
    pub method: String,
    /// Namespace of the method's element, for example `urn:vim25`.
    pub namespace: String,
    /// The object that the method is called on, if it was sent.
    pub this: Option<MoRef>,
    /// Elements of the SOAP header that hold text, by local name.
    pub header: Vec<(String, String)>,
    text: Cow<'a, str>,
    limits: Limits,
}

/// Elements of the SOAP header that are kept.
const MAX_HEADERS: usize = 32;

impl<'a> Request<'a> {
    /// Reads the envelope, the header, the method's name and `_this`.
    pub fn parse(body: &'a [u8], limits: Limits) -> Result<Request<'a>, DecodeError> {
        let text = input::decode(body)?;
        let mut cursor = Cursor::new(&text, limits.depth);
        let mut header = Vec::new();
        enter_body(&mut cursor, Some(&mut header))?;
        let tag = call_element(&mut cursor)?;
        let method = tag.name.to_string();
        let namespace = cursor.namespace(&tag).to_string();
        let this = find_this(&mut cursor)?;
        Ok(Request { method, namespace, this, header, text, limits })
    }

    /// An element of the header, for example `operationID` or `vcSessionCookie`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Reads the arguments as a value of the method's argument type, and the document to its end.
    pub fn arguments(&self, params: &'static Type) -> Result<Shared, DecodeError> {
        let mut decoder = Decoder::new(&self.text, self.limits);
        enter_body(&mut decoder.cursor, None)?;
        call_element(&mut decoder.cursor)?;
        let arguments = decoder.object(params)?;
        leave_body(&mut decoder.cursor)?;
        Ok(arguments)
    }
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The method's result; none if it has none or left it unset.
    Result(Option<Any>),
    /// The method failed.
    Fault(SoapFault),
}

/// A SOAP fault.
#[derive(Debug, Clone)]
pub struct SoapFault {
    /// `ServerFaultCode`, mostly.
    pub code: String,
    /// The message.
    pub message: String,
    /// The fault as an object, if the server sent one of a known type.
    pub detail: Option<Shared>,
}

impl PartialEq for SoapFault {
    fn eq(&self, other: &SoapFault) -> bool {
        let same_detail = match (&self.detail, &other.detail) {
            (Some(a), Some(b)) => crate::equal(&**a, &**b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.code == other.code && self.message == other.message && same_detail
    }
}

/// Reads the answer to a call of `method`.
pub fn decode_response(body: &[u8], method: &MethodInfo, limits: Limits) -> Result<Reply, DecodeError> {
    let text = input::decode(body)?;
    let mut decoder = Decoder::new(&text, limits);
    enter_body(&mut decoder.cursor, None)?;
    let tag = call_element(&mut decoder.cursor)?;
    let reply = if tag.name == "Fault" && decoder.cursor.namespace(&tag) == ENVELOPE {
        Reply::Fault(soap_fault(&mut decoder)?)
    } else if tag.name.strip_suffix("Response") == Some(method.name) {
        Reply::Result(result(&mut decoder, method)?)
    } else {
        let reason = format!("element '{}' is not the response of {}", quote(tag.name), method.name);
        return Err(decoder.cursor.malformed(reason));
    };
    leave_body(&mut decoder.cursor)?;
    Ok(reply)
}

fn result(decoder: &mut Decoder<'_>, method: &MethodInfo) -> Result<Option<Any>, DecodeError> {
    let (kind, list) =
        if method.task { (Kind::MoRef("Task"), false) } else { (method.result.kind, method.result.list) };
    let mut values = Vec::new();
    while let Some(tag) = decoder.cursor.child()? {
        if tag.name == "returnval" && kind != Kind::Void {
            let value = decoder.value(&tag, kind).map_err(|e| match list {
                true => e.in_item(values.len()).in_field("returnval"),
                false => e.in_field("returnval"),
            })?;
            values.extend(value);
        } else {
            decoder.cursor.skip()?;
        }
    }
    Ok(match list {
        true => Some(Any::List(AnyList { item: kind, items: values })),
        false => values.pop(),
    })
}

fn soap_fault(decoder: &mut Decoder<'_>) -> Result<SoapFault, DecodeError> {
    let mut fault = SoapFault { code: String::new(), message: String::new(), detail: None };
    while let Some(tag) = decoder.cursor.child()? {
        match tag.name {
            "faultcode" => fault.code = decoder.cursor.text("faultcode")?.into_owned(),
            "faultstring" => fault.message = decoder.cursor.text("faultstring")?.into_owned(),
            "detail" => {
                while let Some(inner) = decoder.cursor.child()? {
                    match (fault_type(decoder, &inner)?, &fault.detail) {
                        (Some(ty), None) => fault.detail = Some(decoder.object(ty).map_err(|e| e.in_field("detail"))?),
                        _ => decoder.cursor.skip()?,
                    }
                }
            }
            _ => decoder.cursor.skip()?,
        }
    }
    Ok(fault)
}

/// The type of the fault in a detail: what `xsi:type` says, else the element's name without `Fault`.
fn fault_type(decoder: &Decoder<'_>, tag: &Tag<'_>) -> Result<Option<&'static Type>, DecodeError> {
    let named = match &tag.xsi_type {
        Some(name) => decoder.resolve(name)?,
        None => None,
    };
    Ok(match named {
        Some((Kind::Object(ty), false)) => Some(ty),
        _ => tag.name.strip_suffix("Fault").and_then(crate::type_named),
    })
}

/// Goes to the start of the body, past the header, whose simple elements are put into `header`.
fn enter_body(cursor: &mut Cursor<'_>, mut header: Option<&mut Vec<(String, String)>>) -> Result<(), DecodeError> {
    let root = cursor.root()?;
    if root.name != "Envelope" || cursor.namespace(&root) != ENVELOPE {
        let reason = format!("expected the Envelope of SOAP 1.1, found element {}", quote(root.name));
        return Err(cursor.malformed(reason));
    }
    while let Some(tag) = cursor.child()? {
        match (tag.name, cursor.namespace(&tag) == ENVELOPE) {
            ("Body", true) => return Ok(()),
            ("Header", true) => match header.as_deref_mut() {
                Some(header) => read_header(cursor, header)?,
                None => cursor.skip()?,
            },
            _ => cursor.skip()?,
        }
    }
    Err(cursor.malformed("the SOAP envelope has no Body"))
}

fn read_header(cursor: &mut Cursor<'_>, header: &mut Vec<(String, String)>) -> Result<(), DecodeError> {
    while let Some(tag) = cursor.child()? {
        if let Some(text) = cursor.text_or_skip()?.filter(|_| header.len() < MAX_HEADERS) {
            header.push((tag.name.to_string(), text.into_owned()));
        }
    }
    Ok(())
}

/// The one element in the body.
fn call_element<'a>(cursor: &mut Cursor<'a>) -> Result<Tag<'a>, DecodeError> {
    match cursor.child()? {
        Some(tag) => Ok(tag),
        None => Err(cursor.malformed("the SOAP body is empty")),
    }
}

/// Reads to the end of the document from the end of the element in the body.
fn leave_body(cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    if let Some(tag) = cursor.child()? {
        return Err(cursor.malformed(format!("a second element {} in the SOAP body", quote(tag.name))));
    }
    while cursor.child()?.is_some() {
        cursor.skip()?;
    }
    cursor.finish()
}

/// The receiver of a call: the first child, mostly.
fn find_this(cursor: &mut Cursor<'_>) -> Result<Option<MoRef>, DecodeError> {
    while let Some(tag) = cursor.child()? {
        if tag.name == "_this" {
            let text = cursor.text("ManagedObjectReference").map_err(|e| e.in_field("_this"))?;
            return reference(&tag, &text).map(Some).map_err(|e| e.in_field("_this"));
        }
        cursor.skip()?;
    }
    Ok(None)
}
