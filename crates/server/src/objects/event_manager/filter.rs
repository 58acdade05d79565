//! Which events a client asks for.

use std::collections::HashSet;

use ::inventory::Snapshot;
use vim25::{
    DataType, DateTime, MoRef, Obj, Ref, Str, Type, cast, mo, type_named,
    types::{
        AlarmEventArgument, Event, EventEx, EventFilterSpec, EventFilterSpecByEntity, EventFilterSpecRecursionOption,
        ExtendedEvent, ManagedEntityEventArgument, ScheduledTaskEventArgument, TaskEvent,
    },
};

use crate::{fault::Fault, tree};

/// A filter spec that has been checked.
pub(super) struct EventFilter {
    spec: Obj<EventFilterSpec>,
    types: Vec<&'static Type>,
    /// Names of the event types of the categories asked for.
    in_category: Option<HashSet<Str>>,
}

impl EventFilter {
    /// Checks a spec: the entity has to exist, types have to be event types.
    pub fn new(spec: Obj<EventFilterSpec>, manager: &mo::EventManager, world: &Snapshot) -> Result<Self, Fault> {
        if let Some(by) = &spec.entity {
            world.get::<mo::ManagedEntity>(&by.entity).ok_or_else(|| Fault::object_not_found(&by.entity))?;
        }
        if spec.max_count.is_some_and(|max| max < 0) {
            return Err(Fault::invalid_argument("filter.maxCount", "it is negative"));
        }
        let event_type = |name: &Str| {
            let known = type_named(name).filter(|t| t.is_a(Event::TYPE));
            known.ok_or_else(|| Fault::invalid_argument("filter.type", format!("'{name}' is not a type of event")))
        };
        let types = spec.type_.iter().flatten().map(event_type).collect::<Result<_, _>>()?;
        let in_category = spec.category.as_deref().filter(|c| !c.is_empty()).map(|c| of_category(manager, c));
        Ok(EventFilter { spec, types, in_category })
    }

    /// The spec as it was given.
    pub fn spec(&self) -> &Obj<EventFilterSpec> {
        &self.spec
    }

    /// The event as the client wants it; none if it does not want it.
    pub fn pass(&self, world: &Snapshot, event: &Obj<Event>) -> Option<Obj<Event>> {
        let wanted = self.in_time(event.created_time)
            && self.by_user(&event.user_name)
            && self.of_type(event)
            && self.is_named(event)
            && self.spec.event_chain_id.is_none_or(|chain| chain == event.chain_id)
            && holds(&self.spec.tag, &event.change_tag)
            && self.caused_by_schedule_or_alarm(event)
            && self.spec.entity.as_ref().is_none_or(|by| concerns(world, event, by));
        wanted.then(|| {
            let mut event = event.clone();
            if self.spec.disable_full_message == Some(true) && event.full_formatted_message.is_some() {
                event.full_formatted_message = None;
            }
            event
        })
    }

    fn in_time(&self, at: DateTime) -> bool {
        let Some(time) = &self.spec.time else { return true };
        time.begin_time.is_none_or(|begin| at >= begin) && time.end_time.is_none_or(|end| at <= end)
    }

    fn by_user(&self, user: &Str) -> bool {
        let Some(by) = &self.spec.user_name else { return true };
        match user.is_empty() {
            true => by.system_user,
            false => by.user_list.as_ref().is_none_or(|list| list.contains(user)),
        }
    }

    fn of_type(&self, event: &Obj<Event>) -> bool {
        let kind = event.shared().descriptor();
        let typed = self.types.is_empty() || self.types.iter().any(|t| kind.is_a(t));
        let severity = event.cast::<EventEx>().and_then(|e| e.severity.as_ref());
        let categorized = self.in_category.as_ref().is_none_or(|types| match severity {
            Some(severity) => self.spec.category.iter().flatten().any(|c| c == severity),
            None => types.contains(kind.name),
        });
        typed && categorized
    }

    /// By the id that an extension gave the event, or the name of its type or of a base of it.
    fn is_named(&self, event: &Obj<Event>) -> bool {
        let Some(ids) = self.spec.event_type_id.as_ref().filter(|ids| !ids.is_empty()) else { return true };
        let own = event.cast::<EventEx>().map(|e| &e.event_type_id);
        let own = own.or_else(|| event.cast::<ExtendedEvent>().map(|e| &e.event_type_id));
        let kind = event.shared().descriptor();
        ids.iter().any(|id| own == Some(id) || kind.lineage().any(|t| t.name == id || t.dotted == id))
    }

    fn caused_by_schedule_or_alarm(&self, event: &Obj<Event>) -> bool {
        let alarm = || argument::<AlarmEventArgument>(event, "alarm").map(|a| &a.alarm);
        let schedule = || argument::<ScheduledTaskEventArgument>(event, "scheduledTask").map(|a| &a.scheduled_task);
        self.spec.alarm.as_ref().is_none_or(|wanted| alarm() == Some(wanted))
            && self.spec.scheduled_task.as_ref().is_none_or(|wanted| schedule() == Some(wanted))
    }
}

/// Whether a value is one of a list; no list, or an empty one, stands for any.
fn holds(wanted: &Option<Vec<Str>>, value: &Option<Str>) -> bool {
    let Some(wanted) = wanted.as_ref().filter(|list| !list.is_empty()) else { return true };
    value.as_ref().is_some_and(|value| wanted.contains(value))
}

fn of_category(manager: &mo::EventManager, categories: &[Str]) -> HashSet<Str> {
    let described = manager.description.event_info.iter();
    described.filter(|d| categories.contains(&d.category)).map(|d| d.key.clone()).collect()
}

fn argument<'e, T: DataType>(event: &'e Obj<Event>, name: &str) -> Option<&'e T> {
    match event.shared().field(name)? {
        Ref::Object(found) => cast(&**found),
        _ => None,
    }
}

/// Whether an event pertains to the entity, to something below it, or to either.
fn concerns(world: &Snapshot, event: &Obj<Event>, by: &EventFilterSpecByEntity) -> bool {
    let subjects = subjects(event);
    let is_self = || subjects.iter().any(|s| s.id == by.entity.id);
    let is_below = || {
        // What an event names beside its subject is where the subject lay then; it may be gone by now.
        let around = named(event).into_iter().filter(|m| !subjects.contains(m));
        let lay_in = |m: MoRef| m.id == by.entity.id || tree::is_below(world, &m, &by.entity);
        let root = subjects.is_empty() && tree::parent(world, &by.entity).is_none();
        root || subjects.iter().any(|s| tree::is_below(world, s, &by.entity)) || around.into_iter().any(lay_in)
    };
    match by.recursion {
        EventFilterSpecRecursionOption::Self_ => is_self(),
        EventFilterSpecRecursionOption::Children => is_below(),
        _ => is_self() || is_below(),
    }
}

/// What an event pertains to: the entity that it names as such, or else the most specific of its arguments.
fn subjects(event: &Obj<Event>) -> Vec<MoRef> {
    if let Some(entity) = event.cast::<TaskEvent>().and_then(|e| e.info.entity.clone()) {
        return vec![entity];
    }
    if let Some(EventEx { object_id: Some(id), object_type: Some(kind), .. }) = event.cast::<EventEx>() {
        return vec![MoRef { kind: kind.clone(), id: id.clone() }];
    }
    if let Some(entity) = argument::<ManagedEntityEventArgument>(event, "entity") {
        return vec![entity.entity.clone()];
    }
    let mut named = named(event);
    let container = |m: &MoRef| [mo::Datacenter::TYPE.name, mo::ComputeResource::TYPE.name].contains(&m.kind.as_str());
    if let Some(vm) = &event.vm {
        return vec![vm.vm.clone()];
    }
    if event.host.is_some() || event.ds.is_some() || event.net.is_some() || event.dvs.is_some() {
        named.retain(|m| !container(m) && event.compute_resource.as_ref().is_none_or(|c| c.compute_resource != *m));
        return named;
    }
    named.into_iter().take(1).collect()
}

/// The entities that an event names, most specific first.
fn named(event: &Event) -> Vec<MoRef> {
    let all = [
        event.vm.as_ref().map(|a| a.vm.clone()),
        event.host.as_ref().map(|a| a.host.clone()),
        event.ds.as_ref().map(|a| a.datastore.clone()),
        event.net.as_ref().map(|a| a.network.clone()),
        event.dvs.as_ref().map(|a| a.dvs.clone()),
        event.compute_resource.as_ref().map(|a| a.compute_resource.clone()),
        event.datacenter.as_ref().map(|a| a.datacenter.clone()),
    ];
    all.into_iter().flatten().collect()
}
