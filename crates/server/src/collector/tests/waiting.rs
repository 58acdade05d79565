//! Calls that wait: what wakes them, what does not, and what is left of them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::{runtime::Runtime, task::JoinHandle};

use super::*;
use crate::{
    collector::{Collector, Patience, wait},
    core::Core,
    fault::Fault,
    session::Session,
};

type Answer = Result<Option<Obj<UpdateSet>>, Fault>;

/// One session that waits.
struct Client {
    core: Arc<Core>,
    session: Arc<Session>,
    filter: MoRef,
    version: Str,
}

impl Client {
    /// A new session with one filter, that has been told what is there.
    fn new(world: &World, spec: Obj<PropertyFilterSpec>) -> Client {
        let session = world.log_in("waiter");
        let filter = world.call_as(&session, &collector(), args::CreateFilter { spec, partial_updates: true }).unwrap();
        let options = WaitOptions { max_wait_seconds: Some(0), max_object_updates: None };
        let first = args::WaitForUpdatesEx { version: None, options: Some(options.into()) };
        let mut set = world.call_as(&session, &collector(), first).unwrap().unwrap();
        while set.truncated == Some(true) {
            let version = Some(set.version.clone());
            let next = args::WaitForUpdatesEx { version, options: Some(options_at_once()) };
            set = world.call_as(&session, &collector(), next).unwrap().unwrap();
        }
        Client { core: world.core.clone(), session, filter, version: set.version.clone() }
    }

    async fn wait(&self, version: &str) -> Answer {
        let collector = self.session.object_as::<Collector>("propertyCollector").unwrap();
        wait(&self.core, &self.session, &collector, version, Patience::ENDLESS).await
    }

    fn start(self: &Arc<Client>, runtime: &Runtime) -> JoinHandle<Answer> {
        let client = self.clone();
        runtime.spawn(async move { client.wait(&client.version).await })
    }
}

fn options_at_once() -> Obj<WaitOptions> {
    WaitOptions { max_wait_seconds: Some(0), max_object_updates: None }.into()
}

fn single() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

pub(super) fn vm(number: usize) -> MoRef {
    moref("VirtualMachine", &format!("vm-{number}"))
}

fn only(number: usize) -> Obj<PropertyFilterSpec> {
    spec(vm(number), vec![], properties("VirtualMachine", &["name"]))
}

/// Machines with the numbers 1000 and on, in folder `prod`.
pub(super) fn populate(world: &World, count: usize) {
    world.commit(|tx| {
        let new: Vec<MoRef> = (1000..1000 + count).map(vm).collect();
        for vm in &new {
            tx.insert(vm.clone(), mo::VirtualMachine::default());
        }
        let folder = tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap();
        folder.child_entity.get_or_insert_default().extend(new);
    });
}

/// Lets everything go on until something is so.
fn until(runtime: &Runtime, what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    runtime.block_on(async {
        while !is_so() {
            assert!(Instant::now() < deadline, "{what} does not come");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

fn asleep(world: &World, runtime: &Runtime, count: usize) {
    until(runtime, "sleep", || sleeping(world) == count);
    followed(world, runtime);
}

/// Lets the task that follows the log come to its end, and whomever it woke look.
fn followed(world: &World, runtime: &Runtime) {
    let now = world.core.inventory.snapshot().revision();
    until(runtime, "the end of the log", || world.core.lookout.extent().1 >= now || watched(world) == 0);
    runtime.block_on(async {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
    });
}

fn sleeping(world: &World) -> usize {
    Arc::strong_count(&world.core.lookout.counts.asleep) - 1
}

/// How often calls have woken and looked.
fn looks(world: &World) -> u64 {
    world.core.lookout.counts.looks.load(Ordering::SeqCst)
}

/// How often they have looked at a filter.
pub(super) fn steps(world: &World) -> u64 {
    world.core.lookout.counts.steps.load(Ordering::SeqCst)
}

fn watched(world: &World) -> usize {
    world.core.lookout.extent().0
}

fn answer(runtime: &Runtime, waiting: JoinHandle<Answer>) -> Answer {
    let timed = async { tokio::time::timeout(Duration::from_secs(20), waiting).await };
    runtime.block_on(timed).expect("the call was not woken").unwrap()
}

fn news(runtime: &Runtime, waiting: JoinHandle<Answer>) -> Vec<String> {
    told(&answer(runtime, waiting).unwrap().unwrap())
}

fn annotate(world: &World, vm: &MoRef) {
    world.commit(|tx| {
        let vm = tx.edit::<mo::VirtualMachine>(vm).unwrap();
        vm.config.get_or_insert_default().annotation = Some("beside".into());
    });
}

#[test]
fn an_irrelevant_change_wakes_nobody_and_a_relevant_one_exactly_its_watchers() {
    let (world, runtime) = (World::new(), single());
    populate(&world, 100);
    let clients: Vec<_> = (1000..1100).map(|number| Arc::new(Client::new(&world, only(number)))).collect();
    let mut waiting: Vec<_> = clients.iter().map(|client| client.start(&runtime)).collect();
    asleep(&world, &runtime, 100);
    let before = looks(&world);
    rename(&world, "vm-20", "nobody watches it");
    annotate(&world, &vm(1007));
    followed(&world, &runtime);
    let list = args::CreateListView { obj: None };
    world.call_as(&clients[3].session, &moref("ViewManager", "ViewManager"), list).unwrap();
    followed(&world, &runtime);
    assert_eq!(looks(&world), before, "nobody has a reason to look");
    rename(&world, "vm-1007", "seven");
    assert_eq!(news(&runtime, waiting.swap_remove(7)), ["modify vm-1007 Assign name"]);
    followed(&world, &runtime);
    assert_eq!(looks(&world), before + 1);
    assert!(waiting.iter().all(|call| !call.is_finished()));
}

#[test]
fn calls_that_watch_the_same_object_are_all_woken() {
    let (world, runtime) = (World::new(), single());
    let clients: Vec<_> = (0..20).map(|_| Arc::new(Client::new(&world, only(20)))).collect();
    let waiting: Vec<_> = clients.iter().map(|client| client.start(&runtime)).collect();
    asleep(&world, &runtime, 20);
    rename(&world, "vm-20", "new");
    for call in waiting {
        assert_eq!(news(&runtime, call), ["modify vm-20 Assign name"]);
    }
    assert_eq!(sleeping(&world), 0);
}

#[test]
fn a_filter_over_many_objects_is_woken_by_each_of_them_and_by_no_other() {
    let (world, runtime) = (World::new(), single());
    populate(&world, 200);
    let client = Arc::new(Client::new(&world, machines(&["name"])));
    let waiting = client.start(&runtime);
    asleep(&world, &runtime, 1);
    let before = looks(&world);
    rename(&world, "vm-31", "in a vApp, outside of the folders");
    annotate(&world, &vm(1100));
    followed(&world, &runtime);
    assert_eq!(looks(&world), before);
    rename(&world, "vm-1100", "new");
    assert_eq!(news(&runtime, waiting), ["modify vm-1100 Assign name"]);
}

#[test]
fn a_machine_that_comes_into_a_watched_folder_wakes() {
    for others in [0, 200] {
        let (world, runtime) = (World::new(), single());
        populate(&world, others);
        let client = Arc::new(Client::new(&world, machines(&["name"])));
        let waiting = client.start(&runtime);
        asleep(&world, &runtime, 1);
        world.commit(|tx| {
            tx.insert(vm(90), mo::VirtualMachine::default());
            let folder = tx.edit::<mo::Folder>(&moref("Folder", "group-v9")).unwrap();
            folder.child_entity.get_or_insert_default().push(vm(90));
        });
        assert_eq!(news(&runtime, waiting), ["enter vm-90 Assign name"]);
    }
}

#[test]
fn a_machine_that_comes_into_a_watched_container_view_wakes() {
    let (world, runtime) = (World::new(), single());
    let session = world.log_in("viewer");
    let view = args::CreateContainerView {
        container: moref("Folder", "group-d1"),
        type_: Some(vec!["VirtualMachine".into()]),
        recursive: true,
    };
    let view = world.call_as(&session, &moref("ViewManager", "ViewManager"), view).unwrap();
    let through = traverse("view", "ContainerView", "view", vec![]);
    let spec = spec(view, vec![through], properties("VirtualMachine", &["name"]));
    let filter = world.call_as(&session, &collector(), args::CreateFilter { spec, partial_updates: true }).unwrap();
    let first = args::WaitForUpdatesEx { version: None, options: Some(options_at_once()) };
    let version = world.call_as(&session, &collector(), first).unwrap().unwrap().version.clone();
    let client = Arc::new(Client { core: world.core.clone(), session, filter, version });
    let waiting = client.start(&runtime);
    asleep(&world, &runtime, 1);
    let before = looks(&world);
    world.commit(|tx| tx.edit::<mo::Folder>(&moref("Folder", "group-h4")).unwrap().name = "other".into());
    followed(&world, &runtime);
    assert_eq!(looks(&world), before, "the name of a folder is no part of the view");
    populate(&world, 1);
    assert_eq!(news(&runtime, waiting), ["enter vm-1000 Assign name"]);
}

#[test]
fn an_event_wakes_a_filter_on_a_history_collector() {
    let (world, runtime) = (World::new(), single());
    let session = world.log_in("historian");
    let events = moref("EventManager", "EventManager");
    let history = world.call_as(&session, &events, args::CreateCollectorForEvents::default()).unwrap();
    let spec = spec(history.clone(), vec![], properties("EventHistoryCollector", &["latestPage"]));
    let filter = world.call_as(&session, &collector(), args::CreateFilter { spec, partial_updates: false }).unwrap();
    let first = args::WaitForUpdatesEx { version: None, options: Some(options_at_once()) };
    let version = world.call_as(&session, &collector(), first).unwrap().unwrap().version.clone();
    let client = Arc::new(Client { core: world.core.clone(), session, filter, version });
    let waiting = client.start(&runtime);
    asleep(&world, &runtime, 1);
    world.call(&events, args::LogUserEvent { entity: vm(20), msg: "hello".into() }).unwrap();
    assert_eq!(news(&runtime, waiting), [format!("modify {} Assign latestPage", history.id)]);
}

#[test]
fn a_filter_that_is_created_or_destroyed_during_a_wait_counts_at_once() {
    let (world, runtime) = (World::new(), single());
    let client = Arc::new(Client::new(&world, only(20)));
    let waiting = client.start(&runtime);
    asleep(&world, &runtime, 1);
    let destroyed = world.call_as(&client.session, &client.filter, args::DestroyPropertyFilter {});
    destroyed.unwrap();
    assert_eq!(watched(&world), 0);
    rename(&world, "vm-20", "no longer watched");
    asleep(&world, &runtime, 1);
    assert!(!waiting.is_finished());
    let create = args::CreateFilter { spec: only(21), partial_updates: true };
    world.call_as(&client.session, &collector(), create).unwrap();
    assert_eq!(news(&runtime, waiting), ["enter vm-21 Assign name"]);
}

#[test]
fn a_call_or_a_session_that_ends_leaves_nothing_behind() {
    let (world, runtime) = (World::new(), single());
    let clients: Vec<_> = (20..23).map(|number| Arc::new(Client::new(&world, only(number)))).collect();
    let mut waiting: Vec<_> = clients.iter().map(|client| client.start(&runtime)).collect();
    asleep(&world, &runtime, 3);
    waiting[0].abort();
    until(&runtime, "the end of a connection", || sleeping(&world) == 2);
    assert_eq!(watched(&world), 3, "the session may call again");
    world.core.sessions.close(&clients[1].session.key);
    assert_eq!(refused(answer(&runtime, waiting.remove(1))).0, "NotAuthenticated");
    world.call_as(&clients[2].session, &collector(), args::CancelWaitForUpdates {}).unwrap();
    assert_eq!(refused(answer(&runtime, waiting.remove(1))).0, "RequestCanceled");
    assert_eq!((sleeping(&world), watched(&world)), (0, 2), "what a session had watched ends with it");
    for client in &clients {
        world.core.sessions.close(&client.session.key);
    }
    assert_eq!((watched(&world), world.core.budget.held()), (0, 0));
}

#[test]
fn a_call_that_sleeps_through_many_commits_does_not_keep_old_states_of_the_world() {
    let (world, runtime) = (World::new(), single());
    let client = Arc::new(Client::new(&world, only(20)));
    let waiting = client.start(&runtime);
    asleep(&world, &runtime, 1);
    let (before, start) = (looks(&world), world.core.inventory.snapshot().revision().number());
    for number in 0..2_000 {
        rename(&world, "vm-21", &format!("name {number}"));
        if number % 20 == 0 {
            followed(&world, &runtime);
        }
    }
    let filter = client.session.object_as::<crate::collector::Filter>(&client.filter.id).unwrap();
    assert!(filter.seen().unwrap().number() > start + 900);
    assert_eq!(looks(&world), before);
    rename(&world, "vm-20", "mine");
    assert_eq!(news(&runtime, waiting), ["modify vm-20 Assign name"]);
}

#[test]
fn more_commits_at_once_than_the_log_keeps_lose_nothing() {
    let (world, runtime) = (World::new(), single());
    let client = Arc::new(Client::new(&world, only(20)));
    let waiting = client.start(&runtime);
    asleep(&world, &runtime, 1);
    rename(&world, "vm-20", "mine");
    for number in 0..5000 {
        world
            .commit(|tx| tx.edit::<mo::Folder>(&moref("Folder", "group-n6")).unwrap().name = number.to_string().into());
    }
    assert_eq!(news(&runtime, waiting), ["modify vm-20 Assign name"]);
}

#[test]
fn a_runtime_that_ends_does_not_take_the_next_ones_wake_ups_along() {
    let world = World::new();
    let client = Arc::new(Client::new(&world, only(20)));
    let first = single();
    let waiting = client.start(&first);
    asleep(&world, &first, 1);
    drop((waiting, first));
    let second = single();
    let waiting = client.start(&second);
    asleep(&world, &second, 1);
    rename(&world, "vm-20", "new");
    assert_eq!(news(&second, waiting), ["modify vm-20 Assign name"]);
}

/// Every waiter has to answer every change before the next comes: one lost wake-up and it stands still.
#[test]
fn no_wake_up_is_lost_while_calls_come_and_go() {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 300;
    let world = World::new();
    populate(&world, 100);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|number| Client::new(&world, if number % 2 == 0 { only(20) } else { machines(&["name"]) }))
        .collect();
    let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel();
    for client in clients {
        let answers = answers.clone();
        runtime.spawn(async move {
            let mut version = client.version.clone();
            while let Ok(Some(set)) = client.wait(&version).await {
                version = set.version.clone();
                let mine = told(&set).iter().filter(|line| *line == "modify vm-20 Assign name").count();
                if mine > 0 && answers.send(()).is_err() {
                    return;
                }
            }
        });
    }
    let core = world.core.clone();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    // Meanwhile other things happen: changes that concern nobody, and machines that come into a watched folder and go.
    let noise = std::thread::spawn(move || {
        let mut number = 0;
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            number += 1;
            let folder = moref("Folder", "group-v9");
            let change = core.inventory.commit::<(), ()>(|tx| {
                match number % 4 {
                    0 => tx.insert(vm(500_000), mo::VirtualMachine::default()),
                    1 => tx.edit::<mo::Folder>(&folder).unwrap().child_entity.as_mut().unwrap().push(vm(500_000)),
                    2 => tx.edit::<mo::VirtualMachine>(&vm(31)).unwrap().name = number.to_string().into(),
                    _ => {
                        let folder = tx.edit::<mo::Folder>(&folder).unwrap();
                        folder.child_entity.as_mut().unwrap().retain(|child| *child != vm(500_000));
                        tx.remove(&vm(500_000));
                    }
                }
                Ok(())
            });
            change.unwrap();
            std::thread::sleep(Duration::from_micros(300));
        }
    });
    for round in 0..ROUNDS {
        rename(&world, "vm-20", &format!("round {round}"));
        for _ in 0..CLIENTS {
            let one = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), answered.recv()).await });
            one.unwrap_or_else(|_| panic!("a wake-up was lost in round {round}")).unwrap();
        }
    }
    drop(stop);
    noise.join().unwrap();
}
