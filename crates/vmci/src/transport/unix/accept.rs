//! Accepts programs on one of a VM's sockets, and gives each a task.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::{
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

/// Pause after a failure to accept, such as too many open files.
const PAUSE: Duration = Duration::from_millis(20);

/// Accepts for as long as it is polled; dropped, it ends every session. At most `handshakes` sessions hold their permit
/// at a time; while all are held, further programs wait in the backlog.
pub(super) async fn accept<F>(
    listener: UnixListener,
    handshakes: usize,
    session: impl Fn(UnixStream, OwnedSemaphorePermit) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(handshakes));
    let mut sessions = JoinSet::new();
    loop {
        let Ok(permit) = free.clone().acquire_owned().await else { return };
        let stream = loop {
            tokio::select! {
                biased;
                Some(_) = sessions.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => break stream,
                    Err(error) => pause(&error).await,
                },
            }
        };
        sessions.spawn(session(stream, permit));
    }
}

async fn pause(error: &io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(PAUSE).await;
}
