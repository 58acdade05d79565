//! Ids, event keys and random numbers: state of the world like any other, so that a failed transaction gives them back.

use vim25::Str;

/// What the next id, event and random number will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    last_id: u64,
    last_event: i32,
    random: u64,
}

impl Counters {
    pub fn new(seed: u64) -> Counters {
        Counters { last_id: 0, last_event: 0, random: seed }
    }

    /// The next id: `prefix`, a dash unless the prefix has one, and a number that no other id of this world has.
    pub fn next_id(&mut self, prefix: &str) -> Str {
        self.last_id += 1;
        let dash = if prefix.contains('-') { "" } else { "-" };
        format!("{prefix}{dash}{}", self.last_id).into()
    }

    /// The next event key. Keys are positive; after the last one they start again.
    pub fn next_event(&mut self) -> i32 {
        self.last_event = self.last_event.checked_add(1).unwrap_or(1);
        self.last_event
    }

    /// The next number of the seed's sequence (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
    pub fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A random UUID, version 4, in lower case.
    pub fn uuid(&mut self) -> Str {
        let [high, low] = [self.random(), self.random()];
        let [high, low] = [high & !0xF000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62];
        let (first, second, third) = (high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF);
        let (fourth, fifth) = (low >> 48, low & 0xFFFF_FFFF_FFFF);
        format!("{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}").into()
    }
}
