"""Events: typed, in order, with who and where, and how they are found again."""

import datetime

import pytest
from pyVmomi import vim, vmodl

from vsphere import create_vm, done, remove_vm


def of_entity(entity, recursion="self", **more):
    return vim.event.EventFilterSpec(
        entity=vim.event.EventFilterSpec.ByEntity(entity=entity, recursion=recursion), **more
    )


def kinds(events):
    return [type(event) for event in events]


def subsequence(wanted, found):
    rest = iter(found)
    return all(any(issubclass(kind, item) for kind in rest) for item in wanted)


def test_the_life_of_a_vm_is_told_by_its_events_in_order(si, name):
    vm = create_vm(si, name)
    done(vm.PowerOnVM_Task())
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="told")))
    done(vm.SuspendVM_Task())
    done(vm.PowerOnVM_Task())
    done(vm.ResetVM_Task())
    done(vm.PowerOffVM_Task())
    done(vm.Rename_Task(name + "!"))
    events = sorted(si.content.eventManager.QueryEvents(of_entity(vm)), key=lambda event: event.key)
    remove_vm(vm)
    assert subsequence(
        [
            vim.event.VmCreatedEvent,
            vim.event.VmPoweredOnEvent,
            vim.event.VmReconfiguredEvent,
            vim.event.VmSuspendedEvent,
            vim.event.VmPoweredOnEvent,
            vim.event.VmResettingEvent,
            vim.event.VmPoweredOffEvent,
            vim.event.VmRenamedEvent,
        ],
        kinds(events),
    ), kinds(events)


def test_an_event_says_who_what_where_and_when(connect, vm, name):
    session = connect(user="alice", password="secret")
    before = session.CurrentTime() - datetime.timedelta(seconds=1)
    done(vim.VirtualMachine(vm._moId, session._stub).PowerOnVM_Task())
    events = session.content.eventManager.QueryEvents(of_entity(vm))
    [event] = [event for event in events if isinstance(event, vim.event.VmPoweredOnEvent)]
    assert event.userName == session.content.sessionManager.currentSession.userName
    assert (event.vm.vm, event.vm.name) == (vm, name)
    assert event.host.host == vm.runtime.host and event.host.name == vm.runtime.host.name
    assert event.datacenter.name == "DC0"
    assert before <= event.createdTime
    assert name in event.fullFormattedMessage


def test_a_removed_vm_is_told_by_an_event_on_its_datacenter(si, name):
    vm = create_vm(si, name)
    datacenter = vm.parent.parent
    remove_vm(vm)
    events = si.content.eventManager.QueryEvents(of_entity(datacenter, "all", eventTypeId=["VmRemovedEvent"]))
    assert name in {event.vm.name for event in events}


def test_events_of_one_operation_share_the_chain_of_its_task(si, vm):
    task = vm.PowerOnVM_Task()
    done(task)
    chain = task.info.eventChainId
    events = si.content.eventManager.QueryEvents(vim.event.EventFilterSpec(eventChainId=chain))
    assert any(isinstance(event, vim.event.VmPoweredOnEvent) for event in events)
    assert {event.chainId for event in events} == {chain}


def test_logins_are_events(si, connect):
    connect(user="carol", password="secret")
    spec = vim.event.EventFilterSpec(eventTypeId=["UserLoginSessionEvent"])
    users = {event.userName for event in si.content.eventManager.QueryEvents(spec)}
    assert any(user.lower().endswith("carol") for user in users)


def test_filters_join_entity_type_user_and_time(si, vm):
    done(vm.PowerOnVM_Task())
    manager = si.content.eventManager
    only_on = manager.QueryEvents(of_entity(vm, eventTypeId=["VmPoweredOnEvent"]))
    assert kinds(only_on) == [vim.event.VmPoweredOnEvent]
    later = vim.event.EventFilterSpec.ByTime(beginTime=si.CurrentTime() + datetime.timedelta(hours=1))
    assert not manager.QueryEvents(of_entity(vm, time=later))
    nobody = vim.event.EventFilterSpec.ByUsername(systemUser=False, userList=["nobody"])
    assert not manager.QueryEvents(of_entity(vm, userName=nobody))


def test_an_empty_filter_finds_the_events_of_everything(si, vm):
    for number in range(12):
        si.content.eventManager.LogUserEvent(vm, f"number {number}")
    done(vm.PowerOnVM_Task())
    events = si.content.eventManager.QueryEvents(vim.event.EventFilterSpec())
    assert [
        event.message for event in events if isinstance(event, vim.event.GeneralUserEvent) and event.vm.vm == vm
    ] == [f"number {number}" for number in range(12)]
    assert any(isinstance(event, vim.event.VmPoweredOnEvent) and event.vm.vm == vm for event in events)


def test_event_keys_are_unique_and_grow_with_time(si):
    events = sorted(si.content.eventManager.QueryEvents(vim.event.EventFilterSpec()), key=lambda event: event.key)
    keys = [event.key for event in events]
    assert len(set(keys)) == len(keys)
    times = [event.createdTime for event in events]
    assert times == sorted(times)


def test_a_collector_reads_forward_and_backward_and_sees_new_events(si, vm):
    collector = si.content.eventManager.CreateCollectorForEvents(of_entity(vm))
    collector.RewindCollector()
    before = collector.ReadNextEvents(100)
    assert any(isinstance(event, vim.event.VmCreatedEvent) for event in before)
    assert not collector.ReadNextEvents(100)
    done(vm.PowerOnVM_Task())
    assert vim.event.VmPoweredOnEvent in kinds(collector.ReadNextEvents(100))
    assert vim.event.VmPoweredOnEvent in kinds(collector.latestPage)
    collector.SetCollectorPageSize(1)
    collector.ResetCollector()  # to just before the latest page
    assert collector.ReadPreviousEvents(1)
    collector.DestroyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        collector.latestPage


def test_a_collector_page_has_a_size_of_at_most_a_thousand(si, vm):
    for number in range(4):
        si.content.eventManager.LogUserEvent(vm, f"number {number}")
    collector = si.content.eventManager.CreateCollectorForEvents(vim.event.EventFilterSpec())
    for size in (-1, 5000):
        with pytest.raises(vmodl.fault.InvalidArgument):
            collector.SetCollectorPageSize(size)
    collector.SetCollectorPageSize(3)
    assert len(collector.latestPage) == 3
    collector.DestroyCollector()


def test_the_manager_remembers_the_latest_event_and_describes_them(si, vm):
    done(vm.PowerOnVM_Task())
    manager = si.content.eventManager
    assert manager.latestEvent.key == max(event.key for event in manager.QueryEvents(vim.event.EventFilterSpec()))
    described = {info.key for info in manager.description.eventInfo}
    assert {vim.event.VmPoweredOnEvent, vim.event.VmCreatedEvent, vim.event.UserLoginSessionEvent} <= described


def test_a_user_can_log_an_event_on_an_entity(si, vm):
    si.content.eventManager.LogUserEvent(vm, "a note for later")
    events = si.content.eventManager.QueryEvents(of_entity(vm, eventTypeId=["GeneralUserEvent"]))
    assert [event.message for event in events] == ["a note for later"]
