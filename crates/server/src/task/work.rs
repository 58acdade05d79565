//! What a task works with, and how long it takes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use inventory::Tx;
use vim25::{MethodInfo, MoRef, Str, mo};

use super::{canceled, record, set_running};
use crate::{core::Core, fault::Fault};

/// How long operations take beyond what their work takes, by wire name of the method.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    by_method: HashMap<Str, Duration>,
}

impl Delays {
    /// Gives a method a delay.
    pub fn set(&mut self, method: impl Into<Str>, delay: Duration) {
        self.by_method.insert(method.into(), delay);
    }

    pub(super) fn of(&self, method: &MethodInfo) -> Duration {
        self.by_method.get(method.name).copied().unwrap_or_default()
    }
}

/// What a task works with.
pub struct Work {
    /// The server.
    pub core: Arc<Core>,
    /// The task.
    pub task: MoRef,
    /// The object that the call named as receiver.
    pub this: MoRef,
    /// Name of the user who called.
    pub user: Str,
    /// How long the operation takes beyond what its work takes.
    pub(super) delay: Duration,
    /// Whether the task has succeeded with the change that ends the operation.
    pub(super) last: bool,
}

impl Work {
    /// Changes the world.
    pub fn commit<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        self.core.inventory.commit(change).map(|done| done.value)
    }

    /// Makes the change that begins the work; with it the task is running. Nothing happens if the task was cancelled
    /// before.
    pub fn begin<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        self.commit(|tx| {
            set_running(tx, &self.task, !self.delay.is_zero())?;
            change(tx)
        })
    }

    /// Takes the time that the settings give the operation, the last during which the task can be cancelled. Fails if
    /// it was.
    pub async fn linger(&self) -> Result<(), Fault> {
        if self.delay.is_zero() {
            return Ok(());
        }
        tokio::time::sleep(self.delay).await;
        self.commit(|tx| set_running(tx, &self.task, false))
    }

    /// The same work without a delay of its own: for a step that follows on another one of the same task.
    pub fn at_once(&self) -> Work {
        self.with(Duration::ZERO, false)
    }

    /// The same work as its only or last step, without a result: the change that ends the operation and the success of
    /// the task are one commit.
    pub fn last(&self) -> Work {
        self.with(self.delay, true)
    }

    fn with(&self, delay: Duration, last: bool) -> Work {
        let Work { core, task, this, user, .. } = self;
        let (core, task, this, user) = (core.clone(), task.clone(), this.clone(), user.clone());
        Work { core, task, this, user, delay, last }
    }

    /// To be called with the change that ends an operation: if it is the task's last, the task has succeeded.
    pub fn conclude(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if self.last { record(tx, &self.task, Ok(None)).map_err(|()| canceled()) } else { Ok(()) }
    }

    /// Waits for work that is done at once when its time has come.
    pub(super) async fn delayed(&self) -> Result<(), Fault> {
        self.begin(|_| Ok(()))?;
        self.linger().await
    }

    /// Records how far the task is, in percent.
    pub fn progress(&self, percent: i32) {
        let _ = self.commit(|tx| {
            let task = tx.edit::<mo::Task>(&self.task).ok_or_else(|| Fault::object_not_found(&self.task))?;
            task.info.progress = Some(percent.clamp(0, 100));
            Ok(())
        });
    }
}
