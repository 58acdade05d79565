//! Finished tasks are forgotten after a while, and the oldest when there are many: a server that does thousands of
//! operations a second does not grow with them.

use std::collections::{HashSet, VecDeque};

use inventory::Tx;
use vim25::{MoRef, mo};

use super::task_manager;
use crate::core::Core;

/// So many tasks are kept at the most, unless more of them are at work.
const MOST: usize = 10_000;

/// So many more may come before those that are too many are forgotten, all at once.
const SLACK: usize = 256;

/// Takes note of a task, so that it is forgotten one day.
pub fn register(core: &Core, task: MoRef) {
    let count = {
        let mut tasks = core.tasks.lock();
        tasks.push_back(task);
        tasks.len()
    };
    if count > MOST && count.is_multiple_of(SLACK) {
        expire(core);
    }
}

/// Removes tasks that finished longer ago than the settings say, and the oldest of too many.
pub fn expire(core: &Core) {
    expire_beyond(core, MOST);
}

/// [`expire`], with another number of tasks to keep.
pub(crate) fn expire_beyond(core: &Core, most: usize) {
    let retention = i64::try_from(core.settings.task_retention.as_secs()).unwrap_or(i64::MAX);
    let before = core.now().plus_seconds(-retention);
    let snapshot = core.inventory.snapshot();
    let old: Vec<MoRef> = {
        let mut tasks = core.tasks.lock();
        let mut too_many = tasks.len().saturating_sub(most);
        let mut is_old = |task: &MoRef| {
            let Some(task) = snapshot.get::<mo::Task>(task) else { return true };
            let old = task.info.complete_time.is_some_and(|end| end < before || too_many > 0);
            too_many -= usize::from(old && too_many > 0);
            old
        };
        let (old, kept): (VecDeque<MoRef>, VecDeque<MoRef>) = tasks.drain(..).partition(&mut is_old);
        *tasks = kept;
        old.into()
    };
    if old.is_empty() {
        return;
    }
    let done = core.inventory.commit(|tx| {
        forget(tx, &old);
        Ok::<(), std::convert::Infallible>(())
    });
    done.expect("forgetting cannot fail");
}

fn forget(tx: &mut Tx<'_>, old: &[MoRef]) {
    let forgotten: HashSet<&MoRef> = old.iter().collect();
    if let Some(manager) = task_manager(tx).and_then(|m| tx.edit::<mo::TaskManager>(&m)) {
        manager.recent_task.iter_mut().for_each(|recent| recent.retain(|t| !forgotten.contains(t)));
    }
    for task in old {
        let entity = tx.get::<mo::Task>(task).and_then(|t| t.info.entity.clone());
        if let Some(entity) = entity.and_then(|e| tx.edit::<mo::ManagedEntity>(&e)) {
            entity.recent_task.iter_mut().for_each(|recent| recent.retain(|t| t != task));
        }
        tx.remove(task);
    }
}
