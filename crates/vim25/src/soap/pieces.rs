//! A reply, written piece by piece.

use std::cell::RefCell;

use super::{
    encode::{self, Encoder},
    envelope,
};
use crate::{
    ApiVersion, Kind, MethodInfo, Ref, Service, Shared,
    pieces::{
        Objects, Source, is_long, item, level, levels, numbered,
        repeats::{Repeats, Shelf, Writer, with_repeats},
    },
};

thread_local! {
    static SHELF: Shelf<encode::Place> = const { RefCell::new(None) };
}

/// The reply to a call, written piece by piece. Joined, the pieces are what [`response`](super::response) writes.
pub struct Pieces {
    method: &'static MethodInfo,
    version: ApiVersion,
    source: Source,
    /// The default namespace where the last piece ended.
    scope: Service,
    state: State,
    stack: Vec<Frame>,
}

#[derive(PartialEq)]
enum State {
    Fresh,
    Under,
    Over,
}

/// Where values stand: element, its namespace, and what it declares.
#[derive(Clone, Copy)]
struct Place {
    element: &'static str,
    space: Service,
    declared: Kind,
}

/// Something large that is begun and not ended.
struct Frame {
    at: At,
    /// The next item or field.
    next: usize,
    /// Where the items of a list stand.
    items: Place,
    /// The end tag, and the default namespace behind it.
    end: Option<(&'static str, Service)>,
}

enum At {
    /// The reply is a list.
    Root,
    /// A list in a field of an object.
    List(Shared, usize),
    /// An object, as the base that many levels up; none: none that the client knows.
    Object(Shared, Option<usize>),
    /// The objects that are made.
    Made,
}

impl Pieces {
    /// The reply to a call of `method`, for a client of `version`.
    pub fn new(method: &'static MethodInfo, source: Source, version: ApiVersion) -> Pieces {
        Pieces { method, version, source, scope: method.params.service, state: State::Fresh, stack: Vec::new() }
    }

    /// Appends to `out` until it holds `enough` bytes or the reply has ended. Whether there is more.
    pub fn write(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        with_repeats(&SHELF, |repeats| self.write_with(repeats, out, enough))
    }

    fn write_with(&mut self, repeats: &mut Repeats<encode::Place>, out: &mut Vec<u8>, enough: usize) -> bool {
        if self.state == State::Fresh {
            self.state = State::Under;
            envelope::begin(out, self.method);
            self.root(repeats, out);
        }
        while out.len() < enough && !self.stack.is_empty() {
            self.step(repeats, out);
        }
        if self.stack.is_empty() && self.state == State::Under {
            self.state = State::Over;
            envelope::end(out, self.method);
        }
        self.state != State::Over
    }

    fn root(&mut self, repeats: &mut Repeats<encode::Place>, out: &mut Vec<u8>) {
        let space = self.method.params.service;
        let place = Place { element: "returnval", space, declared: envelope::result_kind(self.method) };
        let mut pen = Pen { out, version: self.version, scope: &mut self.scope, depth: 0, repeats };
        let frame = match &self.source {
            Source::Value(value) => pen.put(place, value.read(), Some(At::Root)),
            Source::Objects(Objects { frame: Some((object, _)), .. }) => Some(pen.open_object(place, object)),
            Source::Objects(Objects { frame: None, .. }) => Some(Frame::plain(At::Made, place)),
        };
        self.stack.extend(frame);
    }

    /// Writes the next item or field of what was begun last, or its end.
    fn step(&mut self, repeats: &mut Repeats<encode::Place>, out: &mut Vec<u8>) {
        let depth = self.stack.len();
        let Some(frame) = self.stack.last_mut() else { return };
        let mut pen = Pen { out, version: self.version, scope: &mut self.scope, depth, repeats };
        let index = frame.next;
        frame.next += 1;
        // What was begun, if the value is large; none if there is no further value.
        let begun: Option<Option<Frame>> = match (&frame.at, &mut self.source) {
            (At::Object(object, up), source) => {
                let field = up.and_then(|up| numbered(level(&**object, up), index).ok());
                field.map(|(ty, field, value)| {
                    let place = Place { element: field.name, space: ty.service, declared: field.kind };
                    match source {
                        _ if field.since > pen.version => None,
                        Source::Objects(made) if depth == 1 && made.fill(field) => Some(Frame::plain(At::Made, place)),
                        _ => pen.put(place, value, Some(At::List(object.clone(), index))),
                    }
                })
            }
            (At::List(object, field), _) => {
                let list = numbered(&**object, *field).ok().map(|(_, _, list)| list);
                list.and_then(|list| item(list, index)).map(|value| pen.put(frame.items, value, None))
            }
            (At::Root, Source::Value(value)) => {
                item(value.read(), index).map(|value| pen.put(frame.items, value, None))
            }
            (At::Made, Source::Objects(made)) => {
                made.items.next().map(|object| pen.put(frame.items, Ref::Object(&object), None))
            }
            (At::Root | At::Made, _) => None,
        };
        match begun {
            Some(begun) => self.stack.extend(begun),
            None => {
                if let Some((element, outer)) = frame.end {
                    pen.encode(|encoder| encoder.end(element, outer));
                }
                self.stack.pop();
            }
        }
    }
}

impl Frame {
    /// A list whose items stand beside each other, with nothing around them.
    fn plain(at: At, items: Place) -> Frame {
        Frame { at, next: 0, items, end: None }
    }
}

/// Writes one value, or the start of a large one.
struct Pen<'a> {
    out: &'a mut Vec<u8>,
    version: ApiVersion,
    scope: &'a mut Service,
    depth: usize,
    repeats: &'a mut Repeats<encode::Place>,
}

impl Pen<'_> {
    fn encode<R>(&mut self, work: impl FnOnce(&mut Encoder<'_>) -> R) -> R {
        let mut encoder = Encoder::new(self.out, self.version, *self.scope);
        let outcome = work(&mut encoder);
        *self.scope = encoder.scope();
        outcome
    }

    /// Writes a value. Whether it is whole: with `levels`, one with a long list in as many is not.
    fn whole(&mut self, place: Place, value: Ref<'_>, levels: Option<usize>) -> bool {
        let mut encoder = Encoder::new(self.out, self.version, *self.scope).repeating(self.repeats);
        encoder.watch().look(levels);
        encoder.place(place.element, place.space, place.declared, value);
        !encoder.watch().is_long
    }

    /// Writes a value. Of a large one only the start; `list` says where it stands if it is a list.
    fn put(&mut self, place: Place, value: Ref<'_>, list: Option<At>) -> Option<Frame> {
        let start = self.out.len();
        if !is_long(value) && self.whole(place, value, Some(levels(self.depth))) {
            return None;
        }
        self.out.truncate(start);
        match (value, list) {
            (Ref::Object(object), _) => return Some(self.open_object(place, object)),
            (Ref::List(items), Some(at)) => return Some(self.open_list(place, items.item_kind(), at)),
            _ => self.whole(place, value, None),
        };
        None
    }

    fn open_object(&mut self, place: Place, object: &Shared) -> Frame {
        let declared = if let Kind::Object(ty) = place.declared { Some(ty) } else { None };
        let (up, outer) = self.encode(|encoder| encoder.open_object(place.element, place.space, declared, object));
        Frame { at: At::Object(object.clone(), up), next: 0, items: place, end: Some((place.element, outer)) }
    }

    fn open_list(&mut self, place: Place, item: Option<Kind>, at: At) -> Frame {
        match (place.declared, item) {
            (Kind::Any, Some(item)) => {
                let (item, outer) = self.encode(|encoder| encoder.open_array(place.element, place.space, item));
                let items = Place { element: item.wire_name(), declared: item, ..place };
                Frame { at, next: 0, items, end: Some((place.element, outer)) }
            }
            _ => Frame::plain(at, place),
        }
    }
}
