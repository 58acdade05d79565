//! `ServiceInstance`: the root of everything.

use vim25::{DateTime, Obj, args, mo, types::ServiceContent};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::ServiceInstance, args::RetrieveServiceContent>(retrieve_content)?;
    registry.on::<mo::ServiceInstance, args::CurrentTime>(current_time)
}

fn retrieve_content(call: &Call, _: args::RetrieveServiceContent) -> Result<Obj<ServiceContent>, Fault> {
    let world = call.snapshot();
    let this = world.get::<mo::ServiceInstance>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    Ok(this.content.clone())
}

fn current_time(call: &Call, _: args::CurrentTime) -> Result<DateTime, Fault> {
    Ok(call.core.now())
}
