//! Data objects behind one trait, and the shared pointer that holds them.

use std::{
    any::Any as StdAny,
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use crate::{Held, Ref, Slot, Type, eq::equal};

/// A shared data object of any type.
pub type Shared = Arc<dyn DataObject>;

/// A value of a generated type, seen by generic code.
pub trait DataObject: StdAny + Send + Sync {
    /// What the value is.
    fn descriptor(&self) -> &'static Type;
    /// The embedded base, whose fields come first on the wire.
    fn base(&self) -> Option<&dyn DataObject>;
    /// The embedded base, to be changed.
    fn base_mut(&mut self) -> Option<&mut dyn DataObject>;
    /// The value as what it is besides: itself, or the embedded base of exactly that type; none if it is no `of`.
    fn level(&self, of: &'static Type) -> Option<&dyn StdAny>;
    /// [`DataObject::level`], to be changed.
    fn level_mut(&mut self, of: &'static Type) -> Option<&mut dyn StdAny>;
    /// Own field `index`; [`Ref::Unset`] where it is unset or there is none.
    fn get(&self, index: usize) -> Ref<'_>;
    /// Own field `index`, to be changed.
    fn slot(&mut self, index: usize) -> Option<&mut dyn Slot>;
    /// A copy behind a new pointer; nested objects stay shared.
    fn clone_shared(&self) -> Shared;
    /// The group in which the object has its own fields [`Type::common`] with others; none if all of them are unset, or
    /// the type has no such group.
    fn common(&self) -> Option<&dyn Held> {
        None
    }
}

impl dyn DataObject {
    /// Whether the value is a `T` or a subtype of it.
    #[inline]
    pub fn is<T: DataType>(&self) -> bool {
        self.descriptor().is_a(T::TYPE)
    }

    /// Reads a field by wire name, own or inherited.
    pub fn field(&self, name: &str) -> Option<Ref<'_>> {
        let (up, index, _) = self.descriptor().field(name)?;
        let mut at = self;
        for _ in 0..up {
            at = at.base()?;
        }
        Some(at.get(index))
    }

    /// A field by wire name, own or inherited, to be changed.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut dyn Slot> {
        let (up, index, _) = self.descriptor().field(name)?;
        ancestor_mut(self, up)?.slot(index)
    }
}

fn ancestor_mut(object: &mut dyn DataObject, up: usize) -> Option<&mut dyn DataObject> {
    if up == 0 { Some(object) } else { ancestor_mut(object.base_mut()?, up - 1) }
}

impl fmt::Debug for dyn DataObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn fields(object: &dyn DataObject, out: &mut fmt::DebugStruct<'_, '_>) {
            if let Some(base) = object.base() {
                fields(base, out);
            }
            for (index, field) in object.descriptor().fields.iter().enumerate() {
                match object.get(index) {
                    Ref::Unset => {}
                    _ if field.secret => {
                        out.field(field.name, &"<secret>");
                    }
                    value => {
                        out.field(field.name, &value);
                    }
                }
            }
        }
        let mut out = f.debug_struct(self.descriptor().name);
        fields(self, &mut out);
        out.finish()
    }
}

/// A generated type.
pub trait DataType: DataObject + Default + Clone {
    /// Its descriptor.
    const TYPE: &'static Type;

    /// A value with what `fill` sets and everything else unset.
    fn with(fill: impl FnOnce(&mut Self)) -> Self {
        let mut value = Self::default();
        fill(&mut value);
        value
    }
}

/// Implemented by a type for itself and for each of its bases.
pub trait Extends<Base: DataType>: DataType {}

impl<T: DataType> Extends<T> for T {}

/// `object` as a `T`, if it is one or a subtype of one.
#[inline]
pub fn cast<T: DataType>(object: &dyn DataObject) -> Option<&T> {
    object.level(T::TYPE)?.downcast_ref()
}

/// `object` as a `T` to be changed, if it is one or a subtype of one.
#[inline]
pub fn cast_mut<T: DataType>(object: &mut dyn DataObject) -> Option<&mut T> {
    object.level_mut(T::TYPE)?.downcast_mut()
}

/// A shared, copy-on-write pointer to a `T` or any subtype of it.
///
/// Cloning shares; changing through [`DerefMut`] copies first if the object is shared.
pub struct Obj<T> {
    shared: Shared,
    base: PhantomData<fn() -> T>,
}

impl<T: DataType> Obj<T> {
    /// Wraps an object whose type is checked here.
    pub fn from_shared(shared: Shared) -> Result<Obj<T>, Shared> {
        if shared.descriptor().is_a(T::TYPE) { Ok(Obj { shared, base: PhantomData }) } else { Err(shared) }
    }

    /// The pointer without its static type.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The pointer without its static type, to be changed or replaced by generic code that keeps the type.
    pub(crate) fn object_mut(&mut self) -> &mut dyn DataObject {
        make_mut(&mut self.shared)
    }

    /// Gives up the static type.
    pub fn into_shared(self) -> Shared {
        self.shared
    }

    /// The same object, seen as a base.
    pub fn up<B: DataType>(self) -> Obj<B>
    where
        T: Extends<B>,
    {
        Obj { shared: self.shared, base: PhantomData }
    }

    /// The same object, seen as a subtype, if it is one.
    pub fn down<S: Extends<T>>(&self) -> Option<Obj<S>> {
        Obj::from_shared(self.shared.clone()).ok()
    }

    /// The content as a subtype, if it is one.
    pub fn cast<S: Extends<T>>(&self) -> Option<&S> {
        cast(&*self.shared)
    }

    /// The content as a subtype to be changed, if it is one.
    pub fn cast_mut<S: Extends<T>>(&mut self) -> Option<&mut S> {
        if !self.shared.is::<S>() {
            return None;
        }
        cast_mut(make_mut(&mut self.shared))
    }

    /// Whether the content is a `S`.
    pub fn is<S: Extends<T>>(&self) -> bool {
        self.shared.is::<S>()
    }

    /// Whether two pointers share one object.
    pub fn same(&self, other: &Obj<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Copy-on-write access to what a pointer holds.
pub(crate) fn make_mut(shared: &mut Shared) -> &mut dyn DataObject {
    if Arc::strong_count(shared) > 1 || Arc::weak_count(shared) > 0 {
        *shared = shared.clone_shared();
    }
    Arc::get_mut(shared).expect("a fresh copy has one owner")
}

impl<T: DataType> Deref for Obj<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        cast(&*self.shared).expect("the type was checked when the pointer was made")
    }
}

impl<T: DataType> DerefMut for Obj<T> {
    fn deref_mut(&mut self) -> &mut T {
        cast_mut(make_mut(&mut self.shared)).expect("the type was checked when the pointer was made")
    }
}

impl<T> Clone for Obj<T> {
    fn clone(&self) -> Self {
        Obj { shared: self.shared.clone(), base: PhantomData }
    }
}

impl<T: DataType> Default for Obj<T> {
    fn default() -> Self {
        Obj { shared: Arc::new(T::default()), base: PhantomData }
    }
}

impl<T: DataType, S: Extends<T>> From<S> for Obj<T> {
    fn from(value: S) -> Self {
        Obj { shared: Arc::new(value), base: PhantomData }
    }
}

impl<T> PartialEq for Obj<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) || equal(&*self.shared, &*other.shared)
    }
}

impl<T> fmt::Debug for Obj<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
