//! One request and its reply.

use std::convert::Infallible;
use std::sync::Arc;

use ::http::header::CONNECTION;
use ::http::request::Parts;
use ::http::{HeaderMap, HeaderValue, StatusCode, Version};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::body::{self, Room};
use super::compress;
use super::connection::Link;
use super::contain::contain;
use super::flow::Sent;
use super::service::{Request, Response, Service};

/// Answers one request, whatever happens. Dropping the future drops the call.
pub(super) async fn exchange<S: Service>(
    link: Arc<Link<S>>,
    request: ::http::Request<Incoming>,
) -> Result<::http::Response<Sent>, Infallible> {
    let started = Instant::now();
    let (head, incoming) = request.into_parts();
    let multiplexed = head.version >= Version::HTTP_2;
    let running = link.activity.begin(multiplexed);
    let (method, uri, gzip) = (head.method.clone(), head.uri.clone(), compress::accepted(&head.headers));
    let reply = tokio::select! {
        biased;
        reply = answer(&link, head, incoming) => compress::compress(reply, gzip).await,
        () = link.front.refusing() => refusal(),
    };
    // The query is left out: it may carry a ticket.
    tracing::debug!(%method, path = uri.path(), status = reply.status.as_u16(), took = ?started.elapsed(), "request");
    let Response { status, headers, body } = reply;
    let body = Sent::new(body, running, &link.front.limits, &link.front.outlet);
    Ok(finish(status, headers, body, multiplexed))
}

async fn answer<S: Service>(link: &Link<S>, head: Parts, incoming: Incoming) -> Response {
    let room = Room::new(Arc::clone(&link.front.room));
    let received = match body::receive(&head.headers, incoming, &link.front.limits, room).await {
        Ok(received) => received,
        Err(refused) => {
            tracing::debug!(peer = %link.peer, reason = %refused, "request body refused");
            return refused.response();
        }
    };
    let _held = received.room;
    let request = Request {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: received.bytes,
        peer: link.peer,
        secure: link.secure,
    };
    match contain(async { link.front.service.call(request).await }).await {
        Ok(reply) => reply,
        Err(panicked) => {
            tracing::error!(peer = %link.peer, panic = panicked.0, "a request handler panicked");
            Response::text(StatusCode::INTERNAL_SERVER_ERROR, "internal error: see the server's log\n")
        }
    }
}

fn refusal() -> Response {
    Response::text(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down\n")
        .with(CONNECTION, HeaderValue::from_static("close"))
}

fn finish(status: StatusCode, headers: HeaderMap, body: Sent, multiplexed: bool) -> ::http::Response<Sent> {
    let mut response = ::http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if multiplexed {
        response.headers_mut().remove(CONNECTION);
    }
    response
}
