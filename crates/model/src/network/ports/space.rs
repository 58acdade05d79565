//! Which port group of a switch owns which port keys.

use imbl::OrdMap;
use vim25::MoRef;

/// The port keys of one switch: private state of the switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSpace {
    /// The next key that no port ever had.
    next: u32,
    /// First key of each range, with its last one and the port group that owns it.
    owners: OrdMap<u32, (u32, MoRef)>,
}

impl PortSpace {
    /// The port group that owns a key.
    pub fn owner(&self, key: u32) -> Option<&MoRef> {
        let (_, (last, owner)) = self.owners.get_prev(&key)?;
        (key <= *last).then_some(owner)
    }

    /// Gives `count` new keys in a row to a port group; returns the first and the last. `count` is not 0.
    pub(super) fn allot(&mut self, owner: &MoRef, count: u32) -> (u32, u32) {
        let first = self.next;
        let last = first + (count - 1);
        self.next = last + 1;
        self.take(owner, first, last);
        (first, last)
    }

    /// Says that a port group owns these keys, which nobody owned before.
    pub(super) fn take(&mut self, owner: &MoRef, first: u32, last: u32) {
        self.next = self.next.max(last + 1);
        let before = first.checked_sub(1).and_then(|key| self.range(key)).filter(|(_, _, known)| *known == *owner);
        let first = before.map_or(first, |(start, _, _)| start);
        self.owners.insert(first, (last, owner.clone()));
    }

    /// Nobody owns this key any longer.
    pub(super) fn release(&mut self, key: u32) {
        let Some((first, last, owner)) = self.range(key) else { return };
        self.owners.remove(&first);
        if first < key {
            self.owners.insert(first, (key - 1, owner.clone()));
        }
        if key < last {
            self.owners.insert(key + 1, (last, owner));
        }
    }

    fn range(&self, key: u32) -> Option<(u32, u32, MoRef)> {
        let (first, (last, owner)) = self.owners.get_prev(&key)?;
        (key <= *last).then(|| (*first, *last, owner.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str) -> MoRef {
        MoRef::new("DistributedVirtualPortgroup", id)
    }

    #[test]
    fn every_key_has_one_owner() {
        let mut space = PortSpace::default();
        assert_eq!(space.allot(&group("a"), 4), (0, 3));
        assert_eq!(space.allot(&group("b"), 8), (4, 11));
        assert_eq!(space.allot(&group("b"), 2), (12, 13));
        let owner = |key| space.owner(key).map(|g| g.id.as_str());
        assert_eq!([0, 3, 4, 13].map(owner), [Some("a"), Some("a"), Some("b"), Some("b")]);
        assert_eq!((owner(14), space.owners.len()), (None, 2));
    }

    #[test]
    fn a_released_key_has_no_owner_and_never_comes_again() {
        let mut space = PortSpace::default();
        space.allot(&group("a"), 5);
        space.release(2);
        assert_eq!([1, 2, 3].map(|key| space.owner(key).is_some()), [true, false, true]);
        assert_eq!(space.allot(&group("a"), 1), (5, 5));
        space.take(&group("b"), 2, 2);
        assert_eq!(space.owner(2).unwrap().id, "b");
    }
}
