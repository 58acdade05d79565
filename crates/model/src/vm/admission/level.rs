//! One resource of one pool: how much can still be reserved.

use vim25::types::ResourceAllocationInfo;

/// What a pool has of one resource, MHz or MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Set aside for the pool.
    pub reservation: i64,
    /// The most that it can have; none for no limit.
    pub limit: Option<i64>,
    /// Whether it borrows from the pool above once its own is used up.
    pub expandable: bool,
    /// Reserved by its machines and child pools.
    pub used: i64,
}

impl Level {
    /// A pool's allocation of which `used` is reserved.
    pub fn of(allocation: &ResourceAllocationInfo, used: i64) -> Level {
        Level {
            reservation: allocation.reservation.unwrap_or(0).max(0),
            limit: allocation.limit.filter(|limit| *limit >= 0),
            expandable: allocation.expandable_reservation == Some(true),
            used,
        }
    }

    /// What the pool takes from the one above: what is set aside for it, or what is reserved in it if that is more.
    pub fn held(&self) -> i64 {
        self.used.max(self.reservation)
    }

    /// How much more can be reserved in the pool if the one above has `above` left.
    pub fn room(&self, above: i64) -> i64 {
        let own = (self.reservation - self.used).max(0);
        let borrowed = if self.expandable { above.max(0) } else { 0 };
        let free = own.saturating_add(borrowed);
        self.limit.map_or(free, |limit| free.min(limit - self.used)).max(0)
    }

    /// What is missing for the pool to be like this while the one above can give it `above` in all: what there is, and
    /// what is wanted.
    pub fn shortage(&self, above: i64) -> Option<(i64, i64)> {
        let own = if self.expandable { above } else { self.reservation };
        let most = self.limit.map_or(own, |limit| own.min(limit));
        if self.used > most {
            return Some((most, self.used));
        }
        (self.reservation > above).then_some((above, self.reservation))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn level(reservation: i64, limit: Option<i64>, expandable: bool, used: i64) -> Level {
        Level { reservation, limit, expandable, used }
    }

    #[test]
    fn a_pool_gives_its_own_and_borrows_only_if_it_may() {
        assert_eq!(level(100, None, false, 30).room(1_000), 70);
        assert_eq!(level(100, None, true, 30).room(1_000), 1_070);
        assert_eq!(level(100, None, true, 130).room(1_000), 1_000, "what it has borrowed is used above already");
    }

    #[test]
    fn a_limit_bounds_what_can_be_borrowed() {
        assert_eq!(level(100, Some(120), true, 30).room(1_000), 90);
        assert_eq!(level(0, Some(120), true, 150).room(1_000), 0, "a limit below what is used leaves nothing");
    }

    #[test]
    fn a_pool_cannot_be_less_than_what_is_reserved_in_it() {
        assert_eq!(level(100, None, false, 100).shortage(100), None);
        assert_eq!(level(99, None, false, 100).shortage(100), Some((99, 100)));
        assert_eq!(level(99, None, true, 100).shortage(100), None);
        assert_eq!(level(0, Some(99), true, 100).shortage(100), Some((99, 100)));
        assert_eq!(level(101, None, true, 0).shortage(100), Some((100, 101)));
    }

    proptest! {
        /// Reserving what there is room for takes from the pool above no more than it has, and keeps the limit.
        #[test]
        fn what_fits_can_be_paid_for(
            reservation in 0i64..1_000, limit in prop::option::of(0i64..2_000), expandable: bool,
            used in 0i64..1_500, above in 0i64..1_000, share in 0u8..=100,
        ) {
            let before = level(reservation, limit, expandable, used);
            let extra = before.room(above) * i64::from(share) / 100;
            let after = Level { used: used + extra, ..before };
            let taken = after.held() - before.held();
            let borrowable = if expandable { above } else { 0 };
            prop_assert!(taken <= borrowable);
            prop_assert!(extra == 0 || limit.is_none_or(|l| after.used <= l));
            prop_assert_eq!(before.room(above) - extra, after.room(above - taken));
        }
    }
}
