//! Events that clients post.

use ::inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, args, mo,
    types::{Event, EventEx, GeneralUserEvent, InvalidEvent, TaskInfo},
};

use crate::{dispatch::Call, events, fault::Fault};

/// `LogUserEvent`: a user's remark on an entity.
pub(super) fn log_user_event(call: &Call, args: args::LogUserEvent) -> Result<(), Fault> {
    call.commit(|tx| {
        tx.get::<mo::ManagedEntity>(&args.entity).ok_or_else(|| Fault::object_not_found(&args.entity))?;
        let event = GeneralUserEvent::with(|event| {
            event.entity = Some(events::entity(tx, &args.entity));
            event.message = args.msg.clone();
        });
        let name = tx.get::<mo::ManagedEntity>(&args.entity).map(|e| e.name.clone()).unwrap_or_default();
        let text = format!("User logged event on {name}: {}", args.msg);
        events::post(tx, call.user(), &args.entity, event, text);
        Ok(())
    })
}

/// `PostEvent`: an extension's event. What it names has to exist.
pub(super) fn post(call: &Call, args: args::PostEvent) -> Result<(), Fault> {
    let mut event = args.event_to_post;
    if event.shared().descriptor() == Event::TYPE {
        return Err(invalid("An event is of a type of its own, or an EventEx."));
    }
    call.commit(|tx| {
        check_arguments(tx, &event)?;
        if let Some(object) = object(tx, &mut event)? {
            events::place(tx, &object, &mut event);
        }
        if let Some(task) = &args.task_info {
            join_chain(tx, &mut event, task)?;
        }
        if event.user_name.is_empty() {
            event.user_name = call.user();
        }
        if event.full_formatted_message.is_none() {
            event.full_formatted_message = event.cast::<EventEx>().and_then(|e| e.message.clone());
        }
        tx.post(event);
        Ok(())
    })
}

/// What an `EventEx` is about, with its name filled in.
fn object(tx: &Tx<'_>, event: &mut Obj<Event>) -> Result<Option<MoRef>, Fault> {
    let Some(extended) = event.cast_mut::<EventEx>() else { return Ok(None) };
    if extended.event_type_id.is_empty() {
        return Err(invalid("The event has no eventTypeId."));
    }
    let Some(id) = extended.object_id.clone() else { return Ok(None) };
    let found = match &extended.object_type {
        Some(kind) => tx.resolve(&MoRef { kind: kind.clone(), id: id.clone() }),
        None => tx.find(&id),
    };
    let found = found.ok_or_else(|| invalid(format!("The event is about '{id}', which does not exist.")))?;
    extended.object_type = Some(found.moref.kind.clone());
    if extended.object_name.is_none() {
        extended.object_name = vim25::cast::<mo::ManagedEntity>(&*found.content).map(|e| e.name.clone());
    }
    Ok(Some(found.moref.clone()))
}

fn check_arguments(tx: &Tx<'_>, event: &Event) -> Result<(), Fault> {
    let named = [
        event.datacenter.as_ref().map(|a| &a.datacenter),
        event.compute_resource.as_ref().map(|a| &a.compute_resource),
        event.host.as_ref().map(|a| &a.host),
        event.vm.as_ref().map(|a| &a.vm),
        event.ds.as_ref().map(|a| &a.datastore),
        event.net.as_ref().map(|a| &a.network),
        event.dvs.as_ref().map(|a| &a.dvs),
    ];
    match named.into_iter().flatten().find(|moref| tx.resolve(moref).is_none()) {
        Some(missing) => Err(invalid(format!("The event names {missing}, which does not exist."))),
        None => Ok(()),
    }
}

/// Events of a task share its chain.
fn join_chain(tx: &Tx<'_>, event: &mut Obj<Event>, task: &TaskInfo) -> Result<(), Fault> {
    let known = tx.get::<mo::Task>(&task.task).ok_or_else(|| Fault::object_not_found(&task.task))?;
    event.chain_id = known.info.event_chain_id;
    Ok(())
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(InvalidEvent::default(), message)
}
