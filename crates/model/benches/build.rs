//! How long a world takes to build, and one change in a large one.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use inventory::{Inventory, Options};
use model::{Lab, Settings};
use vim25::{mo, types::VirtualMachinePowerState};

fn world(machines: u32) -> (Inventory, Lab) {
    let settings = Settings { standalone_hosts: 0, vms: machines, ..Settings::vcenter() };
    let inventory = Inventory::new(Options { derive: model::derive::rules(), ..Options::default() });
    let lab = inventory.commit(|tx| model::build(tx, &settings)).expect("the settings can be met").value;
    (inventory, lab)
}

fn build(c: &mut Criterion) {
    let mut group = c.benchmark_group("build");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for machines in [10, 1_000, 10_000] {
        group.bench_function(BenchmarkId::from_parameter(machines), |b| b.iter(|| black_box(world(machines))));
    }
}

fn power(c: &mut Criterion) {
    let mut group = c.benchmark_group("power off and on");
    for machines in [10, 1_000, 10_000] {
        let (inventory, lab) = world(machines);
        let vm = &lab.vms[0];
        group.bench_function(BenchmarkId::from_parameter(machines), |b| {
            b.iter(|| {
                for state in [VirtualMachinePowerState::PoweredOff, VirtualMachinePowerState::PoweredOn] {
                    let changed = inventory.commit(|tx| {
                        let vm = tx.edit::<mo::VirtualMachine>(vm).ok_or(())?;
                        vm.runtime.power_state = state;
                        Ok::<(), ()>(())
                    });
                    changed.expect("the machine is there");
                }
            });
        });
    }
}

criterion_group!(benches, build, power);
criterion_main!(benches);
