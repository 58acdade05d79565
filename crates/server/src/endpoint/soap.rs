//! SOAP: `POST /sdk`.

use std::sync::Arc;

use ::http::{HeaderValue, StatusCode, header::SET_COOKIE};
use vim25::{ApiVersion, Limits, MethodInfo, pieces::Source, soap};

use super::{caller, fetch, full, reading};
use crate::{
    core::Core,
    dispatch::{self, Grant},
    fault::Fault,
    http::{Body, Request, Response},
    session::Session,
};

const XML: &str = "text/xml; charset=utf-8";

/// Types by which clients send XML, without their parameters.
const XML_TYPES: [&str; 3] = ["text/xml", "application/xml", "application/soap+xml"];

/// The cookie that names the session.
const COOKIE: &str = "vmware_soap_session";

/// Answers one request.
pub(super) async fn answer(core: &Arc<Core>, request: &Request) -> Response {
    let version = match version(core, request) {
        Ok(version) => version,
        Err(fault) => return refuse(&fault, core.settings.version),
    };
    match call(core, request, version).await {
        Ok(reply) => reply,
        Err(fault) => refuse(&fault, version),
    }
}

fn refuse(fault: &Fault, version: ApiVersion) -> Response {
    let body = soap::fault(&**fault.fault.shared(), &fault.message, version);
    Response::new(StatusCode::INTERNAL_SERVER_ERROR, XML, body)
}

/// The version of the API that the client speaks: the end of its SOAPAction, `urn:vim25/8.0.3.0`. A client that names
/// none gets the server's; one that names a newer one than the server's gets the server's too.
fn version(core: &Core, request: &Request) -> Result<ApiVersion, Fault> {
    let action = request.header("soapaction").unwrap_or("").trim().trim_matches('"');
    let Some((_, label)) = action.split_once('/').filter(|(_, label)| !label.is_empty()) else {
        return Ok(core.settings.version);
    };
    match ApiVersion::parse(label) {
        Some(version) => Ok(version.min(core.settings.version)),
        None => Err(Fault::invalid_request(format!("Unsupported version URI '{action}'"))),
    }
}

async fn call(core: &Arc<Core>, request: &Request, version: ApiVersion) -> Result<Response, Fault> {
    if !is_xml(request) {
        return Ok(Response::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send text/xml\n"));
    }
    let text = reading(core, request, || soap::decode_text(&request.body)).await?;
    let message = reading(core, request, || soap::Request::parse(&text, Limits::REQUEST)).await?;
    let session = session(core, request, message.header("vcSessionCookie"));
    let caller = caller(request, session);
    let granted = caller.granted.clone();
    let this = message.this.clone().ok_or_else(|| Fault::invalid_request("The request names no receiver (_this)"))?;
    if message.method == fetch::METHOD.name {
        let name = fetch::wanted(&message.arguments(fetch::METHOD.params)?);
        let (_, value) = dispatch::property(core, &caller, &this, &name, version).await?;
        return Ok(reply(&fetch::METHOD, Source::value(value), version));
    }
    let call = dispatch::Request { this, method: message.method, version, caller };
    let target = dispatch::resolve(core, &call)?;
    let arguments = reading(core, request, || message.arguments(target.method.params)).await?;
    let outcome = dispatch::invoke(core.clone(), call, target, arguments).await;
    if let Some(Grant::Full) = granted.get() {
        return Ok(full());
    }
    let outcome = outcome?;
    let reply = reply(target.method, outcome, version);
    Ok(match granted.get().and_then(Grant::secret).and_then(|secret| cookie(secret, request.secure)) {
        Some(cookie) => reply.with(SET_COOKIE, cookie),
        None => reply,
    })
}

fn reply(method: &'static MethodInfo, outcome: Source, version: ApiVersion) -> Response {
    let mut pieces = soap::Pieces::new(method, outcome, version);
    Response::new(StatusCode::OK, XML, Body::in_pieces(move |out: &mut Vec<u8>, enough| pieces.write(out, enough)))
}

/// A body without a type is taken as XML.
fn is_xml(request: &Request) -> bool {
    let is = |sent: &str, known: &str| sent.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
    request.header("content-type").is_none_or(|sent| XML_TYPES.iter().any(|known| is(sent, known)))
}

fn cookie(secret: &str, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { " Secure;" } else { "" };
    HeaderValue::from_str(&format!("{COOKIE}=\"{secret}\"; Path=/; HttpOnly;{secure}")).ok()
}

/// The session that the request names, by cookie or, as other services do, in the SOAP header.
fn session(core: &Core, request: &Request, in_header: Option<&str>) -> Option<Arc<Session>> {
    let cookies = request.headers.get_all("cookie").iter().filter_map(|c| c.to_str().ok()).flat_map(|c| c.split(';'));
    let named = cookies.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    let secrets = named.chain(in_header).map(|secret| secret.trim().trim_matches('"'));
    secrets.into_iter().find_map(|secret| core.sessions.find(secret, core.now()))
}
