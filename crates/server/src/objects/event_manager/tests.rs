use vim25::{
    DataType, Extends, MoRef, Obj, Str, args, mo,
    types::{
        DatastoreDestroyedEvent, Event, EventDescriptionEventDetail, EventEx, EventFilterSpec, EventFilterSpecByEntity,
        EventFilterSpecByTime, EventFilterSpecByUsername, EventFilterSpecRecursionOption, GeneralUserEvent,
        HostConnectedEvent, UserLoginSessionEvent, VmEventArgument, VmPoweredOffEvent, VmPoweredOnEvent,
    },
};

use crate::{
    events,
    testing::{World, moref, refused},
};

fn manager() -> MoRef {
    moref("EventManager", "EventManager")
}

fn vm(id: &str) -> MoRef {
    moref("VirtualMachine", id)
}

fn tell(world: &World, user: &str, entity: MoRef, event: impl Extends<Event>) {
    world.advance(10);
    world.commit(|tx| events::post(tx, user, &entity, event, "text"));
}

/// Keys 1 to 5: two VMs, a host, a datastore, a login.
fn five_events() -> World {
    let world = World::new();
    tell(&world, "root", vm("vm-20"), VmPoweredOnEvent::default());
    tell(&world, "guest", vm("vm-31"), VmPoweredOffEvent::default());
    tell(&world, "", moref("HostSystem", "host-10"), HostConnectedEvent::default());
    tell(&world, "root", moref("Datastore", "datastore-12"), DatastoreDestroyedEvent::default());
    world.commit(|tx| tx.post(UserLoginSessionEvent::default().into()));
    world
}

fn keys(events: Option<Vec<Obj<Event>>>) -> Vec<i32> {
    events.into_iter().flatten().map(|event| event.key).collect()
}

fn query(world: &World, fill: impl FnOnce(&mut EventFilterSpec)) -> Vec<i32> {
    let filter = EventFilterSpec::with(fill).into();
    keys(world.call(&manager(), args::QueryEvents { filter, event_view_spec: None }).unwrap())
}

fn about(world: &World, entity: MoRef, recursion: EventFilterSpecRecursionOption) -> Vec<i32> {
    query(world, |f| f.entity = Some(EventFilterSpecByEntity { entity, recursion }.into()))
}

fn texts(texts: &[&str]) -> Option<Vec<Str>> {
    Some(texts.iter().map(|t| (*t).into()).collect())
}

#[test]
fn an_empty_filter_gives_everything_in_the_order_of_time() {
    assert_eq!(query(&five_events(), |_| {}), [1, 2, 3, 4, 5]);
}

#[test]
fn a_query_gives_at_most_the_newest_thousand() {
    let world = World::new();
    world.commit(|tx| {
        for _ in 0..1200 {
            tx.post(VmPoweredOnEvent::default().into());
        }
    });
    assert_eq!(query(&world, |_| {}), (201..=1200).collect::<Vec<_>>());
    assert_eq!(query(&world, |f| f.max_count = Some(3)), [1198, 1199, 1200]);
    assert_eq!(query(&world, |f| f.max_count = Some(5000)).len(), 1000);
}

#[test]
fn events_pertain_to_an_entity_to_what_is_below_it_or_to_both() {
    use EventFilterSpecRecursionOption::{All, Children, Self_};
    let world = five_events();
    assert_eq!(about(&world, vm("vm-20"), Self_), [1]);
    assert_eq!(about(&world, vm("vm-20"), Children), [0; 0]);
    assert_eq!(about(&world, moref("HostSystem", "host-10"), Self_), [3]);
    assert_eq!(about(&world, moref("HostSystem", "host-10"), Children), [1]);
    assert_eq!(about(&world, moref("HostSystem", "host-10"), All), [1, 3]);
    assert_eq!(about(&world, moref("VirtualApp", "resgroup-v30"), All), [2]);
    assert_eq!(about(&world, moref("Datacenter", "datacenter-2"), Self_), [0; 0]);
    assert_eq!(about(&world, moref("Datacenter", "datacenter-2"), All), [1, 2, 3, 4]);
    assert_eq!(about(&world, moref("Folder", "group-d1"), All), [1, 2, 3, 4, 5]);
}

#[test]
fn events_of_a_vm_that_is_gone_still_belong_to_where_it_was() {
    let world = five_events();
    world.commit(|tx| tx.remove(&vm("vm-31")));
    assert_eq!(about(&world, moref("HostSystem", "host-11"), EventFilterSpecRecursionOption::All), [2]);
    assert_eq!(about(&world, moref("ComputeResource", "domain-c7"), EventFilterSpecRecursionOption::All), [1, 2, 3]);
}

#[test]
fn events_are_filtered_by_time_user_type_and_chain() {
    let world = five_events();
    let now = world.core.now();
    let since = |seconds: i64| EventFilterSpecByTime { begin_time: Some(now.plus_seconds(-seconds)), end_time: None };
    assert_eq!(query(&world, |f| f.time = Some(since(10).into())), [3, 4, 5]);
    let until = EventFilterSpecByTime { begin_time: None, end_time: Some(now.plus_seconds(-20)) };
    assert_eq!(query(&world, |f| f.time = Some(until.into())), [1, 2]);
    let by = |system_user, user_list| EventFilterSpecByUsername { system_user, user_list };
    assert_eq!(query(&world, |f| f.user_name = Some(by(false, texts(&["root"])).into())), [1, 4]);
    assert_eq!(query(&world, |f| f.user_name = Some(by(true, texts(&["guest"])).into())), [2, 3, 5]);
    assert_eq!(query(&world, |f| f.user_name = Some(by(false, None).into())), [1, 2, 4]);
    assert_eq!(query(&world, |f| f.event_type_id = texts(&["vim.event.VmPoweredOnEvent"])), [1]);
    assert_eq!(query(&world, |f| f.event_type_id = texts(&["VmEvent", "no.such.id"])), [1, 2]);
    assert_eq!(query(&world, |f| f.type_ = texts(&["SessionEvent", "HostEvent"])), [3, 5]);
    assert_eq!(query(&world, |f| f.event_chain_id = Some(4)), [4]);
}

#[test]
fn events_are_filtered_by_the_category_of_their_type_or_their_own_severity() {
    let world = five_events();
    world.commit(|tx| {
        let detail = EventDescriptionEventDetail::with(|d| {
            d.key = "VmPoweredOnEvent".into();
            d.category = "info".into();
        });
        tx.edit::<mo::EventManager>(&manager()).unwrap().description.event_info = vec![detail.into()];
        let severe = EventEx { event_type_id: "lab.fire".into(), severity: Some("error".into()), ..Default::default() };
        tx.post(severe.into());
    });
    assert_eq!(query(&world, |f| f.category = texts(&["info"])), [1]);
    assert_eq!(query(&world, |f| f.category = texts(&["error", "info"])), [1, 6]);
    assert_eq!(query(&world, |f| f.event_type_id = texts(&["lab.fire"])), [6]);
}

#[test]
fn a_client_can_do_without_the_full_message() {
    let world = five_events();
    let filter = EventFilterSpec { disable_full_message: Some(true), ..Default::default() };
    let query = args::QueryEvents { filter: filter.into(), event_view_spec: None };
    let events = world.call(&manager(), query).unwrap().unwrap();
    assert!(events.iter().all(|event| event.full_formatted_message.is_none()));
}

#[test]
fn filters_that_cannot_be_meant_are_refused() {
    let world = World::new();
    let refuse = |fill: fn(&mut EventFilterSpec)| {
        let filter = EventFilterSpec::with(fill).into();
        refused(world.call(&manager(), args::QueryEvents { filter, event_view_spec: None })).0
    };
    assert_eq!(refuse(|f| f.max_count = Some(-1)), "InvalidArgument");
    assert_eq!(refuse(|f| f.type_ = texts(&["VirtualMachine"])), "InvalidArgument");
    let gone = |f: &mut EventFilterSpec| {
        f.entity = Some(EventFilterSpecByEntity { entity: vm("vm-99"), ..Default::default() }.into());
    };
    assert_eq!(refuse(gone), "ManagedObjectNotFound");
}

#[test]
fn a_collector_reads_pages_and_shows_the_newest() {
    let world = five_events();
    let filter = EventFilterSpec { type_: texts(&["VmEvent"]), ..Default::default() };
    let create = args::CreateCollectorForEvents { filter: filter.into() };
    let collector = world.call(&manager(), create).unwrap();
    assert_eq!(keys(world.call(&collector, args::ReadNextEvents { max_count: 1 }).unwrap()), [1]);
    assert_eq!(keys(world.call(&collector, args::ReadNextEvents { max_count: 100 }).unwrap()), [2]);
    assert_eq!(keys(world.call(&collector, args::ReadNextEvents { max_count: 100 }).unwrap()), [0; 0]);
    assert_eq!(keys(world.call(&collector, args::ReadPreviousEvents { max_count: 100 }).unwrap()), [2, 1]);
    world.call(&collector, args::RewindCollector {}).unwrap();
    assert_eq!(keys(world.call(&collector, args::ReadNextEvents { max_count: 1 }).unwrap()), [1]);
    world.call(&collector, args::SetCollectorPageSize { max_count: 1 }).unwrap();
    let content: mo::EventHistoryCollector = world.get(&collector);
    assert_eq!(keys(content.latest_page), [2]);
    world.call(&collector, args::ResetCollector {}).unwrap();
    assert_eq!(keys(world.call(&collector, args::ReadPreviousEvents { max_count: 9 }).unwrap()), [1]);
    for wrong in [-1, 1001] {
        let page = world.call(&collector, args::SetCollectorPageSize { max_count: wrong });
        assert_eq!(refused(page).0, "InvalidArgument");
    }
}

#[test]
fn a_session_has_a_limited_number_of_collectors() {
    let world = World::new();
    let create = || world.call(&manager(), args::CreateCollectorForEvents::default());
    let first = create().unwrap();
    (0..2).for_each(|_| drop(create().unwrap()));
    assert_eq!(refused(create()).0, "InvalidState");
    world.call(&first, args::DestroyCollector {}).unwrap();
    assert!(create().is_ok());
    assert_eq!(refused(world.call(&first, args::ReadNextEvents { max_count: 1 })).0, "ManagedObjectNotFound");
}

#[test]
fn a_user_logs_an_event_about_an_entity() {
    let world = World::new();
    let log = |entity| world.call(&manager(), args::LogUserEvent { entity, msg: "rebooted by hand".into() });
    log(vm("vm-20")).unwrap();
    let snapshot = world.core.inventory.snapshot();
    let event = snapshot.events().back().unwrap();
    assert_eq!(event.user_name, "root@localos");
    let remark = event.cast::<GeneralUserEvent>().unwrap();
    assert_eq!((remark.message.as_str(), remark.entity.as_ref().unwrap().name.as_str()), ("rebooted by hand", "alpha"));
    assert_eq!(refused(log(vm("vm-99"))).0, "ManagedObjectNotFound");
}

#[test]
fn a_posted_event_is_placed_in_the_inventory() {
    let world = World::new();
    let event = EventEx::with(|e| {
        e.event_type_id = "lab.noise".into();
        e.message = Some("a noise".into());
        e.object_id = Some("vm-20".into());
    });
    let post = args::PostEvent { event_to_post: event.into(), task_info: None };
    world.call(&manager(), post).unwrap();
    let snapshot = world.core.inventory.snapshot();
    let event = snapshot.events().back().unwrap();
    assert_eq!(event.full_formatted_message.as_deref(), Some("a noise"));
    assert_eq!(event.host.as_ref().unwrap().name, "esx-10.lab.local");
    let extended = event.cast::<EventEx>().unwrap();
    assert_eq!(extended.object_type.as_deref(), Some("VirtualMachine"));
    assert_eq!(extended.object_name.as_deref(), Some("alpha"));
}

#[test]
fn regression_a_posted_event_about_an_unknown_object_faults_and_the_manager_goes_on() {
    let world = World::new();
    let post = |event: Obj<Event>| world.call(&manager(), args::PostEvent { event_to_post: event, task_info: None });
    let unknown = EventEx::with(|e| {
        e.event_type_id = "lab.noise".into();
        e.object_id = Some("vm-99".into());
        e.object_type = Some("VirtualMachine".into());
    });
    assert_eq!(refused(post(unknown.into())).0, "InvalidEvent");
    let argument = VmEventArgument { vm: vm("vm-99"), ..Default::default() };
    let about_unknown = VmPoweredOnEvent::with(|event| event.vm = Some(argument.into()));
    assert_eq!(refused(post(about_unknown.into())).0, "InvalidEvent");
    assert_eq!(refused(post(Event::default().into())).0, "InvalidEvent");
    assert_eq!(refused(post(EventEx::default().into())).0, "InvalidEvent");
    assert_eq!(query(&world, |_| {}), [0; 0]);
    post(VmPoweredOnEvent::default().into()).unwrap();
    assert_eq!(query(&world, |_| {}), [1]);
}

#[test]
fn arguments_of_event_types_come_from_the_schema() {
    let world = World::new();
    let describe = |id: &str| {
        let args = args::RetrieveArgumentDescription { event_type_id: id.into() };
        world.call(&manager(), args)
    };
    let described = describe("vim.event.VmReconfiguredEvent").unwrap().unwrap();
    let named = |name: &str| described.iter().find(|a| a.name == name).map(|a| a.type_.to_string());
    assert_eq!(named("vm").as_deref(), Some("VmEventArgument"));
    assert_eq!(named("configSpec").as_deref(), Some("VirtualMachineConfigSpec"));
    assert_eq!(named("key"), None);
    assert_eq!(describe("VmReconfiguredEvent").unwrap().unwrap().len(), described.len());
    assert_eq!(refused(describe("VirtualMachine")).0, "InvalidArgument");
}
