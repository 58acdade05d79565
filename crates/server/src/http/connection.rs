//! One connection: its TLS handshake, its protocol, its time limits and its end.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::activity::Activity;
use super::exchange::exchange;
use super::flow::Outlet;
use super::limits::Limits;
use super::sealed::Sealed;
use super::service::Service;
use super::stream::{Stream, Watched};

/// How long an expired connection may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a server asks of its connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mood {
    /// Go on. When the number changes, all connections are taken: idle ones should leave.
    Open(u64),
    /// Answer what runs and leave.
    Draining,
    /// Answer what runs with a refusal, now.
    Refusing,
}

/// What all connections of a server share.
pub(super) struct Front<S> {
    pub(super) service: Arc<S>,
    pub(super) limits: Limits,
    pub(super) room: Arc<Semaphore>,
    pub(super) outlet: Outlet,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) protocols: Builder<TokioExecutor>,
    pub(super) mood: watch::Receiver<Mood>,
}

impl<S> Front<S> {
    /// Ends when running requests have to be refused.
    pub(super) async fn refusing(&self) {
        let mut mood = self.mood.clone();
        if mood.wait_for(|mood| *mood == Mood::Refusing).await.is_err() {
            // The listener is gone without a farewell, and this task is about to be dropped.
            std::future::pending::<()>().await;
        }
    }
}

/// What all requests of a connection share.
pub(super) struct Link<S> {
    pub(super) front: Arc<Front<S>>,
    pub(super) peer: SocketAddr,
    pub(super) secure: bool,
    pub(super) activity: Arc<Activity>,
}

/// HTTP/1.1 and HTTP/2 with these limits.
pub(super) fn protocols(limits: &Limits) -> Builder<TokioExecutor> {
    let head_bytes = limits.head_bytes.max(8 * 1024);
    let mut builder = Builder::new(TokioExecutor::new());
    // The time limit on heads is kept by `Activity`: hyper's own one would also end connections that are merely idle.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Serves one connection to its end.
pub(super) async fn serve<S: Service>(front: Arc<Front<S>>, socket: TcpStream, peer: SocketAddr) {
    if let Err(error) = prepare(&socket) {
        tracing::debug!(%peer, %error, "connection was gone before it began");
        return;
    }
    let mut mood = front.mood.clone();
    let activity = Arc::new(Activity::new());
    let stream = tokio::select! {
        stream = open(&front, socket, peer, &activity) => stream,
        _ = mood.wait_for(|mood| !matches!(mood, Mood::Open(_))) => None,
    };
    let Some(stream) = stream else { return };
    let secure = front.tls.is_some();
    let link = Arc::new(Link { front, peer, secure, activity });
    speak(link, stream, mood).await;
}

/// Small packets go at once, and a peer that vanished without a word is noticed within two minutes.
fn prepare(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    SockRef::from(socket).set_tcp_keepalive(&keepalive.with_retries(4))
}

/// The byte stream that HTTP is spoken on: the socket, or TLS over it.
async fn open<S>(
    front: &Front<S>,
    socket: TcpStream,
    peer: SocketAddr,
    activity: &Arc<Activity>,
) -> Option<Box<dyn Stream>> {
    let watch = |socket| Watched::new(socket, Arc::clone(activity), front.limits.write_stall);
    let Some(tls) = &front.tls else { return Some(Box::new(watch(socket))) };
    let handshake = async {
        if speaks_plain_http(&socket).await? {
            turn_away(&socket);
            return Err(std::io::Error::other("plain HTTP where TLS is expected"));
        }
        tls.accept(watch(socket)).await
    };
    match timeout(front.limits.handshake, handshake).await {
        Ok(Ok(stream)) => Some(Box::new(Sealed::new(stream))),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "no TLS handshake");
            None
        }
        Err(_) => {
            tracing::debug!(%peer, "TLS handshake took too long");
            None
        }
    }
}

/// A TLS handshake starts with the byte 22, an HTTP request with a capital letter.
async fn speaks_plain_http(socket: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0];
    Ok(socket.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
}

/// Says what is wrong, as far as the socket takes it without waiting.
fn turn_away(socket: &TcpStream) {
    let text = "This server speaks HTTPS here: use https:// instead of http://.\n";
    let length = text.len();
    let reply = format!(
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {length}\r\n\r\n{text}"
    );
    // Unread bytes would turn the close into a reset, which may overtake the reply.
    let heard = socket.try_read(&mut [0; 16 * 1024]);
    let said = socket.try_write(reply.as_bytes());
    tracing::trace!(?heard, ?said, "plain HTTP turned away");
}

/// Speaks HTTP until the client leaves, the time is up or the server closes.
async fn speak<S: Service>(link: Arc<Link<S>>, stream: Box<dyn Stream>, mut mood: watch::Receiver<Mood>) {
    let answers = service_fn({
        let link = Arc::clone(&link);
        move |request| exchange(Arc::clone(&link), request)
    });
    let limits = &link.front.limits;
    let mut connection = pin!(link.front.protocols.serve_connection(TokioIo::new(stream), answers));
    let mut timer = pin!(sleep(limits.head));
    loop {
        tokio::select! {
            biased;
            end = connection.as_mut() => {
                if let Err(error) = end {
                    tracing::debug!(peer = %link.peer, error = error.as_ref(), "connection ended early");
                }
                return;
            }
            () = poll_fn(|context| poll_expiry(&link.activity, limits, timer.as_mut(), context)) => break,
            Ok(()) = mood.changed() => match *mood.borrow_and_update() {
                Mood::Open(_) if link.activity.idle_for(limits.idle_when_full) => break,
                Mood::Open(_) => {}
                Mood::Draining | Mood::Refusing => connection.as_mut().graceful_shutdown(),
            },
        }
    }
    connection.as_mut().graceful_shutdown();
    let in_time = timeout(FAREWELL, connection).await.is_ok();
    tracing::debug!(peer = %link.peer, in_time, "connection expired");
}

/// Ready when the connection's time is up.
///
/// It is polled after the connection itself, whenever that moved; so the timer needs to be set anew only when the
/// deadline came closer or the timer went off, not with every byte.
fn poll_expiry(
    activity: &Activity,
    limits: &Limits,
    mut timer: Pin<&mut Sleep>,
    context: &mut Context<'_>,
) -> Poll<()> {
    let deadline = activity.deadline(limits).unwrap_or_else(|| Instant::now() + limits.idle);
    if deadline < timer.deadline() {
        timer.as_mut().reset(deadline);
    }
    while timer.as_mut().poll(context).is_ready() {
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        timer.as_mut().reset(deadline);
    }
    Poll::Pending
}
