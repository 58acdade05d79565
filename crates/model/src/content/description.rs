//! The catalogs of tasks, events, alarms and schedules: keys from the schema with plain labels.

use vim25::{DataType, EnumValue, MoRefs, Obj, Str, all_managed, all_types, mo::*, types::*};

use crate::kit::{described, element, text, words};

/// Collectors that one client may have at a time, of events and of tasks.
const MAX_COLLECTOR: i32 = 32;

fn values_of<E: EnumValue>() -> Vec<Obj<ElementDescription>> {
    E::TYPE.values.iter().map(|value| described(value, &words(value))).collect()
}

fn type_description(name: &'static str) -> Obj<TypeDescription> {
    let label: Str = words(name).into();
    TypeDescription { base: Description { label: label.clone(), summary: label }, key: text(name) }.into()
}

fn subtypes_of<T: DataType>() -> impl Iterator<Item = &'static str> {
    all_types().iter().filter(|t| t.is_a(T::TYPE) && !std::ptr::eq(**t, T::TYPE)).map(|t| t.name)
}

/// The task manager without tasks.
pub(crate) fn task_manager() -> TaskManager {
    TaskManager::with(|t| {
        t.recent_task = Some(MoRefs::new());
        t.max_collector = MAX_COLLECTOR;
        t.description = TaskDescription {
            method_info: task_methods(),
            state: values_of::<TaskInfoState>(),
            reason: subtypes_of::<TaskReason>().map(type_description).collect(),
        }
        .into();
    })
}

/// One entry for each method that makes a task; the key is what `TaskInfo.descriptionId` holds.
fn task_methods() -> Vec<Obj<ElementDescription>> {
    let methods = all_managed().iter().flat_map(|owner| owner.methods.iter().map(move |m| (owner, m)));
    methods
        .filter(|(_, method)| method.task)
        .map(|(owner, method)| {
            let owner = owner.dotted.strip_prefix("vim.").unwrap_or(owner.dotted);
            described(&format!("{owner}.{}", method.dotted), &words(method.dotted))
        })
        .collect()
}

/// The event manager without events.
pub(crate) fn event_manager() -> EventManager {
    EventManager::with(|e| {
        e.max_collector = MAX_COLLECTOR;
        e.description = EventDescription {
            category: values_of::<EventCategory>(),
            event_info: subtypes_of::<Event>().map(event_detail).chain(super::extended::details()).collect(),
            enumerated_types: Some(vec![]),
        }
        .into();
    })
}

fn event_detail(name: &'static str) -> Obj<EventDescriptionEventDetail> {
    let label: Str = words(name.strip_suffix("Event").unwrap_or(name)).into();
    EventDescriptionEventDetail::with(|d| {
        d.key = text(name);
        d.description = Some(label.clone());
        d.category = text(category(name));
        d.format_on_datacenter = label.clone();
        d.format_on_compute_resource = label.clone();
        d.format_on_host = label.clone();
        d.format_on_vm = label.clone();
        d.full_format = label;
    })
    .into()
}

/// The schema does not say how grave an event is; its name does.
fn category(name: &str) -> &'static str {
    let says = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if says(&["Failed", "Failure", "Error", "Timedout", "ConnectionLost", "Violation", "OutOfSync"]) {
        "error"
    } else if says(&["Warning", "Disconnected", "NotCompliant", "Uncommanded", "NoMaintenance"]) {
        "warning"
    } else if says(&["GeneralUserEvent"]) {
        "user"
    } else {
        "info"
    }
}

/// The alarm manager without alarms.
pub(crate) fn alarm_manager() -> AlarmManager {
    AlarmManager::with(|a| {
        a.default_expression = Some(vec![]);
        a.description = AlarmDescription {
            expr: subtypes_of::<AlarmExpression>().map(type_description).collect(),
            state_operator: values_of::<StateAlarmOperator>(),
            metric_operator: values_of::<MetricAlarmOperator>(),
            host_system_connection_state: values_of::<HostSystemConnectionState>(),
            virtual_machine_power_state: values_of::<VirtualMachinePowerState>(),
            datastore_connection_state: vec![
                element("accessible", "Connected", "Connected"),
                element("notAccessible", "Disconnected", "Disconnected"),
            ],
            host_system_power_state: values_of::<HostSystemPowerState>(),
            virtual_machine_guest_heartbeat_status: values_of::<ManagedEntityStatus>(),
            entity_status: values_of::<ManagedEntityStatus>(),
            action: subtypes_of::<Action>().map(type_description).collect(),
        }
        .into();
    })
}

/// The scheduler without tasks.
pub(crate) fn scheduled_task_manager() -> ScheduledTaskManager {
    let detail = |name: &'static str| {
        let base = (*type_description(name)).clone();
        Obj::from(ScheduledTaskDetail { base, frequency: words(name).into() })
    };
    ScheduledTaskManager::with(|s| {
        s.scheduled_task = Some(MoRefs::new());
        s.description = ScheduledTaskDescription {
            action: subtypes_of::<Action>().map(type_description).collect(),
            scheduler_info: subtypes_of::<TaskScheduler>().map(detail).collect(),
            state: values_of::<TaskInfoState>(),
            day_of_week: values_of::<DayOfWeek>(),
            week_of_month: values_of::<WeekOfMonth>(),
        }
        .into();
    })
}
