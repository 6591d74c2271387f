//! Several envelopes in one input.

/// Envelopes, each behind its size in two bytes, low byte first; the last is what is left.
pub(super) fn envelopes(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let [low, high, rest @ ..] = bytes {
        let size = usize::from(u16::from_le_bytes([*low, *high]));
        let (envelope, rest) = rest.split_at(size.min(rest.len()));
        all.push(envelope);
        bytes = rest;
    }
    all
}
