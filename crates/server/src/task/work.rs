//! What a task works with, and how long it takes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use inventory::Tx;
use vim25::{MethodInfo, MoRef, Str, mo};

use super::{canceled, entry::Entry, is_over, record, register, set_running};
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
#[derive(Clone)]
pub struct Work {
    /// The server.
    pub core: Arc<Core>,
    /// The task.
    entry: Arc<Entry>,
    /// The object that the call named as receiver.
    pub this: MoRef,
    /// Name of the user who called.
    pub user: Str,
    /// How long the operation takes beyond what its work takes.
    delay: Duration,
    /// Whether the task has succeeded with the change that ends the operation.
    last: bool,
}

impl Work {
    /// Work on an object.
    pub(super) fn new(core: Arc<Core>, entry: Entry, this: MoRef, user: Str, delay: Duration) -> Work {
        Work { core, entry: Arc::new(entry), this, user, delay, last: false }
    }

    /// The task. If no commit of the work has brought it into the world, it comes now, by a commit of its own.
    pub fn task(&self) -> MoRef {
        let arrived = || self.commit(|_| Ok(())).ok().and_then(|()| self.entry.task());
        self.entry.task().or_else(arrived).expect("a commit brings the task")
    }

    /// Whether the task is in the world and over.
    pub(super) fn is_over(&self) -> bool {
        let world = self.core.inventory.snapshot();
        self.entry.task().and_then(|task| Some(is_over(&world.get::<mo::Task>(&task)?.info.state))).unwrap_or_default()
    }

    /// Changes the world. The first change brings the task along.
    pub fn commit<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        let done = self.core.inventory.commit(|tx| {
            let coming = self.entry.enter(tx);
            Ok::<_, Fault>((change(tx)?, coming))
        });
        let (value, coming) = done?.value;
        if let Some(coming) = coming {
            coming.arrive();
            self.entry.task().into_iter().for_each(|task| register(&self.core, task));
        }
        Ok(value)
    }

    /// Whether the operation takes no time beyond what its work takes.
    pub fn is_instant(&self) -> bool {
        self.delay.is_zero()
    }

    /// Makes the change that begins the work; with it the task is running. Nothing happens if the task was cancelled
    /// before.
    pub fn begin<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        self.commit(|tx| {
            set_running(tx, &self.task(), !self.is_instant())?;
            change(tx)
        })
    }

    /// Takes the time that the settings give the operation, the last during which the task can be cancelled. Fails if
    /// it was.
    pub async fn linger(&self) -> Result<(), Fault> {
        if self.is_instant() {
            return Ok(());
        }
        tokio::time::sleep(self.delay).await;
        self.commit(|tx| set_running(tx, &self.task(), false))
    }

    /// The same work without a delay of its own: for a step that follows on another one of the same task.
    pub fn at_once(&self) -> Work {
        Work { delay: Duration::ZERO, last: false, ..self.clone() }
    }

    /// The same work as its only or last step, without a result: the change that ends the operation and the success of
    /// the task are one commit.
    pub fn last(&self) -> Work {
        Work { last: true, ..self.clone() }
    }

    /// To be called with the change that ends an operation: if it is the task's last, the task has succeeded.
    pub fn conclude(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if self.last { record(tx, &self.task(), Ok(None)).map_err(|()| canceled()) } else { Ok(()) }
    }

    /// Waits for work that is done at once when its time has come.
    pub(super) async fn delayed(&self) -> Result<(), Fault> {
        if self.is_instant() {
            self.entry.set_running();
            return Ok(());
        }
        self.begin(|_| Ok(()))?;
        self.linger().await
    }

    /// Records how far the task is, in percent.
    pub fn progress(&self, percent: i32) {
        let _ = self.commit(|tx| {
            let task = self.task();
            let task = tx.edit::<mo::Task>(&task).ok_or_else(|| Fault::object_not_found(&task))?;
            task.info.progress = Some(percent.clamp(0, 100));
            Ok(())
        });
    }
}
