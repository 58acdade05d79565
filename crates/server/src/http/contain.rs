//! Keeps a panic inside the request that caused it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What a panic said, as far as it said something in words.
#[derive(Debug)]
pub(super) struct Panicked(pub(super) String);

/// Runs `future` to its end; a panic in any of its steps becomes an error.
///
/// State that the future shares with others is its own affair: the world changes by transactions, and an open one is
/// dropped by the unwinding.
pub(super) async fn contain<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(payload) => Poll::Ready(Err(Panicked(message(payload.as_ref())))),
    })
    .await
}

/// What a panic said.
pub(super) fn message(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "(no message)".to_owned(),
    }
}
