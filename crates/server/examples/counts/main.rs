//! What the hot paths cost in allocations: numbers that are the same on every machine, for `cargo xtask bench --counts`.
//!
//! Prints a line for each path: its name, allocations, bytes. Under callgrind, with `paths::measured` as the function
//! that toggles collection and dumps, the dumps are the instructions of the same paths in the same order.

mod paths;
mod world;

use std::io::{Write, stdout};

fn main() -> std::io::Result<()> {
    let world = world::World::new();
    for (name, mut path) in paths::all(&world) {
        // What is made once, such as tables of the schema, is not the path's.
        path();
        let counts = allocation_counter::measure(|| paths::measured(&mut path));
        writeln!(stdout(), "{name}\t{}\t{}", counts.count_total, counts.bytes_total)?;
    }
    Ok(())
}
