//! The front door behind HTTP: which path speaks what.

mod about;
mod fetch;
mod hello;
mod json;
mod soap;

use std::sync::Arc;

use ::http::{HeaderValue, Method, StatusCode, header::RETRY_AFTER};
use vim25::Str;

use crate::{
    core::Core,
    dispatch::Caller,
    http::{Request, Response},
    session::Session,
    wsdl,
};

/// Bodies from this size on take long enough to read for others to notice.
const LARGE: usize = 128 * 1024;

/// Answers one request.
pub async fn answer(core: &Arc<Core>, request: Request) -> Response {
    let path = request.path().trim_end_matches('/');
    match (&request.method, path) {
        (&Method::POST, "/sdk" | "/sdk/vimService") => soap::answer(core, &request).await,
        (_, path) if path.starts_with("/sdk/vim25/") => json::answer(core, &request).await,
        (&Method::POST, hello::PATH) => hello::answer(core, &request),
        (&Method::GET | &Method::HEAD, "/about") => about::page(core),
        (&Method::GET | &Method::HEAD, "/healthz") => Response::text(StatusCode::OK, "ok\n"),
        (&Method::GET | &Method::HEAD, path) => document(core, &request, path),
        (_, "/sdk") => Response::text(StatusCode::METHOD_NOT_ALLOWED, "POST a SOAP request here\n"),
        _ => not_found(path),
    }
}

/// The WSDL and what belongs to it.
fn document(core: &Core, request: &Request, path: &str) -> Response {
    let scheme = if request.secure { "https" } else { "http" };
    // HTTP/2 names the server in the request itself.
    let authority = request.uri.authority().map(|a| a.as_str()).or_else(|| request.header("host"));
    let base = format!("{scheme}://{}", authority.unwrap_or("localhost"));
    match wsdl::document(path, request.query().unwrap_or(""), &base, core.settings.version) {
        Some((content_type, text)) => Response::new(StatusCode::OK, content_type, text),
        None => not_found(path),
    }
}

fn not_found(path: &str) -> Response {
    Response::text(StatusCode::NOT_FOUND, format!("There is nothing at {path}\n"))
}

/// Reads from the request's body. A large one takes its turn.
async fn reading<R>(core: &Core, request: &Request, read: impl FnOnce() -> R) -> R {
    match request.body.len() < LARGE {
        true => read(),
        false => core.turns.take(read).await,
    }
}

/// The answer to who asks for a session when there are as many as there may be.
fn full() -> Response {
    let text = "There are as many sessions as there may be: log out of some, or try again later\n";
    Response::text(StatusCode::SERVICE_UNAVAILABLE, text).with(RETRY_AFTER, HeaderValue::from_static("60"))
}

/// Who calls, given the session (if any) that the request names.
fn caller(request: &Request, session: Option<Arc<Session>>) -> Caller {
    // A header's text is ASCII, so that it can be cut anywhere.
    let user_agent = request.header("user-agent").unwrap_or("");
    let user_agent = Str::new(&user_agent[..user_agent.len().min(256)]);
    Caller { session, address: request.peer.ip(), user_agent, granted: Arc::default() }
}
