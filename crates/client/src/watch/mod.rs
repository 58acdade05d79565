//! Waiting for changes of properties, as an explicit state machine.
//!
//! | state | what happens | next state |
//! |---|---|---|
//! | new | the first [`next`](Watch::next) | beginning |
//! | beginning | a property collector, the views and filters are made | waiting, from the beginning |
//! | beginning | one of them cannot be made | new: the error is told, the next call begins again |
//! | waiting | nothing changed in time | waiting |
//! | waiting | the server tells changes | waiting, from the version that it names |
//! | waiting | the version is too old (`InvalidCollectorVersion`) | waiting, from the beginning: [`Update::Restarted`] |
//! | waiting | the connection breaks, or there is no answer in time | waiting: the error is told, the next call resumes |
//! | waiting | the session or the collector has ended | ended: the error is told |
//! | any | [`close`](Watch::close) | ended |
//!
//! What a watch made on the server is destroyed by [`Watch::close`], when it is dropped (by a task of its own, if a runtime
//! is there to run it), and at the latest with the session.

mod mirror;
mod updates;

use std::{collections::VecDeque, time::Duration};

use tokio::task::JoinHandle;
use vim25::{
    DataType, MoRef, Obj, Str, args,
    types::{InvalidCollectorVersion, UpdateSet, WaitOptions},
};

pub use mirror::Mirror;
pub use updates::{Change, Update};

use crate::{Client, Error, Query};

/// How long the server may take beyond the time that it was told to wait.
const MARGIN: Duration = Duration::from_secs(30);

/// A running watch; [`next`](Watch::next) waits for its next update.
///
/// ```no_run
/// # async fn example(client: client::Client) -> Result<(), client::Error> {
/// use client::{Query, Update};
///
/// let mut watch = client.watch(Query::new().all("VirtualMachine", &["name", "runtime.powerState"]))?;
/// while let Some(update) = watch.next().await {
///     match update? {
///         Update::Entered(vm) => println!("{} is there", vm.text("name").unwrap_or("?")),
///         Update::Changed { object, changes } => println!("{object}: {} changes", changes.len()),
///         Update::Left(object) => println!("{object} is gone"),
///         Update::Restarted => println!("all over again"),
///         Update::Complete => break,
///         _ => {}
///     }
/// }
/// watch.close().await
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    client: Client,
    query: Query,
    patience: Duration,
    state: State,
    ready: VecDeque<Update>,
    /// Whether the state of everything has been told since the (last) beginning.
    complete: bool,
}

#[derive(Debug)]
enum State {
    New,
    /// What is needed is being made on the server.
    Beginning(JoinHandle<Result<Made, Error>>),
    Waiting {
        made: Made,
        version: Str,
        /// The request that waits at the server. It goes on while nobody awaits it: a server may take what it answers to
        /// a client that has hung up for told.
        pending: Option<Pending>,
    },
    Ended,
}

type Pending = JoinHandle<Result<Option<Obj<UpdateSet>>, Error>>;

/// What a watch made on the server.
#[derive(Clone, Debug)]
struct Made {
    collector: MoRef,
    views: Vec<MoRef>,
}

impl Client {
    /// Watches what a query asks for. Nothing is sent before the first [`Watch::next`].
    ///
    /// # Errors
    /// [`Error::Path`] if the API has no such type or property.
    pub fn watch(&self, query: Query) -> Result<Watch, Error> {
        query.check()?;
        let (client, patience) = (self.clone(), Duration::from_secs(60));
        Ok(Watch { client, query, patience, state: State::New, ready: VecDeque::new(), complete: false })
    }
}

impl Watch {
    /// How long one request waits at the server (60 s). The watch itself goes on.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Watch {
        self.patience = patience;
        self
    }

    /// The next update; none once the watch has ended. After an error that is not the end, the next call resumes.
    ///
    /// Nothing is lost when the future is dropped before it is done, so it may stand in `tokio::select!`: the request goes
    /// on, and the next call awaits it.
    pub async fn next(&mut self) -> Option<Result<Update, Error>> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Some(Ok(update));
            }
            let outcome = match &self.state {
                State::Ended => return None,
                State::New | State::Beginning(_) => self.begin().await,
                State::Waiting { .. } => {
                    let outcome = self.wait().await;
                    self.take(outcome)
                }
            };
            if let Err(error) = outcome {
                return Some(Err(error));
            }
        }
    }

    /// The updates as a stream.
    pub fn into_stream(self) -> impl futures_util::Stream<Item = Result<Update, Error>> {
        futures_util::stream::unfold(self, |mut watch| async move { watch.next().await.map(|update| (update, watch)) })
    }

    /// Ends the watch and destroys what it made on the server.
    ///
    /// # Errors
    /// If the server cannot be told. What is there ends with the session then.
    pub async fn close(mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Waiting { made, pending, .. } => {
                give_up(pending);
                made.destroy(&self.client).await
            }
            State::Beginning(begun) => match begun.await {
                Ok(Ok(made)) => made.destroy(&self.client).await,
                // What could not be made need not be destroyed.
                _ => Ok(()),
            },
            State::New | State::Ended => Ok(()),
        }
    }

    /// Begins, or awaits what is being begun.
    async fn begin(&mut self) -> Result<(), Error> {
        if matches!(self.state, State::New) {
            let (client, query) = (self.client.clone(), self.query.clone());
            self.state = State::Beginning(tokio::spawn(async move { Made::make(&client, &query).await }));
        }
        let State::Beginning(begun) = &mut self.state else { return Ok(()) };
        let outcome = begun.await;
        self.state = State::New;
        let made = outcome.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        self.state = State::Waiting { made, version: Str::default(), pending: None };
        Ok(())
    }

    /// Awaits the request that is under way, or a new one.
    async fn wait(&mut self) -> Result<Option<Obj<UpdateSet>>, Error> {
        let (client, patience) = (&self.client, self.patience);
        let State::Waiting { made, version, pending } = &mut self.state else { return Ok(None) };
        let request = pending.get_or_insert_with(|| ask(client, made, version, patience));
        let outcome = request.await;
        *pending = None;
        // It is never aborted while it is awaited, so what ended it is a panic, which goes on here.
        outcome.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn take(&mut self, outcome: Result<Option<Obj<UpdateSet>>, Error>) -> Result<(), Error> {
        let State::Waiting { version, .. } = &mut self.state else { return Ok(()) };
        match outcome {
            Ok(None) => Ok(()),
            Ok(Some(set)) => {
                *version = set.version.clone();
                updates::collect(&set, &mut self.ready);
                if !self.complete && !set.truncated.unwrap_or(false) {
                    self.complete = true;
                    self.ready.push_back(Update::Complete);
                }
                Ok(())
            }
            Err(error) if error.fault::<InvalidCollectorVersion>().is_some() && !version.is_empty() => {
                *version = Str::default();
                self.complete = false;
                self.ready.push_back(Update::Restarted);
                Ok(())
            }
            Err(error) => {
                if matches!(error, Error::Fault(_)) {
                    self.state = State::Ended;
                }
                Err(error)
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Ended);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let client = self.client.clone();
        // Nobody is there to be told; the session's end destroys what this cannot.
        match state {
            State::New | State::Ended => {}
            State::Beginning(begun) => {
                runtime.spawn(async move {
                    if let Ok(Ok(made)) = begun.await {
                        let _ = made.destroy(&client).await;
                    }
                });
            }
            State::Waiting { made, pending, .. } => {
                give_up(pending);
                runtime.spawn(async move { made.destroy(&client).await.ok() });
            }
        }
    }
}

/// Sends the request for what comes after a version.
fn ask(client: &Client, made: &Made, version: &Str, patience: Duration) -> Pending {
    let options = WaitOptions::with(|options| {
        options.max_wait_seconds = Some(i32::try_from(patience.as_secs()).unwrap_or(i32::MAX).max(1));
        options.max_object_updates = Some(client.page());
    });
    let arguments = args::WaitForUpdatesEx { version: Some(version.clone()), options: Some(options.into()) };
    let (client, collector) = (client.clone(), made.collector.clone());
    tokio::spawn(async move { client.call_within(&collector, arguments, patience + MARGIN).await })
}

fn give_up(pending: Option<Pending>) {
    if let Some(request) = pending {
        request.abort();
    }
}

impl Made {
    /// Makes a property collector, the views and the filters.
    async fn make(client: &Client, query: &Query) -> Result<Made, Error> {
        let collector =
            client.call(&client.content().property_collector, args::CreatePropertyCollector::default()).await?;
        let mut made = Made { collector, views: Vec::new() };
        match made.fill(client, query).await {
            Ok(()) => Ok(made),
            Err(error) => {
                // The error that came first is the one to tell.
                let _ = made.destroy(client).await;
                Err(error)
            }
        }
    }

    /// Makes the views and filters.
    async fn fill(&mut self, client: &Client, query: &Query) -> Result<(), Error> {
        for spec in query.filters(client, &mut self.views).await? {
            // Whole properties, as asked for: then a change can be put in place without the state before it.
            client.call(&self.collector, args::CreateFilter { spec, partial_updates: false }).await?;
        }
        Ok(())
    }

    /// The filters go with their collector.
    async fn destroy(self, client: &Client) -> Result<(), Error> {
        let outcome = client.call(&self.collector, args::DestroyPropertyCollector::default()).await;
        let views = client.destroy_views(self.views).await;
        match outcome {
            Err(error) if !error.is_gone() => Err(error),
            _ => views,
        }
    }
}
