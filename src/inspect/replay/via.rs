//! Another Via in a recorded preamble.

use crate::wire::framing::{
    FramingLimits, InitiatorDecoder, Mode, Piece, Policy, Record, Upgrade, ViaText, encode,
};

/// Where bytes went when Vias of another length took the place of others.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// Where each Via record was, and where the new one ends.
    vias: Vec<(usize, usize, usize)>,
}

impl Moved {
    /// Where what ended here ends now. What ended inside a Via record ends with the new one.
    pub(super) fn offset(&self, offset: usize) -> usize {
        let before = self.vias.iter().rfind(|(start, _, _)| *start < offset);
        before.map_or(offset, |(_, end, new_end)| new_end + offset.saturating_sub(*end))
    }
}

/// The stream of an initiator with this Via in each of its preambles. What cannot be read stays as it is.
pub(super) fn replace_vias(sent: &[u8], uri: &str) -> (Vec<u8>, Moved) {
    let mut out = Vec::with_capacity(sent.len() + uri.len());
    let mut moved = Moved::default();
    let mut decoder = InitiatorDecoder::new(anything());
    let mut at = 0;
    while let Ok(Some((piece, used))) = decoder.next(&sent[at..]) {
        match piece {
            Piece::Record(Record::Via(_)) => {
                encode::record(&Record::Via(ViaText::new(uri)), &mut out);
                moved.vias.push((at, at + used, out.len()));
            }
            _ => out.extend_from_slice(&sent[at..at + used]),
        }
        at += used;
    }
    out.extend_from_slice(&sent[at..]);
    (out, moved)
}

/// Every mode and every upgrade; strings of .NET's limits (framing page 1.2) with room for a token, envelopes of any size.
pub(super) fn anything() -> Policy {
    let limits = FramingLimits {
        via: 2048,
        token: 16 << 10,
        content_type: 256,
        upgrade: 256,
        fault: 256,
        envelope: 0,
    };
    Policy {
        modes: vec![Mode::Singleton, Mode::Duplex, Mode::Simplex, Mode::SingletonSized],
        upgrades: vec![Upgrade::Tls, Upgrade::Negotiate],
        ..Policy::relay(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_via_is_replaced_and_what_follows_moves() {
        let one = b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08\x0c\x06\x02\0a\x07";
        let sent = [&one[..], one].concat();
        let (out, moved) = replace_vias(&sent, "net.tcp://other/e");
        let new = b"\0\x01\0\x01\x02\x02\x11net.tcp://other/e\x03\x08\x0c\x06\x02\0a\x07";
        assert_eq!(out, [&new[..], new].concat());
        assert_eq!(moved.offset(5), 5);
        assert_eq!(moved.offset(10), 24);
        assert_eq!(moved.offset(20), 24);
        assert_eq!(moved.offset(one.len()), new.len());
        assert_eq!(moved.offset(sent.len()), out.len());
        let (same, _) = replace_vias(&sent, "net.tcp://h/e");
        assert_eq!(same, sent);
    }
}
