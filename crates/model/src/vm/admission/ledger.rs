//! Pools as they would be after a machine has left one of them: for asking what then can be reserved in another.

use std::collections::HashMap;

use inventory::Tx;
use vim25::{MoRef, Str, mo::ResourcePool};

use super::{Level, Reservation};
use crate::derive;

/// CPU and memory of a pool.
#[derive(Clone, Copy, Debug)]
struct Levels {
    cpu: Level,
    memory: Level,
}

/// The pools that were asked for, with what was released in them. Pools know what they did at the last commit.
#[derive(Debug, Default)]
pub struct Ledger {
    changed: HashMap<Str, Levels>,
}

impl Ledger {
    /// Takes a reservation out of a pool, and out of those above as far as it was borrowed there.
    pub fn release(&mut self, tx: &Tx<'_>, pool: &MoRef, amount: Reservation) {
        let (mut pool, mut amount) = (pool.clone(), amount);
        while amount != Reservation::default() {
            let Some((before, above)) = self.levels(tx, &pool) else { return };
            let mut after = before;
            after.cpu.used -= amount.cpu;
            after.memory.used -= amount.memory;
            self.changed.insert(pool.id.clone(), after);
            amount = Reservation {
                cpu: before.cpu.held() - after.cpu.held(),
                memory: before.memory.held() - after.memory.held(),
            };
            let Some(above) = above else { return };
            pool = above;
        }
    }

    /// How much more can be reserved in a pool.
    pub fn room(&self, tx: &Tx<'_>, pool: &MoRef) -> Reservation {
        let Some((levels, above)) = self.levels(tx, pool) else { return Reservation::default() };
        let above = above.map(|above| self.room(tx, &above)).unwrap_or_default();
        Reservation { cpu: levels.cpu.room(above.cpu), memory: levels.memory.room(above.memory) }
    }

    /// A pool, and the one above it.
    fn levels(&self, tx: &Tx<'_>, moref: &MoRef) -> Option<(Levels, Option<MoRef>)> {
        let pool = tx.get::<ResourcePool>(moref)?;
        let above = pool.parent.clone().filter(derive::is_pool);
        let (cpu, memory) = derive::reserved_in_pool(tx, moref);
        let known = self.changed.get(&moref.id).copied();
        let levels = known.unwrap_or_else(|| Levels {
            cpu: Level::of(&pool.config.cpu_allocation, cpu),
            memory: Level::of(&pool.config.memory_allocation, memory),
        });
        Some((levels, above))
    }
}
