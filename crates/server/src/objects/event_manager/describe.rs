//! What an event type carries.

use vim25::{
    DataType, Field, Obj, Type, all_types, args,
    types::{ElementDescription, Event, EventArgDesc},
};

use crate::{dispatch::Call, fault::Fault};

/// Fields of every event that are not arguments of its text.
const BOOKKEEPING: [&str; 6] = ["key", "chainId", "createdTime", "fullFormattedMessage", "changeTag", "auditId"];

/// `RetrieveArgumentDescription`: the arguments of an event type, named `VmCreatedEvent` or `vim.event.VmCreatedEvent`,
/// in the client's version of the API.
pub(super) fn arguments(
    call: &Call,
    args: args::RetrieveArgumentDescription,
) -> Result<Option<Vec<Obj<EventArgDesc>>>, Fault> {
    let id = args.event_type_id.as_str();
    let is_asked = |t: &&&'static Type| (t.name == id || t.dotted == id) && t.is_a(Event::TYPE);
    let kind = all_types().iter().find(is_asked);
    let kind = kind.ok_or_else(|| Fault::invalid_argument("eventTypeId", format!("'{id}' is not a type of event")))?;
    let fields = kind.all_fields().into_iter();
    let arguments = fields.filter(|f| f.since <= call.version && !BOOKKEEPING.contains(&f.name));
    Ok(Some(arguments.map(describe).collect()))
}

fn describe(field: &Field) -> Obj<EventArgDesc> {
    let list = if field.list { "[]" } else { "" };
    let description = ElementDescription::with(|d| {
        d.key = field.name.into();
        d.label = field.name.into();
        d.summary = field.name.into();
    });
    let type_ = format!("{}{list}", field.kind.wire_name()).into();
    EventArgDesc { name: field.name.into(), type_, description: Some(description.into()) }.into()
}
