//! Work that takes long enough for others to notice it: walks over much of the world, requests of many bytes.
//!
//! Such work takes turns, so that however many clients ask for it, a processor is left for short requests; and it does
//! not hold a thread on which they are answered.

use std::{num::NonZero, thread::available_parallelism};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
};

/// Who may do long work at the same time: one for every two processors.
pub struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Turns {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Turns(Semaphore::new(processors.div_ceil(2)))
    }
}

impl Turns {
    /// Does long work when it is its turn. Nothing that others may need is to be held while waiting for it.
    pub async fn take<R>(&self, work: impl FnOnce() -> R) -> R {
        // The semaphore is never closed.
        let _turn = self.0.acquire().await;
        aside(work)
    }
}

/// Does long work on a thread from which others are sent away first.
pub fn aside<R>(work: impl FnOnce() -> R) -> R {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
