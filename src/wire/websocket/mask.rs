//! Masking, RFC 6455 5.3, in place and at the speed of memory.

use std::ops::Range;

/// XORs `bytes` with `key`, the first byte with the first byte of the key.
pub fn apply_mask(bytes: &mut [u8], key: [u8; 4]) {
    let block = block_of(key);
    let mut chunks = bytes.chunks_exact_mut(BLOCK);
    for chunk in &mut chunks {
        for (byte, mask) in chunk.iter_mut().zip(&block) {
            *byte ^= mask;
        }
    }
    tail(chunks.into_remainder(), key);
}

/// Moves `from` down to `to` (at or before its start) and XORs it with `key` on the way: one pass over memory for unmasking,
/// masking anew and closing the gap that a shorter head left.
pub(super) fn transfer(buf: &mut [u8], from: Range<usize>, to: usize, key: [u8; 4]) {
    debug_assert!(to <= from.start, "output never overtakes input");
    if key == [0; 4] {
        if to != from.start {
            buf.copy_within(from, to);
        }
        return;
    }
    if to == from.start {
        return apply_mask(&mut buf[from], key);
    }
    let gap = from.start - to;
    let len = from.len();
    let window = &mut buf[to..from.end];
    let block = block_of(key);
    let mut at = 0;
    // Each block is read whole before it is written, and writing never reaches the next block's source: it begins `gap` bytes later.
    while at + BLOCK <= len {
        let mut bytes = [0; BLOCK];
        bytes.copy_from_slice(&window[at + gap..at + gap + BLOCK]);
        for (byte, mask) in bytes.iter_mut().zip(&block) {
            *byte ^= mask;
        }
        window[at..at + BLOCK].copy_from_slice(&bytes);
        at += BLOCK;
    }
    window.copy_within(at + gap.., at);
    tail(&mut window[at..len], key);
}

/// The key as it stands `by` bytes further on.
pub const fn rotate_mask(key: [u8; 4], by: usize) -> [u8; 4] {
    u32::from_be_bytes(key).rotate_left((by as u32 % 4) * 8).to_be_bytes()
}

/// Unmasking and masking in one: the XOR of both keys.
pub(super) const fn combine(one: [u8; 4], other: [u8; 4]) -> [u8; 4] {
    (u32::from_ne_bytes(one) ^ u32::from_ne_bytes(other)).to_ne_bytes()
}

/// The keys for one leg's frames: a SplitMix64 sequence from a seed of the driver.
///
/// RFC 6455 10.3 asks for keys that whoever supplies the payload cannot foretell, so that no script can make a proxy see bytes of its choice.
/// The supplier never sees the keys, and the seed is 64 bits of the operating system's randomness: that is enough. It is no cipher.
#[derive(Clone, Debug)]
pub struct MaskKeys(u64);

impl MaskKeys {
    /// `seed` comes from the operating system, anew for each leg.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next frame's key.
    pub fn next_key(&mut self) -> [u8; 4] {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) as u32).to_ne_bytes()
    }
}

/// Bytes XORed at once: a whole number of the widest vectors, which the compiler then uses.
const BLOCK: usize = 64;

fn block_of(key: [u8; 4]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    for chunk in block.chunks_exact_mut(4) {
        chunk.copy_from_slice(&key);
    }
    block
}

/// Less than a block: words, then bytes.
fn tail(bytes: &mut [u8], key: [u8; 4]) {
    let word = u32::from_ne_bytes(key);
    let mut chunks = bytes.chunks_exact_mut(4);
    for chunk in &mut chunks {
        let mut quad = [0; 4];
        quad.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u32::from_ne_bytes(quad) ^ word).to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(&key) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_the_example_of_rfc_6455_5_7() {
        let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        apply_mask(&mut bytes, [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(&bytes, b"Hello");
    }

    #[test]
    fn keys_differ_from_frame_to_frame_and_from_seed_to_seed() {
        let mut one = MaskKeys::new(1);
        let mut two = MaskKeys::new(2);
        let (first, second) = (one.next_key(), one.next_key());
        assert_ne!(first, second);
        assert_ne!(first, two.next_key());
    }

    proptest::proptest! {
        #[test]
        fn transfer_does_what_byte_by_byte_masking_does(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), gap in 0usize..200, key: [u8; 4], phase in 0usize..9,
        ) {
            let key = rotate_mask(key, phase);
            let mut buf = vec![0; gap];
            buf.extend_from_slice(&bytes);
            let end = buf.len();
            transfer(&mut buf, gap..end, 0, key);
            let expected: Vec<u8> = bytes.iter().enumerate().map(|(i, b)| b ^ key[i % 4]).collect();
            assert_eq!(&buf[..bytes.len()], &expected);
        }

        #[test]
        fn a_rotated_key_goes_on_where_the_first_part_stopped(mut bytes: Vec<u8>, key: [u8; 4], cut: proptest::sample::Index) {
            let cut = cut.index(bytes.len() + 1);
            let mut whole = bytes.clone();
            apply_mask(&mut whole, key);
            let (head, rest) = bytes.split_at_mut(cut);
            apply_mask(head, key);
            apply_mask(rest, rotate_mask(key, cut));
            assert_eq!(bytes, whole);
        }
    }
}
