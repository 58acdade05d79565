//! Turns of those who write to the world.

use std::future::poll_fn;
use std::task::Poll;

use tokio::sync::Semaphore;

/// The world has one writer at a time. Those who wait for it here hold no thread, so that however many clients start
/// tasks, others are answered.
pub struct Writers(Semaphore);

impl Default for Writers {
    fn default() -> Writers {
        Writers(Semaphore::new(1))
    }
}

impl Writers {
    /// Waits for a turn and works. If somebody waits then, he goes first, and what this one still has to do (his reply) is
    /// done beside that.
    pub async fn take<R>(&self, work: impl FnOnce() -> R) -> R {
        // The semaphore is never closed.
        let turn = self.0.acquire().await;
        let done = work();
        drop(turn);
        // A turn that nobody has waited for is free now.
        if self.0.available_permits() == 0 {
            step_back().await;
        }
        done
    }
}

/// Lets the thread go on with what was woken last. Unlike `yield_now`, it does not wait for the thread to run out of work:
/// another thread may take this up at once.
async fn step_back() {
    let mut back = false;
    poll_fn(|context| {
        if std::mem::replace(&mut back, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
