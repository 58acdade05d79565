//! Fields that many objects of a type have in common.

use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// The fields of an object that mostly are the same in others of its type: one pointer in each object to values that its
/// copies share.
///
/// Reading goes through [`Deref`]. Changing copies the fields first if they are shared; so a change that is none is better
/// left out.
pub struct Common<T>(Option<Arc<T>>);

/// Implemented by the generated groups of fields.
pub trait Group: Clone + Default + PartialEq + Send + Sync + 'static {
    /// One with every field unset or at its default.
    fn blank() -> &'static Self;
}

/// Something that has several owners, whatever it is.
pub trait Held {
    /// Where it stands: no two things stand at the same place while both are held.
    fn address(&self) -> usize;
    /// How many owners it had a moment ago.
    fn owners(&self) -> usize;
    /// One more owner.
    fn hold(&self) -> Box<dyn Any + Send + Sync>;
}

impl<T: ?Sized + Send + Sync + 'static> Held for Arc<T> {
    fn address(&self) -> usize {
        Arc::as_ptr(self).addr()
    }

    fn owners(&self) -> usize {
        Arc::strong_count(self)
    }

    fn hold(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.clone())
    }
}

impl<T: Group> Common<T> {
    /// The group as something that can be held; none if every field is unset.
    pub fn held(&self) -> Option<&dyn Held> {
        self.0.as_ref().map(|group| group as &dyn Held)
    }

    /// Whether both share their fields.
    pub fn same(&self, other: &Common<T>) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl<T: Group> Deref for Common<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Some(fields) => fields,
            None => T::blank(),
        }
    }
}

impl<T: Group> DerefMut for Common<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl<T> Clone for Common<T> {
    fn clone(&self) -> Self {
        Common(self.0.clone())
    }
}

impl<T> Default for Common<T> {
    fn default() -> Self {
        Common(None)
    }
}

impl<T> From<T> for Common<T> {
    fn from(fields: T) -> Self {
        Common(Some(Arc::new(fields)))
    }
}

impl<T: Group> PartialEq for Common<T> {
    fn eq(&self, other: &Self) -> bool {
        self.same(other) || **self == **other
    }
}

impl<T: Group + fmt::Debug> fmt::Debug for Common<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
