//! A set of numbers kept as ranges, so that a hundred thousand numbers in a row cost as much as one.

use imbl::OrdMap;

/// A persistent set of numbers: copies share what is equal, every operation on one number takes O(log of the ranges).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// First number of each range, and its last one. Ranges neither touch nor overlap.
    by_first: OrdMap<u32, u32>,
}

impl Ranges {
    /// The smallest number.
    pub fn first(&self) -> Option<u32> {
        self.by_first.get_min().map(|(first, _)| *first)
    }

    /// The smallest number that is not one of `held`.
    pub fn first_except(&self, held: &[u32]) -> Option<u32> {
        self.iter().find(|number| !held.contains(number))
    }

    /// Whether a number is in the set.
    pub fn contains(&self, number: u32) -> bool {
        self.around(number).is_some()
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.by_first.iter().map(|(first, last)| (last - first) as usize + 1).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_first.is_empty()
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_first.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Adds a number.
    pub fn insert(&mut self, number: u32) {
        self.insert_range(number, number);
    }

    /// Adds all numbers from `first` to `last`, of which none is in the set yet.
    pub fn insert_range(&mut self, first: u32, last: u32) {
        if first > last || self.contains(first) {
            return;
        }
        let below = first.checked_sub(1).and_then(|number| self.around(number));
        let above = last.checked_add(1).and_then(|number| self.around(number));
        if let Some((start, _)) = above {
            self.by_first.remove(&start);
        }
        let start = below.map_or(first, |(start, _)| start);
        self.by_first.insert(start, above.map_or(last, |(_, end)| end));
    }

    /// Takes a number out. Whether it was in.
    pub fn remove(&mut self, number: u32) -> bool {
        let Some((first, last)) = self.around(number) else { return false };
        self.by_first.remove(&first);
        if first < number {
            self.by_first.insert(first, number - 1);
        }
        if number < last {
            self.by_first.insert(number + 1, last);
        }
        true
    }

    /// The range that a number lies in.
    fn around(&self, number: u32) -> Option<(u32, u32)> {
        let (first, last) = self.by_first.get_prev(&number)?;
        (number <= *last).then_some((*first, *last))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_hold_what_a_plain_set_holds(steps in prop::collection::vec((any::<bool>(), 0u32..40), 0..200)) {
            let (mut ranges, mut plain) = (Ranges::default(), BTreeSet::new());
            for (add, number) in steps {
                if add {
                    ranges.insert(number);
                    plain.insert(number);
                } else {
                    prop_assert_eq!(ranges.remove(number), plain.remove(&number));
                }
                prop_assert_eq!(ranges.iter().collect::<Vec<_>>(), plain.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!((ranges.first(), ranges.len()), (plain.first().copied(), plain.len()));
                prop_assert_eq!(ranges.contains(number), plain.contains(&number));
            }
        }
    }

    #[test]
    fn numbers_in_a_row_are_one_range() {
        let mut ranges = Ranges::default();
        ranges.insert_range(0, 9);
        ranges.insert_range(20, 29);
        ranges.insert_range(10, 19);
        assert_eq!((ranges.by_first.len(), ranges.len()), (1, 30));
        assert_eq!(ranges.first_except(&[0, 1, 2]), Some(3));
    }
}
