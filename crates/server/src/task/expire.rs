//! Finished tasks are forgotten after a while.

use std::collections::{HashSet, VecDeque};

use inventory::Tx;
use vim25::{MoRef, mo};

use super::task_manager;
use crate::core::Core;

/// Removes tasks that finished longer ago than the settings say.
pub fn expire(core: &Core) {
    let retention = i64::try_from(core.settings.task_retention.as_secs()).unwrap_or(i64::MAX);
    let before = core.now().plus_seconds(-retention);
    let snapshot = core.inventory.snapshot();
    let is_old = |task: &MoRef| match snapshot.get::<mo::Task>(task) {
        Some(task) => task.info.complete_time.is_some_and(|t| t < before),
        None => true,
    };
    let old: Vec<MoRef> = {
        let mut tasks = core.tasks.lock();
        let (old, kept): (VecDeque<MoRef>, VecDeque<MoRef>) = tasks.drain(..).partition(is_old);
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
