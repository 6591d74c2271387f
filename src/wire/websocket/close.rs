//! The payload of a close frame, RFC 6455 5.5.1 and 7.4.

use super::FrameError;

/// How a direction ends: a code and a reason, or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code; `None` where the frame was empty.
    pub code: Option<u16>,
    /// Text for people, at most 123 bytes on the wire.
    pub reason: String,
}

impl Close {
    /// The most bytes a reason may hold: a control frame's 125 less the code.
    pub const MAX_REASON: usize = 123;

    /// An end in order, RFC 6455 7.4.1.
    pub const NORMAL: Self = Self { code: Some(1000), reason: String::new() };

    /// A close with a code, its reason cut to what fits (at a character's border).
    pub fn new(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(Self::MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self { code: Some(code), reason: reason[..end].to_owned() }
    }

    /// Reads an unmasked payload.
    pub fn decode(payload: &[u8]) -> Result<Self, FrameError> {
        match payload {
            [] => Ok(Self { code: None, reason: String::new() }),
            &[high, low, ref reason @ ..] => Ok(Self {
                code: Some(u16::from_be_bytes([high, low])),
                reason: str::from_utf8(reason).map_err(|_| FrameError::BadClosePayload)?.to_owned(),
            }),
            [_] => Err(FrameError::BadClosePayload),
        }
    }

    /// The payload; empty without a code.
    pub fn encode(&self) -> Vec<u8> {
        let Some(code) = self.code else {
            return Vec::new();
        };
        let mut payload = Vec::with_capacity(2 + self.reason.len());
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(self.reason.as_bytes());
        payload.truncate(2 + Self::MAX_REASON);
        payload
    }

    /// What the other side of a splice is told, hybrid page 3.5: codes 1000 to 1003, 1007 to 1014 and 3000 to 4999 pass, others become 1002,
    /// and none becomes 1000 because .NET reads the code of every close frame. 1005, 1006 and 1015 thus never go on the wire.
    #[must_use]
    pub fn relayed(self) -> Self {
        let code = match self.code {
            None => 1000,
            Some(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => code,
            Some(_) => 1002,
        };
        Self { code: Some(code), reason: self.reason }
    }

    /// Whether the peer says that something failed, rather than that it is done.
    pub const fn is_failure(&self) -> bool {
        !matches!(self.code, None | Some(1000 | 1001 | 3000..=4999))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_the_codes_of_the_hybrid_page_and_turns_others_into_1002() {
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999] {
            assert_eq!(Close::new(code, "x").relayed(), Close::new(code, "x"));
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            assert_eq!(Close::new(code, "x").relayed(), Close::new(1002, "x"));
        }
    }

    #[test]
    fn a_close_without_a_code_is_passed_on_as_1000() {
        assert_eq!(Close::decode(&[]).map(Close::relayed), Ok(Close::NORMAL));
    }

    #[test]
    fn refuses_half_a_code_and_a_reason_that_is_no_text() {
        assert_eq!(Close::decode(&[3]), Err(FrameError::BadClosePayload));
        assert_eq!(Close::decode(&[3, 0xe8, 0xff]), Err(FrameError::BadClosePayload));
    }

    #[test]
    fn cuts_a_reason_at_a_characters_border() {
        let close = Close::new(1000, &"é".repeat(100));
        assert_eq!(close.reason.len(), 122);
        assert_eq!(Close::decode(&close.encode()), Ok(close));
    }
}
