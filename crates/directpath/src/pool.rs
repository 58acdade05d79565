//! The pools of a host: virtual functions of its physical NICs, and interrupt vectors. First come, first served.

use std::collections::BTreeMap;

use imbl::OrdMap;

/// Who holds something: a machine's id and the key of its adapter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner<V> {
    /// The machine.
    pub vm: V,
    /// Key of the adapter.
    pub key: i32,
}

/// What an adapter that passes through holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease<N> {
    /// The physical NIC whose virtual function it has.
    pub pnic: N,
    /// Its interrupt vectors.
    pub vectors: u32,
    /// When it came: later leases have greater numbers.
    turn: u64,
}

/// Why nothing was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// No virtual function of the wanted NICs is free.
    VirtualFunctions,
    /// Not enough interrupt vectors are free.
    Vectors,
}

/// Who holds what on one host, and who waits. `V` names machines, `N` physical NICs.
///
/// Never gives more than there is; what one owner asks for twice it holds once. Clones share what is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger<V: Ord, N> {
    functions: BTreeMap<N, Pool>,
    vectors: Pool,
    leases: OrdMap<Owner<V>, Lease<N>>,
    /// Waiting owners by the turn in which they first asked.
    waiting: OrdMap<u64, Owner<V>>,
    /// The turns of those who wait.
    turns_waiting: OrdMap<Owner<V>, u64>,
    turns: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pool {
    total: u64,
    used: u64,
}

impl Pool {
    fn has(self, wanted: u64) -> bool {
        self.used.saturating_add(wanted) <= self.total
    }

    fn is_over(self) -> bool {
        self.used > self.total
    }
}

impl<V: Ord, N> Default for Ledger<V, N> {
    fn default() -> Ledger<V, N> {
        Ledger {
            functions: BTreeMap::new(),
            vectors: Pool::default(),
            leases: OrdMap::new(),
            waiting: OrdMap::new(),
            turns_waiting: OrdMap::new(),
            turns: 0,
        }
    }
}

impl<V: Ord + Clone, N: Ord + Clone> Ledger<V, N> {
    /// Sets how much there is. Where that is less than what is held, the latest comers lose theirs and wait, in the order
    /// in which they came. Returns those who lost.
    pub fn resize(&mut self, functions: impl IntoIterator<Item = (N, u32)>, vectors: u32) -> Vec<Owner<V>> {
        let held = std::mem::take(&mut self.functions);
        self.functions =
            functions.into_iter().map(|(pnic, total)| (pnic, Pool { total: total.into(), used: 0 })).collect();
        for (pnic, pool) in held.into_iter().filter(|(_, pool)| pool.used > 0) {
            self.functions.entry(pnic).or_default().used = pool.used;
        }
        self.vectors.total = vectors.into();
        self.evict()
    }

    fn evict(&mut self) -> Vec<Owner<V>> {
        if !self.vectors.is_over() && !self.functions.values().any(|pool| pool.is_over()) {
            return Vec::new();
        }
        let mut latest: Vec<(u64, Owner<V>)> = self.leases.iter().map(|(o, l)| (l.turn, o.clone())).collect();
        latest.sort_by_key(|(turn, _)| std::cmp::Reverse(*turn));
        let mut lost = Vec::new();
        for (turn, owner) in latest {
            let Some(lease) = self.leases.get(&owner) else { continue };
            let over = self.functions.get(&lease.pnic).is_some_and(|pool| pool.is_over());
            if over || (lease.vectors > 0 && self.vectors.is_over()) {
                self.give_back(&owner);
                self.queue(turn, &owner);
                lost.push(owner);
            }
        }
        self.functions.retain(|_, pool| pool.total > 0 || pool.used > 0);
        lost
    }

    /// Asks for a virtual function of one of these NICs, in the order of preference, and for vectors. Who holds a lease
    /// that fits keeps it; who gets nothing waits.
    ///
    /// # Errors
    /// Which of the two there is too little of. Then the owner holds nothing.
    pub fn request(&mut self, owner: &Owner<V>, pnics: &[N], vectors: u32) -> Result<&Lease<N>, Shortage> {
        let turn = self.turn_of(owner);
        let fits = self.leases.get(owner).is_some_and(|l| l.vectors == vectors && pnics.contains(&l.pnic));
        if !fits {
            self.give_back(owner);
            if let Err(shortage) = self.take(owner, pnics, vectors, turn) {
                self.queue(turn, owner);
                return Err(shortage);
            }
            self.unqueue(owner);
        }
        Ok(&self.leases[owner])
    }

    fn take(&mut self, owner: &Owner<V>, pnics: &[N], vectors: u32, turn: u64) -> Result<(), Shortage> {
        let free = |pnic: &&N| self.functions.get(*pnic).is_some_and(|pool| pool.has(1));
        let pnic = pnics.iter().find(free).ok_or(Shortage::VirtualFunctions)?.clone();
        if !self.vectors.has(vectors.into()) {
            return Err(Shortage::Vectors);
        }
        self.vectors.used += u64::from(vectors);
        if let Some(pool) = self.functions.get_mut(&pnic) {
            pool.used += 1;
        }
        self.leases.insert(owner.clone(), Lease { pnic, vectors, turn });
        Ok(())
    }

    /// The turn of an owner who has one, or the next one.
    fn turn_of(&mut self, owner: &Owner<V>) -> u64 {
        let held = self.leases.get(owner).map(|lease| lease.turn);
        held.or_else(|| self.turns_waiting.get(owner).copied()).unwrap_or_else(|| {
            self.turns += 1;
            self.turns
        })
    }

    fn queue(&mut self, turn: u64, owner: &Owner<V>) {
        self.waiting.insert(turn, owner.clone());
        self.turns_waiting.insert(owner.clone(), turn);
    }

    fn unqueue(&mut self, owner: &Owner<V>) {
        if let Some(turn) = self.turns_waiting.remove(owner) {
            self.waiting.remove(&turn);
        }
    }

    fn give_back(&mut self, owner: &Owner<V>) -> bool {
        let Some(lease) = self.leases.remove(owner) else { return false };
        self.vectors.used -= u64::from(lease.vectors);
        if let Some(pool) = self.functions.get_mut(&lease.pnic) {
            pool.used -= 1;
        }
        true
    }

    /// The owner holds and wants nothing any more. Whether something became free.
    pub fn release(&mut self, owner: &Owner<V>) -> bool {
        self.unqueue(owner);
        self.give_back(owner)
    }

    /// What an owner holds.
    pub fn lease(&self, owner: &Owner<V>) -> Option<&Lease<N>> {
        self.leases.get(owner)
    }

    /// Who holds something.
    pub fn holders(&self) -> impl Iterator<Item = (&Owner<V>, &Lease<N>)> {
        self.leases.iter()
    }

    /// Who waits, first comers first.
    pub fn waiting(&self) -> impl Iterator<Item = &Owner<V>> {
        self.waiting.values()
    }

    /// Whether nobody holds or waits for anything.
    pub fn is_idle(&self) -> bool {
        self.leases.is_empty() && self.waiting.is_empty()
    }

    /// Free virtual functions of a NIC.
    pub fn free_functions(&self, pnic: &N) -> u64 {
        self.functions.get(pnic).map_or(0, |pool| pool.total.saturating_sub(pool.used))
    }

    /// Free interrupt vectors.
    pub fn free_vectors(&self) -> u64 {
        self.vectors.total.saturating_sub(self.vectors.used)
    }
}

#[cfg(test)]
mod tests;
