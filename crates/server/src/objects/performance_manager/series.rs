//! What is known of an entity: moments, and for each counter and instance a value at each of them.

use std::collections::BTreeMap;

use ::inventory::Snapshot;
use model::content::performance as key;
use vim25::{DateTime, MoRef, mo};

use crate::{core::Core, vmci::VmSample};

/// Stands for a value that is not known.
const UNKNOWN: i64 = -1;

/// A counter and the part of the entity that it is of; empty for the entity as a whole.
pub type Metric = (i32, String);

/// The samples of an entity, oldest first.
#[derive(Default)]
pub struct Series {
    /// When each was taken.
    pub moments: Vec<DateTime>,
    /// A value for each moment.
    pub values: BTreeMap<Metric, Vec<i64>>,
}

impl Series {
    /// Everything that is known of a machine or host; of anything else, nothing is.
    pub fn of(core: &Core, world: &Snapshot, entity: &MoRef) -> Series {
        let mut series = Series::default();
        if let Some(vm) = world.get::<mo::VirtualMachine>(entity) {
            for sample in core.vmci.samples().of_vm(&entity.id) {
                series.add(sample.at, vmci(&sample.vm));
            }
            series.add(core.now(), machine(core, entity, vm));
        } else if let Some(host) = world.get::<mo::HostSystem>(entity) {
            series.add(core.now(), system(core, entity, host));
        }
        series
    }

    /// Keeps the samples of a time, and of those the last `most`.
    pub fn keep(&mut self, begin: Option<DateTime>, end: Option<DateTime>, most: usize) {
        let in_time = |at: &DateTime| begin.is_none_or(|begin| *at > begin) && end.is_none_or(|end| *at <= end);
        let kept: Vec<usize> = (0..self.moments.len()).filter(|index| in_time(&self.moments[*index])).collect();
        let kept = &kept[kept.len().saturating_sub(most)..];
        self.moments = kept.iter().map(|index| self.moments[*index]).collect();
        for values in self.values.values_mut() {
            *values = kept.iter().map(|index| values[*index]).collect();
        }
    }

    fn add(&mut self, at: DateTime, values: Vec<(Metric, i64)>) {
        let before = self.moments.len();
        self.moments.push(at);
        for (metric, value) in values {
            self.values.entry(metric).or_insert_with(|| vec![UNKNOWN; before]).push(value);
        }
        for values in self.values.values_mut() {
            values.resize(before + 1, UNKNOWN);
        }
    }
}

fn whole(counter: i32, value: impl TryInto<i64>) -> (Metric, i64) {
    ((counter, String::new()), value.try_into().unwrap_or(i64::MAX))
}

fn machine(core: &Core, entity: &MoRef, vm: &mo::VirtualMachine) -> Vec<(Metric, i64)> {
    let stats = &vm.summary.quick_stats;
    let kilobytes = |megabytes: Option<i32>| megabytes.map(|mb| i64::from(mb) * 1024);
    let mut values = Vec::new();
    values.extend(stats.overall_cpu_usage.map(|mhz| whole(key::CPU_USAGE_MHZ, mhz)));
    values.extend(kilobytes(stats.guest_memory_usage).map(|kb| whole(key::MEM_ACTIVE, kb)));
    values.extend(kilobytes(stats.host_memory_usage).map(|kb| whole(key::MEM_CONSUMED, kb)));
    values.extend(stats.uptime_seconds.map(|seconds| whole(key::UPTIME, seconds)));
    let fabric = vm.runtime.host.as_ref().and_then(|host| core.vmci.of_host(&host.id));
    let sample = fabric.and_then(|fabric| fabric.read(|switch| switch.member(&entity.id).map(|m| VmSample::of(m))));
    values.extend(sample.iter().flat_map(vmci));
    values
}

fn system(core: &Core, entity: &MoRef, host: &mo::HostSystem) -> Vec<(Metric, i64)> {
    let stats = &host.summary.quick_stats;
    let mut values = Vec::new();
    values.extend(stats.overall_cpu_usage.map(|mhz| whole(key::CPU_USAGE_MHZ, mhz)));
    values.extend(stats.overall_memory_usage.map(|mb| whole(key::MEM_CONSUMED, i64::from(mb) * 1024)));
    values.extend(stats.uptime.map(|seconds| whole(key::UPTIME, seconds)));
    let Some(fabric) = core.vmci.of_host(&entity.id) else { return values };
    fabric.read(|switch| {
        for service in switch.services() {
            let of = |counter, value: u64| ((counter, service.name.clone()), i64::try_from(value).unwrap_or(i64::MAX));
            values.push(of(key::VMCI_SERVICE_ALLOWED, service.counters.allowed.get()));
            values.push(of(key::VMCI_SERVICE_DENIED, service.counters.denied.get()));
            values.push(of(key::VMCI_SERVICE_BYTES, service.counters.bytes.get()));
        }
    });
    values
}

fn vmci(sample: &VmSample) -> Vec<(Metric, i64)> {
    let mut values = vec![
        whole(key::VMCI_ALLOWED, sample.allowed),
        whole(key::VMCI_DENIED, sample.denied),
        whole(key::VMCI_RECEIVED, sample.received),
        whole(key::VMCI_SENT, sample.sent),
        whole(key::VMCI_STREAMS, sample.open),
    ];
    let hits = |hits: u64| i64::try_from(hits).unwrap_or(i64::MAX);
    values.extend(sample.rules.iter().map(|(rank, count)| ((key::VMCI_RULE_HITS, rank.to_string()), hits(*count))));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(counter: i32) -> Metric {
        (counter, String::new())
    }

    fn series() -> Series {
        let mut series = Series::default();
        let at = |seconds| DateTime::default().plus_seconds(seconds);
        series.add(at(20), vec![whole(1, 5)]);
        series.add(at(40), vec![whole(1, 6), whole(2, 7)]);
        series.add(at(60), vec![whole(2, 8)]);
        series
    }

    #[test]
    fn every_counter_has_a_value_at_every_moment() {
        let series = series();
        assert_eq!(series.values[&metric(1)], [5, 6, UNKNOWN]);
        assert_eq!(series.values[&metric(2)], [UNKNOWN, 7, 8]);
    }

    #[test]
    fn the_beginning_is_left_out_and_the_end_is_not() {
        let mut series = series();
        let at = |seconds| Some(DateTime::default().plus_seconds(seconds));
        series.keep(at(20), at(40), usize::MAX);
        assert_eq!((series.moments.len(), &series.values[&metric(1)][..]), (1, &[6][..]));
    }

    #[test]
    fn the_last_samples_are_kept() {
        let mut series = series();
        series.keep(None, None, 2);
        assert_eq!(series.values[&metric(2)], [7, 8]);
    }
}
