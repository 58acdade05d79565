//! Structural equality over descriptors.

use std::sync::Arc;

use crate::{DataObject, Held, List, Ref};

/// Whether two objects have the same type and the same content.
pub fn equal(a: &dyn DataObject, b: &dyn DataObject) -> bool {
    a.descriptor() == b.descriptor() && levels_equal(a, b)
}

fn levels_equal(a: &dyn DataObject, b: &dyn DataObject) -> bool {
    let bases = match (a.base(), b.base()) {
        (Some(x), Some(y)) => levels_equal(x, y),
        _ => true,
    };
    bases && unshared(a, b).all(|i| a.get(i) == b.get(i))
}

/// Indices of the own fields of `a` that may differ in `b`, an object of the same type: all but those of a group that both
/// share.
pub fn unshared(a: &dyn DataObject, b: &dyn DataObject) -> impl Iterator<Item = usize> {
    let ty = a.descriptor();
    let place = |object: &dyn DataObject| object.common().map(Held::address);
    let shared = if !ty.common.is_empty() && place(a) == place(b) { ty.common } else { &[] };
    (0..ty.fields.len()).filter(move |index| !shared.iter().any(|run| run.contains(index)))
}

fn lists_equal(a: &dyn List, b: &dyn List) -> bool {
    // One list, which two objects share.
    if std::ptr::addr_eq(a, b) {
        return true;
    }
    match (a.morefs(), b.morefs()) {
        (Some(a), Some(b)) => a == b,
        _ => a.len() == b.len() && (0..a.len()).all(|i| a.at(i) == b.at(i)),
    }
}

impl PartialEq for Ref<'_> {
    fn eq(&self, other: &Ref<'_>) -> bool {
        match (*self, *other) {
            (Ref::Unset, Ref::Unset) => true,
            (Ref::Bool(a), Ref::Bool(b)) => a == b,
            (Ref::Byte(a), Ref::Byte(b)) => a == b,
            (Ref::Short(a), Ref::Short(b)) => a == b,
            (Ref::Int(a), Ref::Int(b)) => a == b,
            (Ref::Long(a), Ref::Long(b)) => a == b,
            (Ref::Float(a), Ref::Float(b)) => a.to_bits() == b.to_bits(),
            (Ref::Double(a), Ref::Double(b)) => a.to_bits() == b.to_bits(),
            (Ref::Str(a), Ref::Str(b)) | (Ref::Uri(a), Ref::Uri(b)) => a == b,
            (Ref::DateTime(a), Ref::DateTime(b)) => a == b,
            (Ref::Binary(a), Ref::Binary(b)) => a == b,
            (Ref::MoRef(a), Ref::MoRef(b)) => a == b,
            (Ref::Enum(t, a), Ref::Enum(u, b)) => std::ptr::eq(t, u) && a == b,
            (Ref::Object(a), Ref::Object(b)) => Arc::ptr_eq(a, b) || equal(&**a, &**b),
            (Ref::List(a), Ref::List(b)) => lists_equal(a, b),
            _ => false,
        }
    }
}
