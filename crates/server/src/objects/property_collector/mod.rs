//! `PropertyCollector` and `PropertyFilter`: the handlers over [`collector`](crate::collector).

mod retrieve;

use std::sync::Arc;

use vim25::{MoRef, Obj, args, mo, types::UpdateSet};

use crate::{
    collector::{Collector, Filter, FilterPlan, Patience, wait},
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    session::{Session, SessionObject},
};

/// The collector that every session has from the start.
const DEFAULT: &str = "propertyCollector";

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on_large::<mo::PropertyCollector, args::RetrieveProperties, _>(retrieve::retrieve_properties)?;
    registry.on_large::<mo::PropertyCollector, args::RetrievePropertiesEx, _>(retrieve::retrieve_properties_ex)?;
    registry.on_large::<mo::PropertyCollector, args::ContinueRetrievePropertiesEx, _>(retrieve::continue_retrieve)?;
    registry.on::<mo::PropertyCollector, args::CancelRetrievePropertiesEx>(retrieve::cancel_retrieve)?;
    registry.on::<mo::PropertyCollector, args::CreateFilter>(create_filter)?;
    registry.on::<mo::PropertyCollector, args::CreatePropertyCollector>(create_collector)?;
    registry.on::<mo::PropertyCollector, args::DestroyPropertyCollector>(destroy_collector)?;
    registry.on::<mo::PropertyCollector, args::CancelWaitForUpdates>(cancel_wait)?;
    registry.on_async::<mo::PropertyCollector, args::CheckForUpdates, _>(check_for_updates)?;
    registry.on_async::<mo::PropertyCollector, args::WaitForUpdates, _>(wait_for_updates)?;
    registry.on_async::<mo::PropertyCollector, args::WaitForUpdatesEx, _>(wait_for_updates_ex)?;
    registry.on::<mo::PropertyFilter, args::DestroyPropertyFilter>(destroy_filter)
}

/// The collector that the call names, in the caller's session.
fn collector(call: &Call) -> Result<(Arc<Session>, Arc<Collector>), Fault> {
    let session = call.session()?.clone();
    let id = call.this.id.as_str();
    let found = if id == DEFAULT {
        session.object_or_add(DEFAULT, || Collector::new(DEFAULT))
    } else {
        session.object_as::<Collector>(id).ok_or_else(|| Fault::object_not_found(&call.this))?
    };
    Ok((session, found))
}

fn create_filter(call: &Call, args: args::CreateFilter) -> Result<MoRef, Fault> {
    let (session, collector) = collector(call)?;
    let plan = FilterPlan::new(args.spec, call.version)?;
    plan.check_roots(&call.sight())?;
    session.check_room()?;
    let share = call.core.budget.take(&session.key, plan.weight())?;
    let filter = session.add_object(|id| collector.filter(id, plan, args.partial_updates, share));
    collector.add(filter.clone());
    session.note_change();
    Ok(filter.moref())
}

fn destroy_filter(call: &Call, _: args::DestroyPropertyFilter) -> Result<(), Fault> {
    let session = call.session()?;
    let filter = session.object_as::<Filter>(&call.this.id).ok_or_else(|| Fault::object_not_found(&call.this))?;
    filter.leave();
    session.remove_object(&call.this.id);
    session.note_change();
    Ok(())
}

fn create_collector(call: &Call, _: args::CreatePropertyCollector) -> Result<MoRef, Fault> {
    let session = call.session()?;
    session.check_room()?;
    Ok(session.add_object(Collector::new).moref())
}

fn destroy_collector(call: &Call, _: args::DestroyPropertyCollector) -> Result<(), Fault> {
    let (session, collector) = collector(call)?;
    if call.this.id == DEFAULT {
        return Err(Fault::not_supported("The session's own property collector cannot be destroyed."));
    }
    collector.cancel();
    for filter in collector.filters() {
        session.remove_object(&filter.moref().id);
    }
    session.remove_object(&call.this.id);
    Ok(())
}

fn cancel_wait(call: &Call, _: args::CancelWaitForUpdates) -> Result<(), Fault> {
    collector(call)?.1.cancel();
    Ok(())
}

async fn updates(call: &Call, version: Option<&str>, patience: Patience) -> Result<Option<Obj<UpdateSet>>, Fault> {
    let (session, collector) = collector(call)?;
    wait(&call.core, &session, &collector, version.unwrap_or(""), patience).await
}

async fn check_for_updates(call: Call, args: args::CheckForUpdates) -> Result<Option<Obj<UpdateSet>>, Fault> {
    updates(&call, args.version.as_deref(), Patience::AT_ONCE).await
}

async fn wait_for_updates(call: Call, args: args::WaitForUpdates) -> Result<Obj<UpdateSet>, Fault> {
    let set = updates(&call, args.version.as_deref(), Patience::ENDLESS).await?;
    Ok(set.expect("endless patience does not end"))
}

async fn wait_for_updates_ex(call: Call, args: args::WaitForUpdatesEx) -> Result<Option<Obj<UpdateSet>>, Fault> {
    let options = args.options.as_ref();
    let patience = Patience::new(options.and_then(|o| o.max_wait_seconds), options.and_then(|o| o.max_object_updates))?;
    updates(&call, args.version.as_deref(), patience).await
}
