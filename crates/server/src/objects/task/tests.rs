use vim25::{
    Any, DataType, MoRef, Obj, args, mo,
    types::{
        Extension, ExtensionTaskTypeInfo, LocalizableMessage, LocalizedMethodFault, SystemError, TaskInfo,
        TaskInfoState,
    },
};

use crate::testing::{World, moref, refused};

/// A world with an extension that has registered `lab.work`, and a task of it.
pub(in crate::objects) fn with_task(cancelable: bool) -> (World, MoRef) {
    let world = World::new();
    let extension = Extension::with(|e| {
        e.key = "lab".into();
        e.task_list = Some(vec![ExtensionTaskTypeInfo { task_id: "lab.work".into() }.into()]);
    });
    let manager = moref("ExtensionManager", "ExtensionManager");
    world.commit(|tx| {
        tx.edit::<mo::ExtensionManager>(&manager).unwrap().extension_list = Some(vec![extension.into()]);
    });
    let task = create(&world, cancelable).task.clone();
    (world, task)
}

fn create(world: &World, cancelable: bool) -> Obj<TaskInfo> {
    let args = args::CreateTask {
        obj: moref("VirtualMachine", "vm-20"),
        task_type_id: "lab.work".into(),
        cancelable,
        ..Default::default()
    };
    world.call(&moref("TaskManager", "TaskManager"), args).unwrap()
}

fn set_state(world: &World, task: &MoRef, state: TaskInfoState) -> Result<(), crate::fault::Fault> {
    world.call(task, args::SetTaskState { state, result: Some(Any::Int(7)), fault: None })
}

fn info(world: &World, task: &MoRef) -> Obj<TaskInfo> {
    world.get::<mo::Task>(task).info
}

#[test]
fn an_extension_reports_progress_and_success() {
    let (world, task) = with_task(false);
    let progress = |percent_done| world.call(&task, args::UpdateProgress { percent_done });
    assert_eq!(refused(progress(10)).0, "InvalidState");
    set_state(&world, &task, TaskInfoState::Running).unwrap();
    progress(40).unwrap();
    assert_eq!(info(&world, &task).progress, Some(40));
    assert_eq!(refused(progress(101)).0, "OutOfBounds");
    assert_eq!(refused(set_state(&world, &task, TaskInfoState::Queued)).0, "InvalidState");
    let done = world.advance(30);
    set_state(&world, &task, TaskInfoState::Success).unwrap();
    let ended = info(&world, &task);
    assert_eq!((ended.state.clone(), ended.result.clone()), (TaskInfoState::Success, Some(Any::Int(7))));
    assert_eq!(ended.complete_time, Some(done));
    assert_eq!(refused(set_state(&world, &task, TaskInfoState::Error)).0, "InvalidState");
}

#[test]
fn an_extension_reports_an_error_and_describes_its_task() {
    let (world, task) = with_task(false);
    let description = LocalizableMessage { key: "lab.step".into(), ..Default::default() };
    world.call(&task, args::SetTaskDescription { description: description.into() }).unwrap();
    assert_eq!(info(&world, &task).description.as_ref().unwrap().key, "lab.step");
    let fault = LocalizedMethodFault { fault: SystemError::default().into(), localized_message: Some("broken".into()) };
    let failed = args::SetTaskState { state: TaskInfoState::Error, result: None, fault: Some(fault.into()) };
    world.call(&task, failed).unwrap();
    assert_eq!(info(&world, &task).error.as_ref().unwrap().localized_message.as_deref(), Some("broken"));
}

#[test]
fn cancelling_asks_an_extension_to_end_and_is_refused_where_it_is_not_possible() {
    let (world, task) = with_task(true);
    world.call(&task, args::CancelTask {}).unwrap();
    assert_eq!((info(&world, &task).cancelled, info(&world, &task).state.clone()), (true, TaskInfoState::Queued));
    set_state(&world, &task, TaskInfoState::Error).unwrap();
    assert_eq!(refused(world.call(&task, args::CancelTask {})).0, "InvalidState");
    let fixed = create(&world, false).task.clone();
    assert_eq!(refused(world.call(&fixed, args::CancelTask {})).0, "NotSupported");
}

#[test]
fn a_task_of_the_server_is_cancelled_at_once_and_cannot_be_written() {
    let world = World::new();
    let task = world.commit(|tx| {
        let info = TaskInfo::with(|info| info.cancelable = true);
        crate::task::enter(tx, info, &"root".into())
    });
    assert_eq!(refused(set_state(&world, &task, TaskInfoState::Running)).0, "InvalidState");
    world.call(&task, args::CancelTask {}).unwrap();
    let ended = info(&world, &task);
    assert_eq!((ended.cancelled, ended.state.clone()), (true, TaskInfoState::Error));
    assert!(ended.error.as_ref().unwrap().fault.shared().descriptor().name == "RequestCanceled");
}

#[test]
fn a_task_of_the_server_runs_to_its_end_and_cannot_be_cancelled_then() {
    let world = World::new();
    let vm = moref("VirtualMachine", "vm-20");
    let task = world.call(&vm, args::Rename_Task { new_name: "omega".into() }).unwrap();
    assert_eq!(world.finish(&task).state, TaskInfoState::Success);
    assert_eq!(world.get::<mo::VirtualMachine>(&vm).name, "omega");
    assert_eq!(refused(world.call(&task, args::CancelTask {})).0, "InvalidState");
}
