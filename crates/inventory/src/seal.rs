//! From a finished transaction to the next world and its entry in the log.

use std::{collections::BTreeSet, sync::Arc};

use vim25::diff;

use crate::{ChangeKind, Commit, Object, ObjectChange, Tx, objects::Objects, slots::Slot, snapshot::World};

/// How much history a world keeps, and up to one in 512 more.
#[derive(Clone, Copy)]
pub(crate) struct Retention {
    pub commits: usize,
    pub events: usize,
}

/// The world that the transaction makes; none if it changes nothing.
pub(crate) fn seal(mut tx: Tx<'_>, retention: Retention) -> Option<World> {
    tx.settle();
    let before = &*tx.before().0;
    let idle = tx.events.is_empty() && tx.counters == before.counters;
    let mut slots = tx.slots.into_changed().peekable();
    if idle && slots.peek().is_none() {
        return None;
    }
    let mut world = World { index: tx.index, counters: tx.counters, ..before.clone() };
    let mut changes = Vec::new();
    for slot in slots {
        write(slot, &mut world.objects, &mut changes);
    }
    world.revision = before.revision.next();
    world.time = tx.now;
    world.events.extend(tx.events.iter().cloned());
    world.log.push_back(Arc::new(Commit { revision: world.revision, time: world.time, changes, events: tx.events }));
    trim(&mut world.events, retention.events);
    trim(&mut world.log, retention.commits);
    Some(world)
}

/// Lets go of the oldest, when there are a few more than are to be kept: the front, which the world before has too, is
/// copied for that.
fn trim<T: Clone>(history: &mut imbl::Vector<T>, keep: usize) {
    if history.len() > keep + keep / 512 {
        while history.len() > keep {
            history.pop_front();
        }
    }
}

fn write(slot: Slot<'_>, objects: &mut Objects, changes: &mut Vec<ObjectChange>) {
    let stays = slot.stays();
    let old = slot.old.map(|entry| entry.object.clone());
    let new = slot.new.as_ref().map(|entry| entry.object.clone());
    match slot.new {
        Some(entry) => objects.insert(slot.moref.id, entry),
        None => objects.remove(&slot.moref.id),
    }
    if stays {
        return changes.extend(modified(old, new, slot.properties));
    }
    let whole = |kind, object: Object| ObjectChange {
        object: object.moref,
        kind,
        properties: Vec::new(),
        old: (kind == ChangeKind::Leave).then(|| object.content.clone()),
        new: (kind == ChangeKind::Enter).then_some(object.content),
    };
    changes.extend(old.map(|old| whole(ChangeKind::Leave, old)));
    changes.extend(new.map(|new| whole(ChangeKind::Enter, new)));
}

/// How an object's properties have changed, if they have; debug builds try whether the change leads where it says.
fn modified(old: Option<Object>, new: Option<Object>, properties: Vec<&'static str>) -> Option<ObjectChange> {
    let (old, new) = old.zip(new).filter(|_| !properties.is_empty())?;
    let (object, kind) = (new.moref, ChangeKind::Modify);
    let change = ObjectChange { object, kind, properties, old: Some(old.content), new: Some(new.content) };
    if cfg!(debug_assertions) {
        prove(&change);
    }
    Some(change)
}

fn prove(change: &ObjectChange) {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return };
    let steps = change.steps();
    let mut replayed = old.clone_shared();
    let target = Arc::get_mut(&mut replayed).expect("a fresh copy has one owner");
    let applied = diff::apply(target, &steps);
    assert!(applied.is_ok(), "the diff of a {} cannot be applied: {applied:?}", old.descriptor().name);
    assert!(
        vim25::equal(&*replayed, &**new),
        "old + diff is not new: {old:?} + {steps:?} gave {replayed:?}, not {new:?}"
    );
    let begin: BTreeSet<&str> = steps.iter().filter_map(|step| step.path.split(['.', '[']).next()).collect();
    assert_eq!(begin, change.properties.iter().copied().collect(), "of what {steps:?} is said to lie in");
}
