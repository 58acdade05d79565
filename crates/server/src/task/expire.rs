//! Finished tasks are forgotten after a while, and the oldest when there are many: a server that does thousands of
//! operations a second does not grow with them.

use std::collections::{BTreeSet, HashSet, VecDeque};

use inventory::{IdHash, Snapshot, Tx};
use vim25::{DateTime, MoRef, mo};

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
    let old = {
        let mut tasks = core.tasks.lock();
        // Taken behind the lock, so that it has every task that is noted.
        let world = core.inventory.snapshot();
        take_old(&world, &mut tasks, before, most)
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

/// Takes those that finished before a time, and the oldest finished ones of more than `most`, out of all tasks, which come
/// oldest first. Looks no further than it has to.
fn take_old(world: &Snapshot, tasks: &mut VecDeque<MoRef>, before: DateTime, most: usize) -> Vec<MoRef> {
    let mut too_many = tasks.len().saturating_sub(most);
    let (mut old, mut at_work) = (Vec::new(), Vec::new());
    while let Some(task) = tasks.pop_front() {
        let info = world.get::<mo::Task>(&task).map(|task| &task.info);
        if too_many == 0 && info.is_some_and(|info| info.queue_time >= before) {
            // Those that came later have not ended earlier.
            tasks.push_front(task);
            break;
        }
        if info.is_none_or(|info| info.complete_time.is_some_and(|end| end < before || too_many > 0)) {
            too_many = too_many.saturating_sub(1);
            old.push(task);
        } else {
            at_work.push(task);
        }
    }
    at_work.into_iter().rev().for_each(|task| tasks.push_front(task));
    old
}

fn forget(tx: &mut Tx<'_>, old: &[MoRef]) {
    let forgotten: HashSet<&str, IdHash> = old.iter().map(|task| task.id.as_str()).collect();
    let is_kept = |task: &MoRef| !forgotten.contains(task.id.as_str());
    if let Some(manager) = task_manager(tx).and_then(|m| tx.edit::<mo::TaskManager>(&m)) {
        manager.recent_task.iter_mut().for_each(|recent| recent.retain(is_kept));
    }
    let entities: BTreeSet<MoRef> =
        old.iter().filter_map(|task| tx.get::<mo::Task>(task)?.info.entity.clone()).collect();
    for entity in &entities {
        if let Some(entity) = tx.edit::<mo::ManagedEntity>(entity) {
            entity.recent_task.iter_mut().for_each(|recent| recent.retain(is_kept));
        }
    }
    for task in old {
        tx.remove(task);
    }
}
