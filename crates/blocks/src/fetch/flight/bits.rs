//! A set of blocks: those of the largest volume take 16 MiB.

/// A set of blocks, a bit each.
#[derive(Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    count: u32,
}

impl Bits {
    pub(super) fn has(&self, index: u32) -> bool {
        let word = self.words.get(index as usize / 64);
        word.is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn set(&mut self, index: u32) {
        if self.has(index) {
            return;
        }
        let at = index as usize / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= 1 << (index % 64);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn each_block_counts_once() {
        let mut bits = Bits::default();
        for index in [0, 63, 64, 1000, 63] {
            bits.set(index);
        }
        assert_eq!(bits.count(), 4);
        let there = (0..2000).filter(|index| bits.has(*index));
        assert_eq!(there.collect::<Vec<_>>(), [0, 63, 64, 1000]);
    }
}
