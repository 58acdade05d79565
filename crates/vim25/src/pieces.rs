//! Replies that are written piece by piece: what the two codecs share.
//!
//! A reply can be larger than anything that should be held in memory, and take longer to write than anybody else should
//! have to wait. [`soap::Pieces`](crate::soap::Pieces) and [`json::Pieces`](crate::json::Pieces) write as much as is asked
//! for and go on there later. A value is written at once, unless a long list is met on the way: then it is begun anew,
//! and stepped into. What they write is, joined, to the byte what the codec writes at once.

use std::sync::Arc;

use crate::{Any, AnyList, DataObject, Field, Kind, Ref, Shared, Type, Value};

pub(crate) mod repeats;

/// Lists longer than this are written in several steps. Tests of this crate step into nearly everything.
const LONG: usize = if cfg!(test) { 1 } else { 256 };
/// How deep in a value a long list is looked for.
const DEPTH: usize = 7;

/// What a reply is written from.
pub enum Source {
    /// A value that is there.
    Value(Box<dyn Value + Send>),
    /// Objects that are made while they are written.
    Objects(Objects),
}

/// A list of objects that are made one by one while they are written, so that they never are in memory together.
pub struct Objects {
    /// The object that holds the list, and in which of its fields; that field is empty here. Without a frame the list
    /// is the whole value.
    pub frame: Option<(Shared, &'static str)>,
    /// The objects.
    pub items: Box<dyn Iterator<Item = Shared> + Send>,
}

impl Source {
    /// A value that is there, such as what a method returned.
    pub fn value(value: impl Value + Send + 'static) -> Source {
        Source::Value(Box::new(value))
    }

    /// All of it at once: what would be made while it is written is made now.
    ///
    /// # Panics
    /// If the objects do not fit into the frame's field.
    pub fn whole(self) -> Box<dyn Value + Send> {
        let made = match self {
            Source::Value(value) => return value,
            Source::Objects(made) => made,
        };
        let list = Any::List(AnyList { item: Kind::Any, items: made.items.map(Any::Object).collect() });
        let Some((frame, field)) = made.frame else { return Box::new(list) };
        let mut object = frame.clone_shared();
        let slot = Arc::get_mut(&mut object).and_then(|object| object.field_mut(field));
        let filled = slot.map(|slot| slot.assign(list).is_ok());
        assert_eq!(filled, Some(true), "the field '{field}' of the frame takes the objects");
        Box::new(Any::Object(object))
    }
}

impl Objects {
    /// Whether the objects stand in this field of the frame.
    pub(crate) fn fill(&self, field: &Field) -> bool {
        self.frame.as_ref().is_some_and(|(_, list)| *list == field.name)
    }
}

/// In how many levels of a value a long list is looked for, in a place that is `depth` steps inside a reply.
pub(crate) fn levels(depth: usize) -> usize {
    DEPTH.saturating_sub(depth)
}

/// Whether a value is a list that is worth a step for each item.
pub(crate) fn is_long(value: Ref<'_>) -> bool {
    matches!(value, Ref::List(list) if list.len() > LONG)
}

/// Field `number` of an object, counted from the first one of its outermost base, with the type that declares it.
pub(crate) fn numbered(
    object: &dyn DataObject,
    number: usize,
) -> Result<(&'static Type, &'static Field, Ref<'_>), usize> {
    let number = match object.base() {
        None => number,
        Some(base) => match numbered(base, number) {
            Err(inherited) => number - inherited,
            found => return found,
        },
    };
    let ty = object.descriptor();
    match ty.fields.get(number) {
        Some(field) => Ok((ty, field, object.get(number))),
        // How many fields there are, the inherited ones included.
        None => Err(ty.lineage().map(|level| level.fields.len()).sum()),
    }
}

/// Item `index` of a list, if there is one.
pub(crate) fn item(list: Ref<'_>, index: usize) -> Option<Ref<'_>> {
    match list {
        Ref::List(list) if index < list.len() => Some(list.at(index)),
        _ => None,
    }
}

/// The object, or the base of it that is `up` levels above.
pub(crate) fn level(object: &dyn DataObject, up: usize) -> &dyn DataObject {
    (0..up).fold(object, |level, _| level.base().unwrap_or(level))
}

#[cfg(test)]
mod tests;
