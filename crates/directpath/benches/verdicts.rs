//! Verdicts in a second on one core: adapters that pass through, and adapters that do not, each for another reason.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use directpath::{
    Facts, Grant, Technology,
    facts::{Driver, Host, Interrupts, Nic, Port, Vm},
    host_reasons, judge,
};

/// So many that no branch predictor learns their order by heart, so few that they stay in the cache.
const ADAPTERS: usize = 1024;

struct World {
    host: Host<'static>,
    port: Option<Port>,
    vm: Vm,
    nic: Nic,
}

/// Changes a world that passes through by the bits of a number: about every second one has an obstacle or more.
fn world(number: u64) -> World {
    let bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number << 7).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let rare = |bit: u32| (bits >> bit) & 15 == 0;
    let mut world =
        World { host: Host::default(), port: Some(Port::default()), vm: Vm::default(), nic: Nic::default() };
    world.host.gen2 = host_reasons(true, !rare(0), true);
    world.host.uptv2 = world.host.gen2;
    world.vm = Vm { on: !rare(4), reserved: !rare(8), guest: !rare(12), monitor: rare(16), vmci: rare(20), ..world.vm };
    world.vm.driver = if rare(24) { Driver::Missing } else { Driver::Version(7) };
    world.nic = Nic { connected: !rare(28), filtered: rare(32), uptv2: !rare(36), ..world.nic };
    world.nic.interrupts = if rare(40) { Interrupts::IntX } else { Interrupts::MsiX };
    world.port = world.port.filter(|_| !rare(44)).map(|port| Port { allowed: !rare(48), ..port });
    world
}

fn verdicts(c: &mut Criterion) {
    let worlds: Vec<World> = (0..ADAPTERS as u64).map(world).collect();
    let mut group = c.benchmark_group("verdicts");
    group.throughput(Throughput::Elements(ADAPTERS as u64));
    for technology in [Technology::Gen2, Technology::Uptv2] {
        group.bench_function(format!("{technology:?}"), |b| {
            b.iter(|| {
                let verdict = |w: &World| {
                    let World { host, port, vm, nic } = w;
                    let facts = Facts { host, port: port.as_ref(), vm, nic, grant: Grant::Granted };
                    judge(black_box(technology), black_box(&facts)).active
                };
                worlds.iter().filter(|w| verdict(w)).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, verdicts);
criterion_main!(benches);
