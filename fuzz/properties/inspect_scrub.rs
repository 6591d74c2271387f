//! Secrets taken out of a recording: what is left has the same length, and is the same however the bytes came.

use viaduct::inspect::Direction;
use viaduct::inspect::scrub::{FILLER, Protocol, Scrubber};

use super::cut::{cut, ways};
use super::options::{bit, options};

/// A recording a few times over.
pub const MEMORY: usize = 4 << 20;

/// Options: the protocol, two sizes of pieces, how many of the bytes are the initiator's (in two bytes, low byte first).
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, first, second, low, high], bytes) = options(input);
    let protocol = if bit(kind, 0) { Protocol::Http } else { Protocol::NetTcp };
    let at = usize::from(u16::from_le_bytes([low, high])).min(bytes.len());
    let (i2r, r2i) = bytes.split_at(at);
    let whole = scrub(protocol, i2r, r2i, [u8::MAX; 2]);
    for sizes in ways(bytes.len(), [first, second]) {
        assert_eq!(whole, scrub(protocol, i2r, r2i, sizes), "cut by {sizes:?}");
    }
    for (before, after) in [(i2r, &whole[0]), (r2i, &whole[1])] {
        assert_eq!(before.len(), after.len());
        if !bit(kind, 0) {
            // Frames of a WebSocket are masked, so that there a filler may look like anything.
            assert!(before.iter().zip(after).all(|(before, after)| before == after || *after == FILLER));
        }
    }
}

/// The initiator's direction first, as it comes first.
fn scrub(protocol: Protocol, i2r: &[u8], r2i: &[u8], sizes: [u8; 2]) -> [Vec<u8>; 2] {
    let mut scrubber = Scrubber::new(protocol);
    [(Direction::InitiatorToReceiver, i2r), (Direction::ReceiverToInitiator, r2i)].map(
        |(direction, bytes)| {
            let mut out = Vec::new();
            for piece in cut(bytes, sizes) {
                let mut piece = piece.to_vec();
                scrubber.scrub(direction, &mut piece);
                out.extend_from_slice(&piece);
            }
            out
        },
    )
}
