//! Which tasks a client asks for.

use ::inventory::Snapshot;
use vim25::{
    Obj, Str, mo,
    types::{
        TaskFilterSpec, TaskFilterSpecByEntity, TaskFilterSpecRecursionOption, TaskFilterSpecTimeOption, TaskInfo,
        TaskReasonAlarm, TaskReasonSchedule, TaskReasonUser,
    },
};

use crate::{fault::Fault, tree};

/// A filter spec that has been checked.
pub(super) struct TaskFilter {
    spec: Obj<TaskFilterSpec>,
}

impl TaskFilter {
    /// Checks a spec: the entity has to exist.
    pub fn new(spec: Obj<TaskFilterSpec>, world: &Snapshot) -> Result<TaskFilter, Fault> {
        if let Some(by) = &spec.entity {
            world.get::<mo::ManagedEntity>(&by.entity).ok_or_else(|| Fault::object_not_found(&by.entity))?;
        }
        Ok(TaskFilter { spec })
    }

    /// The spec as it was given.
    pub fn spec(&self) -> &Obj<TaskFilterSpec> {
        &self.spec
    }

    /// Whether the client asks for this task.
    pub fn wants(&self, world: &Snapshot, info: &TaskInfo) -> bool {
        let spec = &self.spec;
        any_of(&spec.state, Some(&info.state))
            && any_of(&spec.activation_id, info.activation_id.as_ref())
            && any_of(&spec.event_chain_id, Some(&info.event_chain_id))
            && any_of(&spec.tag, info.change_tag.as_ref())
            && any_of(&spec.parent_task_key, info.parent_task_key.as_ref())
            && any_of(&spec.root_task_key, info.root_task_key.as_ref())
            && self.in_time(info)
            && self.for_reason(info)
            && spec.entity.as_ref().is_none_or(|by| concerns(world, info, by))
    }

    fn in_time(&self, info: &TaskInfo) -> bool {
        let Some(time) = &self.spec.time else { return true };
        let at = match time.time_type {
            TaskFilterSpecTimeOption::StartedTime => info.start_time,
            TaskFilterSpecTimeOption::CompletedTime => info.complete_time,
            _ => Some(info.queue_time),
        };
        let within = |at| time.begin_time.is_none_or(|begin| at >= begin) && time.end_time.is_none_or(|end| at <= end);
        at.is_some_and(within)
    }

    fn for_reason(&self, info: &TaskInfo) -> bool {
        let user: Option<&Str> = info.reason.cast::<TaskReasonUser>().map(|r| &r.user_name);
        let by_user = self.spec.user_name.as_ref().is_none_or(|by| match user {
            Some(user) => by.user_list.as_ref().is_none_or(|list| list.contains(user)),
            None => by.system_user,
        });
        let alarm = info.reason.cast::<TaskReasonAlarm>().map(|r| &r.alarm);
        let schedule = info.reason.cast::<TaskReasonSchedule>().map(|r| &r.scheduled_task);
        by_user
            && self.spec.alarm.as_ref().is_none_or(|wanted| alarm == Some(wanted))
            && self.spec.scheduled_task.as_ref().is_none_or(|wanted| schedule == Some(wanted))
    }
}

/// Whether a value is one of a list; no list, or an empty one, stands for any.
fn any_of<T: PartialEq>(wanted: &Option<Vec<T>>, value: Option<&T>) -> bool {
    let Some(wanted) = wanted.as_ref().filter(|list| !list.is_empty()) else { return true };
    value.is_some_and(|value| wanted.contains(value))
}

fn concerns(world: &Snapshot, info: &TaskInfo, by: &TaskFilterSpecByEntity) -> bool {
    let Some(entity) = &info.entity else { return false };
    let is_self = entity.id == by.entity.id;
    match by.recursion {
        TaskFilterSpecRecursionOption::Self_ => is_self,
        TaskFilterSpecRecursionOption::Children => tree::is_below(world, entity, &by.entity),
        _ => is_self || tree::is_below(world, entity, &by.entity),
    }
}
