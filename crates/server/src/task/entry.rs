//! How a task comes into the world: with the first commit of its work.

use std::sync::atomic::{AtomicBool, Ordering};

use inventory::Tx;
use parking_lot::Mutex;
use vim25::{MethodInfo, MoRef, Str};

use super::{create, set_running};

/// What a task is made from.
pub(super) struct Draft {
    /// The method that was called.
    pub method: &'static MethodInfo,
    /// Who called it.
    pub user: Str,
    /// What the task is about.
    pub entity: MoRef,
    /// The task whose work made this one.
    pub parent: Option<MoRef>,
}

/// A task that may not be in the world yet.
pub(super) struct Entry {
    draft: Draft,
    task: Mutex<Option<MoRef>>,
    /// Whether its work has begun before it came.
    running: AtomicBool,
}

/// A task that comes with the transaction under way. If that fails, the task has not come.
pub(super) struct Coming<'a> {
    entry: &'a Entry,
    arrived: bool,
}

impl Entry {
    /// A task that is to come.
    pub fn of(draft: Draft) -> Entry {
        Entry { draft, task: Mutex::default(), running: AtomicBool::default() }
    }

    /// The task, if it is there, or comes with the transaction under way.
    pub fn task(&self) -> Option<MoRef> {
        self.task.lock().clone()
    }

    /// The work has begun, and can no longer be cancelled: if the task is still to come, it comes running.
    pub fn set_running(&self) {
        self.running.store(true, Ordering::Relaxed);
    }

    /// Puts the task into the world, if it is not there.
    pub fn enter<'a>(&'a self, tx: &mut Tx<'_>) -> Option<Coming<'a>> {
        if self.task.lock().is_some() {
            return None;
        }
        let task = create(tx, &self.draft);
        if self.running.load(Ordering::Relaxed) {
            // It is new: nobody has cancelled it.
            let _ = set_running(tx, &task, false);
        }
        *self.task.lock() = Some(task);
        Some(Coming { entry: self, arrived: false })
    }
}

impl Coming<'_> {
    /// The transaction was successful.
    pub fn arrive(mut self) {
        self.arrived = true;
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            *self.entry.task.lock() = None;
        }
    }
}
