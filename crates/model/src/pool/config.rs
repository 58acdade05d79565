//! The configuration of a pool after a spec.

use vim25::{
    EnumValue, Obj,
    types::{ResourceAllocationInfo, ResourceConfigSpec, ResourceConfigSpecScaleSharesBehavior, SharesLevel},
};

use super::{NORMAL_CPU_SHARES, NORMAL_MEMORY_SHARES};
use crate::vm::{Fault, config::allocation::allocation};

/// `current` with what `wish` sets; the members of an allocation that it leaves open stay. Shares follow from the level
/// unless that is `custom`. Whether the pools above have what is reserved is for
/// [`admission`](crate::vm::admission::pool) to say.
///
/// # Errors
/// `InvalidArgument` on the member that cannot be, `ConcurrentAccess` if the client saw another version.
pub fn reconfigured(current: &ResourceConfigSpec, wish: &ResourceConfigSpec) -> Result<ResourceConfigSpec, Fault> {
    let seen = wish.change_version.as_ref().filter(|v| !v.is_empty());
    if seen.is_some_and(|seen| Some(seen) != current.change_version.as_ref()) {
        return Err(Fault::concurrent_access());
    }
    let mut new = current.clone();
    let resource = |old: &Obj<ResourceAllocationInfo>, wish, path, normal| {
        allocation(Some(old), Some(wish), path, None, |level| shares(level, normal)).map(Obj::from)
    };
    new.cpu_allocation =
        resource(&current.cpu_allocation, &wish.cpu_allocation, "spec.cpuAllocation", NORMAL_CPU_SHARES)?;
    new.memory_allocation =
        resource(&current.memory_allocation, &wish.memory_allocation, "spec.memoryAllocation", NORMAL_MEMORY_SHARES)?;
    if let Some(word) = &wish.scale_descendants_shares {
        if !ResourceConfigSpecScaleSharesBehavior::TYPE.values.contains(&word.as_str()) {
            return Err(Fault::invalid_argument(
                "spec.scaleDescendantsShares",
                format!("'{word}' is none of its values"),
            ));
        }
        new.scale_descendants_shares = Some(word.clone());
    }
    Ok(new)
}

/// Shares of a pool at a level: half of the normal ones, they, or twice as many.
fn shares(level: &SharesLevel, normal: i32) -> i32 {
    match level {
        SharesLevel::Low => normal / 2,
        SharesLevel::High => normal * 2,
        _ => normal,
    }
}

#[cfg(test)]
mod tests {
    use vim25::{
        MoRef,
        types::{InvalidArgument, SharesInfo},
    };

    use super::{super::default_config, *};

    fn current() -> ResourceConfigSpec {
        let now = vim25::DateTime::parse("2026-01-02T03:04:05Z").unwrap();
        default_config(&MoRef::new("ResourcePool", "resgroup-1"), now)
    }

    fn memory(fill: impl FnOnce(&mut ResourceAllocationInfo)) -> Result<ResourceConfigSpec, Fault> {
        let mut wish = ResourceConfigSpec::default();
        fill(&mut wish.memory_allocation);
        reconfigured(&current(), &wish)
    }

    fn property(outcome: Result<ResourceConfigSpec, Fault>) -> String {
        let fault = outcome.unwrap_err().fault;
        fault.cast::<InvalidArgument>().unwrap().invalid_property.clone().unwrap().to_string()
    }

    #[test]
    fn what_a_spec_leaves_open_stays() {
        let new = memory(|m| m.reservation = Some(1024)).unwrap();
        let mut expected = current();
        expected.memory_allocation.reservation = Some(1024);
        assert_eq!(new, expected);
    }

    #[test]
    fn shares_follow_from_the_level() {
        let level = |level| memory(|m| m.shares = Some(SharesInfo { shares: 7, level }.into())).unwrap();
        let shares = |c: ResourceConfigSpec| c.memory_allocation.shares.as_ref().unwrap().shares;
        assert_eq!(shares(level(SharesLevel::High)), 327_680);
        assert_eq!(shares(level(SharesLevel::Low)), 81_920);
        assert_eq!(shares(level(SharesLevel::Custom)), 7);
    }

    #[test]
    fn what_cannot_be_is_named() {
        assert_eq!(property(memory(|m| m.reservation = Some(-1))), "spec.memoryAllocation.reservation");
        let limit = |limit| {
            memory(|m| {
                m.reservation = Some(8);
                m.limit = Some(limit);
            })
        };
        assert_eq!(property(limit(4)), "spec.memoryAllocation.limit");
        assert!(limit(8).is_ok() && limit(-1).is_ok());
        let odd = ResourceConfigSpec { scale_descendants_shares: Some("odd".into()), ..Default::default() };
        assert_eq!(property(reconfigured(&current(), &odd)), "spec.scaleDescendantsShares");
    }

    #[test]
    fn a_client_that_saw_another_version_is_told() {
        let stale = ResourceConfigSpec { change_version: Some("1".into()), ..Default::default() };
        assert_eq!(reconfigured(&current(), &stale).unwrap_err().name(), "ConcurrentAccess");
    }
}
