//! How long a world takes to start, and what a machine costs in memory.

use super::Scale;
use super::server::{MEASURED, Program, Side};
use super::table::{Figure, Table};
use anyhow::Result;

/// Start worlds of every size in turns; the peer's sizes end with the first that it cannot start.
pub fn measure(table: &mut Table, ours: &Program, peer: Option<&Program>, scale: &Scale) -> Result<()> {
    println!("    start");
    for program in [Some(ours), peer].into_iter().flatten() {
        let mut smallest = None;
        for &machines in scale.starts {
            // The largest worlds take long enough to be steady.
            let rounds = if machines > 10_000 { 1 } else { scale.rounds };
            for _ in 0..rounds {
                match once(program, machines, &mut smallest) {
                    Ok(figures) => table.add(program.side, figures),
                    Err(error) if program.side == Side::Ours => return Err(error),
                    Err(error) => {
                        table.gap(format!("vcsim, start of {machines} VMs and more: {error:#}"));
                        return Ok(());
                    }
                }
            }
        }
    }
    Ok(())
}

/// One start: its time, and the memory of a machine beyond the smallest world.
fn once(program: &Program, machines: usize, smallest: &mut Option<(usize, f64)>) -> Result<Vec<Figure>> {
    let server = program.start(machines, MEASURED)?;
    let resident = server.resident()?;
    let (base, base_resident) = *smallest.get_or_insert((machines, resident));
    let mut figures = vec![Figure::cost(format!("start of {machines} VMs"), "ms", server.start.as_secs_f64() * 1e3)];
    if machines > base {
        let each = (resident - base_resident) / (machines - base) as f64 / 1024.0;
        figures.push(Figure::cost(format!("memory of a VM among {machines}"), "KiB", each));
    }
    Ok(figures)
}
