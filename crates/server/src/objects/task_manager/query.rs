//! Collectors of tasks.

use std::sync::{Arc, Weak};

use ::inventory::Snapshot;
use vim25::{Any, DataType, MoRef, Obj, Shared, args, mo, types::TaskInfo};

use super::filter::TaskFilter;
use crate::{
    collector::Reads,
    core::Core,
    dispatch::Call,
    fault::Fault,
    objects::history::{self, Item, Source, typed},
    service,
};

/// `CreateCollectorForTasks`.
pub(super) fn create_collector(call: &Call, args: args::CreateCollectorForTasks) -> Result<MoRef, Fault> {
    let world = call.snapshot();
    let manager = world.get::<mo::TaskManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    let filter = TaskFilter::new(args.filter, &world)?;
    let source = Tasks { core: Arc::downgrade(&call.core), filter };
    history::create::<mo::TaskHistoryCollector>(call, manager.max_collector, source)
}

/// `ReadNextTasks`.
pub(super) fn read_next(call: &Call, args: args::ReadNextTasks) -> Result<Option<Vec<Obj<TaskInfo>>>, Fault> {
    let max = history::size(args.max_count)?;
    Ok(typed(history::collector(call)?.next(&call.snapshot(), max)))
}

/// `ReadPreviousTasks`.
pub(super) fn read_previous(call: &Call, args: args::ReadPreviousTasks) -> Result<Option<Vec<Obj<TaskInfo>>>, Fault> {
    let max = history::size(args.max_count)?;
    Ok(typed(history::collector(call)?.previous(&call.snapshot(), max)))
}

/// The tasks that pass a filter; their numbers are those of their ids.
struct Tasks {
    /// The session holds the collector and the server the session: a strong pointer would keep all three for ever.
    core: Weak<Core>,
    filter: TaskFilter,
}

impl Tasks {
    /// References to all tasks, oldest first, with their numbers.
    fn all(&self) -> Vec<(u64, MoRef)> {
        let Some(core) = self.core.upgrade() else { return Vec::new() };
        let mut all: Vec<(u64, MoRef)> =
            core.tasks.lock().iter().filter_map(|task| Some((number(task)?, task.clone()))).collect();
        // Tasks that were made at the same time may have been noted in another order.
        all.sort_unstable_by_key(|(number, _)| *number);
        all
    }

    fn item(&self, world: &Snapshot, number: u64, task: &MoRef) -> Option<Item> {
        let info = &world.get::<mo::Task>(task)?.info;
        self.filter.wants(world, info).then(|| Item { number, content: info.clone().into_shared() })
    }
}

/// `task-17` is number 17: ids are given in the order of time.
fn number(task: &MoRef) -> Option<u64> {
    task.id.rsplit_once('-')?.1.parse().ok()
}

impl Source for Tasks {
    fn after(&self, world: &Snapshot, after: u64, max: usize) -> Vec<Item> {
        let later = self.all().into_iter().filter(|(number, _)| *number > after);
        later.filter_map(|(number, task)| self.item(world, number, &task)).take(max).collect()
    }

    fn up_to(&self, world: &Snapshot, last: u64, max: usize) -> Vec<Item> {
        let earlier = self.all().into_iter().rev().filter(|(number, _)| *number <= last);
        earlier.filter_map(|(number, task)| self.item(world, number, &task)).take(max).collect()
    }

    fn content(&self, latest: Vec<Shared>) -> Shared {
        let mut content = mo::TaskHistoryCollector::with(|c| c.latest_page = Some(typed(latest).unwrap_or_default()));
        content.filter = Any::from(self.filter.spec().clone());
        Arc::new(content)
    }

    fn reads(&self, world: &Snapshot, page: usize) -> Reads {
        let manager = service::manager(world, |content| content.task_manager.clone());
        let mut reads: Reads = manager.map(|m| (m.id, vec!["recentTask".into()])).into_iter().collect();
        let shown = self.up_to(world, u64::MAX, page).into_iter();
        let shown = shown.filter_map(|item| vim25::cast::<TaskInfo>(&*item.content).map(|info| info.task.id.clone()));
        reads.extend(shown.map(|id| (id, vec!["info".into()])));
        reads
    }
}
