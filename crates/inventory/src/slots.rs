//! The objects that a transaction has touched, in order of first touch, and those that it has read.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use vim25::{MoRef, Str, diff};

use crate::{
    derive::{Audience, RuleSet},
    object::{Entry, Object},
    objects::Objects,
};

mod hash;

pub use hash::IdHash;

/// More writes than most transactions have.
const SETTLED_TOGETHER: usize = 256;

/// One touched object.
pub(crate) struct Slot<'a> {
    /// Its reference when it was first touched.
    pub moref: MoRef,
    /// What the world held before the transaction.
    pub old: Option<&'a Arc<Entry>>,
    /// What it will hold.
    pub new: Option<Arc<Entry>>,
    /// What `new` was when the slot was last settled.
    settled: Option<Arc<Entry>>,
    /// Names of the properties in which that differs from `old`, of an object that was there and still is.
    pub properties: Vec<&'static str>,
    /// When it last really changed, in the transaction's own count.
    changed: u64,
    /// When its properties last changed, or it came or went.
    shown: u64,
    /// Whether it was touched since it was last settled.
    dirty: bool,
    /// The rules that want to be told of it.
    audience: RuleSet,
}

/// The touched objects of a transaction, over the world before it. Between two calls of [`Slots::settle`] they are
/// written freely; settling finds out which of the writes were changes.
pub(crate) struct Slots<'a> {
    before: &'a Objects,
    slots: Vec<Slot<'a>>,
    /// Where objects are: rules and handlers ask for the same ones again and again.
    known: RefCell<HashMap<Str, Place<'a>, IdHash>>,
    dirty: Vec<usize>,
    now: u64,
    audience: &'a Audience,
    /// The rules for which something has changed.
    news: RuleSet,
}

/// Where an object is.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// It was touched: in this slot.
    Slot(usize),
    /// In the world before the transaction, as here.
    Before(&'a Arc<Entry>),
}

/// So many objects a power operation knows, about.
const EXPECTED: usize = 40;
/// So many objects are remembered: more than most transactions know.
const REMEMBERED: usize = 256;

impl<'a> Slots<'a> {
    /// Nothing touched yet.
    pub fn over(before: &'a Objects, audience: &'a Audience) -> Slots<'a> {
        let known = RefCell::new(HashMap::with_capacity_and_hasher(EXPECTED, IdHash::default()));
        let (slots, dirty, news) = Default::default();
        Slots { before, slots, known, dirty, now: 0, audience, news }
    }

    /// What the transaction made of an object; none if it was not touched.
    pub fn get(&self, id: &str) -> Option<&Slot<'a>> {
        match self.known.borrow().get(id) {
            Some(Place::Slot(at)) => Some(&self.slots[*at]),
            _ => None,
        }
    }

    /// An object as it is now.
    pub fn now(&self, id: &str) -> Option<&Arc<Entry>> {
        match self.place(id)? {
            Place::Slot(at) => self.slots[at].new.as_ref(),
            Place::Before(entry) => Some(entry),
        }
    }

    /// An object as it was before the transaction.
    pub fn before(&self, id: &str) -> Option<&'a Arc<Entry>> {
        match self.place(id)? {
            Place::Slot(at) => self.slots[at].old,
            Place::Before(entry) => Some(entry),
        }
    }

    fn place(&self, id: &str) -> Option<Place<'a>> {
        if let Some(place) = self.known.borrow().get(id) {
            return Some(*place);
        }
        let found = self.before.get(id)?;
        let mut known = self.known.borrow_mut();
        if known.len() < REMEMBERED {
            known.insert(found.object.moref.id.clone(), Place::Before(found));
        }
        Some(Place::Before(found))
    }

    /// What an object is to be, to be set anew.
    pub fn touch(&mut self, moref: &MoRef) -> &mut Option<Arc<Entry>> {
        let at = match self.place(&moref.id) {
            Some(Place::Slot(at)) => at,
            Some(Place::Before(old)) => self.open(old.object.moref.clone(), Some(old)),
            None => self.open(moref.clone(), None),
        };
        self.dirty(at)
    }

    /// An object that is there and fits, to be changed.
    pub fn write(&mut self, id: &str, fits: impl Fn(&Object) -> bool) -> Option<&mut Entry> {
        let at = match self.place(id)? {
            Place::Slot(at) => self.slots[at].new.as_ref().filter(|entry| fits(&entry.object)).map(|_| at)?,
            Place::Before(old) if fits(&old.object) => self.open(old.object.moref.clone(), Some(old)),
            Place::Before(_) => return None,
        };
        self.dirty(at).as_mut().map(Arc::make_mut)
    }

    fn open(&mut self, moref: MoRef, old: Option<&'a Arc<Entry>>) -> usize {
        let at = self.slots.len();
        self.known.get_mut().insert(moref.id.clone(), Place::Slot(at));
        self.slots.push(Slot {
            audience: self.audience.of_kind(&moref.kind),
            moref,
            new: old.cloned(),
            settled: old.cloned(),
            old,
            properties: Vec::new(),
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

    /// Tells `changed` of every object whose properties differ from when it was last settled (what it was, what it is),
    /// and takes back writes that made no difference.
    pub fn settle(&mut self, mut changed: impl FnMut(Option<&Entry>, Option<&Entry>)) {
        for at in &self.dirty {
            let slot = &mut self.slots[*at];
            slot.dirty = false;
            let step = Step::between(&slot.settled, &slot.new);
            if matches!(step, Step::None) {
                slot.new.clone_from(&slot.settled);
                continue;
            }
            self.now += 1;
            slot.changed = self.now;
            if matches!(step, Step::Private) {
                self.news.insert_all(self.audience.of_private(slot.audience));
            } else {
                changed(slot.settled.as_deref(), slot.new.as_deref());
                slot.shown = self.now;
                self.news.insert_all(slot.audience);
            }
            slot.take(step);
        }
        self.dirty.clear();
    }

    /// Whether so much was written since the last settling that another one is due: what an object was is kept until
    /// then, so that large transactions would end with a heap full of holes.
    pub fn is_settling_due(&self) -> bool {
        self.dirty.len() >= SETTLED_TOGETHER
    }

    /// How many changes have been settled.
    pub fn count(&self) -> u64 {
        self.now
    }

    /// An event was posted.
    pub fn note_event(&mut self) {
        self.news.insert_all(self.audience.of_events());
    }

    /// Whether something has changed for a rule, which is no news from now on.
    pub fn drop_news(&mut self, rule: usize) -> bool {
        let news = self.news.has(rule);
        self.news.remove(rule);
        news
    }

    /// The objects of a rule that changed after the count stood at `since`: at all, or in more than private state.
    pub fn changed_since(&self, since: u64, rule: usize, private: bool) -> impl Iterator<Item = &MoRef> {
        let changed = move |slot: &&Slot<'_>| since < if private { slot.changed } else { slot.shown };
        self.slots.iter().filter(move |slot| slot.audience.has(rule)).filter(changed).map(|slot| &slot.moref)
    }

    /// What is to be written to the world: the objects that differ from what they were before.
    pub fn into_changed(self) -> impl Iterator<Item = Slot<'a>> {
        self.slots.into_iter().filter(Slot::is_change)
    }
}

impl Slot<'_> {
    /// Whether the object was there before and still is, as what it was.
    pub fn stays(&self) -> bool {
        self.old.zip(self.settled.as_ref()).is_some_and(|(old, new)| old.is_like(new))
    }

    fn is_change(&self) -> bool {
        match (self.old, &self.settled) {
            (Some(old), Some(new)) if old.is_like(new) => {
                !self.properties.is_empty() || !old.private.same(&new.private)
            }
            (old, new) => old.is_some() || new.is_some(),
        }
    }

    /// Takes note of a step that was made since the slot was last settled.
    fn take(&mut self, step: Step) {
        let was = std::mem::replace(&mut self.settled, self.new.clone());
        let (Some(old), Some(new)) = (self.old, &self.new) else { return self.properties.clear() };
        let (before, now) = (&*old.object.content, &*new.object.content);
        match step {
            Step::None | Step::Private => {}
            Step::Properties(names) if was.is_some_and(|was| Arc::ptr_eq(&was, old)) => self.properties = names,
            Step::Properties(names) if old.is_like(new) => {
                // What differed stays different unless this step wrote it again; what it wrote first differs now.
                for name in names {
                    match self.properties.iter().position(|known| *known == name) {
                        Some(at) if before.field(name) == now.field(name) => drop(self.properties.remove(at)),
                        Some(_) => {}
                        None => self.properties.push(name),
                    }
                }
            }
            Step::Properties(_) | Step::Whole if old.is_like(new) => self.properties = diff::fields(before, now),
            Step::Properties(_) | Step::Whole => self.properties.clear(),
        }
    }
}

/// How an object became what it is.
enum Step {
    /// It did not change.
    None,
    /// In nothing but private state.
    Private,
    /// In the properties of these names, and maybe in private state.
    Properties(Vec<&'static str>),
    /// It came, went, or became another one.
    Whole,
}

impl Step {
    fn between(old: &Option<Arc<Entry>>, new: &Option<Arc<Entry>>) -> Step {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) if old.is_like(new) => (old, new),
            (None, None) => return Step::None,
            _ => return Step::Whole,
        };
        let (before, now) = (&old.object.content, &new.object.content);
        let names = if Arc::ptr_eq(before, now) { Vec::new() } else { diff::fields(&**before, &**now) };
        match names.is_empty() {
            false => Step::Properties(names),
            true if old.private.same(&new.private) => Step::None,
            true => Step::Private,
        }
    }
}
