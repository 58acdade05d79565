//! What a change of a port group's policy costs that concerns the adapters of all its machines, and what one costs that
//! concerns none.

use std::{cell::Cell, hint::black_box};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use inventory::{Inventory, Options, Tx};
use model::{HostProfile, Settings};
use vim25::{MoRef, mo, types::BoolPolicy};

/// A cluster whose hosts pass network cards through, with this many machines on one port group.
fn world(machines: u32) -> (Inventory, MoRef) {
    let settings = Settings {
        standalone_hosts: 0,
        hosts: 10,
        vms: machines,
        host_profile: HostProfile::Esxi70VmFex,
        ..Settings::vcenter()
    };
    let inventory = Inventory::new(Options { derive: model::derive::rules(), ..Options::default() });
    let lab = inventory.commit(|tx| model::build(tx, &settings)).expect("the settings can be met").value;
    let world = inventory.snapshot();
    let vm = world.get::<mo::VirtualMachine>(&lab.vms[0]).expect("the machine was made");
    let portgroup = vm.network.as_ref().and_then(|n| n.first()).expect("the machine has a network").clone();
    (inventory, portgroup)
}

fn change(inventory: &Inventory, portgroup: &MoRef, change: impl Fn(&mut mo::DistributedVirtualPortgroup)) {
    let done = inventory.commit(|tx: &mut Tx<'_>| {
        change(tx.edit(portgroup).ok_or(())?);
        Ok::<(), ()>(())
    });
    black_box(done.expect("the port group is there"));
}

fn policy(c: &mut Criterion) {
    let mut group = c.benchmark_group("policy of a port group");
    group.sample_size(20);
    for machines in [100, 1_000, 10_000] {
        let (inventory, portgroup) = world(machines);
        let allowed = Cell::new(true);
        group.bench_function(BenchmarkId::new("passthrough", machines), |b| {
            b.iter(|| {
                allowed.set(!allowed.get());
                change(&inventory, &portgroup, |portgroup| {
                    let setting = portgroup.config.default_port_config.get_or_insert_default();
                    let policy = BoolPolicy { value: Some(allowed.get()), ..Default::default() };
                    setting.vm_direct_path_gen2_allowed = Some(policy.into());
                });
            });
        });
        let count = Cell::new(0);
        group.bench_function(BenchmarkId::new("description", machines), |b| {
            b.iter(|| {
                count.set(count.get() + 1);
                change(&inventory, &portgroup, |portgroup| {
                    portgroup.config.description = Some(count.get().to_string().into());
                });
            });
        });
    }
}

criterion_group!(benches, policy);
criterion_main!(benches);
