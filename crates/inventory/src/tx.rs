//! A transaction: the world as one writer sees and changes it.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use vim25::{Api, DataType, DateTime, MoRef, Obj, Shared, Str, types::Event};

use crate::{
    Index, Object, Snapshot,
    counters::Counters,
    derive::Audience,
    object::{Entry, Private, content},
    slots::Slots,
};

/// How many transactions have begun in this process.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// A transaction under way. It sees its own writes; nobody else does before it is committed.
pub struct Tx<'a> {
    before: &'a Snapshot,
    number: u64,
    pub(crate) now: DateTime,
    pub(crate) slots: Slots<'a>,
    pub(crate) index: Index,
    pub(crate) counters: Counters,
    pub(crate) events: Vec<Obj<Event>>,
}

impl<'a> Tx<'a> {
    pub(crate) fn begin(before: &'a Snapshot, audience: &'a Audience, now: DateTime) -> Tx<'a> {
        let world = &before.0;
        Tx {
            before,
            number: BEGUN.fetch_add(1, Ordering::Relaxed) + 1,
            now: now.max(world.time),
            slots: Slots::over(&world.objects, audience),
            index: world.index.clone(),
            counters: world.counters,
            events: Vec::new(),
        }
    }

    /// The world before this transaction.
    pub fn before(&self) -> &'a Snapshot {
        self.before
    }

    /// A number that no other transaction of this process has, and that is not 0: to tell them apart, also those that were
    /// dropped and leave the world as it was.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The time of this transaction: the clock's when it began, and never before an earlier commit's.
    pub fn now(&self) -> DateTime {
        self.now
    }

    /// The object with this id.
    pub fn find(&self, id: &str) -> Option<&Object> {
        self.entry(id).map(|entry| &entry.object)
    }

    /// The object that a reference names: the id is known, and the object's type is the reference's or a subtype of it.
    pub fn resolve(&self, moref: &MoRef) -> Option<&Object> {
        self.find(&moref.id).filter(|object| object.is_kind(&moref.kind))
    }

    /// The properties of the object that a reference names, as a `T`; none if it is not one.
    pub fn get<T: DataType>(&self, moref: &MoRef) -> Option<&T> {
        self.resolve(moref).and_then(content)
    }

    /// The properties that the object had before this transaction, as a `T`; none if it was not one.
    pub fn was<T: DataType>(&self, moref: &MoRef) -> Option<&'a T> {
        let entry = self.slots.before(&moref.id)?;
        content(&entry.object).filter(|_| entry.object.is_kind(&moref.kind))
    }

    /// The properties of the object that a reference names, as a `T` to be changed; none if it is not one.
    ///
    /// The first call of a transaction copies the object's own struct; what it holds stays shared until it is changed.
    pub fn edit<T: DataType>(&mut self, moref: &MoRef) -> Option<&mut T> {
        let fits = |object: &Object| object.is_kind(&moref.kind) && content::<T>(object).is_some();
        self.write(&moref.id, fits)?.content_mut()
    }

    /// Puts an object into the world, or new properties into one that is there (its private state stays).
    ///
    /// The reference's type becomes the exact type of `content`.
    pub fn insert(&mut self, moref: MoRef, content: impl DataType) {
        self.insert_shared(moref, Arc::new(content));
    }

    /// [`Tx::insert`] for properties that are shared already.
    pub fn insert_shared(&mut self, moref: MoRef, content: Shared) {
        debug_assert_eq!(
            content.descriptor().api,
            Api::Managed,
            "{moref} is to hold the properties of a managed object"
        );
        let slot = self.touch(&moref);
        let private = slot.as_ref().map(|entry| entry.private.clone()).unwrap_or_default();
        *slot = Some(Arc::new(Entry::new(moref.id, content, private)));
    }

    /// Takes an object out of the world, with its private state. Whether it was there.
    pub fn remove(&mut self, moref: &MoRef) -> bool {
        let known = self.resolve(moref).is_some();
        if known {
            *self.touch(moref) = None;
        }
        known
    }

    /// Finds objects by what they carry, own writes included.
    pub fn index(&mut self) -> &Index {
        self.settle();
        &self.index
    }

    /// An id that no object has: `prefix`, a dash unless the prefix has one, and the next number of one counter for
    /// all prefixes (`vm` gives `vm-21`, then `group-v` gives `group-v22`).
    pub fn new_id(&mut self, prefix: &str) -> Str {
        loop {
            let id = self.counters.next_id(prefix);
            if self.find(&id).is_none() {
                return id;
            }
        }
    }

    /// The next number of the inventory's seeded sequence.
    pub fn random(&mut self) -> u64 {
        self.counters.random()
    }

    /// A UUID (version 4, lower case) from the inventory's seeded sequence.
    pub fn uuid(&mut self) -> Str {
        self.counters.uuid()
    }

    /// Posts an event: gives it the next key and this transaction's time, and makes it the head of its own chain if it
    /// belongs to none. Returns the key.
    pub fn post(&mut self, mut event: Obj<Event>) -> i32 {
        let key = self.counters.next_event();
        let told: &mut Event = &mut event;
        told.key = key;
        told.created_time = self.now;
        if told.chain_id == 0 {
            told.chain_id = key;
        }
        self.events.push(event);
        self.slots.note_event();
        key
    }

    /// The events posted so far, oldest first.
    pub fn posted(&self) -> &[Obj<Event>] {
        &self.events
    }

    /// State of an object that the API has no property for.
    pub fn private<P: Any + Send + Sync + Clone>(&self, id: &str) -> Option<&P> {
        self.entry(id)?.private.get()
    }

    /// State that an object had before this transaction and that the API has no property for.
    pub fn private_was<P: Any + Send + Sync + Clone>(&self, id: &str) -> Option<&'a P> {
        self.slots.before(id)?.private.get()
    }

    /// State of an object that the API has no property for, to be changed.
    pub fn edit_private<P: Any + Send + Sync + Clone>(&mut self, id: &str) -> Option<&mut P> {
        self.private::<P>(id)?;
        self.write_private(id)?.get_mut()
    }

    /// Gives an object state that the API has no property for: one value of each type, gone with the object. Whether
    /// there is such an object.
    pub fn set_private<P: Any + Send + Sync + Clone>(&mut self, id: &str, value: P) -> bool {
        self.share_private(id, Arc::new(value))
    }

    /// [`Tx::set_private`] for a value that many objects have: it is kept once.
    pub fn share_private<P: Any + Send + Sync + Clone>(&mut self, id: &str, value: Arc<P>) -> bool {
        self.write_private(id).map(|private| private.set(value)).is_some()
    }

    /// Takes private state from an object. Whether it had it.
    pub fn clear_private<P: Any + Send + Sync + Clone>(&mut self, id: &str) -> bool {
        self.private::<P>(id).is_some() && self.write_private(id).map(Private::clear::<P>).is_some()
    }

    /// Names of the properties in which an object that was there before this transaction, and still is, differs from
    /// what it was; none if it came or went.
    pub fn changed(&mut self, moref: &MoRef) -> Option<&[&'static str]> {
        self.settle();
        match self.slots.get(&moref.id) {
            Some(slot) => slot.stays().then_some(&slot.properties),
            None => self.slots.before(&moref.id).map(|_| &[][..]),
        }
    }

    /// Puts the objects that really changed after the count stood at `since`, and of which a rule wants to be told, into
    /// `touched`. Whether there is anything new for it.
    pub(crate) fn take_news(&mut self, rule: usize, private: bool, since: u64, touched: &mut Vec<MoRef>) -> bool {
        self.settle();
        touched.clear();
        let news = self.slots.drop_news(rule);
        if news {
            touched.extend(self.slots.changed_since(since, rule, private).cloned());
        }
        news
    }

    /// What changed so far is no news for a rule.
    pub(crate) fn drop_news(&mut self, rule: usize) {
        self.slots.drop_news(rule);
    }

    /// How many changes there were.
    pub(crate) fn changes_so_far(&mut self) -> u64 {
        self.settle();
        self.slots.count()
    }

    /// Brings the index up to date with what was written.
    pub(crate) fn settle(&mut self) {
        let index = &mut self.index;
        self.slots.settle(|old, new| index.replace(old.map(|e| &e.object), new.map(|e| &e.object)));
    }

    fn entry(&self, id: &str) -> Option<&Arc<Entry>> {
        self.slots.now(id)
    }

    /// An object that is there and fits, to be changed.
    fn write(&mut self, id: &str, fits: impl Fn(&Object) -> bool) -> Option<&mut Entry> {
        self.settle_if_due();
        self.slots.write(id, fits)
    }

    fn touch(&mut self, moref: &MoRef) -> &mut Option<Arc<Entry>> {
        self.settle_if_due();
        self.slots.touch(moref)
    }

    fn settle_if_due(&mut self) {
        if self.slots.is_settling_due() {
            self.settle();
        }
    }

    fn write_private(&mut self, id: &str) -> Option<&mut Private> {
        self.write(id, |_| true).map(|entry| &mut entry.private)
    }
}
