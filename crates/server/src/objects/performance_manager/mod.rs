//! `PerformanceManager`: counters of machines and hosts.
//!
//! Real-time samples only, every 20 seconds: those of VMCI are kept for an hour, and each query adds one of the present,
//! with what the quick statistics say of CPU and memory. There is no history.

mod counters;
mod query;
mod series;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::PerformanceManager, args::QueryPerfCounter>(counters::by_id)?;
    registry.on::<mo::PerformanceManager, args::QueryPerfCounterByLevel>(counters::by_level)?;
    registry.on::<mo::PerformanceManager, args::QueryAvailablePerfMetric>(query::available)?;
    registry.on::<mo::PerformanceManager, args::QueryPerfProviderSummary>(query::provider)?;
    registry.on::<mo::PerformanceManager, args::QueryPerf>(query::query)
}
