//! Connecting to a socket that a program listens on.

use std::{io, path::Path, time::Duration};

use tokio::net::UnixStream;

use crate::{
    refusal::Refusal,
    transport::{Opening, Pipe},
};

/// The first pause before a listener with a full backlog is asked again.
const PAUSE: Duration = Duration::from_micros(200);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Connects. A listener that is busy is asked again until whoever waits gives up.
pub(super) fn open(path: std::path::PathBuf) -> Opening<'static> {
    Box::pin(async move {
        let stream = dial(&path).await?;
        Ok(Box::new(stream) as Box<dyn Pipe>)
    })
}

async fn dial(path: &Path) -> Result<UnixStream, Refusal> {
    let mut pause = PAUSE;
    loop {
        match UnixStream::connect(path).await {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(refused(path, &error)),
        }
    }
}

fn refused(path: &Path, error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Refusal::NoListener,
        _ => {
            tracing::warn!(%error, socket = %path.display(), "cannot connect");
            Refusal::NoResources
        }
    }
}
