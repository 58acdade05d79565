//! Values whose type is known only at run time.

use std::fmt;

use crate::{DataType, DateTime, EnumType, EnumValue, Kind, MoRef, MoRefs, Obj, Shared, Str, equal};

/// A value in a place of type `anyType`, or on its way into a field.
#[derive(Clone)]
pub enum Any {
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
    Str(Str),
    /// `xsd:anyURI`
    Uri(Str),
    /// `xsd:dateTime`
    DateTime(DateTime),
    /// `xsd:base64Binary`
    Binary(Binary),
    /// A reference to a managed object.
    MoRef(MoRef),
    /// A value of an enum.
    Enum(&'static EnumType, Str),
    /// A data object.
    Object(Shared),
    /// A list (`ArrayOf…`).
    List(AnyList),
    /// A list of references (`ArrayOfManagedObjectReference`) that clones share. It equals an [`Any::List`] of the same.
    MoRefs(MoRefs),
}

/// A list whose item type is known only at run time.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyList {
    /// Declared type of the items: names the list on the wire (`ArrayOfVirtualDevice`).
    pub item: Kind,
    /// The items.
    pub items: Vec<Any>,
}

/// Bytes (`xsd:base64Binary`).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Binary(pub Vec<u8>);

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl Any {
    /// A data object.
    pub fn object(value: impl DataType) -> Any {
        Any::Object(std::sync::Arc::new(value))
    }

    /// A list of data objects.
    pub fn objects<T: DataType>(items: impl IntoIterator<Item = Obj<T>>) -> Any {
        let items = items.into_iter().map(|o| Any::Object(o.into_shared())).collect();
        Any::List(AnyList { item: Kind::Object(T::TYPE), items })
    }

    /// The text of a string, enum value or URI.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Any::Str(s) | Any::Uri(s) | Any::Enum(_, s) => Some(s),
            _ => None,
        }
    }

    /// The content as a data object of type `T`.
    pub fn as_object<T: DataType>(&self) -> Option<&T> {
        match self {
            Any::Object(o) => crate::cast(&**o),
            _ => None,
        }
    }
}

impl fmt::Debug for Any {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Any::Object(o) => o.fmt(f),
            Any::List(l) => f.debug_list().entries(&l.items).finish(),
            other => crate::Value::read(other).fmt(f),
        }
    }
}

impl PartialEq for Any {
    fn eq(&self, other: &Any) -> bool {
        match (self, other) {
            (Any::Bool(a), Any::Bool(b)) => a == b,
            (Any::Byte(a), Any::Byte(b)) => a == b,
            (Any::Short(a), Any::Short(b)) => a == b,
            (Any::Int(a), Any::Int(b)) => a == b,
            (Any::Long(a), Any::Long(b)) => a == b,
            (Any::Float(a), Any::Float(b)) => a.to_bits() == b.to_bits(),
            (Any::Double(a), Any::Double(b)) => a.to_bits() == b.to_bits(),
            (Any::Str(a), Any::Str(b)) | (Any::Uri(a), Any::Uri(b)) => a == b,
            (Any::DateTime(a), Any::DateTime(b)) => a == b,
            (Any::Binary(a), Any::Binary(b)) => a == b,
            (Any::MoRef(a), Any::MoRef(b)) => a == b,
            (Any::Enum(t, a), Any::Enum(u, b)) => std::ptr::eq(*t, *u) && a == b,
            (Any::Object(a), Any::Object(b)) => std::sync::Arc::ptr_eq(a, b) || equal(&**a, &**b),
            (Any::List(a), Any::List(b)) => a == b,
            (Any::MoRefs(a), Any::MoRefs(b)) => a == b,
            (Any::MoRefs(_), Any::List(_)) | (Any::List(_), Any::MoRefs(_)) => {
                crate::Value::read(self) == crate::Value::read(other)
            }
            _ => false,
        }
    }
}

/// `Any` where nothing has been set yet: the empty string.
impl Default for Any {
    fn default() -> Any {
        Any::Str(Str::default())
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident),+) => {$(
        impl From<$source> for Any {
            fn from(value: $source) -> Any {
                Any::$variant(value.into())
            }
        }
    )+};
}

from!(bool => Bool, i8 => Byte, i16 => Short, i32 => Int, i64 => Long, f32 => Float, f64 => Double, Str => Str,
    &str => Str, String => Str, DateTime => DateTime, Binary => Binary, MoRef => MoRef,
    MoRefs => MoRefs);

impl<T: DataType> From<Obj<T>> for Any {
    fn from(value: Obj<T>) -> Any {
        Any::Object(value.into_shared())
    }
}

impl Any {
    /// A value of an enum.
    pub fn of_enum<E: EnumValue>(value: &E) -> Any {
        Any::Enum(E::TYPE, value.as_str().into())
    }
}
