//! What a rule has seen of objects in the commit under way: what it looks at is looked at once, however often other
//! rules write to the same objects after it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use inventory::{IdHash, Tx};
use vim25::Str;

/// The memory of a rule.
pub(crate) struct Seen<T>(Mutex<Memory<T>>);

/// The memory of one commit: of the transaction of this number.
pub(crate) struct Memory<T> {
    of: u64,
    objects: HashMap<Str, T, IdHash>,
}

/// A table with more room than this is not kept for the next commit.
const ROOM: usize = 256;

impl<T> Default for Seen<T> {
    fn default() -> Seen<T> {
        Seen(Mutex::new(Memory { of: 0, objects: HashMap::default() }))
    }
}

impl<T> Seen<T> {
    /// The memory of this transaction: empty at its beginning.
    pub fn in_this(&self, tx: &Tx<'_>) -> MutexGuard<'_, Memory<T>> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.of != tx.number() {
            memory.of = tx.number();
            memory.clear();
        }
        memory
    }
}

impl<T> Memory<T> {
    /// What was seen of the object with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.objects.get(id)
    }

    /// Remembers what was seen of an object.
    pub fn remember(&mut self, id: &Str, seen: T) {
        self.objects.insert(id.clone(), seen);
    }

    fn clear(&mut self) {
        if self.objects.capacity() > ROOM {
            self.objects = HashMap::default();
        } else {
            self.objects.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use inventory::{Inventory, Options};

    use super::*;

    #[test]
    fn what_was_seen_in_a_transaction_that_was_dropped_is_not_known_in_the_next_one() {
        let world = Inventory::new(Options::default());
        let (seen, id) = (Seen::default(), Str::new("vm-1"));
        let dropped = world.commit(|tx| {
            seen.in_this(tx).remember(&id, 7);
            assert_eq!(seen.in_this(tx).get(&id), Some(&7));
            Err::<(), &str>("dropped")
        });
        assert_eq!(dropped.unwrap_err(), "dropped");
        let known = world.commit(|tx| Ok::<_, ()>(seen.in_this(tx).get(&id).copied()));
        assert_eq!(known.unwrap().value, None);
    }
}
