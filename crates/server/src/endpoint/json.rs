//! VI/JSON: `/sdk/vim25/{release}/{type}/{id}/{property or method}`.

use std::sync::Arc;

use ::http::{HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use vim25::{ApiVersion, Field, Kind, Limits, MethodInfo, MoRef, Str, json, pieces::Source};

use super::{caller, full, reading};
use crate::{
    core::Core,
    dispatch::{self, Caller, Grant},
    fault::Fault,
    http::{Body, Request, Response},
};

/// The header that names the session, in both directions.
const SESSION: HeaderName = HeaderName::from_static("vmware-api-session-id");

/// The first release that speaks VI/JSON.
const FIRST_RELEASE: &str = "8.0.1.0";

const JSON: &str = "application/json";

/// What a path names.
struct Resource {
    version: ApiVersion,
    object: MoRef,
    member: Str,
}

/// Answers one request.
pub(super) async fn answer(core: &Arc<Core>, request: &Request) -> Response {
    let Some(target) = target(core, request.path()) else {
        return Response::text(StatusCode::NOT_FOUND, "There is no such release or resource\n");
    };
    let version = target.version;
    let session = request.header(SESSION).and_then(|secret| core.sessions.find(secret, core.now()));
    let caller = caller(request, session);
    let granted = caller.granted.clone();
    let outcome = match request.method {
        Method::GET => property(core, &target, &caller).await,
        Method::POST if !is_json(request) => {
            return Response::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send application/json\n");
        }
        Method::POST => call(core, request, target, caller).await,
        _ => return Response::text(StatusCode::METHOD_NOT_ALLOWED, "GET a property or POST a method's arguments\n"),
    };
    let secret = match granted.get() {
        Some(Grant::Full) => return full(),
        grant => grant.and_then(Grant::secret),
    };
    match outcome {
        Ok(body) if body.is_empty() => with_session(Response::empty(StatusCode::NO_CONTENT), secret),
        Ok(body) => with_session(Response::new(StatusCode::OK, JSON, body), secret),
        Err(fault) => refuse(&fault, version),
    }
}

fn target(core: &Core, path: &str) -> Option<Resource> {
    let mut parts = path.strip_prefix("/sdk/vim25/")?.split('/');
    let mut part = || percent_decode_str(parts.next()?).decode_utf8().ok().map(|text| Str::from(&*text));
    let (release, kind, id, member) = (part()?, part()?, part()?, part()?);
    let version = speaks(core, &release)?;
    parts.next().is_none().then(|| Resource { version, object: MoRef::new(kind, id), member })
}

/// The version that a release's name stands for, if VI/JSON has it here.
pub(super) fn speaks(core: &Core, release: &str) -> Option<ApiVersion> {
    let version = ApiVersion::parse(release)?;
    let first = ApiVersion::parse(FIRST_RELEASE)?;
    (first..=core.settings.version).contains(&version).then_some(version)
}

/// A body without a type is taken as JSON: a call without arguments often has neither.
fn is_json(request: &Request) -> bool {
    request.header("content-type").is_none_or(|t| t.to_ascii_lowercase().starts_with(JSON))
}

fn with_session(reply: Response, secret: Option<&Str>) -> Response {
    match secret.and_then(|s| HeaderValue::from_str(s).ok()) {
        Some(secret) => reply.with(SESSION, secret),
        None => reply,
    }
}

fn refuse(fault: &Fault, version: ApiVersion) -> Response {
    let descriptor = fault.fault.shared().descriptor();
    let status = StatusCode::from_u16(json::status_of(descriptor)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response::new(status, JSON, json::fault(&**fault.fault.shared(), &fault.message, version))
}

async fn call(core: &Arc<Core>, request: &Request, target: Resource, caller: Caller) -> Result<Body, Fault> {
    let Resource { version, object, member } = target;
    let call = dispatch::Request { this: object, method: &member, version, caller };
    let target = dispatch::resolve(core, &call)?;
    let decode = || json::decode_args(&request.body, target.method, Limits::REQUEST);
    let arguments = reading(core, request, decode).await?;
    let outcome = dispatch::invoke(core.clone(), call, target, arguments).await?;
    Ok(body(returned(target.method), outcome, version))
}

/// The place in which a call's result stands: a method that makes a task returns the reference to it.
fn returned(method: &'static MethodInfo) -> Field {
    match method.task {
        true => Field { kind: Kind::MoRef("Task"), list: false, ..method.result },
        false => Field { ..method.result },
    }
}

fn body(place: Field, value: Source, version: ApiVersion) -> Body {
    let mut pieces = json::Pieces::new(place, value, version);
    Body::in_pieces(move |out: &mut Vec<u8>, enough| pieces.write(out, enough))
}

/// A property of an object.
async fn property(core: &Arc<Core>, target: &Resource, caller: &Caller) -> Result<Body, Fault> {
    let (field, value) = dispatch::property(core, caller, &target.object, &target.member, target.version).await?;
    Ok(body(Field { ..*field }, Source::value(value), target.version))
}
