//! `CreateTask`: a task that an extension runs and reports on.

use vim25::{
    DataType, Obj, Str, args, mo,
    types::{TaskInfo, TaskReasonUser},
};

use crate::{dispatch::Call, fault::Fault, objects::task::RunByExtension, service, task, tree::Reader};

pub(super) fn create(call: &Call, args: args::CreateTask) -> Result<Obj<TaskInfo>, Fault> {
    let info = call.commit(|tx| {
        tx.resolve(&args.obj).ok_or_else(|| Fault::object_not_found(&args.obj))?;
        if !is_registered(tx, &args.task_type_id) {
            let why = format!("no extension has registered '{}'", args.task_type_id);
            return Err(Fault::invalid_argument("taskType", why));
        }
        let user = args.initiated_by.clone().unwrap_or_else(|| call.user());
        let info = TaskInfo::with(|info| {
            info.description_id = args.task_type_id.clone();
            info.entity = Some(args.obj.clone());
            info.cancelable = args.cancelable;
            info.reason = TaskReasonUser { user_name: user.clone(), ..Default::default() }.into();
            info.root_task_key = args.parent_task_key.as_deref().and_then(|parent| root_of(tx, parent));
            info.parent_task_key = args.parent_task_key.clone();
            info.activation_id = args.activation_id.clone();
        });
        let task = task::enter(tx, info, &user);
        tx.set_private(&task.id, RunByExtension);
        call.this_in::<mo::TaskManager>(tx)?;
        tx.get::<mo::Task>(&task).map(|t| t.info.clone()).ok_or_else(|| Fault::object_not_found(&task))
    })?;
    task::register(&call.core, info.task.clone());
    Ok(info)
}

fn is_registered(world: &impl Reader, task_type: &Str) -> bool {
    let manager = service::manager(world, |content| content.extension_manager.clone());
    let manager = manager.and_then(|m| world.read::<mo::ExtensionManager>(&m));
    let extensions = manager.into_iter().flat_map(|m| m.extension_list.iter().flatten());
    extensions.flat_map(|e| e.task_list.iter().flatten()).any(|t| t.task_id == *task_type)
}

/// Key of the first task of the chain in which `parent` stands.
fn root_of(world: &impl Reader, parent: &str) -> Option<Str> {
    let task = vim25::cast::<mo::Task>(&*world.object(parent)?.content)?;
    Some(task.info.root_task_key.clone().unwrap_or_else(|| task.info.key.clone()))
}
