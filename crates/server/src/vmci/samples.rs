//! What was counted in the last hour, every twenty seconds: what the performance manager shows as its real-time samples.
//!
//! Only machines that have used VMCI have samples; the others are zero throughout.

use std::collections::{BTreeMap, VecDeque};

use ::vmci::{counters::VmCounters, fabric::Plug, switch::Member};
use parking_lot::Mutex;
use vim25::{DateTime, Str};

use super::Fabrics;

/// How many samples are kept: one hour.
const KEPT: usize = 180;
/// Of how many rules a sample holds the hits, lowest ranks first.
const RULES: usize = 256;

/// The counters of a machine at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmSample {
    /// What got through.
    pub allowed: u64,
    /// What a rule, trust or a missing grant stopped.
    pub denied: u64,
    /// Bytes that reached the guest.
    pub received: u64,
    /// Bytes that the guest sent and that arrived.
    pub sent: u64,
    /// Streams that are open.
    pub open: u64,
    /// How often each rule decided, by rank; of very many, the first.
    pub rules: Vec<(i64, u64)>,
}

/// One sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When it was taken.
    pub at: DateTime,
    /// What was counted until then.
    pub vm: VmSample,
}

/// The samples of all machines.
#[derive(Default)]
pub struct Samples {
    by_vm: Mutex<BTreeMap<Str, VecDeque<Sample>>>,
}

impl Samples {
    /// The samples of a machine, oldest first.
    pub fn of_vm(&self, vm: &str) -> Vec<Sample> {
        self.by_vm.lock().get(vm).map(|samples| samples.iter().cloned().collect()).unwrap_or_default()
    }
}

impl Fabrics {
    /// Takes a sample of every machine that has used VMCI, and forgets those that are gone.
    pub(super) fn sample(&self, at: DateTime) {
        let mut by_vm = self.samples.by_vm.lock();
        let mut seen = std::collections::BTreeSet::new();
        for (_, fabric) in self.all() {
            fabric.read(|switch| {
                for member in switch.members().filter(|member| is_used(&member.counters)) {
                    let key = Str::from(&*member.key);
                    let samples = by_vm.entry(key.clone()).or_default();
                    samples.push_back(Sample { at, vm: VmSample::of(member) });
                    if samples.len() > KEPT {
                        samples.pop_front();
                    }
                    seen.insert(key);
                }
            });
        }
        by_vm.retain(|vm, _| seen.contains(vm));
    }
}

impl VmSample {
    /// The counters of a machine now.
    pub fn of(member: &Member<Plug>) -> VmSample {
        let counters = &member.counters;
        VmSample {
            allowed: counters.passed(),
            denied: counters.denied(),
            received: counters.to_guest.get(),
            sent: counters.from_guest.get(),
            open: counters.open.get(),
            rules: member.rules.hits().take(RULES).map(|(rule, hits)| (rule.rank, hits)).collect(),
        }
    }
}

fn is_used(counters: &VmCounters) -> bool {
    counters.passed() > 0 || counters.refused.iter().any(|count| count.get() > 0)
}
