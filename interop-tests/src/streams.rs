//! Bytes that tell when they were lost, doubled or moved.

/// `length` bytes in which every aligned word differs from the others.
pub fn pattern(length: usize) -> Vec<u8> {
    let words = (0..length.div_ceil(4)).flat_map(|word| {
        let word = u32::try_from(word).unwrap_or(u32::MAX);
        word.wrapping_mul(2_654_435_761).to_le_bytes()
    });
    words.take(length).collect()
}
