//! `InventoryView`: the tree as a client has unfolded it. It starts with the root folder; opening an entity shows its
//! children, closing it hides them with all that was unfolded below.

use std::{collections::HashSet, sync::Arc};

use ::inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{DataType, MoRef, Shared, Str, args, mo};

use super::{members::children, unless_empty};
use crate::{collector::Reads, dispatch::Call, fault::Fault, service, session::SessionObject, tree};

/// `CreateInventoryView`.
pub(super) fn create(call: &Call, _: args::CreateInventoryView) -> Result<MoRef, Fault> {
    let session = call.session()?;
    session.check_room()?;
    let world = call.snapshot();
    let content = service::content(&world).ok_or_else(|| Fault::system_error("The inventory has no root folder."))?;
    let root = content.root_folder.clone();
    let view = session.add_object(|id| InventoryView {
        moref: MoRef::new(mo::InventoryView::TYPE.name, id),
        root,
        open: Mutex::default(),
    });
    session.note_change();
    Ok(view.moref())
}

/// `OpenInventoryViewFolder`. Returns the entities that do not exist.
pub(super) fn open(call: &Call, args: args::OpenInventoryViewFolder) -> Result<Option<Vec<MoRef>>, Fault> {
    change(call, args.entity, |open, _, entity| {
        if !open.contains(&entity) {
            open.push(entity);
        }
    })
}

/// `CloseInventoryViewFolder`. Returns the entities that do not exist.
pub(super) fn close(call: &Call, args: args::CloseInventoryViewFolder) -> Result<Option<Vec<MoRef>>, Fault> {
    change(call, args.entity, |open, world, entity| {
        open.retain(|other| *other != entity && !tree::is_below(world, other, &entity));
    })
}

fn change(
    call: &Call,
    entities: Vec<MoRef>,
    work: impl Fn(&mut Vec<MoRef>, &Snapshot, MoRef),
) -> Result<Option<Vec<MoRef>>, Fault> {
    let session = call.session()?;
    let view = session.object_as::<InventoryView>(&call.this.id);
    let view = view.ok_or_else(|| Fault::object_not_found(&call.this))?;
    let world = call.snapshot();
    let mut unknown = Vec::new();
    let mut open = view.open.lock();
    open.retain(|entity| world.find(&entity.id).is_some());
    for entity in entities {
        match world.resolve(&entity) {
            Some(found) => work(&mut open, &world, found.moref.clone()),
            None => unknown.push(entity),
        }
    }
    drop(open);
    session.note_change();
    Ok(unless_empty(unknown))
}

/// An inventory view.
pub(super) struct InventoryView {
    moref: MoRef,
    root: MoRef,
    open: Mutex<Vec<MoRef>>,
}

impl SessionObject for InventoryView {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, world: &Snapshot) -> Shared {
        let mut members = vec![self.root.clone()];
        let mut seen: HashSet<Str> = HashSet::from([self.root.id.clone()]);
        for entity in self.open.lock().iter() {
            let Some(object) = world.find(&entity.id) else { continue };
            let children = children(&*object.content).unwrap_or_default();
            for child in children.iter().flat_map(|(_, refs)| refs.iter()) {
                if world.find(&child.id).is_some() && seen.insert(child.id.clone()) {
                    members.push(child.clone());
                }
            }
        }
        Arc::new(mo::InventoryView::with(|view| view.view = Some(members.into())))
    }

    fn reads(&self, world: &Snapshot) -> Reads {
        let open = self.open.lock();
        let objects = open.iter().filter_map(|entity| world.find(&entity.id));
        objects
            .map(|object| {
                let children = children(&*object.content).unwrap_or_default();
                (object.moref.id.clone(), children.iter().map(|(name, _)| Str::new_static(name)).collect())
            })
            .collect()
    }
}
