//! `ContainerView`: what a folder, datacenter, compute resource, pool, vApp or host holds.

use std::sync::Arc;

use ::inventory::Snapshot;
use vim25::{DataType, MoRef, Shared, Str, Type, args, managed_type, mo};

use super::{
    finds::Place,
    members::{Search, children},
};
use crate::{collector::Reads, dispatch::Call, fault::Fault, session::SessionObject};

/// `CreateContainerView`.
pub(super) fn create(call: &Call, args: args::CreateContainerView) -> Result<MoRef, Fault> {
    let session = call.session()?;
    session.check_room()?;
    let container = container(&call.snapshot(), &args.container)?;
    let search = Search { types: types(args.type_.as_deref())?, recursive: args.recursive };
    let place = call.core.finds.place(container, args.type_, search);
    let kind = mo::ContainerView::TYPE.name;
    let view = session.add_object(|id| ContainerView { moref: MoRef::new(kind, id), place });
    session.note_change();
    Ok(view.moref())
}

fn container(world: &Snapshot, moref: &MoRef) -> Result<MoRef, Fault> {
    let object = world.resolve(moref).ok_or_else(|| Fault::object_not_found(moref))?;
    match children(&*object.content) {
        Some(_) => Ok(object.moref.clone()),
        None => Err(Fault::invalid_argument("container", format!("a {} holds no objects", object.moref.kind))),
    }
}

/// The types by name; none, or an empty list, stands for all.
fn types(names: Option<&[Str]>) -> Result<Option<Vec<&'static Type>>, Fault> {
    let entity = mo::ManagedEntity::TYPE;
    let known = |name: &Str| {
        let known = managed_type(name).filter(|t| t.is_a(entity) || entity.is_a(t));
        known.ok_or_else(|| Fault::invalid_argument("type", format!("'{name}' is not a type of inventory object")))
    };
    let types: Vec<&'static Type> = names.unwrap_or_default().iter().map(known).collect::<Result<_, _>>()?;
    Ok(Some(types).filter(|types| !types.is_empty()))
}

/// A container view.
pub(super) struct ContainerView {
    moref: MoRef,
    place: Arc<Place>,
}

impl SessionObject for ContainerView {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, world: &Snapshot) -> Shared {
        self.place.at(world).content
    }

    fn part(&self, world: &Snapshot, field: &str) -> Shared {
        match field {
            "view" => self.content(world),
            _ => Arc::new(self.place.sketch()),
        }
    }

    fn is_at_hand(&self, world: &Snapshot) -> bool {
        self.place.is_known(world)
    }

    fn reads(&self, world: &Snapshot) -> Reads {
        (*self.place.at(world).reads).clone()
    }
}
