//! The listening socket: accepts connections, bounds their number, and closes in good order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::body;
use super::connection::{self, Front, Mood};
use super::flow::Outlet;
use super::limits::Limits;
use super::service::Service;
use super::tls::{Identity, TlsError};

/// Connections that the kernel may hold until they are accepted: a burst of clients must not see refused packets.
const BACKLOG: u32 = 4096;
/// How often idle connections are asked to leave while all are taken.
const CROWDED: Duration = Duration::from_secs(1);
/// How long to wait after the system refused to accept a connection (out of file descriptors, mostly).
const PAUSE: Duration = Duration::from_millis(50);
/// How long refused requests may take to reach their clients at shutdown.
const GRACE: Duration = Duration::from_millis(300);
/// How long aborted connections may take to notice.
const ABORT: Duration = Duration::from_millis(100);

/// Why a server does not listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address cannot be had: taken, not local, not allowed or not resolvable.
    #[error("cannot listen on {address}")]
    Address {
        /// The address as given.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A bound socket: clients can connect already, and are answered once [`Listener::serve`] runs.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    limits: Limits,
}

impl Listener {
    /// Binds `address` (`HOST:PORT`; a name takes the first of its addresses that works; port 0 picks a free one).
    /// With an identity the server speaks TLS only, without one plain HTTP only.
    ///
    /// # Errors
    /// If the address is not available or the identity not usable.
    pub async fn bind(address: &str, identity: Option<Identity>, limits: Limits) -> Result<Self, BindError> {
        let tls = identity.map(Identity::server_config).transpose()?;
        let unavailable = |source| BindError::Address { address: address.to_owned(), source };
        let socket = listen(address).await.map_err(unavailable)?;
        let address = socket.local_addr().map_err(unavailable)?;
        Ok(Self { socket, address, tls, limits })
    }

    /// The address that it listens on, with the port that was picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves until `shutdown` ends: then accepts no more, lets running requests end for [`Limits::drain`], refuses
    /// the rest with status 503, and returns when all connections are closed, at most half a second later.
    pub async fn serve<S: Service>(self, service: Arc<S>, shutdown: impl Future<Output = ()>) {
        let (mood, observed) = watch::channel(Mood::Open(0));
        let front = Arc::new(Front {
            service,
            room: body::all_room(&self.limits),
            outlet: Outlet::new(),
            protocols: connection::protocols(&self.limits),
            tls: self.tls.map(TlsAcceptor::from),
            mood: observed,
            limits: self.limits,
        });
        let gate = Gate { socket: self.socket, slots: Arc::new(Semaphore::new(front.limits.connections)), mood };
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => report(ended),
                (slot, socket, peer) = gate.admit() => {
                    let front = Arc::clone(&front);
                    connections.spawn(async move {
                        connection::serve(front, socket, peer).await;
                        drop(slot);
                    });
                }
            }
        }
        let Gate { socket, mood, .. } = gate;
        drop(socket);
        close(connections, &mood, front.limits.drain).await;
    }
}

/// Listens on the first address of that name that works.
async fn listen(name: &str) -> io::Result<TcpListener> {
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in lookup_host(name).await? {
        outcome = listen_on(address);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that ended a moment ago must not keep the next one from its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The way in: the socket and the number of connections that still fit.
struct Gate {
    socket: TcpListener,
    slots: Arc<Semaphore>,
    mood: watch::Sender<Mood>,
}

impl Gate {
    /// The next connection, as soon as there is one and a slot for it.
    async fn admit(&self) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
        loop {
            let slot = self.slot().await;
            match self.socket.accept().await {
                Ok((socket, peer)) => return (slot, socket, peer),
                Err(error) if is_fleeting(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection; asking idle ones to leave");
                    self.make_room();
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn slot(&self) -> OwnedSemaphorePermit {
        loop {
            match timeout(CROWDED, Arc::clone(&self.slots).acquire_owned()).await {
                Ok(Ok(slot)) => return slot,
                // The semaphore is never closed, so this arm is the time-out.
                _ => self.make_room(),
            }
        }
    }

    fn make_room(&self) {
        self.mood.send_modify(|mood| {
            if let Mood::Open(round) = mood {
                *round = round.wrapping_add(1);
            }
        });
    }
}

/// Whether only this one connection failed, not the socket.
fn is_fleeting(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn close(mut connections: JoinSet<()>, mood: &watch::Sender<Mood>, drain: Duration) {
    mood.send_replace(Mood::Draining);
    if timeout(drain, all_ended(&mut connections)).await.is_ok() {
        return;
    }
    mood.send_replace(Mood::Refusing);
    if timeout(GRACE, all_ended(&mut connections)).await.is_ok() {
        return;
    }
    tracing::warn!(connections = connections.len(), "connections cut off at shutdown");
    connections.abort_all();
    if timeout(ABORT, all_ended(&mut connections)).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections still busy at shutdown");
    }
}

async fn all_ended(connections: &mut JoinSet<()>) {
    while let Some(ended) = connections.join_next().await {
        report(ended);
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection panicked");
    }
}
