//! What a receiver sends, read by an initiator: framing page 3.2.

use viaduct::wire::framing::{FramingLimits, Mode, ReceiverDecoder};

use super::cut::{cut, ways};
use super::framing_initiator::{Decoded, limits};
use super::options::{choose, options};

/// A stream a few times over: receivers send no string longer than a fault.
pub const MEMORY: usize = 1 << 20;

/// Options: the mode of the first session and of those after it, limits, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([modes, limits, first, second], stream) = options(input);
    let modes = [modes, modes >> 4]
        .map(|option| choose(option, [Mode::Duplex, Mode::Singleton, Mode::Simplex, Mode::SingletonSized]));
    let limits = self::limits(limits);
    let whole = decode(modes, limits, [stream].into_iter());
    for sizes in ways(stream.len(), [first, second]) {
        assert_eq!(whole, decode(modes, limits, cut(stream, sizes)), "cut by {sizes:?}");
    }
    whole.check(stream, &limits);
    let again = decode(modes, limits, [&whole.encoded[..]].into_iter());
    assert_eq!((&again.encoded, again.heads), (&whole.encoded, whole.heads));
}

fn decode<'a>(modes: [Mode; 2], limits: FramingLimits, pieces: impl Iterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = ReceiverDecoder::new(modes[0], limits);
    decoder.set_next_mode(modes[1]);
    let (mut kept, mut decoded) = (Vec::new(), Decoded::default());
    for piece in pieces {
        kept.extend_from_slice(piece);
        let mut at = 0;
        loop {
            match decoder.next(&kept[at..]) {
                Ok(None) => break,
                Err(error) => return decoded.end(Err(error)),
                Ok(Some((piece, used))) => {
                    decoded.piece(&piece, used, kept.len() - at);
                    at += used;
                }
            }
        }
        kept.drain(..at);
    }
    let end = decoder.eof(&kept);
    decoded.end(end)
}
