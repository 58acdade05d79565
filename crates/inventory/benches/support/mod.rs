//! Worlds to measure, of any kind of object. Other crates' benches may include this file.

use std::{convert::Infallible, fs};

use inventory::{Inventory, Options, Tx};

/// Objects per transaction while a world is built.
const BATCH: usize = 1000;

/// Runs a transaction that cannot fail.
pub fn run<R>(world: &Inventory, change: impl FnOnce(&mut Tx<'_>) -> R) -> R {
    let done: Result<_, Infallible> = world.commit(|tx| Ok(change(tx)));
    match done {
        Ok(done) => done.value,
        Err(never) => match never {},
    }
}

/// A world in which `make` has been called for each number below `count`.
pub fn filled(count: usize, options: Options, mut make: impl FnMut(&mut Tx<'_>, usize)) -> Inventory {
    let world = Inventory::new(options);
    for first in (0..count).step_by(BATCH) {
        run(&world, |tx| (first..count.min(first + BATCH)).for_each(|n| make(tx, n)));
    }
    world
}

/// What is resident per unit of what `build` makes `count` of, in bytes. To be called before anything of that size was
/// freed in this process, or the allocator hands out what it already has.
pub fn bytes_each<W>(count: usize, build: impl FnOnce(usize) -> W) -> (usize, W) {
    let before = resident();
    let world = build(count);
    (resident().saturating_sub(before) / count, world)
}

fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.as_deref().and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    pages.expect("/proc/self/statm tells the resident pages: this bench needs Linux") * 4096
}
