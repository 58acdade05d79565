//! Reading one property of one object: what VI/JSON's `GET` and SOAP's `Fetch` share.

use std::sync::Arc;

use vim25::{Any, ApiVersion, Field, MoRef, managed_type, path::Path};

use super::Caller;
use crate::{collector::invalid_property, core::Core, fault::Fault, rights::ANONYMOUS};

/// The property's declaration and its value, if it has one. An object or property that the caller may not see faults as
/// in a call.
pub async fn property(
    core: &Arc<Core>,
    caller: &Caller,
    object: &MoRef,
    name: &str,
    version: ApiVersion,
) -> Result<(&'static Field, Option<Any>), Fault> {
    let declared = managed_type(&object.kind)
        .ok_or_else(|| Fault::invalid_type("", format!("There is no managed object type '{}'", object.kind)))?;
    let sight = core.sight(caller.session.clone());
    let found = sight.kind(object);
    let kind = found.unwrap_or(declared);
    let field = kind.field(name).map(|(_, _, f)| f).filter(|f| f.since <= version);
    if caller.session.is_none() && field.and_then(|f| f.privilege) != Some(ANONYMOUS) {
        return Err(Fault::not_authenticated(object, field.and_then(|f| f.privilege).unwrap_or("System.View")));
    }
    found.ok_or_else(|| Fault::object_not_found(object))?;
    let field = field.ok_or_else(|| invalid_property(&name.into()))?;
    let access = sight.access(object);
    if !access.allows(field) {
        return Err(access.refusal(object, Some(field)));
    }
    let content = match sight.is_at_hand(object) {
        true => sight.part(object, field.name),
        false => core.turns.take(|| sight.part(object, field.name)).await,
    };
    let content = content.ok_or_else(|| Fault::object_not_found(object))?;
    let value = Path::field(field.name).read(&*content).map_err(|_| invalid_property(&name.into()))?;
    Ok((field, value))
}
