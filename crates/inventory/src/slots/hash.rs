//! A hash for ids: a few bytes, made by the inventory itself, so that nobody chooses them to collide.

use std::hash::{BuildHasherDefault, Hasher};

/// Hashes ids of objects, faster than a hash that withstands chosen keys.
pub type IdHash = BuildHasherDefault<IdHasher>;

/// One multiplication for eight bytes, its two halves folded into one, so that every bit counts for every other. Only for tables that nobody iterates over.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

/// 2^64 over the golden ratio: spreads consecutive numbers.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl IdHasher {
    #[inline]
    fn add(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(SPREAD);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for IdHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        self.add(tail(rest));
    }

    /// The end of a text: what stands before it has been spread already.
    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// At most seven bytes as a number, from two reads that may overlap.
#[inline]
fn tail(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)),
        _ => bytes.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, hash::BuildHasher};

    use super::*;

    #[test]
    fn ids_of_a_large_world_spread_over_a_table() {
        let buckets = |shift: u32| {
            let hash = |n: u32| IdHash::default().hash_one(format!("vm-{n}").as_str()) >> shift & 0xFFFF;
            (0..0x1_0000).map(hash).collect::<HashSet<u64>>().len()
        };
        // Chance fills 63 % of 65,536 buckets with as many ids.
        let enough = 0x1_0000 * 60 / 100;
        assert!(buckets(0) > enough && buckets(48) > enough, "{} {}", buckets(0), buckets(48));
    }
}
