//! Whole SOAP messages, read.

use super::{
    ENVELOPE,
    cursor::{Cursor, quote},
    decode::{Decoder, reference},
    fail::{Placed, Result},
    input,
};
use crate::{Any, AnyList, DecodeError, Kind, Limits, MethodInfo, MoRef, Shared, Type};

/// A call, read as far as the server needs to find the method; [`Request::arguments`] reads the rest.
#[derive(Debug)]
pub struct Request<'a> {
    /// Name of the method on the wire, not checked.
    pub method: &'a str,
    /// Namespace of the method's element, for example `urn:vim25`.
    pub namespace: String,
    /// The object that the method is called on, if it was sent.
    pub this: Option<MoRef>,
    /// Elements of the SOAP header that hold text, by local name.
    pub header: Vec<(String, String)>,
    /// What the arguments are read with.
    decoder: Decoder<'a>,
}

/// Elements of the SOAP header that are kept.
const MAX_HEADERS: usize = 32;

impl<'a> Request<'a> {
    /// Reads the envelope, the header, the method's name and `_this` of a document that [`decode_text`] gave.
    ///
    /// [`decode_text`]: super::decode_text
    pub fn parse(document: &'a str, limits: Limits) -> std::result::Result<Request<'a>, DecodeError> {
        let mut cursor = Cursor::new(document, limits.depth);
        let mut header = Vec::new();
        enter_body(&mut cursor, Some(&mut header))?;
        let method = call_element(&mut cursor)?;
        let namespace = cursor.namespace().to_string();
        let (this, cursor) = receiver(cursor)?;
        Ok(Request { method, namespace, this, header, decoder: Decoder::new(cursor, limits) })
    }

    /// An element of the header, for example `operationID` or `vcSessionCookie`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Reads the arguments as a value of the method's argument type, and the document to its end.
    pub fn arguments(mut self, params: &'static Type) -> std::result::Result<Shared, DecodeError> {
        let arguments = self.decoder.object(params)?;
        leave_body(&mut self.decoder.cursor)?;
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
pub fn decode_response(body: &[u8], method: &MethodInfo, limits: Limits) -> std::result::Result<Reply, DecodeError> {
    let text = input::decode(body)?;
    let mut decoder = Decoder::new(Cursor::new(&text, limits.depth), limits);
    enter_body(&mut decoder.cursor, None)?;
    let name = call_element(&mut decoder.cursor)?;
    let reply = if name == "Fault" && decoder.cursor.namespace() == ENVELOPE {
        Reply::Fault(soap_fault(&mut decoder)?)
    } else if name.strip_suffix("Response") == Some(method.name) {
        Reply::Result(result(&mut decoder, method)?)
    } else {
        let reason = format!("element {} is not the response of {}", quote(name), method.name);
        return Err(decoder.cursor.malformed(reason).into());
    };
    leave_body(&mut decoder.cursor)?;
    Ok(reply)
}

fn result(decoder: &mut Decoder<'_>, method: &MethodInfo) -> Result<Option<Any>> {
    let (kind, list) =
        if method.task { (Kind::MoRef("Task"), false) } else { (method.result.kind, method.result.list) };
    let mut values = Vec::new();
    while let Some(name) = decoder.cursor.child()? {
        if name == "returnval" && kind != Kind::Void {
            let value = decoder.value(kind);
            let value = if list { value.in_item(values.len()) } else { value };
            values.extend(value.in_field("returnval")?);
        } else {
            decoder.cursor.skip()?;
        }
    }
    Ok(match list {
        true => Some(Any::List(AnyList { item: kind, items: values })),
        false => values.pop(),
    })
}

fn soap_fault(decoder: &mut Decoder<'_>) -> Result<SoapFault> {
    let mut fault = SoapFault { code: String::new(), message: String::new(), detail: None };
    while let Some(name) = decoder.cursor.child()? {
        match name {
            "faultcode" => fault.code = decoder.cursor.text("faultcode")?.into_owned(),
            "faultstring" => fault.message = decoder.cursor.text("faultstring")?.into_owned(),
            "detail" => {
                while decoder.cursor.child()?.is_some() {
                    match (fault_type(decoder)?, &fault.detail) {
                        (Some(ty), None) => fault.detail = Some(decoder.object(ty).in_field("detail")?),
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
fn fault_type(decoder: &Decoder<'_>) -> Result<Option<&'static Type>> {
    let tag = decoder.cursor.tag;
    let named = match tag.xsi_type {
        Some(name) => decoder.resolve(name)?,
        None => None,
    };
    Ok(match named {
        Some((Kind::Object(ty), false)) => Some(ty),
        _ => tag.name.strip_suffix("Fault").and_then(crate::type_named),
    })
}

/// Goes to the start of the body, past the header, whose simple elements are put into `header`.
fn enter_body(cursor: &mut Cursor<'_>, mut header: Option<&mut Vec<(String, String)>>) -> Result<()> {
    let root = cursor.root()?;
    if root != "Envelope" || cursor.namespace() != ENVELOPE {
        let reason = format!("expected the Envelope of SOAP 1.1, found element {}", quote(root));
        return Err(cursor.malformed(reason));
    }
    while let Some(name) = cursor.child()? {
        match (name, cursor.namespace() == ENVELOPE) {
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

fn read_header(cursor: &mut Cursor<'_>, header: &mut Vec<(String, String)>) -> Result<()> {
    while let Some(name) = cursor.child()? {
        if let Some(text) = cursor.text_or_skip()?.filter(|_| header.len() < MAX_HEADERS) {
            header.push((name.to_string(), text.into_owned()));
        }
    }
    Ok(())
}

/// Enters the one element in the body and gives its local name.
fn call_element<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str> {
    match cursor.child()? {
        Some(name) => Ok(name),
        None => Err(cursor.malformed("the SOAP body is empty")),
    }
}

/// Reads to the end of the document from the end of the element in the body.
fn leave_body(cursor: &mut Cursor<'_>) -> Result<()> {
    if let Some(name) = cursor.child()? {
        return Err(cursor.malformed(format!("a second element {} in the SOAP body", quote(name))));
    }
    while cursor.child()?.is_some() {
        cursor.skip()?;
    }
    cursor.finish()
}

/// The receiver of a call, and the cursor from which its arguments are read: behind the receiver, which mostly is the first
/// child, or else at the first child.
fn receiver(mut cursor: Cursor<'_>) -> Result<(Option<MoRef>, Cursor<'_>)> {
    let start = cursor.clone();
    let mut is_first = true;
    while let Some(name) = cursor.child()? {
        if name == "_this" {
            let text = cursor.text("ManagedObjectReference").in_field("_this")?;
            let this = reference(&cursor, &text).in_field("_this")?;
            return Ok((Some(this), if is_first { cursor } else { start }));
        }
        cursor.skip()?;
        is_first = false;
    }
    Ok((None, start))
}
