//! Records of net.tcp framing, to know whose turn it is. [MC-NMF] 2.2

/// Types of records.
pub(super) const SIZED_ENVELOPE: u8 = 0x06;
pub(super) const END: u8 = 0x07;
pub(super) const UPGRADE_RESPONSE: u8 = 0x0a;
pub(super) const PREAMBLE_ACK: u8 = 0x0b;
pub(super) const PREAMBLE_END: u8 = 0x0c;

/// The first record; nothing when it is not all there yet.
pub(super) fn record(bytes: &[u8]) -> Option<Record> {
    let (kind, rest) = bytes.split_first()?;
    let fixed = |length: usize| (rest.len() >= length).then_some(1 + length);
    let counted = || {
        let (length, width) = int31(rest)?;
        (rest.len() >= width + length).then_some((1 + width, length))
    };
    let (body, length) = match *kind {
        0x00 => (1, fixed(2)?),
        0x01 | 0x03 => (1, fixed(1)?),
        0x02 | 0x04 | 0x06 | 0x08 | 0x09 => counted().map(|(head, length)| (head, head + length))?,
        0x07 | 0x0a | 0x0b | 0x0c => (1, 1),
        kind => panic!("no record is of type {kind:#04x}"),
    };
    Some(Record { kind: *kind, body: bytes[body..length].to_vec(), raw: bytes[..length].to_vec() })
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its type.
    pub(super) kind: u8,
    /// What stands behind type and size.
    pub(super) body: Vec<u8>,
    /// All of it.
    pub(super) raw: Vec<u8>,
}

/// A recorded direction cut where the other side has its turn: behind the preamble or its answer, and behind each envelope. Bytes at
/// the end that are no whole record are the last piece.
pub(super) fn turns(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut turns = Vec::new();
    let mut turn = Vec::new();
    while let Some(record) = record(bytes) {
        bytes = &bytes[record.raw.len()..];
        turn.extend_from_slice(&record.raw);
        if matches!(record.kind, SIZED_ENVELOPE | PREAMBLE_ACK | PREAMBLE_END) {
            turns.push(std::mem::take(&mut turn));
        }
    }
    turn.extend_from_slice(bytes);
    if !turn.is_empty() {
        turns.push(turn);
    }
    turns
}

/// A size, and how many bytes it took.
pub(super) fn int31(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    assert!(bytes.len() < 5, "no size is longer than five bytes");
    None
}

/// A size as it is written.
pub(super) fn size(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay_play::Recording;

    #[test]
    fn cuts_a_call_where_the_service_has_its_turn() {
        let recording = Recording::open("v2.7.5/accept-fault-v2.7.5");

        let lengths = |bytes: &[u8]| -> Vec<usize> { turns(bytes).iter().map(Vec::len).collect() };
        assert_eq!(lengths(&recording.sent("rendezvous")), [50, 215, 1]);
        assert_eq!(lengths(&recording.received("rendezvous")), [1, 183]);
    }
}
