//! Turns of those who write to the world.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The world has one writer at a time. Those who wait for it here hold no thread, so that however many clients start
/// tasks, others are answered.
pub struct Writers(Semaphore);

impl Default for Writers {
    fn default() -> Writers {
        Writers(Semaphore::new(1))
    }
}

impl Writers {
    /// Waits for a turn, which lasts as long as what is returned.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.0.acquire().await.ok()
    }
}
