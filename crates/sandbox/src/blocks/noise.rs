//! What an encrypted snapshot has where nothing was written.
//!
//! EBS keeps ciphertext. Where there is none, a volume of the snapshot decrypts zeros, which gives bytes
//! that mean nothing. A client that leaves out blocks of zeros must be able to see that.

/// Fills a block with what is the same for the same seed and index, and has no zeros in a row.
pub(crate) fn fill(seed: u64, index: u64, block: &mut [u8]) {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    // SplitMix64, which needs no more state than a count.
    let mut count = seed ^ index.wrapping_mul(0xd134_2543_de82_ef95);
    for piece in block.chunks_mut(8) {
        count = count.wrapping_add(STEP);
        let mut word = count;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        piece.copy_from_slice(&word.to_le_bytes()[..piece.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    fn block(seed: u64, index: u64) -> [u8; 64] {
        let mut block = [0; 64];
        fill(seed, index, &mut block);
        block
    }

    #[test]
    fn noise_is_the_same_each_time_and_another_elsewhere() {
        assert_eq!(block(1, 2), block(1, 2));
        assert_ne!(block(1, 2), block(1, 3));
        assert_ne!(block(1, 2), block(2, 2));
    }
}
