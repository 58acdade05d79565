//! `ListView`: the objects that a client names.

use std::{collections::HashSet, sync::Arc};

use ::inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{DataType, MoRef, Shared, args, mo};

use super::{members_of, unless_empty};
use crate::{collector::Reads, dispatch::Call, fault::Fault, session::SessionObject};

/// `CreateListView`. Objects that do not exist are left out.
pub(super) fn create(call: &Call, args: args::CreateListView) -> Result<MoRef, Fault> {
    add(call, args.obj.unwrap_or_default())
}

/// `CreateListViewFromView`.
pub(super) fn create_from_view(call: &Call, args: args::CreateListViewFromView) -> Result<MoRef, Fault> {
    add(call, members_of(call, &args.view)?)
}

fn add(call: &Call, objects: Vec<MoRef>) -> Result<MoRef, Fault> {
    let session = call.session()?;
    session.check_room()?;
    let mut members = Members::default();
    members.add(&call.snapshot(), objects);
    let view = session
        .add_object(|id| ListView { moref: MoRef::new(mo::ListView::TYPE.name, id), members: Mutex::new(members) });
    session.note_change();
    Ok(view.moref())
}

/// `ModifyListView`: adds and removes. Returns the objects to add that do not exist.
pub(super) fn modify(call: &Call, args: args::ModifyListView) -> Result<Option<Vec<MoRef>>, Fault> {
    let (add, remove) = (args.add.unwrap_or_default(), args.remove.unwrap_or_default());
    change(call, |members, world| {
        let unknown = members.add(world, add);
        members.remove(&remove);
        unknown
    })
}

/// `ResetListView`: replaces all. Returns the objects that do not exist.
pub(super) fn reset(call: &Call, args: args::ResetListView) -> Result<Option<Vec<MoRef>>, Fault> {
    change(call, |members, world| {
        *members = Members::default();
        members.add(world, args.obj.unwrap_or_default())
    })
}

/// `ResetListViewFromView`: replaces all by what another view has.
pub(super) fn reset_from_view(call: &Call, args: args::ResetListViewFromView) -> Result<(), Fault> {
    let objects = members_of(call, &args.view)?;
    change(call, |members, world| {
        *members = Members::default();
        members.add(world, objects)
    })?;
    Ok(())
}

fn change(call: &Call, work: impl FnOnce(&mut Members, &Snapshot) -> Vec<MoRef>) -> Result<Option<Vec<MoRef>>, Fault> {
    let session = call.session()?;
    let view = session.object_as::<ListView>(&call.this.id).ok_or_else(|| Fault::object_not_found(&call.this))?;
    let unknown = work(&mut view.members.lock(), &call.snapshot());
    session.note_change();
    Ok(unless_empty(unknown))
}

/// A list view.
pub(super) struct ListView {
    moref: MoRef,
    members: Mutex<Members>,
}

impl SessionObject for ListView {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    /// Objects that are gone are no longer shown.
    fn content(&self, world: &Snapshot) -> Shared {
        let mut members = self.members.lock();
        members.forget_gone(world);
        Arc::new(mo::ListView::with(|view| view.view = Some(members.order.clone().into())))
    }

    /// Only whether its members are there.
    fn reads(&self, _: &Snapshot) -> Reads {
        self.members.lock().known.iter().map(|id| (id.clone(), Vec::new())).collect()
    }
}

/// Objects in the order in which they were named, each once.
#[derive(Default)]
struct Members {
    order: Vec<MoRef>,
    known: HashSet<vim25::Str>,
}

impl Members {
    /// Adds objects. Returns those that do not exist.
    fn add(&mut self, world: &Snapshot, objects: Vec<MoRef>) -> Vec<MoRef> {
        let mut unknown = Vec::new();
        for object in objects {
            match world.resolve(&object) {
                None => unknown.push(object),
                Some(found) if self.known.insert(found.moref.id.clone()) => self.order.push(found.moref.clone()),
                Some(_) => {}
            }
        }
        unknown
    }

    fn remove(&mut self, objects: &[MoRef]) {
        let gone = objects.iter().filter(|o| self.known.remove(&o.id)).count();
        if gone > 0 {
            self.order.retain(|m| self.known.contains(&m.id));
        }
    }

    fn forget_gone(&mut self, world: &Snapshot) {
        if self.order.iter().any(|m| world.find(&m.id).is_none()) {
            self.order.retain(|m| world.find(&m.id).is_some());
            self.known = self.order.iter().map(|m| m.id.clone()).collect();
        }
    }
}
