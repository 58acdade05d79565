//! A managed object as the world holds it.

use std::{any::Any, sync::Arc};

use vim25::{MoRef, Shared, Str, cast, cast_mut, managed_type};

/// A managed object: its reference and its properties.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its reference; the kind is the exact type of the content.
    pub moref: MoRef,
    /// Its properties: one of `vim25::mo`.
    pub content: Shared,
}

impl Object {
    /// Whether a reference of type `kind` may point here: the object's type is `kind` or a subtype of it.
    pub fn is_kind(&self, kind: &str) -> bool {
        let own = self.content.descriptor();
        own.name == kind || managed_type(kind).is_some_and(|asked| own.is_a(asked))
    }
}

/// An object with what the API has no property for.
#[derive(Clone)]
pub(crate) struct Entry {
    pub object: Object,
    pub private: Private,
}

impl Entry {
    pub fn new(id: Str, content: Shared, private: Private) -> Entry {
        let kind = Str::new_static(content.descriptor().name);
        Entry { object: Object { moref: MoRef { kind, id }, content }, private }
    }

    /// The properties as a `T`, to be changed: copied first if shared.
    pub fn content_mut<T: vim25::DataType>(&mut self) -> Option<&mut T> {
        let content = &mut self.object.content;
        if Arc::strong_count(content) > 1 || Arc::weak_count(content) > 0 {
            *content = content.clone_shared();
        }
        cast_mut(Arc::get_mut(content)?)
    }

    /// Whether both are of one type, so that their properties can be compared.
    pub fn is_like(&self, other: &Entry) -> bool {
        self.object.content.descriptor() == other.object.content.descriptor()
    }
}

/// The properties as a `T`.
pub(crate) fn content<T: vim25::DataType>(object: &Object) -> Option<&T> {
    cast(&*object.content)
}

/// Typed state of an object that the API has no property for: at most one value of each type. Few, and written seldom:
/// a list without room to spare.
#[derive(Clone, Default)]
pub(crate) struct Private(Box<[Arc<dyn Any + Send + Sync>]>);

impl Private {
    pub fn get<P: Any + Send + Sync>(&self) -> Option<&P> {
        self.0.iter().find_map(|value| value.downcast_ref())
    }

    /// Puts a value in the place of the one of its type, or behind all others.
    pub fn set<P: Any + Send + Sync>(&mut self, value: Arc<P>) {
        match self.place::<P>() {
            Some(place) => *place = value,
            None => {
                let known = std::mem::take(&mut self.0).into_iter();
                self.0 = known.chain([value as Arc<dyn Any + Send + Sync>]).collect();
            }
        }
    }

    pub fn get_mut<P: Any + Send + Sync + Clone>(&mut self) -> Option<&mut P> {
        let value = self.place::<P>()?;
        if Arc::get_mut(value).is_none() {
            *value = Arc::new(value.downcast_ref::<P>()?.clone());
        }
        Arc::get_mut(value)?.downcast_mut()
    }

    pub fn clear<P: Any>(&mut self) {
        self.0 = std::mem::take(&mut self.0).into_iter().filter(|value| !value.is::<P>()).collect();
    }

    fn place<P: Any>(&mut self) -> Option<&mut Arc<dyn Any + Send + Sync>> {
        self.0.iter_mut().find(|value| value.is::<P>())
    }

    /// Whether nothing was written since the two were one. Values are not compared: their types need no equality.
    pub fn same(&self, other: &Private) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}
