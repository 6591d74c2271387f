//! Header values are bytes on the wire and characters in JSON: ISO-8859-1 joins the two (5.5).

/// The characters whose code points are the bytes.
pub fn latin1_decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The bytes of characters up to U+00FF; a character beyond becomes `?`.
pub fn latin1_encode(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_through_json() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(latin1_encode(&latin1_decode(&bytes)), bytes);
    }

    #[test]
    fn a_character_beyond_the_range_is_replaced() {
        assert_eq!(latin1_encode("a\u{20ac}b"), b"a?b");
    }
}
