//! Bytes to a server and back: connections, time limits, size limits.

use std::{error::Error as StdError, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, Error as PoolError, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio_rustls::rustls;

use crate::{
    Address, Error,
    trust::{Refused, Trust},
};

/// How long an unused connection is kept: less than servers do.
const IDLE: Duration = Duration::from_secs(50);

/// Times and sizes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) connect: Duration,
    pub(crate) call: Duration,
    pub(crate) reply: usize,
}

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Connections to one server, shared by all calls.
pub(crate) struct Transport {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    pub(crate) address: Address,
    pub(crate) bounds: Bounds,
}

impl Transport {
    pub(crate) fn new(address: Address, trust: &Trust, bounds: Bounds) -> Result<Transport, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(bounds.connect));
        // Reading this machine's authorities takes a while: only who encrypts does it.
        let trust = if address.is_secure() { trust } else { &Trust::Anything };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(trust.config()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool =
            Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector);
        Ok(Transport { pool, address, bounds })
    }

    /// Sends a request and receives the whole answer within `within`.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>, within: Duration) -> Result<Answer, Error> {
        match tokio::time::timeout(within, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::Timeout { address: self.name(), after: within }),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Error> {
        let reply = self.pool.request(request).await.map_err(|error| self.explain(&error))?;
        let (parts, body) = reply.into_parts();
        let body = match Limited::new(body, self.bounds.reply).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(Error::TooLarge { address: self.name(), limit: self.bounds.reply });
            }
            Err(error) => return Err(Error::Broken { address: self.name(), reason: deepest(&*error) }),
        };
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    fn explain(&self, error: &PoolError) -> Error {
        let address = self.name();
        if let Some(refused) = causes(error).find_map(refused) {
            let Refused { sha256, sha1, reason } = refused.clone();
            return Error::Certificate { address, reason, sha256, sha1 };
        }
        match error.is_connect() {
            true => Error::Connect { address, reason: deepest(error) },
            false => Error::Broken { address, reason: deepest(error) },
        }
    }

    pub(crate) fn name(&self) -> String {
        self.address.authority().to_owned()
    }
}

/// The certificate that was refused, if that is the error.
fn refused<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Refused> {
    match error.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => other.0.downcast_ref(),
        _ => None,
    }
}

/// An error and what caused it, also where an `io::Error` holds an error of another kind.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    }
}

/// What the innermost error says: the ones around it only say where it happened.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}
