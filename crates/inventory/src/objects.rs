//! The objects of a world, by id.

use std::{cmp::Ordering, sync::Arc};

use equivalent::{Comparable, Equivalent};
use imbl::OrdMap;
use vim25::Str;

use crate::object::Entry;

/// Objects by id. A tree of sorted nodes takes a third of the room of a persistent hash map, whose nodes are mostly empty.
#[derive(Clone, Default)]
pub(crate) struct Objects(OrdMap<Id, Arc<Entry>>);

impl Objects {
    /// The object with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        self.0.get(&Asked { head: head(id), id })
    }

    /// Puts an object under an id, in the place of another one if there is one.
    pub fn insert(&mut self, id: Str, entry: Arc<Entry>) {
        self.0.insert(Id { head: head(&id), id }, entry);
    }

    /// Takes the object with this id away, if there is one.
    pub fn remove(&mut self, id: &str) {
        self.0.remove(&Asked { head: head(id), id });
    }

    /// Every object, in the order of the ids as text.
    pub fn values(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An id, and its first bytes as a number that orders as they do: almost every comparison ends there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    head: Head,
    id: Str,
}

/// An id that is looked for.
struct Asked<'a> {
    head: Head,
    id: &'a str,
}

impl Equivalent<Id> for Asked<'_> {
    fn equivalent(&self, known: &Id) -> bool {
        self.compare(known) == Ordering::Equal
    }
}

impl Comparable<Id> for Asked<'_> {
    fn compare(&self, known: &Id) -> Ordering {
        self.head.cmp(&known.head).then_with(|| self.id.cmp(&known.id))
    }
}

/// The first sixteen bytes, the first one highest, with zeros behind the last.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head(u64, u64);

impl Head {
    /// As one number, which is compared without a branch.
    fn whole(self) -> u128 {
        u128::from(self.0) << 64 | u128::from(self.1)
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        self.whole().cmp(&other.whole())
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn head(id: &str) -> Head {
    let mut bytes = [0; 16];
    let len = id.len().min(16);
    bytes[..len].copy_from_slice(&id.as_bytes()[..len]);
    let all = u128::from_be_bytes(bytes);
    Head((all >> 64) as u64, all as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_as_text() {
        let mut ids =
            ["", "\0", "a", "a\0", "vm-1", "vm-10", "vm-2", "sixteen-letters!", "sixteen-letters!b", "ü", "z"];
        ids.sort_unstable();
        let key = |id: &str| Id { head: head(id), id: id.into() };
        for (at, a) in ids.iter().enumerate() {
            for (other, b) in ids.iter().enumerate() {
                assert_eq!(key(a).cmp(&key(b)), at.cmp(&other), "{a:?} and {b:?}");
                assert_eq!(Asked { head: head(a), id: a }.compare(&key(b)), at.cmp(&other), "{a:?} and {b:?}");
            }
        }
    }
}
