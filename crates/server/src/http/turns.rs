//! Large replies take turns with each other, and with everything that arrives.

use std::future::{Future, poll_fn};
use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::yield_now;

/// For so long a reply is written before the runtime looks for what has arrived: a short request waits no longer.
const SPELL: Duration = Duration::from_micros(250);

/// As many replies as there are processors are written at the same time.
pub(super) struct Turns(Semaphore);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(available_parallelism().map_or(1, NonZero::get)))
    }
}

/// The turns of one reply.
pub(super) struct Turn {
    all: Arc<Turns>,
    /// When the runtime last had its turn.
    rested: Instant,
}

impl Turn {
    pub(super) fn new(all: &Arc<Turns>) -> Self {
        Self { all: Arc::clone(all), rested: Instant::now() }
    }

    /// Completes when everybody else has had a turn. This one lasts until what it returns is dropped.
    pub(super) async fn come(&mut self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there is always a permit.
        let permit = self.all.0.acquire().await.ok();
        // What has arrived meanwhile is looked at every so often, whoever writes.
        if self.rested.elapsed() >= SPELL {
            let_others().await;
            self.rested = Instant::now();
        }
        permit
    }
}

/// Completes when the runtime has looked for what has arrived. A connection may poll its body twice in one go, which
/// `yield_now` alone takes for a return: so this waits until it is really woken.
async fn let_others() {
    let mut yielding = pin!(yield_now());
    let mut returned: Option<Arc<Returned>> = None;
    poll_fn(|context| {
        if let Some(returned) = &returned {
            return if returned.woken.load(Acquire) { Poll::Ready(()) } else { Poll::Pending };
        }
        let mine = Arc::new(Returned { woken: AtomicBool::new(false), task: context.waker().clone() });
        let waker = Waker::from(Arc::clone(&mine));
        returned = Some(mine);
        yielding.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await;
}

/// Notes that it was woken before it wakes the task.
struct Returned {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for Returned {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Release);
        self.task.wake_by_ref();
    }
}
