//! What objects share is written once: the text of a shared object, or of a group of fields, is kept, and copied where
//! the same one stands in the same kind of place again.
//!
//! Machines of a large datacenter share most of what they consist of, so most of a long reply is copied. A text is known
//! by where its thing stands in memory. It holds on to the thing, so that nothing else can stand there and nobody can
//! change it.

use std::{any::Any, cell::RefCell, collections::HashMap, hash::Hash, ops::Range, rc::Rc, thread::LocalKey};

use rustc_hash::FxBuildHasher;

use super::LONG;
use crate::{DataObject, Held};

/// With fewer owners than this, a thing is not worth keeping its text.
const MANY: usize = if cfg!(test) { 2 } else { 8 };
/// Longer texts are not kept.
const LONGEST: usize = 16 * 1024;
/// So many bytes of text are kept, before all are forgotten and begun anew.
const ROOM: usize = if cfg!(test) { 16 * 1024 } else { 512 * 1024 };

/// Texts that a thread wrote in one format. `P` is what a text depends on beside the thing itself.
pub(crate) struct Repeats<P> {
    /// By where a thing stands in memory, and by its place.
    known: HashMap<(usize, P), Known, FxBuildHasher>,
    room: usize,
}

struct Known {
    text: Rc<Text>,
    _thing: Box<dyn Any + Send + Sync>,
}

/// The text of an object in one run, or that of a group of fields, in as many as it has.
#[derive(Default)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Text {
    fn push(&mut self, run: &[u8]) {
        self.bytes.extend_from_slice(run);
        self.ends.push(self.bytes.len());
    }

    fn run(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }
}

/// Where a thread has its texts while it does not write.
pub(crate) type Shelf<P> = RefCell<Option<Box<Repeats<P>>>>;

/// Does `work` with the texts of this thread.
pub(crate) fn with_repeats<P, R>(shelf: &'static LocalKey<Shelf<P>>, work: impl FnOnce(&mut Repeats<P>) -> R) -> R {
    let mut repeats = shelf.take().unwrap_or_default();
    let outcome = work(&mut repeats);
    shelf.set(Some(repeats));
    outcome
}

impl<P> Default for Repeats<P> {
    fn default() -> Self {
        Repeats { known: HashMap::default(), room: ROOM }
    }
}

impl<P: Eq + Hash + Copy> Repeats<P> {
    fn find(&self, thing: &dyn Held, place: P) -> Option<Rc<Text>> {
        self.known.get(&(thing.address(), place)).map(|known| known.text.clone())
    }

    fn keep(&mut self, thing: &dyn Held, place: P, text: Text) {
        let room = text.bytes.len() + size_of::<((usize, P), Known)>() + size_of::<Text>();
        if room > LONGEST {
            return;
        }
        if room > self.room {
            *self = Repeats::default();
        }
        self.room -= room;
        self.known.insert((thing.address(), place), Known { text: Rc::new(text), _thing: thing.hold() });
    }
}

/// What an encoder does beside writing: it repeats, and looks out for long lists.
pub(crate) struct Watch<'a, P> {
    repeats: Option<&'a mut Repeats<P>>,
    /// How many levels further down a list may be looked at; none: no list is.
    levels: Option<usize>,
    /// A long list was met, so what was written is worth nothing.
    pub(crate) is_long: bool,
}

impl<'a, P: Eq + Hash + Copy> Watch<'a, P> {
    /// Nothing but writing.
    pub(crate) fn off() -> Self {
        Watch { repeats: None, levels: None, is_long: false }
    }

    /// Repeats.
    pub(crate) fn on(repeats: &'a mut Repeats<P>) -> Self {
        Watch { repeats: Some(repeats), ..Watch::off() }
    }

    /// From now on it looks out for long lists so many levels down, if at all.
    pub(crate) fn look(&mut self, levels: Option<usize>) {
        (self.levels, self.is_long) = (levels, false);
    }

    /// Takes note of a list. Whether it is not worth being written.
    pub(crate) fn is_too_long(&mut self, length: usize) -> bool {
        self.is_long |= self.levels.is_some() && length > LONG;
        self.is_long
    }

    /// The texts, if they may have that of a thing.
    fn repeats(&mut self, thing: &dyn Held) -> Option<&mut Repeats<P>> {
        self.repeats.as_deref_mut().filter(|_| thing.owners() >= MANY)
    }
}

/// An encoder of either format.
pub(crate) trait Writer<'a> {
    /// What a text depends on beside what it tells of.
    type Place: Eq + Hash + Copy + 'static;

    fn out(&mut self) -> &mut Vec<u8>;
    fn watch(&mut self) -> &mut Watch<'a, Self::Place>;
    /// What the texts of the fields of `object` depend on.
    fn place_of_fields(&self, object: &dyn DataObject) -> Self::Place;
    /// Writes fields that an object has itself, not from a base.
    fn own_fields(&mut self, object: &dyn DataObject, numbers: Range<usize>);

    /// Writes what stands a level deeper.
    fn deeper(&mut self, write: impl FnOnce(&mut Self)) {
        let levels = self.watch().levels;
        self.watch().levels = levels.and_then(|levels| levels.checked_sub(1));
        write(self);
        self.watch().levels = levels;
    }

    /// Writes a thing as it was written before, if it was, and by `write` otherwise.
    fn repeat(&mut self, thing: &dyn Held, place: Self::Place, write: impl FnOnce(&mut Self)) {
        let Some(repeats) = self.watch().repeats(thing) else { return write(self) };
        if let Some(text) = repeats.find(thing, place) {
            return self.out().extend_from_slice(&text.bytes);
        }
        let start = self.out().len();
        write(self);
        let mut text = Text::default();
        text.push(&self.out()[start..]);
        self.keep(thing, place, text);
    }

    /// Writes the fields of an object, those of its bases first.
    fn all_fields(&mut self, object: &dyn DataObject) {
        if let Some(base) = object.base() {
            self.all_fields(base);
        }
        match object.common() {
            Some(group) if self.watch().repeats(group).is_some() => self.runs(object, group),
            _ => self.own_fields(object, 0..object.descriptor().fields.len()),
        }
    }

    /// Writes the fields that an object has itself, and repeats those that stand in a group.
    fn runs(&mut self, object: &dyn DataObject, group: &dyn Held) {
        let (ty, place) = (object.descriptor(), self.place_of_fields(object));
        let known = self.watch().repeats(group).and_then(|repeats| repeats.find(group, place));
        let (mut text, mut next) = (Text::default(), 0);
        for (number, run) in ty.common.iter().enumerate() {
            self.own_fields(object, next..run.start);
            next = run.end;
            match &known {
                Some(known) => self.out().extend_from_slice(known.run(number)),
                None => {
                    let start = self.out().len();
                    self.own_fields(object, run.clone());
                    text.push(&self.out()[start..]);
                }
            }
        }
        self.own_fields(object, next..ty.fields.len());
        if known.is_none() {
            self.keep(group, place, text);
        }
    }

    fn keep(&mut self, thing: &dyn Held, place: Self::Place, text: Text) {
        let watch = self.watch();
        if let (Some(repeats), false) = (&mut watch.repeats, watch.is_long) {
            repeats.keep(thing, place, text);
        }
    }
}

#[cfg(test)]
impl<P> Repeats<P> {
    /// How many texts are kept.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}
