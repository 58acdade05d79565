//! Fields as generic code sees them: [`Ref`] to read, [`Slot`] to change.

use std::fmt;

use crate::{Any, AnyList, Binary, DataObject, DataType, DateTime, EnumType, Kind, MoRef, MoRefs, Obj, Shared, Str};

/// The content of a field, borrowed.
#[derive(Clone, Copy)]
pub enum Ref<'a> {
    /// An optional field without a value.
    Unset,
    /// `xsd:boolean`
    Bool(bool),
    /// `xsd:byte`
    Byte(i8),
    /// `xsd:short`
    Short(i16),
    /// `xsd:int`
    Int(i32),
    /// `xsd:long`
    Long(i64),
    /// `xsd:float`
    Float(f32),
    /// `xsd:double`
    Double(f64),
    /// `xsd:string`
    Str(&'a Str),
    /// `xsd:anyURI`
    Uri(&'a Str),
    /// `xsd:dateTime`
    DateTime(DateTime),
    /// `xsd:base64Binary`
    Binary(&'a Binary),
    /// A reference to a managed object.
    MoRef(&'a MoRef),
    /// A value of an enum.
    Enum(&'static EnumType, &'a str),
    /// A data object.
    Object(&'a Shared),
    /// A list.
    List(&'a dyn List),
}

/// A list, borrowed.
pub trait List {
    /// Number of items.
    fn len(&self) -> usize;
    /// Item `index`; the index is below `len`.
    fn at(&self, index: usize) -> Ref<'_>;
    /// The declared kind of the items, of a list in a place of type `anyType`. Elsewhere the field says it.
    fn item_kind(&self) -> Option<Kind> {
        None
    }
    /// The list itself where it is one that clones share.
    fn morefs(&self) -> Option<&MoRefs> {
        None
    }
    /// Whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Ref<'a> {
    /// An owned copy; objects and [`MoRefs`] stay shared. `kind` is the declared kind of the field, needed for lists. None if unset.
    pub fn to_any(self, kind: Kind) -> Option<Any> {
        Some(match self {
            Ref::Unset => return None,
            Ref::Bool(v) => Any::Bool(v),
            Ref::Byte(v) => Any::Byte(v),
            Ref::Short(v) => Any::Short(v),
            Ref::Int(v) => Any::Int(v),
            Ref::Long(v) => Any::Long(v),
            Ref::Float(v) => Any::Float(v),
            Ref::Double(v) => Any::Double(v),
            Ref::Str(v) => Any::Str(v.clone()),
            Ref::Uri(v) => Any::Uri(v.clone()),
            Ref::DateTime(v) => Any::DateTime(v),
            Ref::Binary(v) => Any::Binary(v.clone()),
            Ref::MoRef(v) => Any::MoRef(v.clone()),
            Ref::Enum(t, v) => Any::Enum(t, v.into()),
            Ref::Object(v) => Any::Object(v.clone()),
            Ref::List(v) => match v.morefs() {
                Some(list) => Any::MoRefs(list.clone()),
                None => {
                    let item = v.item_kind().unwrap_or(kind);
                    let items = (0..v.len()).filter_map(|i| v.at(i).to_any(item)).collect();
                    Any::List(AnyList { item, items })
                }
            },
        })
    }

    /// Whether the field has no value.
    pub fn is_unset(&self) -> bool {
        matches!(self, Ref::Unset)
    }

    /// The text of a string, enum value or URI.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Ref::Str(s) | Ref::Uri(s) => Some(s),
            Ref::Enum(_, s) => Some(s),
            _ => None,
        }
    }
}

impl fmt::Debug for Ref<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ref::Unset => f.write_str("unset"),
            Ref::Bool(v) => v.fmt(f),
            Ref::Byte(v) => v.fmt(f),
            Ref::Short(v) => v.fmt(f),
            Ref::Int(v) => v.fmt(f),
            Ref::Long(v) => v.fmt(f),
            Ref::Float(v) => v.fmt(f),
            Ref::Double(v) => v.fmt(f),
            Ref::Str(v) | Ref::Uri(v) => v.fmt(f),
            Ref::DateTime(v) => v.fmt(f),
            Ref::Binary(v) => v.fmt(f),
            Ref::MoRef(v) => v.fmt(f),
            Ref::Enum(_, v) => f.write_str(v),
            Ref::Object(v) => v.fmt(f),
            Ref::List(v) => f.debug_list().entries((0..v.len()).map(|i| v.at(i))).finish(),
        }
    }
}

/// Anything that can be a field.
pub trait Value {
    /// The content.
    fn read(&self) -> Ref<'_>;
}

/// A field, to be changed by generic code.
pub trait Slot {
    /// Sets the content. A value of another type comes back as the error. A list takes an [`Any::List`], one of
    /// references also an [`Any::MoRefs`].
    fn assign(&mut self, value: Any) -> Result<(), Any>;
    /// Unsets an optional field, empties a required list, and resets any other required field to its default.
    fn clear(&mut self);
    /// The object in the field, to be changed in place (copied first if shared).
    fn object_mut(&mut self) -> Option<&mut dyn DataObject> {
        None
    }
    /// The list in the field, to be changed in place. An unset optional list becomes an empty one.
    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        None
    }
}

/// A list, to be changed by generic code.
pub trait ListMut {
    /// Number of items.
    fn len(&self) -> usize;
    /// Whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Adds an item. A value of another type comes back as the error.
    fn push(&mut self, value: Any) -> Result<(), Any>;
    /// Item `index`, to be changed.
    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Slot>;
    /// Removes item `index`, which exists.
    fn remove(&mut self, index: usize);
    /// The same list, to be read.
    fn as_list(&self) -> &dyn List;
}

/// A single value: what stands alone, in an `Option`, or in a `Vec`.
pub trait Scalar: Clone + Default + 'static {
    /// The content.
    fn to_ref(&self) -> Ref<'_>;
    /// Takes the value if it is of this type.
    fn from_any(value: Any) -> Result<Self, Any>;
    /// The object to be changed in place, where this is one.
    fn inner_mut(&mut self) -> Option<&mut dyn DataObject> {
        None
    }
    /// The list to be changed in place, where this is one: only an `Any` can be.
    fn inner_list(&mut self) -> Option<&mut dyn ListMut> {
        None
    }
}

impl<T: Scalar> Value for T {
    fn read(&self) -> Ref<'_> {
        self.to_ref()
    }
}

impl<T: Scalar> Value for Option<T> {
    fn read(&self) -> Ref<'_> {
        self.as_ref().map_or(Ref::Unset, Scalar::to_ref)
    }
}

impl<T: Scalar> Value for Vec<T> {
    fn read(&self) -> Ref<'_> {
        Ref::List(self)
    }
}

impl<T: Scalar> Value for Option<Vec<T>> {
    fn read(&self) -> Ref<'_> {
        self.as_ref().map_or(Ref::Unset, |v| Ref::List(v))
    }
}

impl Value for () {
    fn read(&self) -> Ref<'_> {
        Ref::Unset
    }
}

impl<T: Scalar> List for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn at(&self, index: usize) -> Ref<'_> {
        self[index].to_ref()
    }
}

impl List for AnyList {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn at(&self, index: usize) -> Ref<'_> {
        self.items[index].to_ref()
    }

    fn item_kind(&self) -> Option<Kind> {
        Some(self.item)
    }
}

impl<T: Scalar> Slot for T {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        *self = T::from_any(value)?;
        Ok(())
    }

    fn clear(&mut self) {
        *self = T::default();
    }

    fn object_mut(&mut self) -> Option<&mut dyn DataObject> {
        self.inner_mut()
    }

    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        self.inner_list()
    }
}

impl<T: Scalar> Slot for Option<T> {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        *self = Some(T::from_any(value)?);
        Ok(())
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn object_mut(&mut self) -> Option<&mut dyn DataObject> {
        self.as_mut()?.inner_mut()
    }

    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        self.as_mut()?.inner_list()
    }
}

impl<T: Scalar> Slot for Vec<T> {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        *self = items_from(value)?;
        Ok(())
    }

    fn clear(&mut self) {
        Vec::clear(self);
    }

    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        Some(self)
    }
}

impl<T: Scalar> Slot for Option<Vec<T>> {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        *self = Some(items_from(value)?);
        Ok(())
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        Some(self.get_or_insert_with(Vec::new))
    }
}

/// What a method without a result returns: there is nothing to set.
impl Slot for () {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        Err(value)
    }

    fn clear(&mut self) {}
}

fn items_from<T: Scalar>(value: Any) -> Result<Vec<T>, Any> {
    match value {
        Any::List(list) => list.items.into_iter().map(T::from_any).collect(),
        Any::MoRefs(list) => list.iter().cloned().map(Any::MoRef).map(T::from_any).collect(),
        other => Err(other),
    }
}

impl<T: Scalar> ListMut for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn push(&mut self, value: Any) -> Result<(), Any> {
        Vec::push(self, T::from_any(value)?);
        Ok(())
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Slot> {
        self.get_mut(index).map(|item| item as &mut dyn Slot)
    }

    fn remove(&mut self, index: usize) {
        Vec::remove(self, index);
    }

    fn as_list(&self) -> &dyn List {
        self
    }
}

impl ListMut for AnyList {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn push(&mut self, value: Any) -> Result<(), Any> {
        self.items.push(value);
        Ok(())
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Slot> {
        self.items.get_mut(index).map(|item| item as &mut dyn Slot)
    }

    fn remove(&mut self, index: usize) {
        self.items.remove(index);
    }

    fn as_list(&self) -> &dyn List {
        self
    }
}

macro_rules! scalars {
    ($($rust:ty: $variant:ident $copy:tt),+ $(,)?) => {$(
        impl Scalar for $rust {
            fn to_ref(&self) -> Ref<'_> {
                Ref::$variant(scalars!($copy self))
            }

            fn from_any(value: Any) -> Result<Self, Any> {
                match value {
                    Any::$variant(inner) => Ok(inner),
                    other => Err(other),
                }
            }
        }
    )+};
    (copy $value:ident) => { *$value };
    (by_ref $value:ident) => { $value };
}

scalars!(bool: Bool copy, i8: Byte copy, i16: Short copy, i32: Int copy, i64: Long copy, f32: Float copy,
    f64: Double copy, DateTime: DateTime copy, Binary: Binary by_ref, MoRef: MoRef by_ref);

impl Scalar for Str {
    fn to_ref(&self) -> Ref<'_> {
        Ref::Str(self)
    }

    fn from_any(value: Any) -> Result<Self, Any> {
        match value {
            Any::Str(text) | Any::Uri(text) => Ok(text),
            other => Err(other),
        }
    }
}

impl Scalar for Any {
    fn to_ref(&self) -> Ref<'_> {
        match self {
            Any::Bool(v) => Ref::Bool(*v),
            Any::Byte(v) => Ref::Byte(*v),
            Any::Short(v) => Ref::Short(*v),
            Any::Int(v) => Ref::Int(*v),
            Any::Long(v) => Ref::Long(*v),
            Any::Float(v) => Ref::Float(*v),
            Any::Double(v) => Ref::Double(*v),
            Any::Str(v) => Ref::Str(v),
            Any::Uri(v) => Ref::Uri(v),
            Any::DateTime(v) => Ref::DateTime(*v),
            Any::Binary(v) => Ref::Binary(v),
            Any::MoRef(v) => Ref::MoRef(v),
            Any::Enum(t, v) => Ref::Enum(t, v),
            Any::Object(v) => Ref::Object(v),
            Any::List(v) => Ref::List(v),
            Any::MoRefs(v) => Ref::List(v),
        }
    }

    fn from_any(value: Any) -> Result<Self, Any> {
        Ok(value)
    }

    fn inner_mut(&mut self) -> Option<&mut dyn DataObject> {
        match self {
            Any::Object(shared) => Some(crate::obj::make_mut(shared)),
            _ => None,
        }
    }

    fn inner_list(&mut self) -> Option<&mut dyn ListMut> {
        match self {
            Any::List(list) => Some(list),
            Any::MoRefs(list) => Some(list),
            _ => None,
        }
    }
}

impl<T: DataType> Scalar for Obj<T> {
    fn to_ref(&self) -> Ref<'_> {
        Ref::Object(self.shared())
    }

    fn from_any(value: Any) -> Result<Self, Any> {
        match value {
            Any::Object(shared) => Obj::from_shared(shared).map_err(Any::Object),
            other => Err(other),
        }
    }

    fn inner_mut(&mut self) -> Option<&mut dyn DataObject> {
        Some(self.object_mut())
    }
}

/// A generated enum. Values that the schema does not know are kept.
pub trait EnumValue: Clone + Default + 'static {
    /// Its descriptor.
    const TYPE: &'static EnumType;
    /// The value as on the wire.
    fn as_str(&self) -> &str;
    /// The value from the wire.
    fn from_wire(text: Str) -> Self;
}
