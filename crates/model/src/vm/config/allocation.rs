//! What is allocated of one resource, to a machine or a pool: a spec laid over what is there, and checked.

use vim25::{
    Obj, Str,
    types::{ResourceAllocationInfo, SharesInfo, SharesLevel},
};

use crate::vm::{Fault, merge};

/// What an allocation becomes: shares follow from the level unless that is `custom`, and the reservation is `locked` if
/// that is given.
pub(crate) fn allocation(
    old: Option<&Obj<ResourceAllocationInfo>>,
    wish: Option<&Obj<ResourceAllocationInfo>>,
    path: &str,
    locked: Option<i64>,
    by_level: impl Fn(&SharesLevel) -> i32,
) -> Result<ResourceAllocationInfo, Fault> {
    let merged = match wish {
        Some(wish) => merge::over(old, wish),
        None => old.cloned().unwrap_or_default(),
    };
    let mut new = (*merged).clone();
    new.reservation = locked.or(new.reservation);
    let at = |tail: &str| Str::from(format!("{path}.{tail}"));
    let reservation = new.reservation.unwrap_or(0);
    if reservation < 0 {
        return Err(Fault::invalid_argument(at("reservation"), format!("{reservation} is negative")));
    }
    let limit = new.limit.unwrap_or(-1);
    if limit < -1 || (limit != -1 && limit < reservation) {
        let why = format!("{limit} is neither -1 (none) nor at least the reservation {reservation}");
        return Err(Fault::invalid_argument(at("limit"), why));
    }
    if let Some(shares) = &new.shares {
        let number = match &shares.level {
            SharesLevel::Custom => shares.shares,
            SharesLevel::Other_(word) => {
                return Err(Fault::invalid_argument(at("shares.level"), format!("'{word}' is no level")));
            }
            level => by_level(level),
        };
        if !(0..=1_000_000_000).contains(&number) {
            return Err(Fault::invalid_argument(at("shares.shares"), format!("{number} is out of range")));
        }
        if number != shares.shares {
            new.shares = Some(SharesInfo { shares: number, level: shares.level.clone() }.into());
        }
    }
    Ok(new)
}
