//! The body of a reply, written piece by piece.

use std::cell::RefCell;

use super::{
    VALUE,
    encode::{Encoder, Place},
};
use crate::{
    ApiVersion, Field, Kind, Ref, Shared,
    pieces::{
        Objects, Source, is_long, item, level, levels, numbered,
        repeats::{Repeats, Shelf, Watch, with_repeats},
    },
    types::LocalizedMethodFault,
};

thread_local! {
    static SHELF: Shelf<Place> = const { RefCell::new(None) };
}

/// The body of a reply, written piece by piece. Joined, the pieces are what [`encode_result`](super::encode_result)
/// writes.
pub struct Pieces {
    /// What the reply is; none once it is begun.
    place: Option<Field>,
    version: ApiVersion,
    source: Source,
    stack: Vec<Frame>,
}

/// Something large that is begun and not ended.
struct Frame {
    at: At,
    /// The next item or field.
    next: usize,
    /// What the items of a list are declared as.
    kind: Kind,
    end: &'static str,
}

enum At {
    /// The reply is a list.
    Root,
    /// A list in a field of an object.
    List(Shared, usize),
    /// An object, as the base that many levels up.
    Object(Shared, usize),
    /// The objects that are made.
    Made,
}

impl Pieces {
    /// What a method returned, or the value of a property; `place` is the descriptor of either.
    pub fn new(place: Field, source: Source, version: ApiVersion) -> Pieces {
        Pieces { place: Some(place), version, source, stack: Vec::new() }
    }

    /// Appends to `out` until it holds `enough` bytes or the reply has ended. Whether there is more.
    pub fn write(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        with_repeats(&SHELF, |repeats| self.write_with(repeats, out, enough))
    }

    fn write_with(&mut self, repeats: &mut Repeats<Place>, out: &mut Vec<u8>, enough: usize) -> bool {
        if let Some(place) = self.place.take() {
            self.root(repeats, out, &place);
        }
        while out.len() < enough && !self.stack.is_empty() {
            self.step(repeats, out);
        }
        !self.stack.is_empty()
    }

    fn root(&mut self, repeats: &mut Repeats<Place>, out: &mut Vec<u8>, place: &Field) {
        let mut pen = Pen { encoder: Encoder { out, version: self.version, watch: Watch::on(repeats) }, depth: 0 };
        let kind = place.kind;
        let frame = match &self.source {
            Source::Value(value) => match value.read() {
                Ref::List(_) if place.list => Some(pen.open_list(kind, None, At::Root)),
                value => pen.put(kind, value, Some(At::Root)),
            },
            Source::Objects(Objects { frame: Some((object, _)), .. }) => Some(pen.open_object(object)),
            Source::Objects(Objects { frame: None, .. }) => Some(pen.open_list(kind, None, At::Made)),
        };
        self.stack.extend(frame);
    }

    /// Writes the next item or field of what was begun last, or its end.
    fn step(&mut self, repeats: &mut Repeats<Place>, out: &mut Vec<u8>) {
        let depth = self.stack.len();
        let Some(frame) = self.stack.last_mut() else { return };
        let mut pen = Pen { encoder: Encoder { out, version: self.version, watch: Watch::on(repeats) }, depth };
        let index = frame.next;
        frame.next += 1;
        // What was begun, if the value is large; none if there is no further value.
        let begun: Option<Option<Frame>> = match (&frame.at, &mut self.source) {
            (At::Object(object, up), source) => {
                let field = numbered(level(&**object, *up), index).ok();
                field.map(|(_, field, value)| {
                    if value.is_unset() || field.since > self.version {
                        return None;
                    }
                    pen.encoder.key(field.name);
                    match source {
                        Source::Objects(made) if depth == 1 && made.fill(field) => {
                            Some(pen.open_list(field.kind, None, At::Made))
                        }
                        _ => pen.put(field.kind, value, Some(At::List(object.clone(), index))),
                    }
                })
            }
            (At::List(object, field), _) => {
                let list = numbered(&**object, *field).ok().map(|(_, _, list)| list);
                list.and_then(|list| item(list, index)).map(|value| pen.item(index, frame.kind, value))
            }
            (At::Root, Source::Value(value)) => {
                item(value.read(), index).map(|value| pen.item(index, frame.kind, value))
            }
            (At::Made, Source::Objects(made)) => {
                made.items.next().map(|object| pen.item(index, frame.kind, Ref::Object(&object)))
            }
            (At::Root | At::Made, _) => None,
        };
        match begun {
            Some(begun) => self.stack.extend(begun),
            None => {
                pen.encoder.raw(frame.end);
                self.stack.pop();
            }
        }
    }
}

/// Writes one value, or the start of a large one.
struct Pen<'a> {
    encoder: Encoder<'a>,
    depth: usize,
}

impl Pen<'_> {
    /// Writes a value. Of a large one only the start; `list` says where it stands if it is a list.
    fn put(&mut self, kind: Kind, value: Ref<'_>, list: Option<At>) -> Option<Frame> {
        let start = self.encoder.out.len();
        if !is_long(value) && self.whole(kind, value, Some(levels(self.depth))) {
            return None;
        }
        self.encoder.out.truncate(start);
        match (value, list) {
            // A fault loses the wrapper in which it stands here.
            (Ref::Object(object), _) if !object.is::<LocalizedMethodFault>() => return Some(self.open_object(object)),
            (Ref::List(items), Some(at)) => return Some(self.open_list(kind, items.item_kind(), at)),
            _ => self.whole(kind, value, None),
        };
        None
    }

    /// Writes a value. Whether it is whole: with `levels`, one with a long list in as many is not.
    fn whole(&mut self, kind: Kind, value: Ref<'_>, levels: Option<usize>) -> bool {
        self.encoder.watch.look(levels);
        self.encoder.place(kind, value, false);
        !self.encoder.watch.is_long
    }

    fn item(&mut self, index: usize, kind: Kind, value: Ref<'_>) -> Option<Frame> {
        if index > 0 {
            self.encoder.raw(",");
        }
        self.put(kind, value, None)
    }

    fn open_object(&mut self, object: &Shared) -> Frame {
        let up = self.encoder.known_level(&**object);
        self.encoder.open(level(&**object, up).descriptor().name);
        Frame { at: At::Object(object.clone(), up), next: 0, kind: Kind::Any, end: "}" }
    }

    /// The start of a list; one that knows what its items are stands in a box if the place does not say it.
    fn open_list(&mut self, kind: Kind, item: Option<Kind>, at: At) -> Frame {
        match item.filter(|_| kind == Kind::Any) {
            Some(item) => {
                self.encoder.open_array(item);
                self.encoder.key(VALUE);
                self.encoder.raw("[");
                Frame { at, next: 0, kind: item, end: "]}" }
            }
            None => {
                self.encoder.raw("[");
                Frame { at, next: 0, kind, end: "]" }
            }
        }
    }
}
