//! The performance manager: the usual intervals, and the counters that every entity of a small installation has.

use vim25::{DataType, EnumValue, Obj, mo::PerformanceManager, types::*};

use crate::kit::{described, element, text, words};

/// The performance manager of a fresh server.
pub(crate) fn performance_manager() -> PerformanceManager {
    let values = |values: &[&'static str]| values.iter().map(|v| described(v, &words(v))).collect();
    PerformanceManager::with(|p| {
        p.description = PerformanceDescription {
            counter_type: values(PerfStatsType::TYPE.values),
            stats_type: values(PerfSummaryType::TYPE.values),
        }
        .into();
        p.historical_interval = Some(INTERVALS.iter().map(interval).collect());
        p.perf_counter = Some(COUNTERS.iter().map(counter).collect());
    })
}

/// Sampling period and length in seconds, and the name.
const INTERVALS: [(i32, i32, &str); 4] = [
    (300, 86_400, "Past day"),
    (1_800, 604_800, "Past week"),
    (7_200, 2_592_000, "Past month"),
    (86_400, 31_536_000, "Past year"),
];

fn interval(&(sampling_period, length, name): &(i32, i32, &'static str)) -> Obj<PerfInterval> {
    let key = INTERVALS.iter().position(|i| i.0 == sampling_period).map_or(0, |i| i as i32 + 1);
    PerfInterval { key, sampling_period, name: text(name), length, level: Some(1), enabled: true }.into()
}

/// Key (as on a vCenter), group, name, unit, rollup, statistics type.
struct Counter(i32, &'static str, &'static str, Unit, PerfSummaryType, PerfStatsType);

#[derive(Clone, Copy)]
enum Unit {
    Percent,
    Megahertz,
    Millisecond,
    Kilobytes,
    KilobytesPerSecond,
    Second,
}

impl Unit {
    fn element(self) -> Obj<ElementDescription> {
        match self {
            Unit::Percent => element("percent", "%", "Percentage"),
            Unit::Megahertz => element("megaHertz", "MHz", "Megahertz"),
            Unit::Millisecond => element("millisecond", "ms", "Millisecond"),
            Unit::Kilobytes => element("kiloBytes", "KB", "Kilobytes"),
            Unit::KilobytesPerSecond => element("kiloBytesPerSecond", "KBps", "Kilobytes per second"),
            Unit::Second => element("second", "s", "Second"),
        }
    }
}

const COUNTERS: &[Counter] = &[
    Counter(2, "cpu", "usage", Unit::Percent, PerfSummaryType::Average, PerfStatsType::Rate),
    Counter(6, "cpu", "usagemhz", Unit::Megahertz, PerfSummaryType::Average, PerfStatsType::Rate),
    Counter(12, "cpu", "ready", Unit::Millisecond, PerfSummaryType::Summation, PerfStatsType::Delta),
    Counter(24, "mem", "usage", Unit::Percent, PerfSummaryType::Average, PerfStatsType::Absolute),
    Counter(33, "mem", "active", Unit::Kilobytes, PerfSummaryType::Average, PerfStatsType::Absolute),
    Counter(98, "mem", "consumed", Unit::Kilobytes, PerfSummaryType::Average, PerfStatsType::Absolute),
    Counter(125, "disk", "usage", Unit::KilobytesPerSecond, PerfSummaryType::Average, PerfStatsType::Rate),
    Counter(143, "net", "usage", Unit::KilobytesPerSecond, PerfSummaryType::Average, PerfStatsType::Rate),
    Counter(155, "sys", "uptime", Unit::Second, PerfSummaryType::Latest, PerfStatsType::Absolute),
];

fn group(key: &'static str) -> Obj<ElementDescription> {
    match key {
        "cpu" => element("cpu", "CPU", "CPU"),
        "mem" => element("mem", "Memory", "Memory"),
        "disk" => element("disk", "Disk", "Disk"),
        "net" => element("net", "Network", "Network"),
        _ => element("sys", "System", "System"),
    }
}

fn counter(Counter(key, in_group, name, unit, rollup, stats): &Counter) -> Obj<PerfCounterInfo> {
    PerfCounterInfo {
        key: *key,
        name_info: described(name, &words(name)),
        group_info: group(in_group),
        unit_info: unit.element(),
        rollup_type: rollup.clone(),
        stats_type: stats.clone(),
        level: Some(1),
        per_device_level: Some(3),
        associated_counter_id: None,
    }
    .into()
}
