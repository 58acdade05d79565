//! Lists of references that objects hold: short ones plain, long ones persistent.

use std::{fmt, slice};

use imbl::{Vector, vector};

use crate::{Any, Kind, List, ListMut, MoRef, Ref, Slot, Value};

/// A list up to this length is copied faster than it is shared.
const FEW: usize = 32;

/// References to managed objects, as objects hold them: the machines of a host or a pool, the children of a folder.
///
/// A list may have as many items as the inventory has objects, and every state of the world has its own. So the clone of
/// a long list shares what both have, equality of clones is seen without looking at the items, and adding or removing one
/// item costs the logarithm of the length (finding the item that is to be removed costs the length).
#[derive(Clone)]
pub struct MoRefs(Repr);

#[derive(Clone)]
enum Repr {
    Few(Vec<MoRef>),
    Many(Box<Vector<MoRef>>),
}

impl MoRefs {
    /// An empty list.
    pub const fn new() -> MoRefs {
        MoRefs(Repr::Few(Vec::new()))
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Few(few) => few.len(),
            Repr::Many(many) => many.len(),
        }
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Item `index`.
    pub fn get(&self, index: usize) -> Option<&MoRef> {
        match &self.0 {
            Repr::Few(few) => few.get(index),
            Repr::Many(many) => many.get(index),
        }
    }

    /// The first item.
    pub fn first(&self) -> Option<&MoRef> {
        self.get(0)
    }

    /// The last item.
    pub fn last(&self) -> Option<&MoRef> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The items, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(match &self.0 {
            Repr::Few(few) => IterRepr::Few(few.iter()),
            Repr::Many(many) => IterRepr::Many(many.iter()),
        })
    }

    /// Whether an item is in the list.
    pub fn contains(&self, item: &MoRef) -> bool {
        self.iter().any(|known| known == item)
    }

    /// The items as a vector.
    pub fn to_vec(&self) -> Vec<MoRef> {
        self.iter().cloned().collect()
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: MoRef) {
        match &mut self.0 {
            Repr::Few(few) if few.len() < FEW => few.push(item),
            Repr::Few(few) => {
                let mut many: Vector<MoRef> = std::mem::take(few).into();
                many.push_back(item);
                self.0 = Repr::Many(many.into());
            }
            Repr::Many(many) => many.push_back(item),
        }
    }

    /// Removes the item at `index`.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove_at(&mut self, index: usize) -> MoRef {
        match &mut self.0 {
            Repr::Few(few) => few.remove(index),
            Repr::Many(many) => many.remove(index),
        }
    }

    /// Removes the first item that equals `item`. Whether there was one.
    pub fn remove(&mut self, item: &MoRef) -> bool {
        let at = self.iter().position(|known| known == item);
        at.map(|at| self.remove_at(at)).is_some()
    }

    /// Keeps the items for which `keep` is true. A list that keeps all stays the same.
    pub fn retain(&mut self, mut keep: impl FnMut(&MoRef) -> bool) {
        match &mut self.0 {
            Repr::Few(few) => few.retain(keep),
            Repr::Many(many) => {
                let gone: Vec<usize> =
                    many.iter().enumerate().filter(|(_, item)| !keep(item)).map(|(at, _)| at).collect();
                if gone.len() <= FEW {
                    gone.into_iter().rev().for_each(|at| drop(many.remove(at)));
                } else {
                    let mut gone = gone.into_iter().peekable();
                    let kept = many.iter().enumerate().filter(|(at, _)| gone.next_if_eq(at).is_none());
                    *self = kept.map(|(_, item)| item.clone()).collect();
                }
            }
        }
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut MoRef> {
        match &mut self.0 {
            Repr::Few(few) => few.get_mut(index),
            Repr::Many(many) => many.get_mut(index),
        }
    }
}

impl Default for MoRefs {
    fn default() -> MoRefs {
        MoRefs::new()
    }
}

/// No references: so that an unset list reads as an empty one.
impl Default for &MoRefs {
    fn default() -> Self {
        static NONE: MoRefs = MoRefs::new();
        &NONE
    }
}

impl PartialEq for MoRefs {
    fn eq(&self, other: &MoRefs) -> bool {
        match (&self.0, &other.0) {
            (Repr::Many(a), Repr::Many(b)) if a.ptr_eq(b) => true,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Eq for MoRefs {}

impl PartialEq<[MoRef]> for MoRefs {
    fn eq(&self, other: &[MoRef]) -> bool {
        self.len() == other.len() && self.iter().eq(other)
    }
}

impl PartialEq<Vec<MoRef>> for MoRefs {
    fn eq(&self, other: &Vec<MoRef>) -> bool {
        *self == **other
    }
}

impl fmt::Debug for MoRefs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl std::ops::Index<usize> for MoRefs {
    type Output = MoRef;

    fn index(&self, index: usize) -> &MoRef {
        self.get(index).expect("an index of the list")
    }
}

impl From<Vec<MoRef>> for MoRefs {
    fn from(items: Vec<MoRef>) -> MoRefs {
        MoRefs(match items.len() <= FEW {
            true => Repr::Few(items),
            false => Repr::Many(Box::new(items.into())),
        })
    }
}

impl<const N: usize> From<[MoRef; N]> for MoRefs {
    fn from(items: [MoRef; N]) -> MoRefs {
        Vec::from(items).into()
    }
}

impl FromIterator<MoRef> for MoRefs {
    fn from_iter<I: IntoIterator<Item = MoRef>>(items: I) -> MoRefs {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl Extend<MoRef> for MoRefs {
    fn extend<I: IntoIterator<Item = MoRef>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

/// The items of [`MoRefs`], in order.
#[derive(Clone)]
pub struct Iter<'a>(IterRepr<'a>);

#[derive(Clone)]
enum IterRepr<'a> {
    Few(slice::Iter<'a, MoRef>),
    Many(vector::Iter<'a, MoRef, imbl::shared_ptr::DefaultSharedPtr>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a MoRef;

    fn next(&mut self) -> Option<&'a MoRef> {
        match &mut self.0 {
            IterRepr::Few(few) => few.next(),
            IterRepr::Many(many) => many.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            IterRepr::Few(few) => few.size_hint(),
            IterRepr::Many(many) => many.size_hint(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            IterRepr::Few(few) => few.next_back(),
            IterRepr::Many(many) => many.next_back(),
        }
    }
}

impl<'a> IntoIterator for &'a MoRefs {
    type Item = &'a MoRef;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Value for MoRefs {
    fn read(&self) -> Ref<'_> {
        Ref::List(self)
    }
}

impl Value for Option<MoRefs> {
    fn read(&self) -> Ref<'_> {
        self.as_ref().map_or(Ref::Unset, |list| Ref::List(list))
    }
}

impl List for MoRefs {
    fn len(&self) -> usize {
        MoRefs::len(self)
    }

    fn at(&self, index: usize) -> Ref<'_> {
        Ref::MoRef(&self[index])
    }

    fn item_kind(&self) -> Option<Kind> {
        Some(Kind::MoRef("ManagedObject"))
    }

    fn morefs(&self) -> Option<&MoRefs> {
        Some(self)
    }
}

impl ListMut for MoRefs {
    fn len(&self) -> usize {
        MoRefs::len(self)
    }

    fn push(&mut self, value: Any) -> Result<(), Any> {
        match value {
            Any::MoRef(item) => {
                MoRefs::push(self, item);
                Ok(())
            }
            other => Err(other),
        }
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Slot> {
        self.get_mut(index).map(|item| item as &mut dyn Slot)
    }

    fn remove(&mut self, index: usize) {
        self.remove_at(index);
    }

    fn as_list(&self) -> &dyn List {
        self
    }
}

fn taken(value: Any) -> Result<MoRefs, Any> {
    match value {
        Any::MoRefs(list) => Ok(list),
        Any::List(list) if list.items.iter().all(|item| matches!(item, Any::MoRef(_))) => {
            let moref = |item| if let Any::MoRef(moref) = item { Some(moref) } else { None };
            Ok(list.items.into_iter().filter_map(moref).collect())
        }
        other => Err(other),
    }
}

impl Slot for MoRefs {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        *self = taken(value)?;
        Ok(())
    }

    fn clear(&mut self) {
        *self = MoRefs::new();
    }

    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        Some(self)
    }
}

impl Slot for Option<MoRefs> {
    fn assign(&mut self, value: Any) -> Result<(), Any> {
        *self = Some(taken(value)?);
        Ok(())
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn list_mut(&mut self) -> Option<&mut dyn ListMut> {
        Some(self.get_or_insert_default())
    }
}

impl IntoIterator for MoRefs {
    type Item = MoRef;
    type IntoIter = std::vec::IntoIter<MoRef>;

    fn into_iter(self) -> Self::IntoIter {
        match self.0 {
            Repr::Few(few) => few,
            Repr::Many(many) => many.into_iter().collect(),
        }
        .into_iter()
    }
}
