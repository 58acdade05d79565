//! The catalogue of counters.

use vim25::{Obj, args, mo, types::PerfCounterInfo};

use crate::{dispatch::Call, fault::Fault};

/// `QueryPerfCounter`: the counters with these keys, in their order.
pub(super) fn by_id(call: &Call, args: args::QueryPerfCounter) -> Result<Option<Vec<Obj<PerfCounterInfo>>>, Fault> {
    let known = catalogue(call)?;
    let find = |key: i32| {
        let found = known.iter().find(|counter| counter.key == key).cloned();
        found.ok_or_else(|| Fault::invalid_argument("counterId", format!("there is no counter {key}")))
    };
    args.counter_id.into_iter().map(find).collect::<Result<_, _>>().map(Some)
}

/// `QueryPerfCounterByLevel`: the counters that are collected at a level, which are those of it and below.
pub(super) fn by_level(call: &Call, args: args::QueryPerfCounterByLevel) -> Result<Vec<Obj<PerfCounterInfo>>, Fault> {
    if !(1..=4).contains(&args.level) {
        return Err(Fault::invalid_argument("level", "levels are 1 to 4"));
    }
    let known = catalogue(call)?;
    Ok(known.into_iter().filter(|counter| counter.level.is_none_or(|level| level <= args.level)).collect())
}

fn catalogue(call: &Call) -> Result<Vec<Obj<PerfCounterInfo>>, Fault> {
    let world = call.snapshot();
    let manager = world.get::<mo::PerformanceManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    Ok(manager.perf_counter.clone().unwrap_or_default())
}
