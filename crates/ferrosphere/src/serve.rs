//! Assembly: from settings to a running server, and its end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::vmci::transport::unix::Root;
use anyhow::{Context, anyhow};
use server::Server;
use server::http::{BindError, Identity, Limits, Listener};
use server::vmci::Setup;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::announce::{self, Place};
use crate::certificate::{self, Thumbprints};
use crate::settings::{Settings, Tls};
use crate::{env_file, logging, world};

/// How long threads that are still busy may hold up the end of the process.
const LAST_WORK: Duration = Duration::from_millis(50);

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// If the server cannot start.
pub fn serve(settings: Settings) -> anyhow::Result<()> {
    logging::start(&settings.log)?;
    raise_file_limit();
    let runtime = runtime()?;
    let outcome = runtime.block_on(run(settings));
    runtime.shutdown_timeout(LAST_WORK);
    outcome
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let stopped = stop_signal()?;
    let identity = identity(&settings)?;
    let thumbprints = identity.as_ref().map(|identity| Thumbprints::of(identity.certificate()));
    let listener = Listener::bind(&settings.listen, identity, Limits::default()).await.map_err(explain)?;
    let root = settings.vmci.as_ref().map(|vmci| Root::open(&vmci.dir)).transpose().context("cannot use --vmci-dir")?;
    let server = Arc::new(world::server(&settings)?);
    let vmci = root.map(|root| vmci(&server, root, &settings));
    let place = Place::of(listener.local_addr(), listener.is_secure());
    if let Some(path) = &settings.env_file {
        env_file::write(path, place.scheme, &place.authority.to_string(), settings.account.as_ref())?;
    }
    announce::ready(&place, settings.account.as_ref(), thumbprints.as_ref())?;
    tracing::info!(address = %listener.local_addr(), api_version = %settings.world.api_version, "serving");
    let house = server.clone();
    tokio::spawn(async move { house.keep_house().await });
    listener.serve(server, stopped).await;
    if let Some(vmci) = vmci {
        vmci.abort();
        let _ = vmci.await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Carries VMCI connections. Sockets of machines that run are there when this returns, and gone when the task is.
fn vmci(server: &Server, root: Root, settings: &Settings) -> JoinHandle<()> {
    let services = settings.vmci.as_ref().map(|vmci| vmci.services.clone()).unwrap_or_default();
    let files = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1024, |(now, _)| now);
    tokio::spawn(server::vmci::run(server.core().clone(), Setup { root, services, files }))
}

fn identity(settings: &Settings) -> anyhow::Result<Option<Identity>> {
    match &settings.tls {
        Tls::Off => Ok(None),
        Tls::SelfSigned => certificate::self_signed(&settings.listen).map(Some),
        Tls::Files { certificate, key } => {
            Identity::from_files(certificate, key).context("cannot use --tls-cert and --tls-key").map(Some)
        }
    }
}

/// What to do about a server that cannot listen.
fn explain(error: BindError) -> anyhow::Error {
    match error {
        BindError::Address { address, source } => {
            anyhow!("cannot listen on {address}: {source}; --listen HOST:PORT picks another, port 0 a free one")
        }
        BindError::Tls(error) => anyhow::Error::new(error).context("cannot use --tls-cert and --tls-key"),
    }
}

/// As many threads as cores, and two at least, so that a handler that computes does not keep others waiting. More only
/// wake each other: long work sends others away from its thread (`server::aside`), and who waits to write holds none.
fn runtime() -> anyhow::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(cores.max(2)).thread_name("ferrosphere").enable_all();
    builder.build().context("cannot start the runtime")
}

/// Every connection is an open file, and the usual limit of 1,024 is less than the server serves.
fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit on open files stays as it is");
    }
}

/// Ends with the first SIGINT or SIGTERM. The signals are caught from the moment this returns.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!("interrupted"),
            _ = terminate.recv() => tracing::info!("asked to terminate"),
        }
    })
}
