//! Variable-length 31-bit integers: the sizes of message framing ([MC-NMF] 2.2.1) and of binary XML ([MC-NBFX] 2.1.2).
//!
//! One to five bytes, seven bits each, low bits first; the high bit says that another byte follows.

/// The largest value: 2^31 - 1.
pub const MAX: u32 = i32::MAX as u32;

/// The longest encoding, in bytes.
pub const MAX_LEN: usize = 5;

/// The fifth byte has bits above 2^31 - 1, or says that a sixth follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("size is not a 31-bit integer")]
pub struct NotInt31;

/// Reads a number and how many bytes it took. `Ok(None)`: the buffer ends inside it, read more and call again.
///
/// Overlong forms (`83 00` = 3) are read, as .NET reads them.
///
/// # Errors
/// [`NotInt31`] for a value above 2^31 - 1 or a form of more than five bytes, as soon as the fifth byte shows it.
#[inline]
pub fn decode(input: &[u8]) -> Result<Option<(u32, usize)>, NotInt31> {
    let mut value = 0u32;
    for (i, byte) in input.iter().take(MAX_LEN).enumerate() {
        if i == MAX_LEN - 1 && byte & 0xf8 != 0 {
            return Err(NotInt31);
        }
        value |= u32::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok(Some((value, i + 1)));
        }
    }
    Ok(None)
}

/// Appends `value` in its shortest form. Only the low 31 bits are written; callers hold sizes of at most [`MAX`].
pub fn encode(value: u32, out: &mut Vec<u8>) {
    debug_assert!(value <= MAX, "a size has 31 bits");
    let mut rest = value & MAX;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The table of the framing page, section 1.1.
    const TABLE: [(u32, &[u8]); 9] = [
        (0, &[0x00]),
        (127, &[0x7f]),
        (128, &[0x80, 0x01]),
        (16_383, &[0xff, 0x7f]),
        (16_384, &[0x80, 0x80, 0x01]),
        (65_536, &[0x80, 0x80, 0x04]),
        (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
        (268_435_456, &[0x80, 0x80, 0x80, 0x80, 0x01]),
        (MAX, &[0xff, 0xff, 0xff, 0xff, 0x07]),
    ];

    #[test]
    fn reads_and_writes_the_table() {
        for (value, bytes) in TABLE {
            assert_eq!(decode(bytes), Ok(Some((value, bytes.len()))));
            let mut out = Vec::new();
            encode(value, &mut out);
            assert_eq!(out, bytes);
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut]), Ok(None), "{value} cut at {cut}");
            }
        }
    }

    #[test]
    fn reads_overlong_forms() {
        assert_eq!(decode(&[0x83, 0x00]), Ok(Some((3, 2))));
        assert_eq!(decode(&[0x81, 0x80, 0x80, 0x80, 0x00]), Ok(Some((1, 5))));
    }

    #[test]
    fn refuses_more_than_31_bits_and_a_sixth_byte() {
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff, 0x08]), Err(NotInt31));
        assert_eq!(decode(&[0x80, 0x80, 0x80, 0x80, 0x80]), Err(NotInt31));
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in 0..=MAX) {
            let mut out = Vec::new();
            encode(value, &mut out);
            prop_assert_eq!(decode(&out), Ok(Some((value, out.len()))));
        }
    }
}
