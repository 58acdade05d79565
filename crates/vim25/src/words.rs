//! Text, eight bytes in one step.

const EACH: u64 = u64::MAX / 255;
const HIGH: u64 = EACH << 7;

/// How many bytes stand before the first that `is_special` is true of. `may_be_special` tells whether one of eight may be.
pub(crate) fn plain_prefix(
    text: &[u8],
    may_be_special: impl Fn(Word) -> bool,
    is_special: impl Fn(u8) -> bool,
) -> usize {
    let may_be_special = |bytes: &[u8; 8]| may_be_special(Word(u64::from_ne_bytes(*bytes)));
    let (words, tail) = text.as_chunks();
    let dirty = words.iter().position(may_be_special);
    // What is left at the end is looked at together with what stands before it.
    if dirty.is_none() && text.last_chunk().is_some_and(|last| !may_be_special(last)) {
        return text.len();
    }
    let start = dirty.map_or(text.len() - tail.len(), |word| word * 8);
    text[start..].iter().position(|byte| is_special(*byte)).map_or(text.len(), |at| start + at)
}

/// Eight bytes.
#[derive(Clone, Copy)]
pub(crate) struct Word(u64);

impl Word {
    /// Whether one of the bytes is below `limit`, which is at most 0x80. Of a byte next to such a one it may seem so too.
    pub(crate) fn has_below(self, limit: u8) -> bool {
        self.0.wrapping_sub(EACH * u64::from(limit)) & !self.0 & HIGH != 0
    }

    /// Whether one of the bytes is `byte`.
    pub(crate) fn has(self, byte: u8) -> bool {
        Word(self.0 ^ (EACH * u64::from(byte))).has_below(1)
    }

    /// Whether one of the bytes is `byte`, where the bits in `beside` do not count.
    pub(crate) fn has_but_for(self, byte: u8, beside: u8) -> bool {
        Word(self.0 | (EACH * u64::from(beside))).has(byte | beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands_and_not_where_it_does_not() {
        for length in 0..40 {
            for at in 0..=length {
                let mut text = vec![b'x'; length];
                text.get_mut(at).into_iter().for_each(|byte| *byte = b'<');
                let found = plain_prefix(&text, |word| word.has_but_for(b'>', 0x02), |byte| byte == b'<');
                assert_eq!(found, at, "{length}");
            }
        }
    }

    #[test]
    fn a_word_tells_of_every_byte() {
        for byte in 0..=255u8 {
            for others in [0, b' ', b'x', 0x7f, 0x80, 0xff] {
                let mut bytes = [others; 8];
                bytes[usize::from(byte % 8)] = byte;
                let word = Word(u64::from_ne_bytes(bytes));
                assert!(word.has(byte) && word.has(others), "{byte} among {others}");
                assert_eq!(word.has_below(0x20), byte < 0x20 || others < 0x20, "{byte} among {others}");
                assert_eq!(word.has(byte ^ 0xff), others == byte ^ 0xff, "{byte} among {others}");
            }
        }
    }
}
