//! Waiting for changes of properties, as an explicit state machine.
//!
//! | state | what happens | next state |
//! |---|---|---|
//! | new | a property collector, the views and filters are made | waiting, from the beginning |
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

use vim25::{
    DataType, MoRef, Str, args,
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
    Waiting { made: Made, version: Str },
    Ended,
}

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
    /// Nothing is lost when the future is dropped before it is done, so it may stand in `tokio::select!`.
    pub async fn next(&mut self) -> Option<Result<Update, Error>> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Some(Ok(update));
            }
            let outcome = match &self.state {
                State::Ended => return None,
                State::New => self.begin().await,
                State::Waiting { made, version } => {
                    let outcome = self.wait(made, version).await;
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
            State::Waiting { made, .. } => made.destroy(&self.client).await,
            State::New | State::Ended => Ok(()),
        }
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let client = &self.client;
        let collector =
            client.call(&client.content().property_collector, args::CreatePropertyCollector::default()).await?;
        let mut made = Made { collector, views: Vec::new() };
        match made.fill(client, &self.query).await {
            Ok(()) => {
                self.state = State::Waiting { made, version: Str::default() };
                Ok(())
            }
            Err(error) => {
                // The error that came first is the one to tell.
                let _ = made.destroy(client).await;
                Err(error)
            }
        }
    }

    async fn wait(&self, made: &Made, version: &Str) -> Result<Option<vim25::Obj<UpdateSet>>, Error> {
        let options = WaitOptions::with(|options| {
            options.max_wait_seconds = Some(i32::try_from(self.patience.as_secs()).unwrap_or(i32::MAX).max(1));
            options.max_object_updates = Some(self.client.page());
        });
        let arguments = args::WaitForUpdatesEx { version: Some(version.clone()), options: Some(options.into()) };
        self.client.call_within(&made.collector, arguments, self.patience + MARGIN).await
    }

    fn take(&mut self, outcome: Result<Option<vim25::Obj<UpdateSet>>, Error>) -> Result<(), Error> {
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
        let State::Waiting { made, .. } = std::mem::replace(&mut self.state, State::Ended) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = self.client.clone();
            // Nobody is there to be told; the session's end destroys what this cannot.
            runtime.spawn(async move { made.destroy(&client).await.ok() });
        }
    }
}

impl Made {
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
