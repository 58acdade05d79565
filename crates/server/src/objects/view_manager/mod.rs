//! `ViewManager` and its views: sets of objects that a session keeps, to be watched by a property filter.
//!
//! A view belongs to its session. Its membership is computed from the world when it is read, so no view is ever out of
//! date; what it depends on is told to the property collector ([`SessionObject::reads`](crate::session::SessionObject)).

mod container;
mod finds;
mod inventory;
mod list;
mod members;
#[cfg(test)]
mod tests;

pub use finds::Finds;
use vim25::{MoRef, args, mo};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::ViewManager, args::CreateContainerView>(container::create)?;
    registry.on::<mo::ViewManager, args::CreateListView>(list::create)?;
    registry.on::<mo::ViewManager, args::CreateListViewFromView>(list::create_from_view)?;
    registry.on::<mo::ViewManager, args::CreateInventoryView>(inventory::create)?;
    registry.on::<mo::ListView, args::ModifyListView>(list::modify)?;
    registry.on::<mo::ListView, args::ResetListView>(list::reset)?;
    registry.on::<mo::ListView, args::ResetListViewFromView>(list::reset_from_view)?;
    registry.on::<mo::InventoryView, args::OpenInventoryViewFolder>(inventory::open)?;
    registry.on::<mo::InventoryView, args::CloseInventoryViewFolder>(inventory::close)?;
    registry.on::<mo::View, args::DestroyView>(destroy)
}

/// `DestroyView`: forgets a view. A filter that is rooted in it sees its objects leave.
fn destroy(call: &Call, _: args::DestroyView) -> Result<(), Fault> {
    let session = call.session()?;
    if !session.remove_object(&call.this.id) {
        return Err(Fault::object_not_found(&call.this));
    }
    session.note_change();
    Ok(())
}

/// The members of another view of the same session.
fn members_of(call: &Call, view: &MoRef) -> Result<Vec<MoRef>, Fault> {
    let view: mo::ManagedObjectView = call.sight().get(view).ok_or_else(|| Fault::object_not_found(view))?;
    Ok(view.view.as_ref().unwrap_or_default().to_vec())
}

/// A list of references that is left out when it is empty.
fn unless_empty(refs: Vec<MoRef>) -> Option<Vec<MoRef>> {
    Some(refs).filter(|refs| !refs.is_empty())
}
