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
    Number,
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
            Unit::Number => element("number", "num", "Number"),
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
    vmci(VMCI_ALLOWED, "allowed"),
    vmci(VMCI_DENIED, "denied"),
    vmci(VMCI_RECEIVED, "received"),
    vmci(VMCI_SENT, "sent"),
    vmci(VMCI_STREAMS, "streams"),
    vmci(VMCI_RULE_HITS, "ruleHits"),
    vmci(VMCI_SERVICE_ALLOWED, "serviceAllowed"),
    vmci(VMCI_SERVICE_DENIED, "serviceDenied"),
    vmci(VMCI_SERVICE_BYTES, "serviceBytes"),
];

/// Megahertz that an entity uses.
pub const CPU_USAGE_MHZ: i32 = 6;
/// Kilobytes that a guest uses.
pub const MEM_ACTIVE: i32 = 33;
/// Kilobytes of host memory that an entity takes.
pub const MEM_CONSUMED: i32 = 98;
/// Seconds since the start.
pub const UPTIME: i32 = 155;
/// What VMCI let through to or from a machine since its start.
pub const VMCI_ALLOWED: i32 = 10_001;
/// What it stopped.
pub const VMCI_DENIED: i32 = 10_002;
/// Bytes that reached the guest.
pub const VMCI_RECEIVED: i32 = 10_003;
/// Bytes that the guest sent and that arrived.
pub const VMCI_SENT: i32 = 10_004;
/// Streams that are open.
pub const VMCI_STREAMS: i32 = 10_005;
/// How often a rule decided; the instance is its rank.
pub const VMCI_RULE_HITS: i32 = 10_006;
/// Of a service of a host, the instance: what got through to it.
pub const VMCI_SERVICE_ALLOWED: i32 = 10_007;
/// What did not.
pub const VMCI_SERVICE_DENIED: i32 = 10_008;
/// Bytes to and from it.
pub const VMCI_SERVICE_BYTES: i32 = 10_009;

const fn vmci(key: i32, name: &'static str) -> Counter {
    Counter(key, "vmci", name, Unit::Number, PerfSummaryType::Latest, PerfStatsType::Absolute)
}

fn group(key: &'static str) -> Obj<ElementDescription> {
    match key {
        "cpu" => element("cpu", "CPU", "CPU"),
        "mem" => element("mem", "Memory", "Memory"),
        "disk" => element("disk", "Disk", "Disk"),
        "net" => element("net", "Network", "Network"),
        "vmci" => element("vmci", "VMCI", "Virtual machine communication interface"),
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
