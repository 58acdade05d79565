//! Which field an element is: a type's fields in the order of the wire, with a cursor that follows the document.

use crate::{DataObject, Field, Slot, Type};

/// Types extend each other at most this often.
const LEVELS: usize = 16;
/// A type has at most this many fields, inherited ones included.
const FIELDS: usize = 256;

/// The fields of one object while it is read.
pub(super) struct Layout {
    /// The type and its bases, the furthest base first.
    levels: [&'static Type; LEVELS],
    count: usize,
    /// Where the last element was found: elements come in this order, so the next one is not far.
    level: usize,
    index: usize,
    /// Number of the first field of `level`.
    first: usize,
    seen: [u64; FIELDS / 64],
}

/// A field that an element was found to be.
pub(super) struct Found {
    pub field: &'static Field,
    /// Whether an element for it has been read before.
    pub repeated: bool,
    up: usize,
    index: usize,
    number: usize,
}

impl Layout {
    pub fn new(ty: &'static Type) -> Layout {
        let mut levels = [ty; LEVELS];
        let count = ty.lineage().count().min(LEVELS);
        for (i, level) in ty.lineage().take(count).enumerate() {
            levels[count - 1 - i] = level;
        }
        Layout { levels, count, level: 0, index: 0, first: 0, seen: [0; FIELDS / 64] }
    }

    /// The field named `name`: searched from the last one found to the end, then from the start.
    pub fn find(&mut self, name: &str) -> Option<Found> {
        self.find_onward(name).or_else(|| {
            (self.level, self.index, self.first) = (0, 0, 0);
            self.find_onward(name)
        })
    }

    fn find_onward(&mut self, name: &str) -> Option<Found> {
        let (mut level, mut index, mut first) = (self.level, self.index, self.first);
        while level < self.count {
            let fields = self.levels[level].fields;
            if let Some(ahead) = fields[index..].iter().position(|f| f.name == name) {
                index += ahead;
                (self.level, self.index, self.first) = (level, index, first);
                let number = first + index;
                let repeated = self.is_seen(number);
                return Some(Found { field: &fields[index], repeated, up: self.count - 1 - level, index, number });
            }
            first += fields.len();
            (level, index) = (level + 1, 0);
        }
        None
    }

    /// Notes that the field has a value.
    pub fn mark(&mut self, found: &Found) {
        if let Some(word) = self.seen.get_mut(found.number / 64) {
            *word |= 1 << (found.number % 64);
        }
    }

    /// The first required field without a value. A required list may be empty.
    pub fn missing(&self) -> Option<&'static Field> {
        let fields = self.levels[..self.count].iter().flat_map(|t| t.fields);
        fields.enumerate().find(|(n, f)| !f.optional && !f.list && !self.is_seen(*n)).map(|(_, f)| f)
    }

    fn is_seen(&self, number: usize) -> bool {
        self.seen.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}

impl Found {
    /// The field in `object`, which is of the layout's type.
    pub fn slot<'o>(&self, object: &'o mut dyn DataObject) -> &'o mut dyn Slot {
        level(object, self.up).slot(self.index).expect("descriptor and object have the same fields")
    }
}

fn level(object: &mut dyn DataObject, up: usize) -> &mut dyn DataObject {
    match up {
        0 => object,
        _ => level(object.base_mut().expect("descriptor and object have the same bases"), up - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{all_managed, all_types, type_named};

    #[test]
    fn every_type_fits() {
        let methods = all_managed().iter().flat_map(|t| t.methods).map(|m| m.params);
        for ty in all_types().iter().copied().chain(methods) {
            assert!(ty.lineage().count() <= LEVELS && ty.all_fields().len() <= FIELDS, "{}", ty.name);
        }
    }

    #[test]
    fn fields_are_found_in_any_order() {
        let ty = type_named("VirtualVmxnet3").unwrap();
        let mut names: Vec<&str> = ty.all_fields().iter().map(|f| f.name).collect();
        for _ in 0..2 {
            let mut layout = Layout::new(ty);
            for name in &names {
                let found = layout.find(name).unwrap();
                assert!(found.field.name == *name && !found.repeated);
                layout.mark(&found);
                assert!(layout.find(name).unwrap().repeated);
            }
            assert!(layout.missing().is_none() && layout.find("nonsense").is_none());
            names.reverse();
        }
        assert_eq!(Layout::new(ty).missing().unwrap().name, "key");
    }
}
