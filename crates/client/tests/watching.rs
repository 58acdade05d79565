//! The state machine of a watch, exit by exit, and tasks that stand on it.

mod fake;

use std::time::Duration;

use client::{Client, Error, Mirror, Query, Update, Watch};
use fake::{Answer, Call, Fake, fault, result};
use vim25::{Any, DataType, MoRef, Obj, args, types};

fn vm() -> MoRef {
    MoRef::new("VirtualMachine", "vm-1")
}

/// A set of updates: version, and one object whose `name` changes.
fn set(version: &str, kind: types::ObjectUpdateKind, name: Option<&str>) -> Obj<types::UpdateSet> {
    let change = types::PropertyChange {
        name: "name".into(),
        op: if name.is_some() { types::PropertyChangeOp::Assign } else { types::PropertyChangeOp::Remove },
        val: name.map(Any::from),
    };
    let object = types::ObjectUpdate { kind, obj: vm(), change_set: Some(vec![change.into()]), missing_set: None };
    let filter = types::PropertyFilterUpdate::with(|filter| filter.object_set = Some(vec![object.into()]));
    types::UpdateSet { version: version.into(), filter_set: Some(vec![filter.into()]), truncated: None }.into()
}

fn enter(version: &str, name: &str) -> Answer {
    result::<args::WaitForUpdatesEx>(&Some(set(version, types::ObjectUpdateKind::Enter, Some(name))))
}

fn modify(version: &str, name: Option<&str>) -> Answer {
    result::<args::WaitForUpdatesEx>(&Some(set(version, types::ObjectUpdateKind::Modify, name)))
}

/// A server whose answers to WaitForUpdatesEx come by the version that the client has seen.
async fn server(mut by_version: impl FnMut(&str) -> Answer + Send + 'static) -> Fake {
    Fake::start(move |call: &Call| {
        let wait = (call.method == "WaitForUpdatesEx").then(|| call.arguments::<args::WaitForUpdatesEx>())?;
        assert_eq!(call.this.id, "own-collector");
        Some(by_version(wait.version.as_deref().unwrap_or("")))
    })
    .await
}

async fn watch(server: &Fake) -> Watch {
    let client = Client::builder(&server.url()).connect().await.unwrap();
    client.watch(Query::new().all("VirtualMachine", &["name"])).unwrap()
}

/// The updates until one satisfies `last`, as a state.
async fn until(watch: &mut Watch, mirror: &mut Mirror, last: impl Fn(&Update) -> bool) {
    loop {
        let update = watch.next().await.expect("it goes on").expect("no error");
        let found = last(&update);
        mirror.apply(update);
        if found {
            return;
        }
    }
}

fn name(mirror: &Mirror) -> Option<&str> {
    mirror.get(&vm()).and_then(|vm| vm.text("name"))
}

#[tokio::test]
async fn the_state_at_the_beginning_comes_first_then_every_change() {
    let server = server(|version| match version {
        "" => enter("1", "old"),
        "1" => modify("2", Some("new")),
        "2" => modify("3", None),
        _ => result::<args::WaitForUpdatesEx>(&Some(set("4", types::ObjectUpdateKind::Leave, None))),
    })
    .await;
    let (mut watch, mut mirror) = (watch(&server).await, Mirror::default());
    until(&mut watch, &mut mirror, |u| *u == Update::Complete).await;
    assert!(mirror.is_complete() && name(&mirror) == Some("old"));
    until(&mut watch, &mut mirror, |u| matches!(u, Update::Changed { .. })).await;
    assert_eq!(name(&mirror), Some("new"));
    until(&mut watch, &mut mirror, |u| matches!(u, Update::Changed { .. })).await;
    assert_eq!(name(&mirror), None);
    until(&mut watch, &mut mirror, |u| matches!(u, Update::Left(_))).await;
    assert!(mirror.get(&vm()).is_none());
}

#[tokio::test]
async fn a_truncated_set_does_not_complete_the_beginning() {
    let server = server(|version| match version {
        "" => {
            let mut first = set("1", types::ObjectUpdateKind::Enter, Some("a"));
            first.truncated = Some(true);
            result::<args::WaitForUpdatesEx>(&Some(first))
        }
        _ => enter("2", "b"),
    })
    .await;
    let mut watch = watch(&server).await;
    let mut kinds = Vec::new();
    for _ in 0..3 {
        kinds.push(matches!(watch.next().await.unwrap().unwrap(), Update::Complete));
    }
    assert_eq!(kinds, [false, false, true]);
}

#[tokio::test]
async fn a_wait_in_which_nothing_happens_is_repeated() {
    let mut waits = 0;
    let server = server(move |_| {
        waits += 1;
        if waits < 3 { result::<args::WaitForUpdatesEx>(&None) } else { enter("1", "late") }
    })
    .await;
    let mut watch = watch(&server).await;
    assert!(matches!(watch.next().await, Some(Ok(Update::Entered(_)))));
    assert_eq!(server.count("WaitForUpdatesEx"), 3);
}

#[tokio::test]
async fn a_version_that_is_too_old_starts_over() {
    let mut lost = true;
    let server = server(move |version| match version {
        "" => enter("1", "fresh"),
        _ if std::mem::take(&mut lost) => fault(types::InvalidCollectorVersion::default(), "Too old."),
        _ => modify("2", Some("later")),
    })
    .await;
    let (mut watch, mut mirror) = (watch(&server).await, Mirror::default());
    until(&mut watch, &mut mirror, |u| *u == Update::Restarted).await;
    assert!(mirror.iter().next().is_none() && !mirror.is_complete());
    until(&mut watch, &mut mirror, |u| *u == Update::Complete).await;
    assert_eq!(name(&mirror), Some("fresh"));
    until(&mut watch, &mut mirror, |u| matches!(u, Update::Changed { .. })).await;
    assert_eq!((name(&mirror), server.count("CreatePropertyCollector")), (Some("later"), 1));
}

#[tokio::test]
async fn a_broken_connection_is_told_and_then_resumed() {
    let mut broken = true;
    let server = server(move |version| match version {
        "" => enter("1", "old"),
        _ if std::mem::take(&mut broken) => Answer::Cut(vec![]),
        version => {
            assert_eq!(version, "1");
            modify("2", Some("new"))
        }
    })
    .await;
    let (mut watch, mut mirror) = (watch(&server).await, Mirror::default());
    until(&mut watch, &mut mirror, |u| *u == Update::Complete).await;
    assert!(matches!(watch.next().await, Some(Err(Error::Broken { .. }))));
    until(&mut watch, &mut mirror, |u| matches!(u, Update::Changed { .. })).await;
    assert_eq!(name(&mirror), Some("new"));
}

#[tokio::test]
async fn the_end_of_the_session_ends_the_watch() {
    let server = server(|_| fault(types::NotAuthenticated::default(), "Not authenticated.")).await;
    let mut watch = watch(&server).await;
    assert!(watch.next().await.unwrap().unwrap_err().is_not_authenticated());
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn closing_destroys_what_was_made() {
    let server = server(|_| enter("1", "a")).await;
    let mut watch = watch(&server).await;
    watch.next().await.unwrap().unwrap();
    watch.close().await.unwrap();
    assert_eq!((server.count("DestroyPropertyCollector"), server.count("DestroyView")), (1, 1));
}

#[tokio::test]
async fn dropping_destroys_what_was_made() {
    let server = server(|_| enter("1", "a")).await;
    let mut watch = watch(&server).await;
    watch.next().await.unwrap().unwrap();
    drop(watch);
    while server.count("DestroyView") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.count("DestroyPropertyCollector"), 1);
}

#[tokio::test]
async fn what_is_dropped_while_it_begins_is_destroyed_too() {
    let server = Fake::start(|call| {
        let filter = || Box::new(result::<args::CreateFilter>(&MoRef::new("PropertyFilter", "filter-1")));
        (call.method == "CreateFilter").then(|| Answer::Late(Duration::from_millis(100), filter()))
    })
    .await;
    let mut watch = watch(&server).await;
    while server.count("CreateFilter") == 0 {
        assert!(tokio::time::timeout(Duration::from_millis(5), watch.next()).await.is_err());
    }
    drop(watch);
    while server.count("DestroyView") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((server.count("CreatePropertyCollector"), server.count("DestroyPropertyCollector")), (1, 1));
}

#[tokio::test]
async fn a_watch_that_cannot_begin_leaves_nothing_behind() {
    let server = Fake::start(|call| {
        (call.method == "CreateFilter").then(|| fault(types::InvalidProperty::default(), "No such property."))
    })
    .await;
    let mut watch = watch(&server).await;
    assert!(matches!(watch.next().await, Some(Err(Error::Fault(_)))));
    assert_eq!((server.count("DestroyPropertyCollector"), server.count("DestroyView")), (1, 1));
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let server = server(|version| match version {
        "" => Answer::Late(Duration::from_millis(300), Box::new(enter("1", "a"))),
        _ => Answer::Silence,
    })
    .await;
    let mut watch = watch(&server).await;
    while server.count("WaitForUpdatesEx") == 0 {
        assert!(tokio::time::timeout(Duration::from_millis(20), watch.next()).await.is_err());
    }
    assert!(matches!(watch.next().await, Some(Ok(Update::Entered(_)))));
    assert_eq!((server.count("WaitForUpdatesEx"), server.count("CreatePropertyCollector")), (1, 1));
}

#[tokio::test]
async fn the_updates_are_a_stream_too() {
    use futures_util::StreamExt;
    let server = server(|version| match version {
        "" => enter("1", "a"),
        _ => fault(types::NotAuthenticated::default(), ""),
    })
    .await;
    let updates: Vec<_> = watch(&server).await.into_stream().collect().await;
    assert!(matches!(updates[..], [Ok(Update::Entered(_)), Ok(Update::Complete), Err(_)]), "{updates:?}");
}

/// A server with a task that ends as `info` says, after one update in which it still runs.
async fn task_server(info: types::TaskInfo) -> (Fake, Client) {
    let server = server(move |version| {
        let mut info = info.clone();
        if version.is_empty() {
            info.state = types::TaskInfoState::Running;
        }
        let change = types::PropertyChange { name: "info".into(), val: Some(Any::object(info)), ..Default::default() };
        let object = types::ObjectUpdate::with(|object| {
            object.obj = MoRef::new("Task", "task-1");
            object.kind = types::ObjectUpdateKind::Enter;
            object.change_set = Some(vec![change.into()]);
        });
        let filter = types::PropertyFilterUpdate::with(|filter| filter.object_set = Some(vec![object.into()]));
        let set = types::UpdateSet { version: "1".into(), filter_set: Some(vec![filter.into()]), truncated: None };
        result::<args::WaitForUpdatesEx>(&Some(set.into()))
    })
    .await;
    let client = Client::builder(&server.url()).connect().await.unwrap();
    (server, client)
}

#[tokio::test]
async fn a_task_gives_its_result() {
    let info = types::TaskInfo::with(|info| {
        info.state = types::TaskInfoState::Success;
        info.result = Some(vm().into());
    });
    let (server, client) = task_server(info).await;
    let result = client.wait_for_task(&MoRef::new("Task", "task-1")).await.unwrap();
    assert_eq!(result, Some(Any::MoRef(vm())));
    assert_eq!(server.count("DestroyPropertyCollector"), 1);
}

#[tokio::test]
async fn a_task_that_fails_gives_its_fault() {
    let info = types::TaskInfo::with(|info| {
        info.state = types::TaskInfoState::Error;
        info.description_id = "VirtualMachine.powerOn".into();
        let error = types::LocalizedMethodFault {
            fault: types::InvalidPowerState::default().into(),
            localized_message: Some("It is on already.".into()),
        };
        info.error = Some(error.into());
    });
    let (_, client) = task_server(info).await;
    let error = client.wait_for_task(&MoRef::new("Task", "task-1")).await.unwrap_err();
    assert!(error.fault::<types::InvalidPowerState>().is_some());
    assert_eq!(error.to_string(), "VirtualMachine.powerOn: InvalidPowerState: It is on already.");
}
