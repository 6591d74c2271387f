//! Tracking ids: one name for an operation in replies, messages and logs (section 1).

use std::fmt;

/// A tracking id with the suffix of this gateway, `{guid}_G{n}`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TrackingId {
    text: String,
}

impl TrackingId {
    /// Characters of a given id; a longer one is replaced by a fresh id.
    pub const MAX_LEN: usize = 128;

    /// The id a peer gave, if it can be used, else a fresh one made of 128 random bits; `gateway` is the number in the suffix.
    ///
    /// A given id that is no GUID is used as it is: SDKs do the same. It must survive in a header, a URL and a reason
    /// phrase, so anything but letters, digits, `-`, `_` and `.` leads to a fresh one.
    pub fn new(given: Option<&str>, fresh: u128, gateway: u32) -> Self {
        let usable = given.filter(|id| {
            !id.is_empty()
                && id.len() <= Self::MAX_LEN
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        });
        let base = usable.map_or_else(|| uuid::Uuid::from_u128(fresh).to_string(), str::to_owned);
        Self { text: format!("{base}_G{gateway}") }
    }

    /// The whole id with its suffixes.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_id_keeps_its_text_and_gets_a_suffix() {
        let id = TrackingId::new(Some("0F0D6A6E-6a3a-4f0e-9d0c-2f6f8f1f3b55_G12"), 0, 3);
        assert_eq!(id.as_str(), "0F0D6A6E-6a3a-4f0e-9d0c-2f6f8f1f3b55_G12_G3");
    }

    #[test]
    fn an_id_that_would_break_a_reason_phrase_is_replaced() {
        let fresh = "00000000-0000-0000-0000-000000000001_G0";
        for given in ["", "a b", "a\r\nb", "a,b", &"x".repeat(129)] {
            assert_eq!(TrackingId::new(Some(given), 1, 0).as_str(), fresh);
        }
    }
}
