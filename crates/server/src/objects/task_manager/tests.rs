use std::slice::from_ref;

use vim25::{
    DataType, MoRef, Obj, args, mo,
    types::{
        TaskEvent, TaskFilterSpec, TaskFilterSpecByEntity, TaskFilterSpecByTime, TaskFilterSpecByUsername,
        TaskFilterSpecRecursionOption, TaskFilterSpecTimeOption, TaskInfo, TaskInfoState, TaskReasonSystem,
        TaskReasonUser,
    },
};

use crate::{
    objects::task::tests::with_task,
    task,
    testing::{World, moref, refused},
};

fn manager() -> MoRef {
    moref("TaskManager", "TaskManager")
}

/// A task as a method would make it.
fn enter(world: &World, user: &str, entity: MoRef) -> MoRef {
    world.advance(10);
    let task = world.commit(|tx| {
        let info = TaskInfo::with(|info| {
            info.entity = Some(entity);
            info.reason = match user {
                "" => TaskReasonSystem::default().into(),
                user => TaskReasonUser { user_name: user.into(), ..Default::default() }.into(),
            };
        });
        task::enter(tx, info, &user.into())
    });
    task::register(&world.core, task.clone());
    task
}

/// On a VM by root, on the cluster by guest, on the datastore by the system.
fn three_tasks() -> (World, [MoRef; 3]) {
    let world = World::new();
    let tasks = [
        enter(&world, "root", moref("VirtualMachine", "vm-20")),
        enter(&world, "guest", moref("ClusterComputeResource", "domain-c7")),
        enter(&world, "", moref("Datastore", "datastore-12")),
    ];
    (world, tasks)
}

fn found(world: &World, fill: impl FnOnce(&mut TaskFilterSpec)) -> Vec<MoRef> {
    let filter = TaskFilterSpec::with(fill).into();
    let collector = world.call(&manager(), args::CreateCollectorForTasks { filter }).unwrap();
    let page = tasks(world.call(&collector, args::ReadNextTasks { max_count: 100 }).unwrap());
    world.call(&collector, args::DestroyCollector {}).unwrap();
    page
}

fn tasks(infos: Option<Vec<Obj<TaskInfo>>>) -> Vec<MoRef> {
    infos.into_iter().flatten().map(|info| info.task.clone()).collect()
}

#[test]
fn tasks_are_filtered_by_entity_user_state_and_time() {
    use TaskFilterSpecRecursionOption::{All, Children, Self_};
    let (world, [on_vm, on_cluster, on_store]) = three_tasks();
    assert_eq!(found(&world, |_| {}), [on_vm.clone(), on_cluster.clone(), on_store.clone()]);
    let on = |kind, id, recursion| {
        let by = TaskFilterSpecByEntity { entity: moref(kind, id), recursion };
        found(&world, |f| f.entity = Some(by.into()))
    };
    assert_eq!(on("ClusterComputeResource", "domain-c7", Self_), from_ref(&on_cluster));
    assert_eq!(on("ClusterComputeResource", "domain-c7", Children), from_ref(&on_vm));
    assert_eq!(on("Folder", "group-d1", All).len(), 3);
    let by = |system_user, user_list: Option<&str>| {
        let user_list = user_list.map(|user| vec![user.into()]);
        found(&world, |f| f.user_name = Some(TaskFilterSpecByUsername { system_user, user_list }.into()))
    };
    assert_eq!(by(false, Some("root")), from_ref(&on_vm));
    assert_eq!(by(true, Some("guest")), [on_cluster.clone(), on_store.clone()]);
    world.commit(|tx| tx.edit::<mo::Task>(&on_vm).unwrap().info.state = TaskInfoState::Success);
    assert_eq!(found(&world, |f| f.state = Some(vec![TaskInfoState::Success])), from_ref(&on_vm));
    let time = TaskFilterSpecByTime {
        time_type: TaskFilterSpecTimeOption::QueuedTime,
        begin_time: Some(world.core.now().plus_seconds(-5)),
        end_time: None,
    };
    assert_eq!(found(&world, |f| f.time = Some(time.into())), [on_store]);
}

#[test]
fn a_filter_with_an_unknown_entity_is_refused() {
    let by = TaskFilterSpecByEntity { entity: moref("VirtualMachine", "vm-99"), ..Default::default() };
    let filter = TaskFilterSpec { entity: Some(by.into()), ..Default::default() };
    let create = args::CreateCollectorForTasks { filter: filter.into() };
    assert_eq!(refused(World::new().call(&manager(), create)).0, "ManagedObjectNotFound");
}

#[test]
fn a_collector_shows_the_newest_tasks_first_and_forgets_expired_ones() {
    let (world, [on_vm, on_cluster, on_store]) = three_tasks();
    let collector = world.call(&manager(), args::CreateCollectorForTasks::default()).unwrap();
    let latest = || tasks(world.get::<mo::TaskHistoryCollector>(&collector).latest_page);
    assert_eq!(latest(), [on_store.clone(), on_cluster.clone(), on_vm.clone()]);
    world.commit(|tx| {
        let now = tx.now();
        let info = &mut tx.edit::<mo::Task>(&on_vm).unwrap().info;
        info.complete_time = Some(now);
        info.state = TaskInfoState::Success;
    });
    world.advance(3600);
    task::expire(&world.core);
    assert_eq!(latest(), [on_store.clone(), on_cluster.clone()]);
    assert_eq!(tasks(world.call(&collector, args::ReadNextTasks { max_count: 9 }).unwrap()), [on_cluster, on_store]);
}

#[test]
fn of_too_many_tasks_the_oldest_that_have_finished_are_forgotten() {
    let (world, [on_vm, on_cluster, on_store]) = three_tasks();
    let finish = |task: &MoRef| {
        world.commit(|tx| {
            let now = tx.now();
            tx.edit::<mo::Task>(task).unwrap().info.complete_time = Some(now);
        });
    };
    finish(&on_cluster);
    finish(&on_store);
    let are_there = || [&on_vm, &on_cluster, &on_store].map(|t| world.core.inventory.snapshot().resolve(t).is_some());
    task::expire_beyond(&world.core, 3);
    assert_eq!(are_there(), [true, true, true]);
    task::expire_beyond(&world.core, 2);
    assert_eq!(are_there(), [true, false, true]);
    task::expire_beyond(&world.core, 0);
    assert_eq!(are_there(), [true, false, false]);
    assert_eq!(world.get::<mo::TaskManager>(&manager()).recent_task.unwrap().to_vec(), [on_vm]);
    let cluster: mo::ClusterComputeResource = world.get(&moref("ClusterComputeResource", "domain-c7"));
    assert!(cluster.recent_task.clone().unwrap_or_default().is_empty());
}

#[test]
fn a_created_task_is_queued_and_told_of_with_its_place() {
    let (world, task) = with_task(true);
    let info = world.get::<mo::Task>(&task).info;
    assert_eq!((info.state.clone(), info.description_id.as_str()), (TaskInfoState::Queued, "lab.work"));
    assert_eq!(info.entity_name.as_deref(), Some("alpha"));
    assert_eq!(info.reason.cast::<TaskReasonUser>().unwrap().user_name, "root@localos");
    assert_eq!(found(&world, |_| {}), from_ref(&task));
    assert_eq!(world.get::<mo::TaskManager>(&manager()).recent_task, Some([task].into()));
    let snapshot = world.core.inventory.snapshot();
    let event = snapshot.events().back().unwrap();
    assert_eq!(event.cast::<TaskEvent>().unwrap().info.key, info.key);
    assert_eq!(info.event_chain_id, event.key);
    assert_eq!(event.vm.as_ref().unwrap().name, "alpha");
    assert_eq!(event.host.as_ref().unwrap().name, "esx-10.lab.local");
    assert_eq!(event.datacenter.as_ref().unwrap().name, "DC0");
}

#[test]
fn only_registered_task_types_on_objects_that_exist_are_created() {
    let (world, _) = with_task(true);
    let create = |id: &str, task_type: &str| {
        let obj = moref("VirtualMachine", id);
        world.call(&manager(), args::CreateTask { obj, task_type_id: task_type.into(), ..Default::default() })
    };
    assert_eq!(refused(create("vm-20", "no.such.type")).0, "InvalidArgument");
    assert_eq!(refused(create("vm-99", "lab.work")).0, "ManagedObjectNotFound");
    let parent = create("vm-20", "lab.work").unwrap();
    let child = args::CreateTask {
        obj: moref("VirtualMachine", "vm-20"),
        task_type_id: "lab.work".into(),
        parent_task_key: Some(parent.key.clone()),
        ..Default::default()
    };
    assert_eq!(world.call(&manager(), child).unwrap().root_task_key.as_ref(), Some(&parent.key));
}
