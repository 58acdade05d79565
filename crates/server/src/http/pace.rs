//! How much of a large reply is written at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most slices in a piece. Each piece that is sent may wake the client, which costs both sides; past a MiB that is
/// no longer felt, but the processor's cache is.
const WIDEST: usize = 16;

/// A client that takes a piece in this time may have a wider one next.
const PROMPT: Duration = Duration::from_millis(5);

/// So many slices may wait for clients beyond the one that each reply has: 64 MiB.
const SPARE: usize = 1024;

/// What the wide pieces of all replies share.
pub(super) fn spare() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(SPARE))
}

/// The pace at which one client takes a reply: its pieces grow while it takes them promptly, and shrink when it does not.
///
/// The first slice of a piece is every reply's own. The others come from what all share, so that clients that stop reading
/// in the middle of wide pieces hold [`SPARE`] slices together, however many they are.
pub(super) struct Pace {
    slices: usize,
    spare: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    /// What the piece before it holds: over TLS that may be encrypted and not sent yet.
    before: Option<OwnedSemaphorePermit>,
    sent: Instant,
}

impl Pace {
    pub(super) fn new(spare: &Arc<Semaphore>) -> Self {
        Self { slices: 1, spare: Arc::clone(spare), held: None, before: None, sent: Instant::now() }
    }

    /// A piece goes to the client.
    pub(super) fn sent(&mut self) {
        self.sent = Instant::now();
    }

    /// The client has taken it. Returns how many slices the next piece may have.
    pub(super) fn taken(&mut self) -> usize {
        self.next(self.sent.elapsed() <= PROMPT)
    }

    fn next(&mut self, prompt: bool) -> usize {
        let slices = if prompt { (self.slices * 2).min(WIDEST) } else { (self.slices / 2).max(1) };
        self.before = self.held.take();
        self.held = u32::try_from(slices - 1)
            .ok()
            .and_then(|beyond| Arc::clone(&self.spare).try_acquire_many_owned(beyond).ok());
        self.slices = if self.held.is_some() { slices } else { 1 };
        self.slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_while_the_client_is_prompt_and_shrink_when_it_is_not() {
        let mut pace = Pace::new(&spare());
        for (prompt, expected) in [(true, [2, 4, 8, 16, 16]), (false, [8, 4, 2, 1, 1])] {
            assert_eq!(expected.map(|_| pace.next(prompt)), expected);
        }
    }

    #[test]
    fn clients_that_stop_in_the_middle_leave_the_others_a_slice_each() {
        let spare = spare();
        let mut stalled = Vec::new();
        while spare.available_permits() >= 2 * WIDEST {
            let mut pace = Pace::new(&spare);
            while pace.next(true) < WIDEST {}
            stalled.push(pace);
        }
        let mut late = Pace::new(&spare);
        let widths = [(); 8].map(|()| late.next(true));
        assert!(widths.contains(&1) && !widths.contains(&WIDEST), "{widths:?} beside {}", stalled.len());
        drop((late, stalled));
        assert_eq!(spare.available_permits(), SPARE);
    }
}
