//! What a world takes of the machine that it stands on. A test of its own process: it looks at the whole of it.

#![cfg(target_os = "linux")]

mod common;

use model::Settings;

/// Machines in each of the two pools of a world that makes what all worlds have in common, of a small one and of a large
/// one.
const MACHINES: [u32; 3] = [50, 50, 2_500];
/// What one more machine may take, everything told: its content, the indexes, what other objects keep of it, and what the
/// allocator adds. The aim is 8 KiB with a server around it.
const MOST: usize = 7 * 1024 + 512;

/// Bytes that are resident.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_machine_more_takes_no_more_than_the_budget() {
    let sizes = MACHINES.map(|vms| {
        let before = resident();
        let world = common::inventory(0);
        world.begin(|tx| model::build(tx, &Settings { vms, ..Settings::vcenter() })).unwrap();
        let machines = world.snapshot().iter().filter(|object| object.moref.kind == "VirtualMachine").count();
        let after = resident();
        std::mem::forget(world);
        (after - before, machines)
    });
    let [_, (small, few), (large, many)] = sizes;
    let each = (large - small) / (many - few);
    assert!((4_000..MOST).contains(&each), "{each} bytes a machine: {small} for {few}, {large} for {many}");
}
