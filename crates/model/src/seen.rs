//! What a rule has seen of objects in the commit under way: what it looks at is looked at once, however often other
//! rules write to the same objects after it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use inventory::{IdHash, Revision, Tx};
use vim25::Str;

/// The memory of a rule.
pub(crate) struct Seen<T>(Mutex<Memory<T>>);

/// The memory of one commit: of the transaction that began at a revision.
pub(crate) struct Memory<T> {
    began: Revision,
    objects: HashMap<Str, T, IdHash>,
}

/// A table with more room than this is not kept for the next commit.
const ROOM: usize = 256;

impl<T> Default for Seen<T> {
    fn default() -> Seen<T> {
        Seen(Mutex::new(Memory { began: Revision::default(), objects: HashMap::default() }))
    }
}

impl<T> Seen<T> {
    /// The memory of this transaction: empty at its beginning.
    pub fn in_this(&self, tx: &Tx<'_>) -> MutexGuard<'_, Memory<T>> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = tx.before().revision();
        if memory.began != began {
            memory.began = began;
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
