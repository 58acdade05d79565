//! The objects that a transaction has touched, in order of first touch.

use std::{collections::HashMap, sync::Arc};

use vim25::{MoRef, Str};

use crate::{
    object::{Entry, Object},
    snapshot::Snapshot,
};

mod hash;

pub use hash::IdHash;

/// More writes than most transactions have.
const SETTLED_TOGETHER: usize = 256;

/// One touched object.
pub(crate) struct Slot {
    /// Its reference when it was first touched.
    pub moref: MoRef,
    /// What the world held before the transaction.
    pub old: Option<Arc<Entry>>,
    /// What it will hold.
    pub new: Option<Arc<Entry>>,
    /// What `new` was when the slot was last settled.
    settled: Option<Arc<Entry>>,
    /// When it last really changed, in the transaction's own count.
    changed: u64,
    /// When its properties last changed, or it came or went.
    shown: u64,
    /// Whether it was touched since it was last settled.
    dirty: bool,
}

/// The touched objects. Between two calls of [`Slots::settle`] they are written freely; settling finds out which of
/// the writes were changes.
#[derive(Default)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    by_id: HashMap<Str, usize, IdHash>,
    dirty: Vec<usize>,
    now: u64,
}

impl Slots {
    /// What the transaction made of an object; none if it was not touched.
    pub fn get(&self, id: &str) -> Option<&Slot> {
        self.by_id.get(id).map(|&at| &self.slots[at])
    }

    /// What an object is to be, to be set anew.
    pub fn touch(&mut self, moref: &MoRef, before: &Snapshot) -> &mut Option<Arc<Entry>> {
        let at = match self.by_id.get(&moref.id) {
            Some(&at) => at,
            None => {
                let old = before.entry(&moref.id).cloned();
                let moref = old.as_ref().map_or(moref, |entry| &entry.object.moref).clone();
                self.open(moref, old)
            }
        };
        self.dirty(at)
    }

    /// An object that is there and fits, to be changed.
    pub fn write(&mut self, id: &str, before: &Snapshot, fits: impl Fn(&Object) -> bool) -> Option<&mut Entry> {
        let at = match self.by_id.get(id) {
            Some(&at) => self.slots[at].new.as_ref().filter(|entry| fits(&entry.object)).map(|_| at)?,
            None => {
                let old = before.entry(id).filter(|entry| fits(&entry.object))?.clone();
                self.open(old.object.moref.clone(), Some(old))
            }
        };
        self.dirty(at).as_mut().map(Arc::make_mut)
    }

    fn open(&mut self, moref: MoRef, old: Option<Arc<Entry>>) -> usize {
        let at = self.slots.len();
        self.by_id.insert(moref.id.clone(), at);
        self.slots.push(Slot {
            moref,
            new: old.clone(),
            settled: old.clone(),
            old,
            changed: 0,
            shown: 0,
            dirty: false,
        });
        at
    }

    fn dirty(&mut self, at: usize) -> &mut Option<Arc<Entry>> {
        let slot = &mut self.slots[at];
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(at);
        }
        &mut slot.new
    }

    /// Tells `changed` of every object that differs from when it was last settled (what it was, what it is), and
    /// takes back writes that made no difference.
    pub fn settle(&mut self, mut changed: impl FnMut(Option<&Entry>, Option<&Entry>)) {
        for at in std::mem::take(&mut self.dirty) {
            let slot = &mut self.slots[at];
            slot.dirty = false;
            if same(&slot.settled, &slot.new) {
                slot.new.clone_from(&slot.settled);
                continue;
            }
            changed(slot.settled.as_deref(), slot.new.as_deref());
            self.now += 1;
            slot.changed = self.now;
            if !same_content(&slot.settled, &slot.new) {
                slot.shown = self.now;
            }
            slot.settled.clone_from(&slot.new);
        }
    }

    /// Whether so much was written since the last settling that another one is due: what an object was is kept until
    /// then, so that large transactions would end with a heap full of holes.
    pub fn is_settling_due(&self) -> bool {
        self.dirty.len() >= SETTLED_TOGETHER
    }

    /// How many changes have been settled.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The objects that changed after the count stood at `since`: at all, or in more than private state.
    pub fn changed_since(&self, since: u64, private: bool) -> Vec<MoRef> {
        let changed = |slot: &&Slot| if private { slot.changed > since } else { slot.shown > since };
        self.slots.iter().filter(changed).map(|slot| slot.moref.clone()).collect()
    }

    /// What is to be written to the world: the objects that differ from what they were before.
    pub fn into_changed(self) -> impl Iterator<Item = Slot> {
        self.slots.into_iter().filter(|slot| !same(&slot.old, &slot.new))
    }
}

/// Whether both are one object with the same properties, seen without looking into them.
fn same_content(a: &Option<Arc<Entry>>, b: &Option<Arc<Entry>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(&a.object.content, &b.object.content),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn same(a: &Option<Arc<Entry>>, b: &Option<Arc<Entry>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a.same(b),
        (None, None) => true,
        _ => false,
    }
}
