//! Whole SOAP messages.

use super::Encoder;
use crate::{ApiVersion, DataObject, Kind, MethodInfo, MoRef, Ref, Service};

const START: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
    "<soapenv:Envelope xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\"",
    " xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"",
    " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"",
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n",
);
const BODY: &str = "<soapenv:Body>\n";
const END: &str = "\n</soapenv:Body>\n</soapenv:Envelope>";

/// The reply to a call of `method`. A method that makes a task returns the reference to it; a method without a result
/// takes [`Ref::Unset`].
pub fn response(method: &MethodInfo, result: Ref<'_>, version: ApiVersion) -> Vec<u8> {
    response_with(method, version, |encoder| encoder.value("returnval", result_kind(method), result))
}

/// What stands in the element `returnval` of a reply.
pub(super) fn result_kind(method: &MethodInfo) -> Kind {
    if method.task { Kind::MoRef("Task") } else { method.result.kind }
}

/// The reply to a call of `method`, its content (element `returnval`) written by `fill`.
pub fn response_with(method: &MethodInfo, version: ApiVersion, fill: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    begin(&mut out, method);
    fill(&mut Encoder::new(&mut out, version, method.params.service));
    end(&mut out, method);
    out
}

/// What stands before the content of a reply.
pub(super) fn begin(out: &mut Vec<u8>, method: &MethodInfo) {
    push(out, &[START, BODY, "<", method.name, "Response xmlns=\"", method.params.service.namespace(), "\">"]);
}

/// What stands behind the content of a reply.
pub(super) fn end(out: &mut Vec<u8>, method: &MethodInfo) {
    push(out, &["</", method.name, "Response>", END]);
}

/// A SOAP fault that carries `fault`; the element in its detail is named after the fault's type. A fault whose type the
/// version does not know arrives as its nearest known base.
pub fn fault(fault: &dyn DataObject, message: &str, version: ApiVersion) -> Vec<u8> {
    let mut out = start(BODY);
    push(&mut out, &["<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>"]);
    super::text::text(&mut out, message);
    push(&mut out, &["</faultstring><detail>"]);
    let mut shown = fault;
    while let (true, Some(base)) = (shown.descriptor().since > version, shown.base()) {
        shown = base;
    }
    let (name, space) = (shown.descriptor().name, shown.descriptor().service);
    push(&mut out, &["<", name, "Fault xmlns=\"", space.namespace(), "\" xsi:type=\"", name, "\">"]);
    Encoder::new(&mut out, version, space).fields(shown);
    push(&mut out, &["</", name, "Fault></detail></soapenv:Fault>", END]);
    out
}

/// A call of `method` on `this`, as a client writes it. `header` holds elements of the SOAP header, for example
/// `operationID`.
pub fn call(
    method: &MethodInfo,
    this: &MoRef,
    arguments: &dyn DataObject,
    header: &[(&str, &str)],
    version: ApiVersion,
) -> Vec<u8> {
    let space = method.params.service;
    let mut out = start("");
    if !header.is_empty() {
        push(&mut out, &["<soapenv:Header>"]);
        for (name, value) in header {
            push(&mut out, &["<", name, " xmlns=\"", Service::Vim25.namespace(), "\">"]);
            super::text::text(&mut out, value);
            push(&mut out, &["</", name, ">"]);
        }
        push(&mut out, &["</soapenv:Header>\n"]);
    }
    push(&mut out, &[BODY, "<", method.name, " xmlns=\"", space.namespace(), "\">"]);
    let mut encoder = Encoder::new(&mut out, version, space);
    encoder.value("_this", Kind::MoRef("ManagedObject"), Ref::MoRef(this));
    encoder.fields(arguments);
    push(&mut out, &["</", method.name, ">", END]);
    out
}

fn start(then: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    push(&mut out, &[START, then]);
    out
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}
